/// A fixed number of learnt queries, the latents, that read a picture's tokens and stand for it from then on.
///
///     L ← L + attention(LN L over [LN_c context; LN L]),  L ← L + mlp(LN L),  and a norm at the end
///
/// Source: Alayrac et al. 2022, "Flamingo", section 2.1 and figure 5; Jaegle et al. 2021, "Perceiver".
struct PerceiverResampler: Sendable, Hashable {
    struct Block: Sendable, Hashable {
        let contextNorm: Norm
        let latentsNorm: Norm
        let attention: Attention
        let feedForwardNorm: Norm
        let feedForward: FeedForward
    }

    /// [count, width]
    let latents: WeightSlice
    let blocks: [Block]
    let norm: Norm

    var count: Int { latents.shape[0] }
    var width: Int { latents.shape[1] }

    /// What the decoder reads, and how to get from there back to the picture.
    struct Trace {
        /// [batch, latents, width]
        let output: Wire
        /// [batch, latents, image tokens]; nil where nobody asked for it.
        let reach: Wire?
    }

    /// `reach` multiplies the blocks' attention, mean over heads, layer by layer: with [C | S] over image tokens and
    /// latents, R ← ½R + ½(C + S·R). It starts at 0: a learnt latent that has read nothing shows nothing of the picture,
    /// so its rows sum to less than 1. This is attention rollout (Abnar & Zuidema 2020, section 3, with their ½ for the
    /// residual), a heuristic: it knows neither values nor feed-forward.
    ///
    /// - Parameter context: image tokens, [batch, tokens, width].
    func forward(_ graph: GraphBuilder, _ context: Wire, keepingReach: Bool = false) -> Trace {
        var x = graph.repeated(graph.weight(latents), alongBatchOf: context, rest: [count, width])
        var reach: Wire?
        for block in blocks {
            let own = graph.apply(block.latentsNorm, x)
            let both = graph.concatenate([graph.apply(block.contextNorm, context), own], axis: 1)
            let attended = block.attention.forward(
                graph, asking: own, over: both, keepingProbabilities: keepingReach)
            if let probabilities = attended.probabilities {
                let mean = graph.mean(probabilities, axes: [1], keep: false)
                let read = graph.slice(mean, axis: 2, from: 0, to: -count)
                let kept = graph.slice(mean, axis: 2, from: -count, to: GraphBuilder.end)
                let step = reach.map { graph.plus($0, graph.plus(read, graph.product(kept, $0))) } ?? read
                reach = graph.times(step, 0.5)
            }
            x = graph.plus(x, attended.output)
            let mlp = block.feedForward.forward(graph, graph.apply(block.feedForwardNorm, x))
            x = graph.plus(x, mlp.output)
        }
        return Trace(output: graph.apply(norm, x), reach: reach)
    }
}
