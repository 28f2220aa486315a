/// A model that says how well a text fits a picture in two ways: by two embeddings (contrastive), and by reading the
/// picture from the text (matching). BLIP and ALBEF.
///
///     picture → image tokens ┐
///     text → alone → tokens ─┴→ fused → first token → head → no match, match
///
/// The embeddings have their graphs in ``image`` and ``text``; here is the matching.
struct ImageTextMatcher: JointGraphs {
    /// Its ``Encoder/tokenNorm`` stands before the image tokens that the text reads.
    let image: Encoder
    /// The text by itself.
    let text: Encoder
    /// How a text comes in, here and in ``text``.
    let words: WordEmbedding
    /// Blocks that a text goes through before it reads the picture.
    let alone: [TransformerBlock]
    let fused: [FusionBlock]
    /// [2, width]: no match, match.
    let head: Linear
    /// The layer that its authors explain.
    let explainedLayer: Int

    /// `pixels` (see ``PatchEmbedding/Input``), `ids` and `mask` [batch, tokens] → `logits` [batch, 2] (no match, match)
    /// and `match` [batch], the probability.
    ///
    /// - Parameter batch: pairs of a picture and a text; nil leaves it free.
    func scoreGraph(batch: Int? = 1) throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: image.weights)
        describeScore(graph, firstToken(graph, scene(graph, .pixels(batch: batch))))
        return try graph.source()
    }

    /// Input and output as of ``scoreGraph(batch:)``, and `relevance` [batch, tokens, patches] of the logit of a match,
    /// zero at padding, and `whole` [batch, patches], its mean over the words: first and last token, [CLS] and [SEP],
    /// are left out.
    ///
    /// - Throws: ``ExplanationError/noSuchPart(_:)`` for a layer that is not there, else ``WeightsError``.
    func explainGraph(_ method: CrossMethod, batch: Int? = 1) throws -> Engine.Source {
        let graph = GraphBuilder(weights: image.weights)
        let found = try explained(graph, method, .logit, scene(graph, .pixels(batch: batch)))
        graph.result("relevance", found.relevance)
        graph.result("whole", found.whole)
        return try graph.source()
    }

    /// `picture` are the normalised image tokens, `embedding` the contrastive one.
    func pictureGraph() throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: image.weights)
        let input = image.input(graph, batch: 1)
        let tokens = image.throughBlocks(graph, input.tokens)
        graph.result("picture", graph.apply(image.tokenNorm, tokens))
        let pooled = image.pool(graph, tokens, input).token
        graph.result("embedding", graph.squeeze(image.embedded(graph, pooled), axes: [1]))
        return try graph.source()
    }

    /// `picture`, `ids` and `mask` [texts, tokens] → `score` [texts], the log-odds of a match: the logit of "match" less
    /// that of "no match".
    func readingGraph(explaining method: CrossMethod?) throws -> Engine.Source {
        let graph = GraphBuilder(weights: image.weights)
        let scene = scene(graph, .encoded)
        if let method {
            graph.result("whole", try explained(graph, method, .odds, scene).whole)
        } else {
            describeScore(graph, firstToken(graph, scene))
        }
        return try graph.source()
    }

    func checkedLayer(of method: CrossMethod) throws(ExplanationError) -> Int {
        try method.checkedLayer(of: fused.count, usual: explainedLayer)
    }

    // MARK: Forward

    private struct Scene {
        /// [batch, image tokens, width]
        let image: Wire
        /// [batch, tokens, width], after ``ImageTextMatcher/alone``
        let tokens: Wire
        let mask: AttentionMask
    }

    private func scene(_ graph: GraphBuilder, _ picture: PictureInput) -> Scene {
        let tokens: Wire
        switch picture {
        case .pixels(let batch):
            let encoded = image.throughBlocks(graph, image.input(graph, batch: batch).tokens)
            tokens = graph.apply(image.tokenNorm, encoded)
        case .encoded: tokens = graph.parameter("picture", .f32, shape: [1, nil, image.width])
        }
        let texts = words.tokens(graph)
        return Scene(
            image: tokens, tokens: alone.reduce(texts.tokens) { $1.forward(graph, $0, mask: texts.mask).output },
            mask: texts.mask)
    }

    /// What the head reads, [batch, 1, width]. Only its row is computed in the last layer.
    private func firstToken(_ graph: GraphBuilder, _ scene: Scene) -> Wire {
        var x = scene.tokens
        for block in fused.dropLast() { x = block.forward(graph, x, reading: scene.image, mask: scene.mask).output }
        return fused.last?.forward(graph, x, reading: scene.image, queries: .first(1), mask: scene.mask).output ?? x
    }

    private func describeScore(_ graph: GraphBuilder, _ first: Wire) {
        let logits = graph.squeeze(graph.apply(head, first), axes: [1])
        graph.result("logits", logits)
        func column(_ index: Int, of x: Wire) -> Wire {
            graph.squeeze(graph.slice(x, axis: 1, from: index, to: index + 1), axes: [1])
        }
        graph.result("match", column(1, of: graph.softmax(logits)))
        graph.result("score", graph.minus(column(1, of: logits), column(0, of: logits)))
    }

    // MARK: Relevance

    /// What a gradient is of.
    private enum Target {
        /// The logit of a match, which the authors explain.
        case logit
        /// Less that of no match, which policies are scored by.
        case odds
    }

    /// [batch, tokens, patches] and [batch, patches]; describes the score too.
    private func explained(
        _ graph: GraphBuilder, _ method: CrossMethod, _ target: Target, _ scene: Scene
    ) throws(ExplanationError) -> (relevance: Wire, whole: Wire) {
        let layer = try checkedLayer(of: method)
        var x = scene.tokens
        var traces: [FusionBlock.Trace] = []
        for (index, block) in fused.enumerated() {
            traces.append(
                block.forward(
                    graph, x, reading: scene.image, mask: scene.mask, keepingProbabilities: index >= layer))
            x = traces[index].output
        }
        describeScore(graph, TokenRows.first(1).taken(graph, x))
        let map = relevance(graph, method.kind, target, layer, traces, scene.mask)
        let patches = graph.times(image.patchesOnly(graph, map), scene.mask.column(graph))
        return (patches, Self.meanOverWords(graph, patches, scene.mask))
    }

    /// [batch, tokens, image tokens]
    private func relevance(
        _ graph: GraphBuilder, _ kind: CrossMethod.Kind, _ target: Target, _ layer: Int, _ traces: [FusionBlock.Trace],
        _ mask: AttentionMask
    ) -> Wire {
        let attention = traces[layer].cross.probabilities ?? graph.scalar(0)
        guard kind == .gradient else { return graph.mean(attention, axes: [1], keep: false) }
        // The head reads the first token, so nothing else has a gradient at the end.
        let isFirst = graph.equal(graph.positions(along: 1, of: mask.present), graph.scalar(0))
        func row(_ index: Int) -> Wire {
            graph.weight(
                WeightSlice(head.weight.name, shape: head.weight.tensorShape, rows: index..<index + 1))
        }
        let atHead = target == .logit ? row(1) : graph.minus(row(1), row(0))
        var gradient = graph.times(atHead, graph.unsqueeze(isFirst, axes: [0, 1, 3]))
        for index in fused.indices.reversed() {
            gradient = fused[index].gradientAtCross(graph, traces[index], gradient)
            if index == layer { break }
            gradient = fused[index].gradientAtInput(graph, traces[index], atCross: gradient)
        }
        let atAttention = fused[layer].cross.gradientAtProbabilities(
            graph, traces[layer].cross, gradient, shaped: graph.perDirection)
        return graph.squeeze(graph.gradientWeighted(attention, atAttention), axes: [1])
    }

    /// [batch, patches]
    private static func meanOverWords(_ graph: GraphBuilder, _ relevance: Wire, _ mask: AttentionMask) -> Wire {
        // A token is a word when a real token follows and it is not the first.
        let following = graph.concatenate(
            [
                graph.slice(mask.present, axis: 1, from: 1, to: GraphBuilder.end),
                graph.times(graph.slice(mask.present, axis: 1, from: 0, to: 1), 0),
            ], axis: 1)
        let later = graph.greater(graph.positions(along: 1, of: mask.present), graph.scalar(0))
        let words = graph.unsqueeze(graph.times(following, later), axes: [2])
        let sum = graph.sum(graph.times(relevance, words), axes: [1], keep: false)
        return graph.over(sum, graph.atLeastOne(graph.sum(words, axes: [1], keep: false)))
    }
}

