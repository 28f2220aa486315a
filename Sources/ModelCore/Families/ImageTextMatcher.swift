/// A model that says how well a text fits a picture in two ways: by two embeddings (contrastive), and by reading the
/// picture from the text (matching). BLIP and ALBEF.
///
///     picture → image tokens ┐
///     text → alone → tokens ─┴→ fused → first token → head → no match, match
///
/// The embeddings have their graphs in ``image`` and ``text``; here is the matching.
struct ImageTextMatcher: Sendable {
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
        let scene = scene(graph, batch: batch)
        var x = scene.tokens
        for block in fused.dropLast() { x = block.forward(graph, x, reading: scene.image, mask: scene.mask).output }
        // The head reads the first token only.
        let last = fused.last?.forward(graph, x, reading: scene.image, queries: .first(1), mask: scene.mask)
        describeScore(graph, last?.output ?? x)
        return try graph.source()
    }

    /// Input and output as of ``scoreGraph(batch:)``, and `relevance` [batch, tokens, patches] of the logit of a match,
    /// zero at padding, and `whole` [batch, patches], its mean over the words: first and last token, [CLS] and [SEP],
    /// are left out.
    ///
    /// - Throws: ``ExplanationError/noSuchPart(_:)`` for a layer that is not there, else ``WeightsError``.
    func explainGraph(_ method: CrossMethod, batch: Int? = 1) throws -> Engine.Source {
        let layer = try method.checkedLayer(of: fused.count, usual: explainedLayer)
        let graph = GraphBuilder(weights: image.weights)
        let scene = scene(graph, batch: batch)
        var x = scene.tokens
        var traces: [FusionBlock.Trace] = []
        for (index, block) in fused.enumerated() {
            traces.append(
                block.forward(
                    graph, x, reading: scene.image, mask: scene.mask, keepingProbabilities: index >= layer))
            x = traces[index].output
        }
        describeScore(graph, TokenRows.first(1).taken(graph, x))
        let map = relevance(graph, method.kind, layer, traces, scene.mask)
        let patches = graph.times(image.patchesOnly(graph, map), scene.mask.column(graph))
        graph.result("relevance", patches)
        graph.result("whole", Self.meanOverWords(graph, patches, scene.mask))
        return try graph.source()
    }

    // MARK: Forward

    private struct Scene {
        /// [batch, image tokens, width]
        let image: Wire
        /// [batch, tokens, width], after ``ImageTextMatcher/alone``
        let tokens: Wire
        let mask: AttentionMask
    }

    private func scene(_ graph: GraphBuilder, batch: Int?) -> Scene {
        let picture = image.throughBlocks(graph, image.input(graph, batch: batch).tokens)
        let texts = words.tokens(graph)
        let tokens = alone.reduce(texts.tokens) { $1.forward(graph, $0, mask: texts.mask).output }
        return Scene(image: graph.apply(image.tokenNorm, picture), tokens: tokens, mask: texts.mask)
    }

    private func describeScore(_ graph: GraphBuilder, _ first: Wire) {
        let logits = graph.squeeze(graph.apply(head, first), axes: [1])
        graph.result("logits", logits)
        graph.result(
            "match", graph.squeeze(graph.slice(graph.softmax(logits), axis: 1, from: 1, to: 2), axes: [1]))
    }

    // MARK: Relevance

    /// [batch, tokens, image tokens]
    private func relevance(
        _ graph: GraphBuilder, _ kind: CrossMethod.Kind, _ layer: Int, _ traces: [FusionBlock.Trace],
        _ mask: AttentionMask
    ) -> Wire {
        let attention = traces[layer].cross.probabilities ?? graph.scalar(0)
        guard kind == .gradient else { return graph.mean(attention, axes: [1], keep: false) }
        // The head reads the first token, so nothing else has a gradient at the end.
        let isFirst = graph.equal(graph.positions(along: 1, of: mask.present), graph.scalar(0))
        let match = graph.weight(WeightSlice(head.weight.name, shape: head.weight.tensorShape, rows: 1..<2))
        var gradient = graph.times(match, graph.unsqueeze(isFirst, axes: [0, 1, 3]))
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
