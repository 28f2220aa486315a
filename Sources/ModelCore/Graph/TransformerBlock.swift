/// One block of a transformer, as a value: which tensors it is made of and how they are put together.
///
/// A family is a list of these. The same description gives the forward pass and the transposed derivatives that
/// explanations need, so a family writes down neither.
struct TransformerBlock: Sendable, Hashable {
    enum Arrangement: Sendable, Hashable {
        /// Y = X + attention(LN₁ X), Z = Y + mlp(LN₂ Y): ViT, CLIP and most others.
        case preNorm
        /// Y = LN₁(X + attention(X)), Z = LN₂(Y + mlp(Y)): BERT (Devlin et al. 2018).
        case postNorm
        /// Y = X + LN₁(attention(X)), Z = Y + LN₂(mlp(Y)): EVA-02-CLIP's enormous model (Sun et al. 2023, "EVA-CLIP").
        case branchNorm
        /// Z = X + attention(LN₁ X) + mlp(LN₁ X): ViT-22B (Dehghani et al. 2023, eq. 1).
        case parallel
        /// Z = X + mlp(LN₂ attention(LN₁ X)): one residual around both, in the manner of MIRA (rohitkuk/MIRA,
        /// src/transformerEncoder.py). No paper is known to propose it.
        case chained
    }

    let arrangement: Arrangement
    let attention: Attention
    let feedForward: FeedForward
    /// LN₁
    let firstNorm: Norm
    /// LN₂; the parallel arrangement has none.
    let secondNorm: Norm?
    /// LayerScale on the attention's and the feed-forward's branch, [width] (Touvron et al. 2021, "Going deeper with
    /// Image Transformers").
    var attentionScale: WeightSlice?
    var feedForwardScale: WeightSlice?

    init(
        _ arrangement: Arrangement, attention: Attention, feedForward: FeedForward, firstNorm: Norm, secondNorm: Norm?
    ) {
        self.arrangement = arrangement
        self.attention = attention
        self.feedForward = feedForward
        self.firstNorm = firstNorm
        self.secondNorm = secondNorm
    }

    /// What the block computes on the way, as far as an explanation looks at it; [batch, queries, width] each.
    struct Trace {
        let attention: Attention.Trace
        let feedForward: FeedForward.Trace
        /// X + attention; the input of LN₁ of a post-norm block.
        let attentionSum: Wire
        /// Y: what the feed-forward branch starts from.
        let middle: Wire
        /// Y + mlp; the input of LN₂ of a post-norm block.
        let outputSum: Wire
        /// Z
        let output: Wire
    }

    // MARK: Forward

    /// - Parameters:
    ///   - x: [batch, tokens, width]
    ///   - queries: the rows to compute; the others are looked at but get no output.
    ///   - mask: which tokens may be looked at; nil where all may.
    ///   - rotation: of a text's positions; all rows are computed where there is one.
    ///   - keepingProbabilities: where attention itself is to be read out.
    func forward(
        _ graph: GraphBuilder, _ x: Wire, queries: TokenRows = .all, mask: AttentionMask? = nil,
        rotation: SequenceRotation? = nil, keepingProbabilities: Bool = false
    ) -> Trace {
        let normalized = [.preNorm, .parallel, .chained].contains(arrangement) ? graph.apply(firstNorm, x) : x
        let attended = attention.forward(
            graph, asking: queries.taken(graph, normalized), over: normalized,
            penalty: mask?.penalty(graph, queries: queries), rotation: rotation,
            keepingProbabilities: keepingProbabilities)
        let residual = queries.taken(graph, x)
        func scaled(_ branch: Wire, _ scale: WeightSlice?) -> Wire {
            scale.map { graph.times(branch, graph.weight($0)) } ?? branch
        }
        switch arrangement {
        case .preNorm:
            let y = graph.plus(residual, scaled(attended.output, attentionScale))
            let mlp = feedForward.forward(graph, graph.apply(secondNorm, y))
            let z = graph.plus(y, scaled(mlp.output, feedForwardScale))
            return Trace(
                attention: attended, feedForward: mlp, attentionSum: y, middle: y, outputSum: z, output: z)
        case .postNorm:
            let s1 = graph.plus(residual, scaled(attended.output, attentionScale))
            let y = graph.apply(firstNorm, s1)
            let mlp = feedForward.forward(graph, y)
            let s2 = graph.plus(y, scaled(mlp.output, feedForwardScale))
            return Trace(
                attention: attended, feedForward: mlp, attentionSum: s1, middle: y, outputSum: s2,
                output: graph.apply(secondNorm, s2))
        case .branchNorm:
            let y = graph.plus(residual, scaled(graph.apply(firstNorm, attended.output), attentionScale))
            let mlp = feedForward.forward(graph, y)
            let z = graph.plus(y, scaled(graph.apply(secondNorm, mlp.output), feedForwardScale))
            return Trace(
                attention: attended, feedForward: mlp, attentionSum: y, middle: y, outputSum: z, output: z)
        case .chained:
            let a = scaled(attended.output, attentionScale)
            let mlp = feedForward.forward(graph, graph.apply(secondNorm, a))
            let z = graph.plus(residual, scaled(mlp.output, feedForwardScale))
            return Trace(
                attention: attended, feedForward: mlp, attentionSum: a, middle: a, outputSum: z, output: z)
        case .parallel:
            let mlp = feedForward.forward(graph, queries.taken(graph, normalized))
            let y = graph.plus(residual, scaled(attended.output, attentionScale))
            let z = graph.plus(y, scaled(mlp.output, feedForwardScale))
            return Trace(
                attention: attended, feedForward: mlp, attentionSum: y, middle: residual, outputSum: z, output: z)
        }
    }

