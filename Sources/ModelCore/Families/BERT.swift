import Foundation

/// BERT encoders as published on Hugging Face (`BertModel`) with a pooling over the last layer, as
/// sentence-transformers uses them.
///
/// Post-norm: each layer norm stands behind a residual sum, and so its derivative is taken at the *sums* S₁ = X + attn
/// and S₂ = Y + mlp, not at the branches.
///
/// Source: Devlin et al. 2018, "BERT"; Reimers & Gurevych 2019, "Sentence-BERT"; tensor names of transformers.
struct BERT: Sendable {
    let configuration: FamilyConfiguration
    let weights: SafeTensors
    let pooling: Pooling

    /// How the embedding comes from the tokens of the last layer.
    enum Pooling: String, Sendable {
        /// Mean over the tokens that are not padding.
        case mean
        /// The first token, [CLS].
        case classToken = "cls"
    }

    /// What a layer computes on the way, as far as an explanation looks at it.
    private struct Block {
        let values: GraphBuilder.Wire
        let attentionSum: GraphBuilder.Wire
        let beforeActivation: GraphBuilder.Wire
        let outputSum: GraphBuilder.Wire
        let output: GraphBuilder.Wire
    }

    /// The tokens of a batch of texts: 1 where there is a token and 0 where there is padding.
    private struct Mask {
        /// [batch, tokens, 1]
        let column: GraphBuilder.Wire
        /// [batch, 1, 1, tokens]: 0 or a large negative number, to be added to attention scores.
        let penalty: GraphBuilder.Wire
        /// [batch, 1, 1]
        let count: GraphBuilder.Wire
        /// [batch, 1, tokens]
        let row: GraphBuilder.Wire
    }

