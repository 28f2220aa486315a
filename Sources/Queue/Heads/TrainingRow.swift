/// What verdicts say about one policy of an item, for a head to be fitted on.
public struct TrainingLabel: Sendable, Hashable {
    /// The share of the reviewers that found a violation, in [0, 1]: 0 or 1 where one judged.
    public var target: Double
    /// `person` where any of them said so by hand.
    public var origin: LabelOrigin
    /// How many said either.
    public var judges: Int

    public init(target: Double, origin: LabelOrigin, judges: Int = 1) {
        self.target = target
        self.origin = origin
        self.judges = judges
    }
}

/// A standing verdict, or the known answer of a gold item, with the embeddings that one model made of the item.
public struct TrainingRow: Sendable, Hashable {
    public var item: ItemID
    /// Nil for a gold item.
    public var decision: String?
    /// One for each picture, in their order; one of a text. As the network gave them: not of length 1.
    public var embeddings: [[Float]]
    /// Never empty. What is not in it is unknown.
    public var labels: [PolicyID: TrainingLabel]
    /// Nil between splits, and of gold items that are in no snapshot. Fit on `train` alone.
    public var split: Split?
    /// Items of one cluster are near-duplicates, or of one author: none may be on both sides of a comparison.
    public var cluster: Int64
    /// The share of uniform draws where the item was one, in (0, 1]; nil where it came by rank.
    public var sampled: Double?
    /// Held out, whatever its split.
    public var isGold: Bool
    public var decidedAt: Timestamp
}

/// How far ``QueueStore/trainingRows(model:weights:each:)`` went, and what it left out.
public struct TrainingExtent: Sendable, Hashable {
    /// The last row of the record that can be among them: for ``HeadDraft/lastDecision``.
    public var lastDecision: Int64
    /// The last verdict or undo of the chain that counted.
    public var lastEvent: Int64
    public var rows = 0
    /// Of these, known answers.
    public var gold = 0
    /// Verdicts that teach something, without an embedding by this model: `score --decided` makes them.
    public var withoutEmbedding = 0
    /// Verdicts on pictures that a restricted item shows as well, or that look like one.
    public var withheld = 0
}
