/// A BERT layer that reads a picture between its self-attention and its feed-forward.
///
///     Y = LN₁(X + attention(X)),  C = LN_c(Y + cross(Y over image)),  Z = LN₂(C + mlp(C))
///
/// Source: Li et al. 2021, "Align before Fuse" (ALBEF), section 3.1; Li et al. 2022, "BLIP", section 3.1.
struct FusionBlock: Sendable, Hashable {
    /// Self-attention, feed-forward and their norms: a post-norm block that does without the picture.
    let block: TransformerBlock
    let cross: Attention
    /// LN_c
    let crossNorm: Norm

    /// What explanations need again, [batch, queries, width] where nothing else is said.
    struct Trace {
        let attention: Attention.Trace
        /// X + attention(X)
        let attentionSum: Wire
        let cross: Attention.Trace
        /// Y + cross
        let crossSum: Wire
        let feedForward: FeedForward.Trace
        /// C + mlp(C)
        let outputSum: Wire
        /// Z
        let output: Wire
    }

    /// - Parameters:
    ///   - x: [batch, tokens, width]
    ///   - image: [batch, image tokens, width of the picture's tokens]
    ///   - queries: the rows to compute; the others are looked at but get no output.
    func forward(
        _ graph: GraphBuilder, _ x: Wire, reading image: Wire, queries: TokenRows = .all, mask: AttentionMask,
        keepingProbabilities: Bool = false
    ) -> Trace {
        let own = block.attention.forward(
            graph, asking: queries.taken(graph, x), over: x, penalty: mask.penalty(graph, queries: queries),
            keepingProbabilities: keepingProbabilities)
        let attentionSum = graph.plus(queries.taken(graph, x), own.output)
        let y = graph.apply(block.firstNorm, attentionSum)
        let read = cross.forward(graph, asking: y, over: image, keepingProbabilities: keepingProbabilities)
        let crossSum = graph.plus(y, read.output)
        let c = graph.apply(crossNorm, crossSum)
        let mlp = block.feedForward.forward(graph, c)
        let outputSum = graph.plus(c, mlp.output)
        return Trace(
            attention: own, attentionSum: attentionSum, cross: read, crossSum: crossSum, feedForward: mlp,
            outputSum: outputSum, output: graph.apply(block.secondNorm, outputSum))
    }

    /// The gradient at the output of the cross-attention out of the one at Z, which is also the one at Y + cross:
    /// gS = LN₂ᵀ(C + mlp, g), then LN_cᵀ(Y + cross, gS + mlpᵀ gS).
    ///
    /// - Parameter gradient: [batch, directions, queries, width].
    func gradientAtCross(_ graph: GraphBuilder, _ trace: Trace, _ gradient: Wire) -> Wire {
        let atSum = through(graph, block.secondNorm, at: trace.outputSum, gradient)
        let atFused = graph.plus(
            atSum, block.feedForward.gradientAtInput(graph, trace.feedForward, atSum, shaped: graph.perDirection))
        return through(graph, crossNorm, at: trace.crossSum, atFused)
    }

    /// The gradient at X out of the one at Y + cross: through the cross-attention's queries and its residual, then
    /// through the self-attention and its own. The picture does not change with the text, so keys and values of the
    /// cross-attention end there.
    func gradientAtInput(_ graph: GraphBuilder, _ trace: Trace, atCross: Wire) -> Wire {
        let asking = AttentionGradient(graph, of: cross, trace.cross, at: atCross).atAsking(graph)
        let atSum = through(graph, block.firstNorm, at: trace.attentionSum, graph.plus(atCross, asking))
        let own = AttentionGradient(graph, of: block.attention, trace.attention, at: atSum)
        return graph.plus(atSum, own.atTokens(graph))
    }

    private func through(_ graph: GraphBuilder, _ norm: Norm?, at x: Wire, _ gradient: Wire) -> Wire {
        norm.map { graph.applyTransposed($0, graph.state(of: $0, at: graph.perDirection(x)), gradient) } ?? gradient
    }
}