    /// `ids` and `mask` [batch, tokens] → `embedding` [batch, width], not normalised.
    func scoreGraph() throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: weights)
        var (x, mask) = embeddings(graph)
        for layer in 0..<configuration.layers { x = block(graph, layer, x, mask).output }
        graph.result("embedding", graph.squeeze(pooled(graph, x, mask, pooling), axes: [1]))
        return try graph.source()
    }

    /// `ids`, `mask`, `directions` [directions, width] → `embedding` [batch, width], `relevance`
    /// [batch, directions, tokens], zero at padding, and `received` [batch, tokens].
    ///
    /// `received` is how much attention a token gets in the last layer, mean over heads and over all query tokens but
    /// padding; it sums to 1.
    ///
    /// Where the model itself pools by the mean over all tokens, LeGrad as published and pooled are one and the same.
    func explainGraph(_ method: RelevanceMethod) throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: weights)
        let directions = graph.parameter("directions", .f32, shape: [nil, configuration.width])
        var (x, mask) = embeddings(graph)
        var total: GraphBuilder.Wire?
        for layer in 0..<configuration.layers {
            if layer == configuration.layers - 1 {
                graph.result("received", receivedAttention(graph, layer, x, mask))
            }
            let block = block(graph, layer, x, mask)
            x = block.output
            if layer >= configuration.layers - method.layers {
                let map = relevance(graph, layer, block, directions, mask, method)
                total = total.map { graph.plus($0, map) } ?? map
            }
        }
        graph.result("embedding", graph.squeeze(pooled(graph, x, mask, pooling), axes: [1]))
        if let total { graph.result("relevance", total) }
        return try graph.source()
    }

    // MARK: Forward

    private func embeddings(_ graph: GraphBuilder) -> (GraphBuilder.Wire, Mask) {
        let width = configuration.width
        let ids = graph.parameter("ids", .i64, shape: [nil, nil])
        let present = graph.toFloat(graph.parameter("mask", .i64, shape: [nil, nil]))

        let words = graph.gather(
            graph.weight("embeddings.word_embeddings.weight", shape: [configuration.vocabulary, width]), ids, axis: 0)
        let positions = graph.prefix(
            graph.weight("embeddings.position_embeddings.weight", shape: [configuration.positions, width]), axis: 0,
            asLongAs: ids, likeAxis: 1)
        let types = graph.weight("embeddings.token_type_embeddings.weight", shape: [configuration.tokenTypes, width])
        let sum = graph.plus(graph.plus(words, positions), graph.slice(types, axis: 0, from: 0, to: 1))

        let column = graph.unsqueeze(present, axes: [2])
        let mask = Mask(
            column: column,
            penalty: graph.times(graph.plus(graph.unsqueeze(present, axes: [1, 2]), -1), 1e9),
            count: graph.sum(column, axes: [1]), row: graph.unsqueeze(present, axes: [1]))
        return (graph.apply(norm(graph, "embeddings.LayerNorm"), sum), mask)
    }

    private func block(_ graph: GraphBuilder, _ layer: Int, _ x: GraphBuilder.Wire, _ mask: Mask) -> Block {
        let v = projected(graph, layer, "value", x)
        let mixed = graph.scaledDotProductAttention(
            projected(graph, layer, "query", x), projected(graph, layer, "key", x), v, mask: mask.penalty)
        let attended = graph.apply(
            outputProjection(graph, layer), graph.joinHeads(mixed, width: configuration.width))
        let s1 = graph.plus(x, attended)
        let y = graph.apply(attentionNorm(graph, layer), s1)
        let h = graph.apply(up(graph, layer), y)
        let s2 = graph.plus(y, graph.apply(down(graph, layer), graph.gelu(h)))
        let z = graph.apply(outputNorm(graph, layer), s2)
        return Block(values: v, attentionSum: s1, beforeActivation: h, outputSum: s2, output: z)
    }

    /// Queries, keys or values of a layer, [batch, heads, tokens, width/heads].
    private func projected(
        _ graph: GraphBuilder, _ layer: Int, _ part: String, _ x: GraphBuilder.Wire
    ) -> GraphBuilder.Wire {
        let width = configuration.width
        let layer = graph.linear(prefix(layer) + "attention.self." + part, from: width, to: width)
        return graph.splitHeads(graph.apply(layer, x), heads: configuration.heads, width: width)
    }

    /// [batch, tokens]: the mean of a layer's attention over heads and over the queries that are no padding.
    private func receivedAttention(
        _ graph: GraphBuilder, _ layer: Int, _ x: GraphBuilder.Wire, _ mask: Mask
    ) -> GraphBuilder.Wire {
        let scores = graph.times(
            graph.product(
                projected(graph, layer, "query", x), projected(graph, layer, "key", x), transposingSecond: true),
            1 / Float(configuration.headWidth).squareRoot())
        let attention = graph.times(
            graph.softmax(graph.plus(scores, mask.penalty)), graph.unsqueeze(mask.column, axes: [1]))
        let summed = graph.sum(graph.sum(attention, axes: [2]), axes: [1])
        let mean = graph.over(
            graph.times(summed, 1 / Float(configuration.heads)), graph.unsqueeze(mask.count, axes: [1]))
        return graph.squeeze(mean, axes: [1, 2])
    }

    /// [batch, 1, width].
    private func pooled(
        _ graph: GraphBuilder, _ x: GraphBuilder.Wire, _ mask: Mask, _ pooling: Pooling
    ) -> GraphBuilder.Wire {
        switch pooling {
        case .mean: graph.over(graph.sum(graph.times(x, mask.column), axes: [1]), mask.count)
        case .classToken: graph.slice(x, axis: 1, from: 0, to: 1)
        }
    }

    // MARK: Relevance

    private func relevance(
        _ graph: GraphBuilder, _ layer: Int, _ block: Block, _ directions: GraphBuilder.Wire, _ mask: Mask,
        _ method: RelevanceMethod
    ) -> GraphBuilder.Wire {
        let entry = method.pooling == .legrad ? .mean : pooling
        /// The query tokens at which the gradient is not zero: [batch, 1, queries, …].
        func queries(_ x: GraphBuilder.Wire) -> GraphBuilder.Wire {
            graph.unsqueeze(entry == .classToken ? graph.slice(x, axis: 1, from: 0, to: 1) : x, axes: [1])
        }

        let atEmbedding = graph.unsqueeze(
            graph.gradientAtEmbedding(
                pooled(graph, block.output, mask, entry), directions: directions, normalized: method.normalized),
            axes: [2])
        // [batch, directions, queries, width], zero at padding.
        let g =
            switch entry {
            case .mean:
                graph.times(graph.over(atEmbedding, graph.unsqueeze(mask.count, axes: [1])), queries(mask.column))
            case .classToken: atEmbedding
            }

        let second = outputNorm(graph, layer)
        let atSum = graph.applyTransposed(second, graph.state(of: second, at: queries(block.outputSum)), g)
        let throughDown = graph.applyTransposed(down(graph, layer), atSum)
        let slope = queries(graph.geluDerivative(block.beforeActivation))
        let atY = graph.plus(atSum, graph.applyTransposed(up(graph, layer), graph.times(throughDown, slope)))

        let first = attentionNorm(graph, layer)
        let atAttention = graph.applyTransposed(first, graph.state(of: first, at: queries(block.attentionSum)), atY)
        let summed = graph.attentionRelevance(
            atAttention, output: outputProjection(graph, layer), values: block.values, heads: configuration.heads,
            width: configuration.width)
        let mean = graph.over(graph.times(summed, 1 / Float(configuration.heads)), mask.count)
        return graph.times(mean, mask.row)
    }

    // MARK: Tensor names

    private func prefix(_ layer: Int) -> String { "encoder.layer.\(layer)." }

    private func norm(_ graph: GraphBuilder, _ name: String) -> GraphBuilder.Norm {
        graph.norm(name, width: configuration.width, epsilon: configuration.epsilon)
    }

    private func attentionNorm(_ graph: GraphBuilder, _ layer: Int) -> GraphBuilder.Norm {
        norm(graph, prefix(layer) + "attention.output.LayerNorm")
    }

    private func outputNorm(_ graph: GraphBuilder, _ layer: Int) -> GraphBuilder.Norm {
        norm(graph, prefix(layer) + "output.LayerNorm")
    }

    private func outputProjection(_ graph: GraphBuilder, _ layer: Int) -> GraphBuilder.Linear {
        graph.linear(prefix(layer) + "attention.output.dense", from: configuration.width, to: configuration.width)
    }

    private func up(_ graph: GraphBuilder, _ layer: Int) -> GraphBuilder.Linear {
        graph.linear(prefix(layer) + "intermediate.dense", from: configuration.width, to: configuration.hidden)
    }

    private func down(_ graph: GraphBuilder, _ layer: Int) -> GraphBuilder.Linear {
        graph.linear(prefix(layer) + "output.dense", from: configuration.hidden, to: configuration.width)
    }
}
