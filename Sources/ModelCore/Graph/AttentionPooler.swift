/// Pools tokens with learnt queries: attention, then a residual feed-forward (SigLIP's "MAP" head) or nothing (CoCa).
///
///     c = attention(LN_q probe over LN_k X),  e = c + mlp(LN c)
///
/// Source: Zhai et al. 2022, "Scaling Vision Transformers", section 3.4; Lee et al. 2019, "Set Transformer"; Yu et al.
/// 2022, "CoCa", section 3.2.
struct AttentionPooler: Sendable, Hashable {
    /// What follows the attention.
    struct Refinement: Sendable, Hashable {
        let norm: Norm
        let feedForward: FeedForward
    }

    /// One learnt query or several, in whatever shape the file has them.
    let probe: WeightSlice
    /// LN_q and LN_k
    var probeNorm: Norm?
    var sourceNorm: Norm?
    let attention: Attention
    let refinement: Refinement?

    struct Trace {
        /// X
        let source: Wire
        let attention: Attention.Trace
        let feedForward: FeedForward.Trace?
        /// [batch, queries, width]
        let output: Wire
    }

    /// - Parameter x: [batch, tokens, width].
    func forward(_ graph: GraphBuilder, _ x: Wire) -> Trace {
        let queries = graph.reshape(graph.weight(probe), [1, -1, attention.query.input])
        // In the open: the probabilities are asked for, and a few queries' worth costs nothing.
        let attended = attention.forward(
            graph, asking: graph.apply(probeNorm, queries), over: graph.apply(sourceNorm, x),
            keepingProbabilities: true)
        let mlp = refinement.map { $0.feedForward.forward(graph, graph.apply($0.norm, attended.output)) }
        return Trace(
            source: x, attention: attended, feedForward: mlp,
            output: mlp.map { graph.plus(attended.output, $0.output) } ?? attended.output)
    }

    /// The gradient at c out of the one at e: g + LNᵀ(c, mlpᵀ g).
    ///
    /// - Parameter gradient: [batch, directions, queries, width].
    func gradientAtAttention(_ graph: GraphBuilder, _ trace: Trace, _ gradient: Wire) -> Wire {
        guard let refinement, let mlp = trace.feedForward else { return gradient }
        let state = graph.state(of: refinement.norm, at: graph.perDirection(trace.attention.output))
        let throughMLP = refinement.feedForward.gradientAtInput(graph, mlp, gradient, shaped: graph.perDirection)
        return graph.plus(gradient, graph.applyTransposed(refinement.norm, state, throughMLP))
    }

    /// The gradient at the tokens X out of the one at e, through values and through keys.
    ///
    /// - Parameter gradient: [batch, directions, queries, width].
    /// - Returns: [batch, directions, tokens, width].
    func gradientAtTokens(_ graph: GraphBuilder, _ trace: Trace, _ gradient: Wire) -> Wire {
        let atAttention = gradientAtAttention(graph, trace, gradient)
        let atKeys = AttentionGradient(graph, of: attention, trace.attention, at: atAttention).atSource(graph)
        guard let sourceNorm else { return atKeys }
        return graph.applyTransposed(
            sourceNorm, graph.state(of: sourceNorm, at: graph.perDirection(trace.source)), atKeys)
    }
}
