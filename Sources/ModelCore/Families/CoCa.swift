/// CoCa as OpenCLIP publishes it: a picture and a text with an embedding each, and a decoder that says how likely the
/// text is as the picture's caption.
///
///     picture → tokens ┬→ pooler, first query → embedding
///                      └→ pooler, other queries ─┐
///     text → causal blocks → tokens ─────────────┴→ decoder → head → log p of each next token
///
/// The embeddings have their graphs in ``image`` and ``text``; here is the decoder.
///
/// Source: Yu et al. 2022, "CoCa: Contrastive Captioners are Image-Text Foundation Models"; open_clip 3.3,
/// `coca_model.py`, whose pooler takes contrastive and captioning queries from one table.
struct CoCa: JointGraphs {
    /// A layer of the decoder: over the text so far, then over the picture.
    struct Layer: Sendable {
        let own: TransformerBlock
        let cross: CrossAttentionBlock
    }

    let image: Encoder
    let text: Encoder
    /// How a text comes in, here and in ``text``.
    let words: WordEmbedding
    /// The queries whose results the decoder reads.
    let pooler: AttentionPooler
    let poolerNorm: Norm?
    let decoder: [Layer]
    let finalNorm: Norm
    let head: VocabularyHead

    /// `pixels` (see ``PatchEmbedding/Input``), `ids` and `mask` [batch, tokens] → `log_probability` [batch, tokens − 1]
    /// of each token but the first, given those before it and the picture; zero at padding. Their sum is the caption's.
    ///
    /// - Parameter batch: pairs of a picture and a text; nil leaves it free.
    func scoreGraph(batch: Int? = 1) throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: image.weights)
        let scene = scene(graph, .pixels(batch: batch), keepingProbabilitiesOf: nil)
        graph.result("log_probability", scene.logProbability)
        return try graph.source()
    }

    /// Input and output as of ``scoreGraph(batch:)``, and `relevance` [batch, tokens − 1, patches] of each token's own
    /// log-probability, zero at padding, and `whole` [batch, patches], its mean over real tokens.
    ///
    /// A token's logits depend on its own row of the last layer's cross-attention and no other, so that layer's gradient
    /// needs nothing of the layers before it. It is over the pooler's queries; the pooler's own attention, mean over
    /// heads, leads on to patches: that product is a heuristic.
    ///
    /// - Throws: ``ExplanationError`` for a layer other than the last, or one that is not there, else ``WeightsError``.
    func explainGraph(_ method: CrossMethod, batch: Int? = 1) throws -> Engine.Source {
        let layer = try checkedLayer(of: method)
        let graph = GraphBuilder(weights: image.weights)
        let scene = scene(graph, .pixels(batch: batch), keepingProbabilitiesOf: layer)
        graph.result("log_probability", scene.logProbability)
        let found = relevance(graph, method.kind, layer, scene)
        graph.result("relevance", found.relevance)
        graph.result("whole", found.whole)
        return try graph.source()
    }

    /// `picture` is what the pooler's captioning queries made of the picture, `reach` the pooler's attention.
    func pictureGraph() throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: image.weights)
        let (picture, reach) = encoded(graph, batch: 1)
        graph.result("picture", picture)
        graph.result("reach", reach)
        return try graph.source()
    }

    /// `picture` (and `reach`), `ids` and `mask` [texts, tokens] → `score` [texts], the caption's log-likelihood.
    func readingGraph(explaining method: CrossMethod?) throws -> Engine.Source {
        let layer = try method.map { (method) throws(ExplanationError) in try checkedLayer(of: method) }
        let graph = GraphBuilder(weights: image.weights)
        let scene = scene(graph, .encoded, keepingProbabilitiesOf: layer)
        graph.result("score", graph.sum(scene.logProbability, axes: [1], keep: false))
        if let method, let layer { graph.result("whole", relevance(graph, method.kind, layer, scene).whole) }
        return try graph.source()
    }

    func checkedLayer(of method: CrossMethod) throws(ExplanationError) -> Int {
        let layer = try method.checkedLayer(of: decoder.count, usual: decoder.count - 1)
        if method.kind == .gradient { try method.requireLast(layer, of: decoder.count) }
        return layer
    }

    // MARK: Forward

    private struct Scene {
        /// [batch, queries, patches]; nil where no map is asked for.
        let reach: Wire?
        /// Of the decoder's cross-attentions.
        let traces: [CrossAttentionBlock.Trace]
        let head: VocabularyHead.Trace
        /// The tokens to be said, [batch, tokens − 1], and 1 where they are no padding.
        let labels: Wire
        let real: Wire
        /// [batch, tokens − 1], zero at padding
        let logProbability: Wire
    }

    /// What the decoder reads of a picture, [batch, queries, width], and how much of each patch is in it,
    /// [batch, queries, patches].
    private func encoded(_ graph: GraphBuilder, batch: Int?) -> (picture: Wire, reach: Wire) {
        let pooled = pooler.forward(graph, image.throughBlocks(graph, image.input(graph, batch: batch).tokens))
        let attention = graph.mean(pooled.attention.probabilities ?? graph.scalar(0), axes: [1], keep: false)
        return (graph.apply(poolerNorm, pooled.output), image.patchesOnly(graph, attention))
    }

    private func scene(
        _ graph: GraphBuilder, _ input: PictureInput, keepingProbabilitiesOf kept: Int?
    ) -> Scene {
        let tokens: Wire
        var reach: Wire?
        switch input {
        case .pixels(let batch): (tokens, reach) = encoded(graph, batch: batch)
        case .encoded:
            tokens = graph.parameter("picture", .f32, shape: [1, nil, pooler.attention.output.output])
            if kept != nil { reach = graph.parameter("reach", .f32, shape: [1, nil, nil]) }
        }
        let picture = CrossAttentionBlock.Source(tokens: tokens)

        let texts = words.tokens(graph)
        // The class token stands behind the text, and the last token has nothing after it to say.
        var x = graph.slice(text.throughBlocks(graph, texts.tokens, mask: texts.mask), axis: 1, from: 0, to: -2)
        let labels = graph.slice(texts.ids, axis: 1, from: 1, to: GraphBuilder.end)
        // What is visible to the text's own encoder stands one place later than what is real.
        let real = graph.slice(texts.mask.present, axis: 1, from: 2, to: GraphBuilder.end)
        let mask = AttentionMask(
            graph, present: graph.slice(texts.mask.present, axis: 1, from: 1, to: -1), causal: true)
        var traces: [CrossAttentionBlock.Trace] = []
        for (index, layer) in decoder.enumerated() {
            x = layer.own.forward(graph, x, mask: mask).output
            traces.append(layer.cross.forward(graph, x, reading: picture, keepingProbabilities: index == kept))
            x = traces[index].output
        }
        let said = head.forward(graph, graph.apply(finalNorm, x))
        let picked = graph.gatherElements(said.logProbabilities, graph.unsqueeze(labels, axes: [2]), axis: 2)
        return Scene(
            reach: reach, traces: traces, head: said, labels: labels, real: real,
            logProbability: graph.times(graph.squeeze(picked, axes: [2]), real))
    }

    // MARK: Relevance

    /// [batch, tokens − 1, patches] and [batch, patches]
    private func relevance(
        _ graph: GraphBuilder, _ kind: CrossMethod.Kind, _ layer: Int, _ scene: Scene
    ) -> (relevance: Wire, whole: Wire) {
        let attention = scene.traces[layer].attention.probabilities ?? graph.scalar(0)
        let overQueries: Wire
        switch kind {
        case .attention: overQueries = graph.mean(attention, axes: [1], keep: false)
        case .gradient:
            let atFinal = head.gradientOfLogProbability(graph, scene.head, of: scene.labels)
            let state = graph.state(of: finalNorm, at: graph.perDirection(scene.traces[layer].output))
            let atOutput = graph.applyTransposed(finalNorm, state, graph.perDirection(atFinal))
            let cross = decoder[layer].cross
            let atAttention = cross.attention.gradientAtProbabilities(
                graph, scene.traces[layer].attention,
                cross.gradientAtAttention(graph, scene.traces[layer], atOutput), shaped: graph.perDirection)
            overQueries = graph.squeeze(graph.gradientWeighted(attention, atAttention), axes: [1])
        }
        let real = graph.unsqueeze(scene.real, axes: [2])
        let map = graph.times(graph.product(overQueries, scene.reach ?? graph.scalar(0)), real)
        let whole = graph.over(
            graph.sum(map, axes: [1], keep: false), graph.atLeastOne(graph.sum(real, axes: [1], keep: false)))
        return (map, whole)
    }
}

