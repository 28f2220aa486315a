/// How a score is explained: one interface for what a graph computes, for class activation maps and for occlusion.
///
///     let method = ExplanationMethod(.legrad, layers: .only([8, 9, 10, 11]), heads: [0, 3])
///     let found = try await scorer.assess(images: [pixels], model: "dinov2-small", by: method)
///
/// Which of them say something true of a model ``Scorer/methods(of:)`` tells. How well each points, and how faithful it
/// is, `make bench-explain` measures; the figures stand in docs/explanations.md.
public struct ExplanationMethod: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Each layer's attention by the score's gradient over it, as published.
        ///
        /// Source: Bousselham et al. 2024, "LeGrad", eq. 4-10 and the code beside it.
        case legrad
        /// LeGrad with the gradient entering through the model's own pooling.
        ///
        /// Source: as ``legrad``; the pooling of the network itself in place of its eq. 8.
        case pooled = "legrad-pooled"
        /// Of texts: LeGrad less its mean over the text, times √(attention received in the last layer).
        ///
        /// Source: chosen on data, docs/explanations.md ("Text").
        case weighted = "legrad-weighted"
        /// What each token adds to the score through the attention of the pooled tokens; exact and signed.
        ///
        /// Source: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"; Gandelsman et al. 2024,
        /// "Interpreting CLIP's Image Representation via Text-Based Decomposition", eq. 5-9.
        case decomposition = "token-decomposition"
        /// How much the pooling looks at each token. Knows no direction.
        ///
        /// Source: Caron et al. 2021, "Emerging Properties in Self-Supervised Vision Transformers", figure 1.
        case attention
        /// Attention multiplied through the layers. Knows no direction.
        ///
        /// Source: Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", eq. 1 and section 3.
        case rollout
        /// Class activation map of a network that ends in average pooling and a linear layer; exact and signed.
        ///
        /// Source: Zhou et al. 2016, "Learning Deep Features for Discriminative Localization", eq. 1-2.
        case cam
        /// How far the score falls where a part is hidden: for any model, one pass a part. Signed.
        ///
        /// Source: Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2, of
        /// pictures; Li et al. 2016, "Understanding Neural Networks through Representation Erasure", eq. 1, of texts.
        case occlusion
        /// Of models that read picture and text together: where a policy's words look in the picture.
        ///
        /// Source: ``CrossMethod/Kind/attention``.
        case crossAttention = "cross-attention"
        /// The same where looking more would raise the score.
        ///
        /// Source: ``CrossMethod/Kind/gradient``.
        case crossGradient = "cross-grad"

        /// Whether it is about a direction or a policy's words; else there is one map for all.
        public var isDirected: Bool { inGraph?.isDirected ?? true }
        /// Whether negative values mean evidence against.
        public var isSigned: Bool { inGraph?.isSigned ?? (cross == nil) }

        /// The graph's own method that this is, or is made from; nil where no graph computes it.
        var inGraph: RelevanceMethod.Kind? {
            switch self {
            case .legrad, .weighted: .legrad
            case .pooled: .pooled
            case .decomposition: .decomposition
            case .attention: .attention
            case .rollout: .rollout
            case .cam, .occlusion, .crossAttention, .crossGradient: nil
            }
        }

        /// What of a cross-attention this is; nil for methods that look at none.
        var cross: CrossMethod.Kind? { CrossMethod.Kind(rawValue: rawValue) }

        init(_ kind: RelevanceMethod.Kind) {
            switch kind {
            case .legrad: self = .legrad
            case .pooled: self = .pooled
            case .decomposition: self = .decomposition
            case .attention: self = .attention
            case .rollout: self = .rollout
            }
        }

        /// A few words for those who compare.
        public var summary: String {
            switch self {
            case .legrad: "where more attention would raise the score (Bousselham 2024)"
            case .pooled: "the same through the model's own pooling"
            case .weighted: "LeGrad above the text's mean, by attention received"
            case .decomposition: "what a part adds to the score; signed (Elhage 2021)"
            case .attention: "where the last layer looks, at any score (Caron 2021)"
            case .rollout: "attention through the layers (Abnar & Zuidema 2020)"
            case .cam: "what a place adds to the score; signed (Zhou 2016)"
            case .occlusion: "fall of the score without a part; signed (Zeiler 2014)"
            case .crossAttention: "where a policy's words look in the picture"
            case .crossGradient: "where more of that would raise the score (Li 2021)"
            }
        }
    }

    public var kind: Kind
    /// Layers that are looked at; nil for what is usual for the kind.
    public var layers: RelevanceMethod.Layers?
    /// Heads that are looked at, from 0; nil for all.
    public var heads: [Int]?

    public init(_ kind: Kind, layers: RelevanceMethod.Layers? = nil, heads: [Int]? = nil) {
        self.kind = kind
        self.layers = layers
        self.heads = heads
    }

    /// What the graph is asked for; nil where no graph computes it.
    var inGraph: RelevanceMethod? {
        // The layers that `weighted` was chosen with.
        let layers = layers ?? (kind == .weighted ? .last(4) : nil)
        return kind.inGraph.map { RelevanceMethod($0, layers: layers, heads: heads) }
    }

    /// What a graph that reads picture and text together is asked for; nil for methods that look at no cross-attention.
    ///
    /// - Throws: ``ExplanationError/notApplicable(method:reason:)`` for heads, and for several layers.
    func cross() throws(ExplanationError) -> CrossMethod? {
        guard let cross = kind.cross else { return nil }
        guard heads == nil else {
            throw .notApplicable(method: kind.rawValue, reason: "it is the mean over all heads")
        }
        switch layers {
        case nil: return CrossMethod(cross)
        case .only(let numbers) where numbers.count == 1: return CrossMethod(cross, layer: numbers[0])
        default: throw .notApplicable(method: kind.rawValue, reason: "it looks at one layer")
        }
    }

    /// Layers and heads are no parts of what looks at the model from outside.
    ///
    /// - Throws: ``ExplanationError/notApplicable(method:reason:)``.
    func requireNoParts() throws(ExplanationError) {
        guard layers == nil, heads == nil else {
            throw .notApplicable(method: kind.rawValue, reason: "it looks at the whole model, not at layers or heads")
        }
    }
}

extension Encoder {
    /// - Throws: ``ExplanationError`` where a method's formula does not hold for this model, or where a layer or head is
    ///   asked for that it does not have.
    func check(_ method: ExplanationMethod) throws(ExplanationError) {
        switch method.kind {
        case .cam:
            throw .notApplicable(
                method: method.kind.rawValue, reason: "it does not end in average pooling and a linear layer")
        case .occlusion: try method.requireNoParts()
        case .crossAttention, .crossGradient:
            throw .notApplicable(method: method.kind.rawValue, reason: "it does not read a picture from a text")
        case .weighted:
            if case .patches = embedding {
                throw .notApplicable(method: method.kind.rawValue, reason: "it was made for the words of texts")
            }
            fallthrough
        case .legrad, .pooled, .decomposition, .attention, .rollout:
            if let inGraph = method.inGraph { _ = try checkedLayers(of: inGraph) }
        }
    }
}
