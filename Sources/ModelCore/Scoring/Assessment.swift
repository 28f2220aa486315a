/// What one model says of one input.
public struct Assessment: Sendable, Hashable {
    public struct PolicyScore: Sendable, Hashable {
        public let policy: String
        /// In [0, 1].
        public let probability: Double
        /// The model's own; nil leaves it to the policy.
        public let threshold: Double?
        /// ``Head/id`` of the head whose direction this is; nil where the model scores by itself.
        public let head: String?
        /// False where nothing was fitted to make a probability of it (a zero-shot direction as it is).
        public var isCalibrated = true
    }

    /// `name@version`.
    public let model: String
    /// What stands for the weights (see ``CheckedWeights``), 64 hex digits.
    public let weightsSHA256: String
    /// Of the numbers that the engine computed with.
    public let precision: Engine.Options.Precision
    /// Not normalised; empty for a model without one (open-nsfw).
    public let embedding: [Float]
    /// In the order of the head.
    public let scores: [PolicyScore]
    public let explanations: [ModelExplanation]
    /// Of the policies that were asked to be explained: those this model cannot score until verdicts have taught it.
    public let untrained: [String]
    /// For people: what was left out, such as text beyond the model's length.
    public let notes: [String]
}

/// Where a model looked.
public struct ModelExplanation: Sendable, Hashable {
    public enum Relevance: Sendable, Hashable {
        /// Row-major, `rows * columns` values, over the whole picture.
        case grid(rows: Int, columns: Int, values: [Float])
        /// Words in the order of the text.
        case spans([Span])
    }

    /// Half-open range of Unicode scalars of the text as it was given.
    public struct Span: Sendable, Hashable {
        public let start: Int
        public let end: Int
        public let weight: Float
    }

    public let model: String
    /// Nil where the method knows no direction (plain attention).
    public let policy: String?
    /// ``ExplanationMethod/Kind``'s raw value.
    public let method: String
    /// Whether negative values mean evidence against.
    public let signed: Bool
    public let relevance: Relevance
}

/// Which explanations are wanted beside the scores.
public enum ExplainRequest: Sendable, Hashable {
    case none
    /// Every policy at or over its threshold (0.5 where the model brings none); the highest one where there is none.
    case flagged
    /// These policies, by id.
    case policies([String])
}
