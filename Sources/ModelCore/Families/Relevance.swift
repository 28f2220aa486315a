/// Which of LeGrad's two readings, and over how many of the last layers.
///
/// Source: Bousselham et al. 2024, "LeGrad: An Explainability Method for Vision Transformers via Feature Formation
/// Sensitivity", eq. 4-10. The closed form that needs no back-propagation is derived in docs/models.md.
public struct RelevanceMethod: Sendable, Hashable {
    public enum Pooling: String, Sendable, CaseIterable {
        /// As published: each layer's own output is averaged over all tokens, also where the model pools otherwise.
        case legrad
        /// The gradient enters through the model's own pooling.
        case pooled = "legrad-pooled"
    }

    public var pooling: Pooling
    /// How many layers, counted from the last one. The published code uses two.
    public var layers: Int
    /// Whether scores are projections of the L2-normalised embedding; false where they are plain dot products.
    public var normalized: Bool

    public init(pooling: Pooling = .legrad, layers: Int = 2, normalized: Bool = true) {
        self.pooling = pooling
        self.layers = layers
        self.normalized = normalized
    }
}

extension GraphBuilder {
    /// The gradient of direction·embedding where the embedding is about to be pooled.
    ///
    /// - Parameters:
    ///   - embedding: e, [batch, 1, width], not normalised.
    ///   - directions: t, [directions, width].
    /// - Returns: g_e, [batch, directions, width]. Where scores are projections of the *normalised* embedding only the
    ///   part of a direction across it can change them: (t − (t·ê)ê)/‖e‖. Else t itself.
    func gradientAtEmbedding(_ embedding: Wire, directions: Wire, normalized: Bool) -> Wire {
        guard normalized else {
            return plus(unsqueeze(directions, axes: [0]), times(embedding, 0))
        }
        let length = squareRoot(sum(times(embedding, embedding), axes: [-1]))
        let unit = over(embedding, length)
        let rows = unsqueeze(directions, axes: [0])
        let cosines = product(rows, unit, transposingSecond: true)  // [batch, directions, 1]
        return over(minus(rows, times(cosines, unit)), length)
    }

    /// Σ over heads and query tokens of ReLU(⟨W_{O,h}ᵀ gY_n, V_{h,m}⟩).
    ///
    /// - Parameters:
    ///   - gradient: at the output of the attention's output projection, [batch, directions, queries, width].
    ///   - values: V, [batch, heads, tokens, width/heads].
    /// - Returns: [batch, directions, tokens].
    func attentionRelevance(
        _ gradient: Wire, output: Linear, values: Wire, heads: Int, width: Int
    ) -> Wire {
        let projected = applyTransposed(output, gradient)
        let split = transpose(reshape(projected, [0, 0, -1, heads, width / heads]), [0, 1, 3, 2, 4])
        let gradients = product(split, unsqueeze(values, axes: [1]), transposingSecond: true)
        return sum(rectified(gradients), axes: [2, 3], keep: false)
    }
}
