import Foundation

/// DINOv2 vision transformers as published on Hugging Face (`Dinov2Model`): pre-norm blocks with LayerScale, one class
/// token, a final layer norm; the embedding is the normalised class token.
///
/// Source: Oquab et al. 2023, "DINOv2"; tensor names of the transformers project.
struct DINOv2: Sendable {
    let configuration: FamilyConfiguration
    let weights: SafeTensors
    /// Height and width of the picture that goes in, in pixels: multiples of the patch size.
    let inputSize: (height: Int, width: Int)
    let input: Input

    /// In what form pictures come in.
    enum Input: Sendable, Hashable {
        /// [batch, height, width, 3] RGB bytes; mean and deviation per channel, of values in 0...1.
        case bytes(mean: [Float], deviation: [Float])
        /// [batch, 3, height, width] floats, normalised by the caller.
        case normalized
    }

    var rows: Int { inputSize.height / configuration.patchSize }
    var columns: Int { inputSize.width / configuration.patchSize }
    /// Patches and the class token before them.
    var tokens: Int { rows * columns + 1 }

    /// What a block computes on the way, as far as an explanation looks at it.
    private struct Block {
        let values: GraphBuilder.Wire
        let afterAttention: GraphBuilder.Wire
        let beforeActivation: GraphBuilder.Wire
        let output: GraphBuilder.Wire
    }