    // MARK: What an explanation asks

    /// The gradient at the output of the attention (before LN₁ of the two arrangements that have it behind), out of the
    /// one at Z. The closed form of LeGrad (Bousselham et al. 2024) is this and
    /// ``Attention/gradientAtProbabilities(_:_:_:heads:shaped:)``.
    ///
    ///     pre-norm     gY = g + LN₂ᵀ(Y, mlpᵀ(λ₂⊙g)),                  then λ₁⊙gY
    ///     post-norm    gS₂ = LN₂ᵀ(S₂, g), gY = gS₂ + mlpᵀ(gS₂),        then LN₁ᵀ(S₁, gY)
    ///     branch-norm  gY = g + mlpᵀ(LN₂ᵀ(mlp(Y), g)),                then LN₁ᵀ(attention(X), gY)
    ///     parallel     gY = g,                                        then λ₁⊙gY
    ///     chained      LN₂ᵀ(attention(X), mlpᵀ(g)),                   then λ₁⊙
    ///
    /// - Parameters:
    ///   - gradient: [batch, directions, queries, width]; one row of queries broadcasts.
    ///   - shaped: brings a wire of the trace to [batch, 1, queries, …].
    func gradientAtAttention(
        _ graph: GraphBuilder, _ trace: Trace, _ gradient: Wire, shaped: (Wire) -> Wire
    ) -> Wire {
        let atSum = gradientAtAttentionSum(graph, trace, gradient, shaped: shaped)
        return gradientAtAttention(graph, trace, atSum: atSum, shaped: shaped)
    }

    /// The gradient at X out of the one at Z, all rows: ``gradientAtAttention(_:_:_:shaped:)``, then through the whole
    /// attention, and what the residuals leave.
    ///
    /// - Parameters:
    ///   - trace: with the attention's probabilities kept.
    ///   - x: X, what the block was given.
    ///   - gradient: [batch, directions, tokens, width].
    ///   - rotation: the one of the forward pass.
    func gradientAtInput(
        _ graph: GraphBuilder, _ trace: Trace, at x: Wire, _ gradient: Wire, rotation: SequenceRotation? = nil
    ) -> Wire {
        let shaped = graph.perDirection
        let atSum = gradientAtAttentionSum(graph, trace, gradient, shaped: shaped)
        let atAttention = gradientAtAttention(graph, trace, atSum: atSum, shaped: shaped)
        let throughAttention = AttentionGradient(
            graph, of: attention, trace.attention, at: atAttention, rotation: rotation
        ).atTokens(graph)
        switch arrangement {
        case .postNorm, .branchNorm: return graph.plus(atSum, throughAttention)
        case .preNorm:
            return graph.plus(atSum, throughNorm(graph, firstNorm, at: shaped(x), throughAttention))
        case .chained:
            return graph.plus(gradient, throughNorm(graph, firstNorm, at: shaped(x), throughAttention))
        case .parallel:
            let throughMLP = feedForward.gradientAtInput(
                graph, trace.feedForward, scaled(graph, gradient, feedForwardScale), shaped: shaped)
            let atNormalized = graph.plus(throughAttention, throughMLP)
            return graph.plus(atSum, throughNorm(graph, firstNorm, at: shaped(x), atNormalized))
        }
    }

