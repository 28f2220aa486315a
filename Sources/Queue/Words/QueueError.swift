/// What went wrong, told to the person who can do something about it.
///
/// The case says what kind of trouble it is (the command line maps kinds to exit statuses); the text says what to do
/// next and quotes nothing of an item unless it was made visible first.
public enum QueueError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The request itself is wrong: an unknown policy, a missing one, a name that is none.
    case usage(String)
    /// Input was refused.
    case rejected(String)
    /// The queue, the file or the item is not there.
    case notFound(String)
    /// Somebody else holds what was asked for: trying again later can work.
    case busy(String)
    /// The lease has expired, was released, or never was.
    case leaseLost(String)
    /// The disk, the database or the system refused.
    case failed(String)

    public var description: String {
        switch self {
        case .usage(let text), .rejected(let text), .notFound(let text), .busy(let text), .leaseLost(let text),
            .failed(let text):
            text
        }
    }
}
