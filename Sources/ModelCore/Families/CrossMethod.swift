/// Which explanation of a model that reads a picture and a text together: what each text token looks at, as a map over
/// patches.
///
/// Formulas, sources, and what of them is exact: docs/model-families.md ("Models that read picture and text together").
public struct CrossMethod: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// A layer's cross-attention, mean over heads. Knows no score.
        case attention = "cross-attention"
        /// The mean over heads of ReLU(∂score/∂A) ⊙ A: cross-attention where more of it would raise the score.
        ///
        /// Source: Li et al. 2021, "Align before Fuse", and `visualization.ipynb` beside it; the same in
        /// LAVIS's `compute_gradcam` for BLIP. After Selvaraju et al. 2017, "Grad-CAM".
        case gradient = "cross-grad"
    }

    public var kind: Kind
    /// Of the layers that have a cross-attention, from 0; nil for what the family's authors look at.
    public var layer: Int?

    public init(_ kind: Kind = .gradient, layer: Int? = nil) {
        self.kind = kind
        self.layer = layer
    }
}

extension GraphBuilder {
    /// A count to divide by: a text without words has a mean of zeros.
    func atLeastOne(_ count: Wire) -> Wire { plus(count, equal(count, scalar(0))) }

    /// Mean over heads of ReLU(gradient) ⊙ A.
    ///
    /// - Parameters:
    ///   - probabilities: A, [batch, heads, queries, tokens].
    ///   - gradient: [batch, directions, heads, queries, tokens].
    /// - Returns: [batch, directions, queries, tokens].
    func gradientWeighted(_ probabilities: Wire, _ gradient: Wire) -> Wire {
        mean(times(rectified(gradient), perDirection(probabilities)), axes: [2], keep: false)
    }
}

extension CrossMethod {
    /// - Parameters:
    ///   - count: layers that have a cross-attention.
    ///   - usual: the one the family's authors look at.
    /// - Throws: ``ExplanationError/noSuchPart(_:)``.
    func checkedLayer(of count: Int, usual: Int) throws(ExplanationError) -> Int {
        let layer = layer ?? usual
        guard (0..<count).contains(layer) else {
            throw .noSuchPart("cross-attention layer \(layer); it has \(count), counted from 0")
        }
        return layer
    }
}