extension CrossMethod {
    /// - Throws: ``ExplanationError/notApplicable(method:reason:)`` unless `layer` is the last one.
    func requireLast(_ layer: Int, of count: Int) throws(ExplanationError) {
        guard layer == count - 1 else {
            throw .notApplicable(
                method: kind.rawValue, reason: "its gradient is followed to the last cross-attention only")
        }
    }
}

extension Checkpoint {
    func coca(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> CoCa {
        let model = try configuration.table("model_cfg")
        let table = try model.table("multimodal_cfg")
        let width = try table.integer("width", in: 1...16384, otherwise: 512)
        let heads = try table.integer("heads", in: 1...256, otherwise: 8)
        let layers = try table.integer("layers", in: 1...128, otherwise: 12)
        guard width % heads == 0 else { throw table.fault("heads", "does not divide the width") }
        let vocabulary = try model.table("text_cfg").integer("vocab_size", in: 1...2_000_000, otherwise: 49408)
        let activation = try activation(model, table)
        let d = "text_decoder."
        let own = try resblocks(
            d, width: width, heads: heads, layers: layers, epsilon: 1e-5, activation, table)
        let vision = try model.table("vision_cfg")
        let queries = try vision.integer("attn_pooler_queries", in: 2...4096, otherwise: 256)
        guard weights.entries[d + "cross_attn.0.ls_1.gamma"] == nil else {
            throw table.fault("ls_init_value", "gives the decoder LayerScale, which is not read")
        }
        let image = try openCLIPImageEncoder(size: size, input: input)
        let text = try openCLIPTextEncoder()
        return CoCa(
            image: image, text: text, words: try words(of: text),
            pooler: try cocaPooler(model, vision, queries: 1..<queries),
            poolerNorm: image.pooledNorm,
            decoder: own.enumerated().map { layer, block in
                CoCa.Layer(own: block, cross: cocaCross(d + "cross_attn.\(layer).", block, width: width, heads: heads))
            },
            finalNorm: Norm(d + "ln_final", width: width, epsilon: 1e-5),
            head: VocabularyHead(parts: [
                Linear(parameter: d + "text_projection", from: width, to: vocabulary)
            ]))
    }

    /// The pooler with some of its queries: the first gives the embedding, the others what the decoder reads.
    func cocaPooler(
        _ model: ConfigurationFile, _ vision: ConfigurationFile, queries: Range<Int>
    ) throws(ConfigurationError) -> AttentionPooler {
        guard (try? vision.flag("attentional_pool", otherwise: false)) == true else {
            throw vision.fault("attentional_pool", "is not true: other poolings than one attention are not read")
        }
        try vision.require("pool_type", "tok")
        let width = try embeddingWidth(model)
        let source = try vision.integer("width", in: 1...16384, otherwise: 768)
        let count = try vision.integer("attn_pooler_queries", in: 2...4096, otherwise: 256)
        let heads = try vision.integer("attn_pooler_heads", in: 1...256, otherwise: 8)
        guard width % heads == 0 else { throw vision.fault("attn_pooler_heads", "does not divide embed_dim") }
        let p = "visual.attn_pool."
        let biases = (0..<3).map {
            WeightSlice(p + "attn.in_proj_bias", shape: [3 * width], rows: $0 * width..<($0 + 1) * width)
        }
        // PyTorch's MultiheadAttention fuses the three matrices only where they are of one shape.
        let isFused = weights.entries[p + "attn.in_proj_weight"] != nil
        let parts = [("q", width), ("k", source), ("v", source)].enumerated().map { index, part in
            Linear(
                weight: isFused
                    ? WeightSlice(
                        p + "attn.in_proj_weight", shape: [3 * width, source],
                        rows: index * width..<(index + 1) * width)
                    : WeightSlice(p + "attn.\(part.0)_proj_weight", shape: [width, part.1]),
                bias: biases[index])
        }
        return AttentionPooler(
            probe: WeightSlice(p + "query", shape: [count, width], rows: queries),
            probeNorm: Norm(p + "ln_q", width: width, epsilon: 1e-5),
            sourceNorm: Norm(p + "ln_k", width: source, epsilon: 1e-5),
            attention: Attention(
                query: parts[0], key: parts[1], value: parts[2],
                output: Linear(p + "attn.out_proj", from: width, to: width), heads: heads),
            refinement: nil)
    }

    private func cocaCross(_ b: String, _ own: TransformerBlock, width: Int, heads: Int) -> CrossAttentionBlock {
        CrossAttentionBlock(
            attention: .fused(
                weight: b + "attn.in_proj_weight", bias: b + "attn.in_proj_bias", output: b + "attn.out_proj",
                width: width, heads: heads),
            feedForward: .plain(
                up: b + "mlp.c_fc", down: b + "mlp.c_proj", width: width, hidden: own.feedForward.down.input,
                own.feedForward.activation),
            firstNorm: Norm(b + "ln_1", width: width, epsilon: 1e-5),
            sourceNorm: Norm(b + "ln_1_kv", width: width, epsilon: 1e-5),
            secondNorm: Norm(b + "ln_2", width: width, epsilon: 1e-5))
    }
}
