/// What a reviewer decides about an item. Skipping records no decision and so is not a verdict.
public enum Verdict: String, CaseIterable, Sendable, Codable {
    case allow, remove, restrict, escalate

    /// `remove` and `restrict` act against the author, so they must name at least one policy.
    public var needsPolicy: Bool { self == .remove || self == .restrict }
}
