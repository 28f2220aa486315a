/// Pools tokens with one learnt query: attention, then a residual feed-forward (SigLIP's "MAP" head).
///
///     c = attention(probe over X),  e = c + mlp(LN c)
///
/// Source: Zhai et al. 2022, "Scaling Vision Transformers", section 3.4; Lee et al. 2019, "Set Transformer".
struct AttentionPooler: Sendable, Hashable {
    /// The learnt query, as many numbers as the tokens are wide, in whatever shape the file has it.
    let probe: WeightSlice
    let attention: Attention
    let norm: Norm
    let feedForward: FeedForward

    struct Trace {
        let attention: Attention.Trace
        let feedForward: FeedForward.Trace
        /// [batch, 1, width]
        let output: Wire
    }

    /// - Parameter x: [batch, tokens, width].
    func forward(_ graph: GraphBuilder, _ x: Wire) -> Trace {
        let query = graph.reshape(graph.weight(probe), [1, 1, attention.query.input])
        // In the open: the probabilities are asked for, and one query's worth costs nothing.
        let attended = attention.forward(graph, asking: query, over: x, keepingProbabilities: true)
        let mlp = feedForward.forward(graph, graph.apply(norm, attended.output))
        return Trace(
            attention: attended, feedForward: mlp, output: graph.plus(attended.output, mlp.output))
    }

    /// The gradient at c out of the one at e: g + LNᵀ(c, mlpᵀ g).
    ///
    /// - Parameter gradient: [batch, directions, 1, width].
    func gradientAtAttention(_ graph: GraphBuilder, _ trace: Trace, _ gradient: Wire) -> Wire {
        let state = graph.state(of: norm, at: graph.unsqueeze(trace.attention.output, axes: [1]))
        let throughMLP = feedForward.gradientAtInput(graph, trace.feedForward, gradient) {
            graph.unsqueeze($0, axes: [1])
        }
        return graph.plus(gradient, graph.applyTransposed(norm, state, throughMLP))
    }

    /// The gradient at the tokens X out of the one at e, through values and through keys.
    ///
    /// With a the probabilities, ḡ = W_{O,h}ᵀ g_c and s the scores: ∂v_m = a_m ḡ, ∂a_m = ⟨ḡ, v_m⟩,
    /// ∂s_m = a_m(∂a_m − Σ a ∂a), ∂k_m = ∂s_m q/√d, and ∂x_m = W_Vᵀ ∂v_m + W_Kᵀ ∂k_m.
    ///
    /// - Parameter gradient: [batch, directions, 1, width].
    /// - Returns: [batch, directions, tokens, width].
    func gradientAtTokens(_ graph: GraphBuilder, _ trace: Trace, _ gradient: Wire) -> Wire {
        let (heads, size) = (attention.heads, attention.headWidth)
        let atContext = gradientAtAttention(graph, trace, gradient)
        let atMixture = graph.transpose(
            graph.reshape(graph.applyTransposed(attention.output, atContext), [0, 0, -1, heads, size]),
            [0, 1, 3, 2, 4])  // [batch, directions, heads, 1, size]
        let values = graph.unsqueeze(trace.attention.values, axes: [1])
        let shares = graph.unsqueeze(trace.attention.probabilities ?? graph.scalar(0), axes: [1])
        let atShares = graph.product(atMixture, values, transposingSecond: true)
        let mean = graph.sum(graph.times(shares, atShares), axes: [-1])
        let atScores = graph.times(shares, graph.minus(atShares, mean))

        let standing = [0, 1, 2, 4, 3]
        let atValues = graph.times(graph.transpose(shares, standing), atMixture)
        let query = graph.times(
            graph.unsqueeze(trace.attention.queries, axes: [1]), 1 / Double(size).squareRoot())
        let atKeys = graph.times(graph.transpose(atScores, standing), query)
        func joined(_ x: Wire) -> Wire {
            graph.reshape(graph.transpose(x, [0, 1, 3, 2, 4]), [0, 0, -1, attention.width])
        }
        return graph.plus(
            graph.applyTransposed(attention.value, joined(atValues)),
            graph.applyTransposed(attention.key, joined(atKeys)))
    }
}
