/// Flamingo as IDEFICS publishes it (transformers' `IdeficsForVisionText2Text`): a LLaMA that reads pictures through
/// gated cross-attentions before every few of its layers.
///
///     pictures → image tokens → resampler → latents ─┐
///     text → [gated cross-attention, then layers] … ─┴→ norm → head → log p of each answer
///
/// A question is put as text, an answer is one token, such as the ones for "yes" and "no".
///
/// Source: Alayrac et al. 2022, "Flamingo: a Visual Language Model for Few-Shot Learning"; Laurençon et al. 2023,
/// "OBELICS", section 4.1 (IDEFICS); Touvron et al. 2023, "LLaMA".
struct Flamingo: JointGraphs {
    let image: Encoder
    /// How a picture comes in.
    let patches: PatchEmbedding
    let resampler: PerceiverResampler
    /// Tables of words that continue each other.
    let words: [WeightSlice]
    /// LLaMA's.
    let layers: [TransformerBlock]
    /// One before every ``interval`` layers.
    let gated: [CrossAttentionBlock]
    let interval: Int
    let finalNorm: Norm
    let head: VocabularyHead
    let rotaryBase: Double
    /// Longest text in tokens.
    let longest: Int

    /// `pixels` (see ``PatchEmbedding/Input``; all pictures of a text after one another), `ids` and `mask`
    /// [batch, tokens], `image_mask` [batch, tokens, images] (1 where a token may read a picture; IDEFICS lets each see
    /// the last one before it) and `answers` [batch, answers] → `log_probability` [batch, answers], of each answer as the
    /// token after the text.
    ///
    /// Texts are padded on the left: the answer follows the last position.
    ///
    /// - Parameters:
    ///   - images: pictures to a text.
    ///   - batch: texts; nil leaves it free.
    func scoreGraph(images: Int = 1, batch: Int? = 1) throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: image.weights)
        let scene = scene(graph, .pixels(batch: batch), images: images, explaining: nil)
        graph.result("log_probability", scene.logProbability)
        return try graph.source()
    }

    /// Input and output as of ``scoreGraph(images:batch:)``, and `relevance`
    /// [batch, answers, tokens, images, patches] of each answer's log-probability (one map for all answers where the
    /// method knows no score), zero at padding and where a token reads no picture.
    ///
    /// The gradient at the last gated cross-attention is exact; it is over latents, and the resampler's rollout leads on
    /// to patches, which is a heuristic.
    ///
    /// - Throws: ``ExplanationError`` for a layer that is not there, or not the last for `cross-grad`, else
    ///   ``WeightsError``.
    func explainGraph(_ method: CrossMethod, images: Int = 1, batch: Int? = 1) throws -> Engine.Source {
        let layer = try checkedLayer(of: method)
        let graph = GraphBuilder(weights: image.weights)
        let scene = scene(graph, .pixels(batch: batch), images: images, explaining: layer)
        graph.result("log_probability", scene.logProbability)
        graph.result("relevance", relevance(graph, method.kind, .eachAnswer, layer, scene, images: images))
        return try graph.source()
    }

    /// `picture` are the latents, `reach` the resampler's rollout.
    func pictureGraph() throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: image.weights)
        let (picture, reach) = encoded(graph, batch: 1, keepingReach: true)
        graph.result("picture", picture)
        if let reach { graph.result("reach", reach) }
        return try graph.source()
    }

    /// `picture` (and `reach`), `ids` and `mask` [texts, tokens], `image_mask` [texts, tokens, 1] and `answers` [texts, 2]
    /// → `score` [texts], log p of the first answer less log p of the second: the log-odds of the two.
    ///
    /// `whole` is the mean over the tokens that read the picture.
    func readingGraph(explaining method: CrossMethod?) throws -> Engine.Source {
        let layer = try method.map { (method) throws(ExplanationError) in try checkedLayer(of: method) }
        let graph = GraphBuilder(weights: image.weights)
        let scene = scene(graph, .encoded, images: 1, explaining: layer)
        graph.result("score", graph.squeeze(difference(graph, scene.logProbability), axes: [1]))
        if let method, let layer {
            let map = graph.squeeze(relevance(graph, method.kind, .odds, layer, scene, images: 1), axes: [1, 3])
            let readers = graph.sum(readers(graph, scene), axes: [1], keep: false)
            let sum = graph.sum(map, axes: [1], keep: false)
            graph.result("whole", graph.over(sum, graph.atLeastOne(readers)))
        }
        return try graph.source()
    }

    func checkedLayer(of method: CrossMethod) throws(ExplanationError) -> Int {
        let layer = try method.checkedLayer(of: gated.count, usual: gated.count - 1)
        if method.kind == .gradient { try method.requireLast(layer, of: gated.count) }
        return layer
    }

    // MARK: Forward

    private struct Scene {
        let mask: AttentionMask
        let rotation: SequenceRotation
        /// [batch·images, latents, patches]; nil where no map is asked for.
        let reach: Wire?
        /// [batch, tokens, 1]: whether a token reads any picture.
        let reads: Wire
        let gated: [CrossAttentionBlock.Trace]
        /// Layers behind the last gated cross-attention, with what each was given.
        let rest: [(layer: TransformerBlock, input: Wire, trace: TransformerBlock.Trace)]
        /// The last token before the final norm, [batch, 1, width].
        let last: Wire
        let head: VocabularyHead.Trace
        let answers: Wire
        /// [batch, answers]
        let logProbability: Wire
    }

    /// Latents [batch, latents, width] and the resampler's rollout back to patches, [batch, latents, patches].
    private func encoded(_ graph: GraphBuilder, batch: Int?, keepingReach: Bool) -> (picture: Wire, reach: Wire?) {
        let picture = image.throughBlocks(graph, patches.tokens(graph, batch: batch))
        let resampled = resampler.forward(graph, picture, keepingReach: keepingReach)
        return (resampled.output, resampled.reach.map { image.patchesOnly(graph, $0) })
    }

    private func scene(
        _ graph: GraphBuilder, _ input: PictureInput, images: Int, explaining layer: Int?
    ) -> Scene {
        let batch: Int?
        let picture: Wire
        var reach: Wire?
        switch input {
        case .pixels(let texts):
            batch = texts
            (picture, reach) = encoded(graph, batch: batch.map { $0 * images }, keepingReach: layer != nil)
        case .encoded:
            batch = nil
            picture = graph.parameter("picture", .f32, shape: [1, resampler.count, resampler.width])
            if layer != nil {
                reach = graph.parameter("reach", .f32, shape: [1, resampler.count, patches.rows * patches.columns])
            }
        }
        let ids = graph.parameter("ids", .i64, shape: [batch, nil])
        let mask = AttentionMask(
            graph, present: graph.toFloat(graph.parameter("mask", .i64, shape: [batch, nil])), causal: true)
        let imageMask = graph.toFloat(graph.parameter("image_mask", .i64, shape: [batch, nil, images]))
        let answers = graph.parameter("answers", .i64, shape: [batch, nil])

        let reads = graph.greater(graph.sum(imageMask, axes: [2]), graph.scalar(0))
        let source = CrossAttentionBlock.Source(
            tokens: graph.reshape(picture, [-1, images * resampler.count, resampler.width]),
            penalty: penalty(graph, imageMask, images: images), gate: reads)

        let rotation = SequenceRotation(
            graph, mask: mask, headWidth: layers.first?.attention.headWidth ?? 2, base: rotaryBase)
        var x = graph.rows(ids, of: words)
        var crossed: [CrossAttentionBlock.Trace] = []
        var rest: [(layer: TransformerBlock, input: Wire, trace: TransformerBlock.Trace)] = []
        for (index, block) in layers.enumerated() {
            if index % interval == 0 {
                let isExplained = layer == index / interval
                crossed.append(
                    gated[index / interval].forward(graph, x, reading: source, keepingProbabilities: isExplained))
                x = crossed[index / interval].output
                rest = []
            }
            let isCrossed = layer != nil && index / interval == gated.count - 1
            let trace = block.forward(graph, x, mask: mask, rotation: rotation, keepingProbabilities: isCrossed)
            rest.append((block, x, trace))
            x = trace.output
        }
        let last = TokenRows.last.taken(graph, x)
        let said = head.forward(graph, graph.apply(finalNorm, last))
        return Scene(
            mask: mask, rotation: rotation, reach: reach, reads: reads, gated: crossed, rest: rest, last: last,
            head: said, answers: answers,
            logProbability: graph.gatherElements(
                graph.squeeze(said.logProbabilities, axes: [1]), answers, axis: 1))
    }

    /// [batch, 1, tokens, images·latents]: a token that may read a picture may read all latents that stand for it.
    private func penalty(_ graph: GraphBuilder, _ imageMask: Wire, images: Int) -> Wire {
        let ones = graph.constant([Float](repeating: 1, count: resampler.count), shape: [resampler.count])
        let each = graph.reshape(
            graph.times(graph.unsqueeze(imageMask, axes: [3]), ones), [0, 0, images * resampler.count])
        return graph.unsqueeze(graph.times(graph.plus(each, -1), 1e9), axes: [1])
    }

    // MARK: Relevance

    /// What a gradient is of.
    private enum Target {
        /// The log-probability of each answer.
        case eachAnswer
        /// The first answer's less the second's.
        case odds
    }

    /// [batch, answers or 1, tokens, images, patches]
    private func relevance(
        _ graph: GraphBuilder, _ kind: CrossMethod.Kind, _ target: Target, _ layer: Int, _ scene: Scene, images: Int
    ) -> Wire {
        let attention = scene.gated[layer].attention.probabilities ?? graph.scalar(0)
        let overLatents: Wire
        switch kind {
        case .attention: overLatents = graph.perDirection(graph.mean(attention, axes: [1], keep: false))
        case .gradient:
            let atCross = gated[layer].gradientAtAttention(
                graph, scene.gated[layer], gradientAtGated(graph, target, scene))
            let atAttention = gated[layer].attention.gradientAtProbabilities(
                graph, scene.gated[layer].attention, atCross, shaped: graph.perDirection)
            overLatents = graph.gradientWeighted(attention, atAttention)
        }
        return toPatches(graph, scene, overLatents, images: images)
    }

    /// The first position along the second axis less the second, [batch, 1, …].
    private func difference(_ graph: GraphBuilder, _ x: Wire) -> Wire {
        graph.minus(graph.slice(x, axis: 1, from: 0, to: 1), graph.slice(x, axis: 1, from: 1, to: 2))
    }

    /// 1 at the tokens that read a picture, [batch, tokens, 1].
    private func readers(_ graph: GraphBuilder, _ scene: Scene) -> Wire {
        graph.times(scene.mask.column(graph), scene.reads)
    }

    /// The gradient at the output of the last gated block, [batch, answers or 1, tokens, width]: through the head, the
    /// final norm, and the layers behind that block.
    private func gradientAtGated(_ graph: GraphBuilder, _ target: Target, _ scene: Scene) -> Wire {
        let each = head.gradientOfLogProbability(graph, scene.head, of: scene.answers)
        let atNorm = graph.unsqueeze(target == .odds ? difference(graph, each) : each, axes: [2])
        let state = graph.state(of: finalNorm, at: graph.perDirection(scene.last))
        let atLast = graph.applyTransposed(finalNorm, state, atNorm)
        // The answer is read off the last token, so nothing else has a gradient at the end.
        let positions = graph.positions(along: 1, of: scene.mask.present)
        let isLast = graph.equal(positions, graph.maximum(positions, axes: [0]))
        let start = graph.times(atLast, graph.unsqueeze(isLast, axes: [0, 1, 3]))
        return scene.rest.reversed().reduce(start) { gradient, step in
            step.layer.gradientAtInput(graph, step.trace, at: step.input, gradient, rotation: scene.rotation)
        }
    }

    /// [batch, answers or 1, tokens, images·latents] → [batch, answers or 1, tokens, images, patches].
    private func toPatches(_ graph: GraphBuilder, _ scene: Scene, _ overLatents: Wire, images: Int) -> Wire {
        let parts = graph.reshape(
            graph.times(overLatents, graph.perDirection(readers(graph, scene))), [0, 0, 0, images, resampler.count])
        let each = graph.reshape(
            scene.reach ?? graph.scalar(0), [-1, 1, images, resampler.count, patches.rows * patches.columns])
        let product = graph.product(graph.transpose(parts, [0, 1, 3, 2, 4]), each)
        return graph.transpose(product, [0, 1, 3, 2, 4])
    }
}

