import Dispatch

/// Decodes flagged media in a process of its own, so that no file can hurt the console.
///
/// ```swift
/// let decoder = MediaDecoder(executable: "/proc/self/exe", arguments: ["media-worker"])
/// let picture = try await decoder.decode(path: reference.storedPath, bound: PixelSize(width: 800, height: 600))
/// ```
///
/// The worker starts with the first request and is kept. If it dies, takes too long or answers nonsense it is ended,
/// that one request fails, and the next starts a new one. Requests run one after another in the order they came;
/// cancelled ones are dropped. Calls never block Swift's own threads: the actor runs on a queue of its own.
public actor MediaDecoder {
    private let executable: String
    private let arguments: [String]
    private let limits: DecodeLimits
    private let timeout: Duration
    private let queue = BlockingExecutor(label: "reviewtui.media")
    private var worker: WorkerProcess?
    private var lastRequest: UInt32 = 0

    public nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - executable: path of a program that calls ``MediaWorker/run(input:output:)``. `/proc/self/exe` is this one.
    ///   - arguments: what to pass it.
    ///   - timeout: for one file, from its first byte sent to its last pixel received.
    public init(
        executable: String, arguments: [String], limits: DecodeLimits = DecodeLimits(),
        timeout: Duration = .seconds(10)
    ) {
        self.executable = executable
        self.arguments = arguments
        self.limits = limits
        self.timeout = timeout
    }

    // MARK: - Decoding

    /// Starts the worker now, so that the first picture does not wait for it. Does nothing where one runs.
    public func start() throws(MediaError) {
        _ = try runningWorker()
    }

    /// Decodes the first frame of a file.
    ///
    /// - Parameters:
    ///   - path: a regular file; a symbolic link is refused.
    ///   - bound: the picture lies within it and keeps its shape; nil gives every pixel.
    public func decode(path: String, bound: PixelSize?) async throws(MediaError) -> DecodedImage {
        if Task.isCancelled { throw .cancelled }
        let (file, count) = try System.openRegularFile(path)
        defer { System.close(file) }
        return try exchange(count: count, bound: bound) { worker, deadline throws(WorkerTrouble) in
            try Self.send(file, count: count, to: worker, by: deadline)
        }
    }

    /// Decodes the first frame of a file that is in memory already.
    public func decode(bytes: [UInt8], bound: PixelSize?) async throws(MediaError) -> DecodedImage {
        if Task.isCancelled { throw .cancelled }
        return try exchange(count: bytes.count, bound: bound) { worker, deadline throws(WorkerTrouble) in
            try worker.send(bytes, by: deadline)
        }
    }

    // MARK: - One exchange

    private typealias Sending = (WorkerProcess, Deadline) throws(WorkerTrouble) -> Void

    private func exchange(count: Int, bound: PixelSize?, sending: Sending) throws(MediaError) -> DecodedImage {
        guard count > 0 else { throw .empty }
        guard count <= limits.bytes else { throw .tooManyBytes(count: count, limit: limits.bytes) }
        let worker = try runningWorker()
        lastRequest &+= 1
        let seconds = UInt32(clamping: timeout.components.seconds + 2)
        let request = Request(id: lastRequest, bound: bound, limits: limits, count: count, seconds: seconds)
        let deadline = Deadline(after: timeout)
        let answer: Result<DecodedImage, MediaError>
        do throws(WorkerTrouble) {
            try worker.send(littleEndian(request.words), by: deadline)
            try sending(worker, deadline)
            answer = try worker.reply(to: request, by: deadline)
        } catch {
            self.worker = nil
            throw explain(error, of: worker)
        }
        return try answer.get()
    }

    /// Ends the worker that made trouble and says what happened.
    private func explain(_ trouble: WorkerTrouble, of worker: WorkerProcess) -> MediaError {
        switch trouble {
        case .gone where worker.greeted: return .workerDied(worker.end(patience: 200))
        case .gone, .noWorker:
            return .workerUnavailable(detail: "\(executable) is no media worker (\(worker.end(patience: 200)))")
        default: break
        }
        _ = worker.end(patience: 0)
        return switch trouble {
        case .late:
            .timedOut(seconds: Double(timeout.components.seconds) + Double(timeout.components.attoseconds) / 1e18)
        case .cancelled: .cancelled
        case .nonsense(let detail): .badReply(detail: detail)
        case .source(let error): error
        case .gone, .noWorker: .workerDied(.unknown)
        }
    }

    private func runningWorker() throws(MediaError) -> WorkerProcess {
        if let worker, !worker.hasEnded { return worker }
        let started = try WorkerProcess(executable: executable, arguments: arguments)
        worker = started
        return started
    }

    private static func send(
        _ file: Int32, count: Int, to worker: WorkerProcess, by deadline: Deadline
    ) throws(WorkerTrouble) {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, 1 << 18), alignment: 16)
        defer { chunk.deallocate() }
        var left = count
        while left > 0 {
            let n = System.read(file, UnsafeMutableRawBufferPointer(rebasing: chunk[..<min(left, chunk.count)]))
            guard n >= 0 else { throw .source(.unreadable(System.lastError)) }
            guard n > 0 else { throw .source(.changedWhileReading) }
            try worker.send(UnsafeRawBufferPointer(rebasing: chunk[..<n]), by: deadline)
            left -= n
        }
    }
}

/// Runs an actor's work on a queue of its own, where it may block.
private final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label, qos: .userInitiated) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
