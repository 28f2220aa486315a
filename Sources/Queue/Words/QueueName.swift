/// Which line an item waits in.
public enum QueueName: String, CaseIterable, Sendable, Codable {
    /// Everything that needs no special care.
    case `default`
    /// Items under a restricted policy (`sexual/minors`): they never come out of another queue.
    case restricted

    /// The number that stands for it in the database.
    var code: Int { self == .default ? 0 : 1 }

    init(code: Int) { self = code == 0 ? .default : .restricted }
}