// MARK: As published

extension Checkpoint {
    func flamingo(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> Flamingo {
        let file = configuration
        let epsilon = try file.number("rms_norm_eps", in: 0...0.1, otherwise: 1e-6)
        let n = try TransformerSize(
            width: file.integer("hidden_size", in: 1...16384, otherwise: 4096),
            layers: file.integer("num_hidden_layers", in: 1...128, otherwise: 32),
            heads: file.integer("num_attention_heads", in: 1...256, otherwise: 32),
            hidden: file.integer("intermediate_size", in: 1...65536, otherwise: 11008), epsilon: epsilon,
            fault: file.fault("num_attention_heads", "does not divide the width"))
        guard (n.width / n.heads) % 2 == 0 else {
            throw file.fault("num_attention_heads", "leaves heads of an odd width, which do not turn in pairs")
        }
        let interval = try file.integer("cross_layer_interval", in: 1...128, otherwise: 1)
        guard n.layers % interval == 0 else {
            throw file.fault("cross_layer_interval", "does not divide num_hidden_layers")
        }
        let vocabulary = try file.integer("vocab_size", in: 1...2_000_000, otherwise: 32000)
        let added = try file.integer("additional_vocab_size", in: 0...1_000_000, otherwise: 0)
        let rotary = try file.table("rope_parameters")
        try rotary.require("rope_type", "default")
        let image = try flamingoImageEncoder(size: size, input: input)
        let isTied = try file.flag("tie_word_embeddings", otherwise: false)
        let table = "model.embed_tokens."
        let own = WeightSlice(table + "weight", shape: [vocabulary, n.width])
        let extra = WeightSlice(table + "additional_embedding.weight", shape: [added, n.width])
        let heads =
            isTied
            ? [own, extra]
            : [
                WeightSlice("lm_head.weight", shape: [vocabulary, n.width]),
                WeightSlice("lm_head.additional_fc.weight", shape: [added, n.width]),
            ]
        return Flamingo(
            image: image, patches: try patches(of: image), resampler: try flamingoResampler(width: image.width),
            words: added > 0 ? [own, extra] : [own],
            layers: (0..<n.layers).map { llamaBlock("model.layers.\($0).", n) },
            gated: try (0..<n.layers / interval).map { (layer: Int) throws(ConfigurationError) in
                try gatedBlock("model.gated_cross_attn_layers.\(layer).", n, imageWidth: image.width)
            },
            interval: interval, finalNorm: rms("model.norm", n),
            head: VocabularyHead(parts: heads.prefix(added > 0 ? 2 : 1).map { Linear(weight: $0, bias: nil) }),
            // Written before transformers had `rope_parameters`, a configuration says nothing and means this.
            rotaryBase: try rotary.number("rope_theta", in: 1...1e9, otherwise: 10000),
            longest: try file.integer("max_position_embeddings", in: 1...1_000_000, otherwise: 2048))
    }

    private func flamingoImageEncoder(
        size: ImageSize?, input: PatchEmbedding.Input
    ) throws(ConfigurationError) -> Encoder {
        let table = try configuration.table("vision_config")
        let n = try TransformerSize(
            width: table.integer("embed_dim", in: 1...16384, otherwise: 768),
            layers: table.integer("num_hidden_layers", in: 1...128, otherwise: 32),
            heads: table.integer("num_attention_heads", in: 1...256, otherwise: 16),
            hidden: table.integer("intermediate_size", in: 1...65536, otherwise: 5120),
            epsilon: table.number("layer_norm_eps", in: 0...0.1, otherwise: 1e-5),
            fault: table.fault("num_attention_heads", "does not divide the width"))
        let grid = try grid(table, imageSize: 224, patchSize: 14)
        let side = grid.side / grid.patch
        let v = "model.vision_model."
        let e = v + "embeddings."
        return Encoder(
            weights: weights,
            embedding: .patches(
                PatchEmbedding(
                    width: n.width, patchSize: grid.patch,
                    kernel: WeightSlice(e + "patch_embedding.weight", shape: [n.width, 3, grid.patch, grid.patch]),
                    bias: nil,
                    prefix: [.init(tensor: WeightSlice(e + "class_embedding", shape: [n.width]), count: 1)],
                    positions: PositionEmbedding(
                        tensor: WeightSlice(e + "position_embedding.weight", shape: [side * side + 1, n.width]),
                        width: n.width, prefix: 1, side: side, resampling: .bicubic),
                    norm: Norm(v + "pre_layrnorm", width: n.width, epsilon: n.epsilon),
                    size: try self.size(size, side: grid.side, patch: grid.patch, table), input: input)),
            blocks: twinBlocks(v, n, try table.activation("hidden_act", otherwise: .gelu)), pooling: .first,
            pooledNorm: Norm(v + "post_layernorm", width: n.width, epsilon: n.epsilon))
    }

    private func flamingoResampler(width: Int) throws(ConfigurationError) -> PerceiverResampler {
        guard try configuration.flag("use_resampler", otherwise: false) else {
            throw configuration.fault("use_resampler", "is not true: only models with a resampler are read")
        }
        let table = try configuration.table("perceiver_config")
        let depth = try table.integer("resampler_depth", in: 1...64, otherwise: 6)
        let heads = try table.integer("resampler_n_heads", in: 1...256, otherwise: 16)
        let headWidth = try table.integer("resampler_head_dim", in: 1...1024, otherwise: 96)
        let count = try table.integer("resampler_n_latents", in: 1...4096, otherwise: 64)
        let isNormed = try table.flag("qk_layer_norms_perceiver", otherwise: false)
        let r = "model.perceiver_resampler."
        // PyTorch's default, which the configuration cannot change.
        func norm(_ name: String, _ width: Int) -> Norm { Norm(name, width: width, epsilon: 1e-5) }
        return PerceiverResampler(
            latents: WeightSlice(r + "latents", shape: [count, width]),
            blocks: (0..<depth).map { block in
                let b = r + "blocks.\(block)."
                var attention = bare(
                    b + "0.", output: "output_proj", from: width, image: width, inner: heads * headWidth, heads: heads)
                if isNormed {
                    attention.queryNorm = norm(b + "0.q_layer_norm", headWidth)
                    attention.keyNorm = norm(b + "0.k_layer_norm", headWidth)
                }
                return PerceiverResampler.Block(
                    contextNorm: norm(b + "0.context_layer_norm", width),
                    latentsNorm: norm(b + "0.latents_layer_norm", width), attention: attention,
                    feedForwardNorm: norm(b + "1.ln", width),
                    feedForward: FeedForward(
                        inner: .plain(up: Linear(b + "1.fc", from: width, to: 4 * width, bias: false)),
                        activation: .relu, down: Linear(b + "1.c_proj", from: 4 * width, to: width, bias: false)))
            },
            norm: norm(r + "layer_norm", width))
    }

    private func gatedBlock(
        _ b: String, _ n: TransformerSize, imageWidth: Int
    ) throws(ConfigurationError) -> CrossAttentionBlock {
        var attention = bare(
            b + "cross_attn.", output: "o_proj", from: n.width, image: imageWidth, inner: n.width, heads: n.heads)
        if try configuration.flag("qk_layer_norms", otherwise: false) {
            let perHead = { (name: String) in
                Norm(
                    b + "cross_attn." + name, width: n.width / n.heads, epsilon: n.epsilon, shifted: false,
                    centred: false)
            }
            attention.queryNorm = perHead("q_layer_norm")
            attention.keyNorm = perHead("k_layer_norm")
        }
        let isVector = try configuration.text("alpha_type", otherwise: "float") == "vector"
        let shape = isVector ? [1, 1, n.width] : [1]
        return CrossAttentionBlock(
            attention: attention, feedForward: gatedFeedForward(b, n), firstNorm: rms(b + "input_layernorm", n),
            secondNorm: rms(b + "post_attention_layernorm", n),
            attentionGate: WeightSlice(b + "alpha_cross_attn", shape: shape),
            feedForwardGate: WeightSlice(b + "alpha_dense", shape: shape))
    }

    private func llamaBlock(_ b: String, _ n: TransformerSize) -> TransformerBlock {
        TransformerBlock(
            .preNorm,
            attention: bare(
                b + "self_attn.", output: "o_proj", from: n.width, image: n.width, inner: n.width, heads: n.heads),
            feedForward: gatedFeedForward(b, n), firstNorm: rms(b + "input_layernorm", n),
            secondNorm: rms(b + "post_attention_layernorm", n))
    }

    private func gatedFeedForward(_ b: String, _ n: TransformerSize) -> FeedForward {
        FeedForward(
            inner: .gated(
                gate: Linear(b + "mlp.gate_proj", from: n.width, to: n.hidden, bias: false),
                up: Linear(b + "mlp.up_proj", from: n.width, to: n.hidden, bias: false)),
            activation: .silu, down: Linear(b + "mlp.down_proj", from: n.hidden, to: n.width, bias: false))
    }

    /// Four linear layers without biases; keys and values are taken from something `image` wide.
    private func bare(
        _ prefix: String, output: String, from width: Int, image: Int, inner: Int, heads: Int
    ) -> Attention {
        Attention(
            query: Linear(prefix + "q_proj", from: width, to: inner, bias: false),
            key: Linear(prefix + "k_proj", from: image, to: inner, bias: false),
            value: Linear(prefix + "v_proj", from: image, to: inner, bias: false),
            output: Linear(prefix + output, from: inner, to: width, bias: false), heads: heads)
    }

    private func rms(_ name: String, _ n: TransformerSize) -> Norm {
        Norm(name, width: n.width, epsilon: n.epsilon, shifted: false, centred: false)
    }
}
