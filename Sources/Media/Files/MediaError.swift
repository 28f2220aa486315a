/// Why a file cannot be shown.
///
/// ``reason`` fits a placeholder; ``description`` adds what to do. Neither holds the file's path or any of its text:
/// whoever prints the path makes it safe first.
public enum MediaError: Error, Hashable, Sendable, CustomStringConvertible {
    case notFound
    case isDirectory
    case isSymbolicLink
    case notAFile
    case permissionDenied
    /// The system's error number.
    case unreadable(Int32)
    case empty
    case tooManyBytes(count: Int, limit: Int)
    case tooManyPixels(size: PixelSize, limit: Int)
    case changedWhileReading
    case unsupported(MediaFormat)
    /// The library's own words, reduced to printable ASCII.
    case corrupt(MediaFormat, detail: String)
    case workerDied(WorkerEnd)
    case timedOut(seconds: Double)
    case workerUnavailable(detail: String)
    /// The worker's reply broke the protocol: it was ended.
    case badReply(detail: String)
    case cancelled

    /// How the worker process ended.
    public enum WorkerEnd: Hashable, Sendable, CustomStringConvertible {
        case signal(Int32)
        case exit(Int32)
        case unknown

        public var description: String {
            switch self {
            case .signal(let number): "signal \(number)"
            case .exit(let status): "exit status \(status)"
            case .unknown: "unknown cause"
            }
        }
    }

    /// In a few words, for the place where the picture would be.
    public var reason: String {
        switch self {
        case .notFound: "the file is not there"
        case .isDirectory: "it is a directory, not a file"
        case .isSymbolicLink: "it is a symbolic link"
        case .notAFile: "it is not a regular file"
        case .permissionDenied: "reading the file is not permitted"
        case .unreadable(let number): "the file cannot be read (system error \(number))"
        case .empty: "the file is empty"
        case .tooManyBytes(let count, let limit): "the file has \(count >> 20) MiB, the limit is \(limit >> 20)"
        case .tooManyPixels(let size, let limit):
            "the picture claims \(size) pixels, the limit is \(limit / 1_000_000) million"
        case .changedWhileReading: "the file changed while it was read"
        case .unsupported(.unknown): "the file is of no known kind"
        case .unsupported(let format): "\(format.name) is not decoded yet"
        case .corrupt(let format, let detail): "broken \(format.name)" + (detail.isEmpty ? "" : ": \(detail)")
        case .workerDied(let end): "the decoder died while reading this file (\(end))"
        case .timedOut(let seconds): "decoding took longer than \(seconds.formatted) s"
        case .workerUnavailable(let detail): "the decoder does not start: \(detail)"
        case .badReply(let detail): "the decoder answered nonsense (\(detail)) and was ended"
        case .cancelled: "decoding was cancelled"
        }
    }

    /// The reason and what to do about it.
    public var description: String { "\(reason). \(advice)" }

    private var advice: String {
        switch self {
        case .notFound: "Restore the file or ingest the item again."
        case .isDirectory, .isSymbolicLink, .notAFile: "Give the path of a regular file."
        case .permissionDenied, .unreadable: "Check the file's permissions and its disk, then try again."
        case .empty: "Ask the source to send the media again."
        case .tooManyBytes, .tooManyPixels:
            "Have it reduced outside this machine, or escalate: oversized media can be an attack."
        case .changedWhileReading: "Try again when nothing writes to it."
        case .unsupported(.unknown): "Send PNG or JPEG; judge this item by its text and metadata, or escalate."
        case .unsupported: "Convert it to PNG or JPEG, or judge this item by its text and metadata."
        case .corrupt: "Ask the source to send it again, or escalate: a broken file can be an attack."
        case .workerDied, .timedOut, .badReply:
            "The decoder has been restarted and other items are not affected; escalate this one: it can be an attack."
        case .workerUnavailable: "Run `reviewtui doctor`."
        case .cancelled: "Ask again."
        }
    }
}

extension Double {
    /// Without a fraction where it has none.
    fileprivate var formatted: String { self == rounded() ? String(Int(self)) : String(self) }
}
