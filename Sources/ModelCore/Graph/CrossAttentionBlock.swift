/// A block that reads another sequence between two blocks that read their own: attention whose keys and values are
/// image tokens, and a feed-forward.
///
///     Y = X + γ₁⊙attention(LN₁ X over LN_s S),  Z = Y + γ₂⊙mlp(LN₂ Y)
///
/// CoCa's decoder has these without γ (Yu et al. 2022, "CoCa", section 3.2); Flamingo's gated layers have γ = tanh α
/// with a learnt α that starts at 0, and no norm of the source (Alayrac et al. 2022, "Flamingo", section 2.2 and
/// figure 4).
struct CrossAttentionBlock: Sendable, Hashable {
    let attention: Attention
    let feedForward: FeedForward
    /// LN₁
    let firstNorm: Norm
    /// LN_s
    var sourceNorm: Norm?
    /// LN₂
    let secondNorm: Norm
    /// α of the two branches, one number or [width]; nil for γ = 1.
    var attentionGate: WeightSlice?
    var feedForwardGate: WeightSlice?

    /// Where image tokens are and which a query may read.
    struct Source {
        /// [batch, image tokens, width of the source]
        let tokens: Wire
        /// Added to the scores, [batch, 1, queries, image tokens]; nil where every query may read all.
        var penalty: Wire?
        /// [batch, queries, 1]: 0 where a query may read nothing and so gets nothing; nil where there is none such.
        var gate: Wire?
    }

    /// What explanations need again, [batch, queries, width] where nothing else is said.
    struct Trace {
        let attention: Attention.Trace
        let feedForward: FeedForward.Trace
        /// γ₁, with the source's gate; nil where both are 1.
        let attentionScale: Wire?
        /// Y
        let middle: Wire
        /// Z
        let output: Wire
    }

    /// - Parameter x: [batch, queries, width].
    func forward(
        _ graph: GraphBuilder, _ x: Wire, reading source: Source, keepingProbabilities: Bool = false
    ) -> Trace {
        let attended = attention.forward(
            graph, asking: graph.apply(firstNorm, x), over: graph.apply(sourceNorm, source.tokens),
            penalty: source.penalty, keepingProbabilities: keepingProbabilities)
        let own = strength(graph, attentionGate)
        let scale = own.map { own in source.gate.map { graph.times($0, own) } ?? own } ?? source.gate
        let y = graph.plus(x, scale.map { graph.times(attended.output, $0) } ?? attended.output)
        let mlp = feedForward.forward(graph, graph.apply(secondNorm, y))
        let z = graph.plus(y, strength(graph, feedForwardGate).map { graph.times(mlp.output, $0) } ?? mlp.output)
        return Trace(attention: attended, feedForward: mlp, attentionScale: scale, middle: y, output: z)
    }

    /// The gradient at the output of the attention out of the one at Z: γ₁⊙(g + LN₂ᵀ(Y, mlpᵀ(γ₂⊙g))).
    ///
    /// - Parameter gradient: [batch, directions, queries, width].
    func gradientAtAttention(_ graph: GraphBuilder, _ trace: Trace, _ gradient: Wire) -> Wire {
        let gated = strength(graph, feedForwardGate).map { graph.times(gradient, $0) } ?? gradient
        let throughMLP = feedForward.gradientAtInput(graph, trace.feedForward, gated, shaped: graph.perDirection)
        let state = graph.state(of: secondNorm, at: graph.perDirection(trace.middle))
        let atMiddle = graph.plus(gradient, graph.applyTransposed(secondNorm, state, throughMLP))
        return trace.attentionScale.map { graph.times(atMiddle, graph.perDirection($0)) } ?? atMiddle
    }

    /// tanh α, or nil where there is no gate.
    private func strength(_ graph: GraphBuilder, _ gate: WeightSlice?) -> Wire? {
        gate.map { graph.hyperbolicTangent(graph.weight($0)) }
    }
}
