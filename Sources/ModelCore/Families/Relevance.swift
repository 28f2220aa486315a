/// Which explanation of an encoder's embedding, over which layers and heads.
///
/// Sources and formulas: docs/explanations.md ("How the closed form of LeGrad reads").
public struct RelevanceMethod: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// LeGrad as published (Bousselham et al. 2024, eq. 4-10 and the code beside it): each layer's own output is
        /// averaged over all tokens, also where the model pools a class token; where it pools by attention, the
        /// gradient of the pooler's attention over each layer's output.
        case legrad
        /// LeGrad with the gradient entering through the model's own pooling.
        case pooled = "legrad-pooled"
        /// What each token adds to the score through the attention of the pooled tokens. Signed, and exact: with
        /// `rest` the parts add up to the score.
        case decomposition = "token-decomposition"
        /// How much the pooling looks at each token, mean over layers and heads. Knows no direction.
        case attention
        /// Attention rollout over the layers (Abnar & Zuidema 2020), from the pooling back. Knows no direction.
        case rollout

        /// Whether it is about a direction; else there is one map for all.
        public var isDirected: Bool { self != .attention && self != .rollout }
        /// Whether negative values mean evidence against.
        public var isSigned: Bool { self == .decomposition }
        /// Layers that are looked at where nobody says otherwise.
        public var usualLayers: Layers {
            switch self {
            // The published code's default.
            case .legrad, .pooled: .last(2)
            case .attention: .last(1)
            // More lights background patches up (measured in docs/explanations.md).
            case .rollout: .last(4)
            case .decomposition: .last(.max)
            }
        }
    }

    public enum Layers: Sendable, Hashable {
        /// Counted from the last one; more than there are means all.
        case last(Int)
        /// These, from 0.
        case only([Int])

        /// - Parameter depth: layers of the model.
        /// - Returns: sorted, without those that are not there.
        func indices(depth: Int) -> [Int] {
            switch self {
            case .last(let count): Array(max(0, depth - max(0, count))..<depth)
            case .only(let layers): Set(layers).filter { (0..<depth).contains($0) }.sorted()
            }
        }
    }

    public var kind: Kind
    public var layers: Layers
    /// Heads that are looked at, from 0; nil for all.
    public var heads: [Int]?
    /// Whether scores are projections of the L2-normalised embedding; false where they are plain dot products.
    public var normalized: Bool

    /// - Parameter layers: nil for what is usual for the kind.
    public init(_ kind: Kind = .legrad, layers: Layers? = nil, heads: [Int]? = nil, normalized: Bool = true) {
        self.kind = kind
        self.layers = layers ?? kind.usualLayers
        self.heads = heads
        self.normalized = normalized
    }
}

/// Why a model cannot be explained the way that was asked for.
public enum ExplanationError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The method's formula does not hold for such a model.
    case notApplicable(method: String, reason: String)
    /// A layer or head that the model does not have.
    case noSuchPart(String)

    public var description: String {
        switch self {
        case .notApplicable(let method, let reason):
            "\(method) says nothing true of this model: \(reason). `reviewtui explain --compare` shows what does."
        case .noSuchPart(let what): "The model has no \(what)."
        }
    }
}
