/// Which line an item waits in. Two are always there; others are made with `QueueStore.set(_:)`.
public struct QueueName: RawRepresentable, Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    public let rawValue: String

    /// - returns: Nil unless it is one to forty lower-case letters, digits and dashes, a letter first.
    public init?(rawValue: String) {
        let isWord = rawValue.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
        }
        guard isWord, (1...40).contains(rawValue.utf8.count), rawValue.first?.isLetter == true else { return nil }
        self.rawValue = rawValue
    }

    private init(known: String) { rawValue = known }

    /// Everything that no other line takes.
    public static let `default` = QueueName(known: "default")
    /// Items under a restricted policy (`sexual/minors`): they never come out of another line.
    public static let restricted = QueueName(known: "restricted")
    /// Takes what is escalated without a line's name, where somebody set such a line up.
    public static let escalations = QueueName(known: "escalations")

    public var description: String { rawValue }

    public static func < (a: QueueName, b: QueueName) -> Bool { a.rawValue < b.rawValue }
}
