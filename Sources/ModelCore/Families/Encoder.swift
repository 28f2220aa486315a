/// A transformer that turns pictures or texts into embeddings: embedding, blocks, pooling, projection.
///
/// A family is a function that makes one of these from a configuration; the graphs below are the same for all.
///
///     tokens → blocks → tokenNorm → pooling → pooledNorm → projection → embedding
struct Encoder: Sendable {
    enum Embedding: Sendable, Hashable {
        case patches(PatchEmbedding)
        case words(WordEmbedding)
    }

    let weights: SafeTensors
    let embedding: Embedding
    let blocks: [TransformerBlock]
    /// On every token, before pooling.
    var tokenNorm: Norm?
    let pooling: Pooling
    /// On the pooled token.
    var pooledNorm: Norm?
    var projection: Linear?
    /// Whether linear layers are described with 8-bit weights.
    var quantizing = false

    /// Of the tokens.
    var width: Int {
        switch embedding {
        case .patches(let patches): patches.width
        case .words(let words): words.width
        }
    }

    /// Numbers of an embedding.
    var embeddingWidth: Int { projection?.output ?? width }

    /// `pixels` (see ``PatchEmbedding/Input``), or `ids` and `mask` [batch, tokens] → `embedding`
    /// [batch, embeddingWidth], not normalised; for pictures also `attention` [batch, tokens].
    ///
    /// `attention` is how much the pooling looks at each token in the last layer, mean over heads: the class token's
    /// row, the pooler's own, or the mean over the tokens that are averaged. It sums to 1.
    ///
    /// - Parameter batch: of pictures; nil leaves it free.
    func scoreGraph(batch: Int? = 1) throws(WeightsError) -> Engine.Source {
        let graph = GraphBuilder(weights: weights, quantizing: quantizing)
        let input = input(graph, batch: batch)
        var x = input.tokens
        for block in blocks.dropLast() { x = block.forward(graph, x, mask: input.mask).output }
        let row = pooling.row(graph, ids: input.ids)
        if let last = blocks.last {
            // Where one token is taken from the last block, only its row is computed there.
            let seen = input.isPicture && !isPooledByAttention
            let trace = last.forward(
                graph, x, queries: row ?? .all, mask: input.mask, keepingProbabilities: seen)
            x = trace.output
            if let attention = trace.attention.probabilities {
                let rows = row == nil ? pooledRows : .all
                let mean = graph.mean(rows.takenOfQueries(graph, attention), axes: [1, 2], keep: false)
                graph.result("attention", mean)
            }
        }
        let pooled = pool(graph, x, input, rowTaken: row != nil)
        if input.isPicture, let attention = pooled.pooler?.attention.probabilities {
            graph.result("attention", graph.mean(attention, axes: [1, 2], keep: false))
        }
        graph.result("embedding", graph.squeeze(embedded(graph, pooled.token), axes: [1]))
        return try graph.source()
    }

    // MARK: Parts

    /// What goes in, embedded.
    struct Input {
        /// [batch, tokens, width]
        let tokens: Wire
        /// Of texts.
        let mask: AttentionMask?
        let ids: Wire?

        var isPicture: Bool { ids == nil }
    }

    func input(_ graph: GraphBuilder, batch: Int?) -> Input {
        switch embedding {
        case .patches(let patches):
            return Input(tokens: patches.tokens(graph, batch: batch), mask: nil, ids: nil)
        case .words(let words):
            let texts = words.tokens(graph)
            return Input(tokens: texts.tokens, mask: texts.mask, ids: texts.ids)
        }
    }

    /// The pooled token [batch, 1, width] before ``pooledNorm``.
    struct Pooled {
        let token: Wire
        let pooler: AttentionPooler.Trace?
    }

    /// - Parameter rowTaken: whether `x` holds only the token that pooling takes.
    func pool(_ graph: GraphBuilder, _ x: Wire, _ input: Input, rowTaken: Bool = false) -> Pooled {
        let normalized = graph.apply(tokenNorm, x)
        if rowTaken { return Pooled(token: normalized, pooler: nil) }
        switch pooling {
        case .first, .last, .endOfText:
            let row = pooling.row(graph, ids: input.ids)
            return Pooled(token: row?.taken(graph, normalized) ?? normalized, pooler: nil)
        case .mean:
            return Pooled(token: mean(graph, pooledRows.taken(graph, normalized), input.mask), pooler: nil)
        case .attention(let pooler):
            let trace = pooler.forward(graph, normalized)
            return Pooled(token: trace.output, pooler: trace)
        }
    }

    /// The mean over real tokens, [batch, 1, …].
    func mean(_ graph: GraphBuilder, _ x: Wire, _ mask: AttentionMask?) -> Wire {
        guard let mask else { return graph.mean(x, axes: [1]) }
        return graph.over(graph.sum(graph.times(x, mask.column(graph)), axes: [1]), mask.count(graph))
    }

    /// [batch, 1, width] → [batch, 1, embeddingWidth].
    func embedded(_ graph: GraphBuilder, _ pooled: Wire) -> Wire {
        let normalized = graph.apply(pooledNorm, pooled)
        return projection.map { graph.apply($0, normalized) } ?? normalized
    }

    /// The tokens that mean pooling averages.
    var pooledRows: TokenRows {
        if case .mean(let skipped) = pooling, skipped > 0 { return .after(skipped) }
        return .all
    }

    var isPooledByAttention: Bool {
        if case .attention = pooling { return true }
        return false
    }
}