    /// `pixels` (see ``Input``) → `embedding` [batch, width] and `attention` [batch, tokens].
    ///
    /// `attention` is how much the class token looks at each token in the last layer, mean over heads; it sums to 1.
    func scoreGraph(batch: Int? = 1) throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: weights)
        var x = embeddings(graph, batch: batch)
        for layer in 0..<configuration.layers - 1 { x = block(graph, layer, x).output }
        let last = configuration.layers - 1
        graph.result("attention", classAttention(graph, last, x))
        // Only the class token is read from the last block, so only its row is computed there.
        let final = block(graph, last, x, queryTokens: 1).output
        graph.result("embedding", graph.squeeze(graph.apply(finalNorm(graph), final), axes: [1]))
        return try graph.source()
    }

    /// `pixels`, `directions` [directions, width] → `embedding` [batch, width] and `relevance`
    /// [batch, directions, tokens], the class token's included.
    func explainGraph(_ method: RelevanceMethod, batch: Int? = 1) throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: weights)
        let directions = graph.parameter("directions", .f32, shape: [nil, configuration.width])
        var x = embeddings(graph, batch: batch)
        var total: GraphBuilder.Wire?
        for layer in 0..<configuration.layers {
            let block = block(graph, layer, x)
            x = block.output
            if layer >= configuration.layers - method.layers {
                let map = relevance(graph, layer, block, directions, method)
                total = total.map { graph.plus($0, map) } ?? map
            }
        }
        let classToken = graph.slice(x, axis: 1, from: 0, to: 1)
        graph.result("embedding", graph.squeeze(graph.apply(finalNorm(graph), classToken), axes: [1]))
        if let total { graph.result("relevance", total) }
        return try graph.source()
    }

    // MARK: Forward

    private func embeddings(_ graph: GraphBuilder, batch: Int?) -> GraphBuilder.Wire {
        let width = configuration.width
        let patch = configuration.patchSize
        let projection = "embeddings.patch_embeddings.projection"
        let patches = graph.patches(
            pixels(graph, batch: batch),
            kernel: graph.weight(projection + ".weight", shape: [width, 3, patch, patch]), size: patch)
        let sequence = graph.transpose(graph.reshape(patches, [0, width, rows * columns]), [0, 2, 1])
        let biased = graph.plus(sequence, graph.weight(projection + ".bias", shape: [width]))

        let positions = positionTable(graph)
        let patchTokens = graph.plus(biased, graph.slice(positions, axis: 1, from: 1, to: tokens))
        let classToken = graph.plus(
            graph.weight("embeddings.cls_token", shape: [1, 1, width]),
            graph.slice(positions, axis: 1, from: 0, to: 1))
        return graph.concatenate(
            [graph.repeated(classToken, alongBatchOf: patchTokens, rest: [1, width]), patchTokens], axis: 1)
    }

    /// [batch, 3, height, width], normalised.
    private func pixels(_ graph: GraphBuilder, batch: Int?) -> GraphBuilder.Wire {
        switch input {
        case .normalized:
            return graph.parameter("pixels", .f32, shape: [batch, 3, inputSize.height, inputSize.width])
        case .bytes(let mean, let deviation):
            let bytes = graph.parameter("pixels", .u8, shape: [batch, inputSize.height, inputSize.width, 3])
            let scale = graph.constant(deviation.map { 1 / (255 * $0) }, shape: [3])
            let shift = graph.constant(zip(mean, deviation).map { -$0 / $1 }, shape: [3])
            return graph.transpose(graph.plus(graph.times(graph.toFloat(bytes), scale), shift), [0, 3, 1, 2])
        }
    }

    /// [1, tokens, width], the patches' part resampled to the grid of the input.
    private func positionTable(_ graph: GraphBuilder) -> GraphBuilder.Wire {
        let name = "embeddings.position_embeddings"
        let side = configuration.imageSize / configuration.patchSize
        let width = configuration.width
        let published = graph.weight(name, shape: [1, side * side + 1, width])
        guard rows != side || columns != side, let table = try? weights.floats(name), graph.fault == nil else {
            return published
        }
        let resampled = PositionTable.resampled(
            Array(table[width...]), side: side, width: width, rows: rows, columns: columns)
        return graph.constant(Array(table[..<width]) + resampled, shape: [1, tokens, width])
    }

    /// One block. With `queryTokens`, its output holds only that many tokens from the start.
    private func block(
        _ graph: GraphBuilder, _ layer: Int, _ x: GraphBuilder.Wire, queryTokens: Int? = nil
    ) -> Block {
        let (q, k, v) = queriesKeysValues(graph, layer, x, queryTokens: queryTokens)
        let mixed = graph.joinHeads(graph.scaledDotProductAttention(q, k, v), width: configuration.width)
        let attended = graph.times(graph.apply(outputProjection(graph, layer), mixed), layerScale(graph, layer, 1))
        let residual = queryTokens.map { graph.slice(x, axis: 1, from: 0, to: $0) } ?? x
        let y = graph.plus(residual, attended)
        let h = graph.apply(up(graph, layer), graph.apply(norm(graph, layer, 2), y))
        let transformed = graph.apply(down(graph, layer), graph.gelu(h))
        let z = graph.plus(y, graph.times(transformed, layerScale(graph, layer, 2)))
        return Block(values: v, afterAttention: y, beforeActivation: h, output: z)
    }

    private func queriesKeysValues(
        _ graph: GraphBuilder, _ layer: Int, _ x: GraphBuilder.Wire, queryTokens: Int?
    ) -> (GraphBuilder.Wire, GraphBuilder.Wire, GraphBuilder.Wire) {
        let (width, heads) = (configuration.width, configuration.heads)
        let normalized = graph.apply(norm(graph, layer, 1), x)
        let asking = queryTokens.map { graph.slice(normalized, axis: 1, from: 0, to: $0) } ?? normalized
        func projected(_ part: String, _ input: GraphBuilder.Wire) -> GraphBuilder.Wire {
            let layer = graph.linear(prefix(layer) + "attention.attention." + part, from: width, to: width)
            return graph.splitHeads(graph.apply(layer, input), heads: heads, width: width)
        }
        return (projected("query", asking), projected("key", normalized), projected("value", normalized))
    }

    private func classAttention(_ graph: GraphBuilder, _ layer: Int, _ x: GraphBuilder.Wire) -> GraphBuilder.Wire {
        let (q, k, _) = queriesKeysValues(graph, layer, x, queryTokens: 1)
        let scores = graph.times(
            graph.product(q, k, transposingSecond: true), 1 / Float(configuration.headWidth).squareRoot())
        return graph.squeeze(graph.mean(graph.softmax(scores), axes: [1], keep: false), axes: [1])
    }

    // MARK: Relevance

    /// One layer's part of the map, [batch, directions, tokens]: mean over heads and over all query tokens.
    private func relevance(
        _ graph: GraphBuilder, _ layer: Int, _ block: Block, _ directions: GraphBuilder.Wire,
        _ method: RelevanceMethod
    ) -> GraphBuilder.Wire {
        let post = finalNorm(graph)
        let pooled: GraphBuilder.Wire
        let rows: (GraphBuilder.Wire) -> GraphBuilder.Wire
        let share: Float
        switch method.pooling {
        case .legrad:
            (pooled, share) = (graph.mean(block.output, axes: [1]), 1 / Float(tokens))
            rows = { $0 }
        case .pooled:
            // The gradient is zero at every token but the class token, so no other row is computed.
            (pooled, share) = (graph.slice(block.output, axis: 1, from: 0, to: 1), 1)
            rows = { graph.slice($0, axis: 1, from: 0, to: 1) }
        }
        let atEmbedding = graph.gradientAtEmbedding(
            graph.apply(post, pooled), directions: directions, normalized: method.normalized)
        let atPooled = graph.applyTransposed(post, graph.state(of: post, at: pooled), atEmbedding)
        let g = graph.times(atPooled, share)  // [batch, directions, width], the same for every token

        let throughDown = graph.applyTransposed(down(graph, layer), graph.times(g, layerScale(graph, layer, 2)))
        let slope = graph.unsqueeze(graph.geluDerivative(rows(block.beforeActivation)), axes: [1])
        let atHidden = graph.times(graph.unsqueeze(throughDown, axes: [2]), slope)
        let second = norm(graph, layer, 2)
        let state = graph.state(of: second, at: graph.unsqueeze(rows(block.afterAttention), axes: [1]))
        let throughMLP = graph.applyTransposed(second, state, graph.applyTransposed(up(graph, layer), atHidden))
        let gY = graph.plus(graph.unsqueeze(g, axes: [2]), throughMLP)

        let summed = graph.attentionRelevance(
            graph.times(gY, layerScale(graph, layer, 1)), output: outputProjection(graph, layer),
            values: block.values, heads: configuration.heads, width: configuration.width)
        return graph.times(summed, 1 / Float(configuration.heads * tokens))
    }

    // MARK: Tensor names

    private func prefix(_ layer: Int) -> String { "encoder.layer.\(layer)." }

    private func finalNorm(_ graph: GraphBuilder) -> GraphBuilder.Norm {
        graph.norm("layernorm", width: configuration.width, epsilon: configuration.epsilon)
    }

    private func norm(_ graph: GraphBuilder, _ layer: Int, _ number: Int) -> GraphBuilder.Norm {
        graph.norm(prefix(layer) + "norm\(number)", width: configuration.width, epsilon: configuration.epsilon)
    }

    private func outputProjection(_ graph: GraphBuilder, _ layer: Int) -> GraphBuilder.Linear {
        graph.linear(prefix(layer) + "attention.output.dense", from: configuration.width, to: configuration.width)
    }

    private func up(_ graph: GraphBuilder, _ layer: Int) -> GraphBuilder.Linear {
        graph.linear(prefix(layer) + "mlp.fc1", from: configuration.width, to: configuration.hidden)
    }

    private func down(_ graph: GraphBuilder, _ layer: Int) -> GraphBuilder.Linear {
        graph.linear(prefix(layer) + "mlp.fc2", from: configuration.hidden, to: configuration.width)
    }

    private func layerScale(_ graph: GraphBuilder, _ layer: Int, _ number: Int) -> GraphBuilder.Wire {
        graph.weight(prefix(layer) + "layer_scale\(number).lambda1", shape: [configuration.width])
    }
}
