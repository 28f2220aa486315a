/// Exit statuses, the same for every command (after BSD's `sysexits`).
enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    /// The command line is wrong.
    case usage = 64
    /// Some input was rejected; the rest was kept.
    case rejected = 65
    /// The input is not there.
    case notFound = 66
    /// A library, model or server that this needs is not there.
    case unavailable = 69
    /// Busy, or the lease is lost: try again.
    case tryAgain = 75
}

/// Ends a command with a status and a sentence that says what to do next.
struct CommandFailure: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}
