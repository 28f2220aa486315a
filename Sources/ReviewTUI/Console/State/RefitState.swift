import Queue

/// The heads that the console has fitted again behind the reviewer's back, after so many verdicts.
struct RefitState: Hashable, Sendable {
    /// Verdicts of this console after which heads are fitted again; nil for never by itself.
    var every: Int?
    /// Verdicts since it was last asked for.
    var verdicts = 0
    var isUnderWay = false
    /// What came of the last one, and when, in milliseconds since 1970.
    var news: RefitNews?
    var newsAt: Int64 = 0

    /// How long the title bar tells of it.
    static let telling: Int64 = 60_000

    var isDue: Bool { every.map { verdicts >= $0 } ?? false && !isUnderWay }
}

/// What came of fitting heads from the verdicts so far.
struct RefitNews: Hashable, Sendable {
    struct Change: Hashable, Sendable {
        var policy: PolicyID
        /// Average precision of the head that was in use, over the rows that both were compared on; nil where there was none.
        var before: Double?
        /// Of the new one.
        var after: Double
        /// Whether it scores from now on. Where not, the rule held it back, and it waits as proposed.
        var isAdopted: Bool
    }

    /// In the order of the taxonomy.
    var changes: [Change]
    /// Waiting items whose scores are others now.
    var rescored: Int
    /// Why a policy has no new head, in a sentence each.
    var leftOut: [String]

    var adopted: [Change] { changes.filter(\.isAdopted) }
}