extension Checkpoint {
    /// - Parameters:
    ///   - size: of the pictures; nil takes the one the model was trained with.
    ///   - input: in what form they come in.
    /// - Throws: ``ConfigurationError``.
    func matcher(size: ImageSize? = nil, input: PatchEmbedding.Input) throws(ConfigurationError) -> ImageTextMatcher {
        switch family {
        case .blip: try blipMatcher(size: size, input: input)
        case .albef: try albefMatcher(size: size, input: input)
        default: throw configuration.fault("model_type", "has no head that matches pictures and texts")
        }
    }

    /// How an encoder's texts come in.
    func words(of text: Encoder) throws(ConfigurationError) -> WordEmbedding {
        guard case .words(let words) = text.embedding else { throw configuration.fault("model_type", "reads no texts") }
        return words
    }

    /// How an encoder's pictures come in.
    func patches(of image: Encoder) throws(ConfigurationError) -> PatchEmbedding {
        guard case .patches(let patches) = image.embedding else {
            throw configuration.fault("model_type", "reads no pictures")
        }
        return patches
    }
}

extension Encoder {
    /// All tokens after the last block, [batch, tokens, width], before ``tokenNorm``.
    func throughBlocks(_ graph: GraphBuilder, _ tokens: Wire, mask: AttentionMask? = nil) -> Wire {
        blocks.reduce(tokens) { $1.forward(graph, $0, mask: mask).output }
    }

    /// A map over a picture's tokens, the last axis, without those that are no patches.
    func patchesOnly(_ graph: GraphBuilder, _ map: Wire) -> Wire {
        guard case .patches(let patches) = embedding, patches.prefixTokens > 0 else { return map }
        return graph.slice(map, axis: -1, from: patches.prefixTokens, to: GraphBuilder.end)
    }
}
