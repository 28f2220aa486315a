/// Items that look or read like one item, and what people decided about them.
///
/// It informs and never decides: that two pictures look alike does not make what is around them alike.
public struct TwinGroup: Sendable, Hashable {
    public var item: ItemID
    /// The others, decided ones first, then the most alike.
    public var twins: [Twin]
    /// What stands about the others, the most frequent first. The item's own history is not in it.
    public var verdicts: [GroupVerdict]
    /// Whether there may be more twins than are listed.
    public var isCut: Bool
    /// Whether every text had been looked at; false where items came in since that was last caught up with.
    public var isComplete: Bool

    public struct Twin: Sendable, Hashable {
        public var item: ItemID
        /// In how many bits of 256 the most alike pictures differ; nil where no pictures match.
        public var distance: Int?
        /// Whether the texts are equal after normalisation.
        public var hasSameText: Bool
        /// Whether a verdict stands.
        public var isDecided: Bool
    }
}

/// One kind of verdict on a group.
public struct GroupVerdict: Sendable, Hashable {
    public var verdict: Verdict
    public var policies: [PolicyID]
    /// On how many items.
    public var items: Int
    /// By how many people.
    public var reviewers: Int
}
