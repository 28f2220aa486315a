/// One running worker and the socket to it. Its calls block, so it lives on ``MediaDecoder``'s own queue.
final class WorkerProcess {
    private let process: Int32
    private let socket: Int32
    private var saidHello = false
    private var endedAs: MediaError.WorkerEnd?

    /// Starts the program; whether it is a worker at all shows with its first reply.
    init(executable: String, arguments: [String]) throws(MediaError) {
        guard let (ours, theirs) = System.socketPair() else { throw .workerUnavailable(detail: "no socket") }
        defer { System.close(theirs) }
        switch System.spawn(executable, arguments, socket: theirs) {
        case .success(let process):
            self.process = process
            socket = ours
            System.makeNonblocking(ours)
        case .failure(let error):
            System.close(ours)
            throw .workerUnavailable(detail: "\(error)")
        }
    }

    deinit {
        System.close(socket)
        if endedAs == nil { _ = System.reap(process, patience: 20) }
    }

    /// Whether it ended while nobody was asking anything of it.
    var hasEnded: Bool {
        if endedAs == nil { endedAs = System.reapIfEnded(process) }
        return endedAs != nil
    }

    /// Ends the process, if it has not ended, and says how it ended.
    ///
    /// - Parameter patience: milliseconds to wait for it to end by itself: it may be dying already, and then its own
    ///   signal says more than ours.
    func end(patience: Int) -> MediaError.WorkerEnd {
        if let endedAs { return endedAs }
        let end = System.reap(process, patience: patience)
        endedAs = end
        return end
    }

    /// Whether it ever was a worker: it greeted, and the greeting may not have been read yet.
    var greeted: Bool {
        if !saidHello, let hello = try? receive(Hello.byteCount, by: Deadline(after: .milliseconds(100))) {
            saidHello = words(of: hello) == Hello.words
        }
        return saidHello
    }

    // MARK: - Talking

    /// Sends all bytes.
    func send(_ bytes: UnsafeRawBufferPointer, by deadline: Deadline) throws(WorkerTrouble) {
        var sent = 0
        while sent < bytes.count {
            let n = System.send(socket, UnsafeRawBufferPointer(rebasing: bytes[sent...]))
            if let n, n < 0 { throw .gone }
            sent += n ?? 0
            if n == nil { System.wait(socket, writing: true, milliseconds: try deadline.slice()) }
        }
    }

    /// Sends all bytes.
    func send(_ bytes: [UInt8], by deadline: Deadline) throws(WorkerTrouble) {
        let result: Result<Void, WorkerTrouble> = bytes.withUnsafeBytes { buffer in
            do throws(WorkerTrouble) {
                return .success(try send(buffer, by: deadline))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Takes the answer to a request that has been sent, and holds it to the protocol.
    func reply(to request: Request, by deadline: Deadline) throws(WorkerTrouble) -> Result<DecodedImage, MediaError> {
        if !saidHello {
            let hello = try receive(Hello.byteCount, by: deadline)
            guard words(of: hello) == Hello.words else { throw .noWorker }
            saidHello = true
        }
        let header = words(of: try receive(Reply.byteCount, by: deadline))
        guard let reply = Reply(words: header, to: request) else { throw .nonsense("header") }
        let detail = try receive(reply.detailCount, by: deadline)
        if let error = reply.error(detail: detail, request: request) { return .failure(error) }
        let pixels = try receive(reply.size.area * 3, by: deadline)
        let image = RGBImage(width: reply.size.width, height: reply.size.height, pixels: pixels)
        return .success(
            DecodedImage(image: image, originalSize: reply.originalSize, format: reply.format, notes: reply.notes))
    }

    private func receive(_ count: Int, by deadline: Deadline) throws(WorkerTrouble) -> [UInt8] {
        var trouble: WorkerTrouble?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            do throws(WorkerTrouble) {
                while filled < count {
                    let rest = UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<count])
                    let n = System.receive(socket, rest)
                    if let n, n <= 0 { throw .gone }
                    filled += n ?? 0
                    if n == nil { System.wait(socket, writing: false, milliseconds: try deadline.slice()) }
                }
            } catch {
                trouble = error
            }
        }
        if let trouble { throw trouble }
        return bytes
    }
}

/// What can go wrong between the two processes.
enum WorkerTrouble: Error {
    /// The worker closed its end.
    case gone
    case late
    case cancelled
    /// It broke the protocol.
    case nonsense(String)
    /// What was started does not speak the protocol.
    case noWorker
    /// The file could not be read to its end.
    case source(MediaError)
}

/// When to stop waiting.
struct Deadline {
    private let end: ContinuousClock.Instant
    /// How long a cancelled request may go on: a worker worth keeping finishes in that time.
    private let grace: ContinuousClock.Instant

    init(after duration: Duration) {
        let now = ContinuousClock.now
        end = now + duration
        grace = now + .milliseconds(250)
    }

    /// Milliseconds to wait before looking again.
    func slice() throws(WorkerTrouble) -> Int32 {
        let now = ContinuousClock.now
        if now >= end { throw .late }
        if now >= grace && Task.isCancelled { throw .cancelled }
        return 50
    }
}