    /// At X + attention, where LayerScale and a branch's norm have been applied; of a chained block at the attention
    /// alone, which is added to nothing.
    private func gradientAtAttentionSum(
        _ graph: GraphBuilder, _ trace: Trace, _ gradient: Wire, shaped: (Wire) -> Wire
    ) -> Wire {
        func throughMLP(_ gradient: Wire) -> Wire {
            feedForward.gradientAtInput(graph, trace.feedForward, gradient, shaped: shaped)
        }
        switch arrangement {
        case .preNorm:
            let atBranch = throughMLP(scaled(graph, gradient, feedForwardScale))
            return graph.plus(gradient, throughNorm(graph, secondNorm, at: shaped(trace.middle), atBranch))
        case .postNorm:
            let atSum = throughNorm(graph, secondNorm, at: shaped(trace.outputSum), gradient)
            let atMiddle = graph.plus(atSum, throughMLP(scaled(graph, atSum, feedForwardScale)))
            return throughNorm(graph, firstNorm, at: shaped(trace.attentionSum), atMiddle)
        case .branchNorm:
            let atBranch = throughNorm(
                graph, secondNorm, at: shaped(trace.feedForward.output), scaled(graph, gradient, feedForwardScale))
            return graph.plus(gradient, throughMLP(atBranch))
        case .chained:
            let atNormalized = throughMLP(scaled(graph, gradient, feedForwardScale))
            return throughNorm(graph, secondNorm, at: shaped(trace.middle), atNormalized)
        case .parallel:
            return gradient
        }
    }

    private func gradientAtAttention(
        _ graph: GraphBuilder, _ trace: Trace, atSum: Wire, shaped: (Wire) -> Wire
    ) -> Wire {
        let atBranch = scaled(graph, atSum, attentionScale)
        guard arrangement == .branchNorm else { return atBranch }
        return throughNorm(graph, firstNorm, at: shaped(trace.attention.output), atBranch)
    }

    private func scaled(_ graph: GraphBuilder, _ gradient: Wire, _ scale: WeightSlice?) -> Wire {
        scale.map { graph.times(gradient, graph.weight($0)) } ?? gradient
    }

    /// - Parameter x: the norm's input, [batch, 1, queries, width].
    private func throughNorm(_ graph: GraphBuilder, _ norm: Norm?, at x: Wire, _ gradient: Wire) -> Wire {
        norm.map { graph.applyTransposed($0, graph.state(of: $0, at: x), gradient) } ?? gradient
    }

    /// What a linear functional of Z says of the attention's output, norms with their σ held fixed. Not defined for
    /// post-norm blocks, whose residual sum is normalised again, nor for chained ones, where it goes through the MLP.
    ///
    /// Arguments as of ``gradientAtAttention(_:_:_:shaped:)``.
    func functionalAtAttention(
        _ graph: GraphBuilder, _ trace: Trace, _ functional: Wire, shaped: (Wire) -> Wire
    ) -> Wire {
        let scaled = attentionScale.map { graph.times(functional, graph.weight($0)) } ?? functional
        guard arrangement == .branchNorm else { return scaled }
        let state = graph.state(of: firstNorm, at: shaped(trace.attention.output))
        return graph.applyTransposedWithFixedDeviation(firstNorm, state, scaled)
    }

    /// What some heads' values add to the residual stream, [batch, queries, width]: the same linear part that
    /// ``functionalAtAttention(_:_:_:shaped:)`` turns round.
    func attentionPart(_ graph: GraphBuilder, _ trace: Trace, heads: [Int]?) -> Wire {
        var part = attention.part(graph, trace.attention, heads: heads)
        if arrangement == .branchNorm {
            let state = graph.state(of: firstNorm, at: trace.attention.output)
            part = graph.applyWithFixedDeviation(firstNorm, state, part)
        }
        return attentionScale.map { graph.times(part, graph.weight($0)) } ?? part
    }
}
