/// The explain graphs, forward only, one interface for all families.
extension Encoder {
    /// Input as of ``scoreGraph(batch:)`` and, for a method that is about directions, `directions`
    /// [directions, embeddingWidth] → `embedding` [batch, embeddingWidth] and `relevance` [batch, directions, tokens]
    /// (one direction for a method without), tokens before the patches and padding included, which is zero.
    ///
    /// Texts also get `received` [batch, tokens]: how much attention a token gets in the last layer, mean over heads
    /// and over all real query tokens; it sums to 1. The token decomposition also gets `rest` [batch, directions]: what
    /// of the score comes to no token, so that relevance and rest add up to it.
    ///
    /// - Parameter choice: whether all inputs are explained for all directions, or each for its own.
    /// - Throws: ``ExplanationError`` where the method does not apply to this model, else ``WeightsError``.
    func explainGraph(
        _ method: RelevanceMethod, batch: Int? = 1, choosing choice: DirectionChoice = .all
    ) throws -> Engine.Source {
        let layers = try checkedLayers(of: method)
        let graph = GraphBuilder(weights: weights, quantizing: quantizing)
        var scene = Scene(graph: graph, encoder: self, input: input(graph, batch: batch), method: method)
        let traces = scene.forward(keepingProbabilitiesOf: method.kind.needsProbabilities ? layers : [])
        graph.result("embedding", graph.squeeze(traces.embedding, axes: [1]))
        if method.kind.isDirected { scene.chooseDirections(choice, for: traces.embedding) }
        if let received = traces.received { graph.result("received", received) }
        switch method.kind {
        case .legrad: graph.result("relevance", scene.legrad(traces, layers))
        case .pooled: graph.result("relevance", scene.legradPooled(traces, layers))
        case .decomposition:
            let parts = scene.decomposition(traces, layers)
            graph.result("relevance", parts.relevance)
            graph.result("rest", parts.rest)
        case .attention: graph.result("relevance", scene.attention(traces, layers))
        case .rollout: graph.result("relevance", scene.rollout(traces, layers))
        }
        return try graph.source()
    }

    /// The layers that a method looks at, from 0.
    func checkedLayers(of method: RelevanceMethod) throws(ExplanationError) -> [Int] {
        if case .only(let layers) = method.layers,
            let missing = layers.first(where: { !blocks.indices.contains($0) })
        {
            throw .noSuchPart("layer \(missing); it has \(blocks.count), counted from 0")
        }
        let layers = method.layers.indices(depth: blocks.count)
        guard !layers.isEmpty else { throw .noSuchPart("layer among none") }
        let heads = layers.map { blocks[$0].attention.heads }.min() ?? 0
        if let missing = method.heads?.first(where: { !(0..<heads).contains($0) }) {
            throw .noSuchPart("head \(missing); it has \(heads), counted from 0")
        }
        guard method.heads?.isEmpty != true else { throw .noSuchPart("head among none") }
        guard method.kind == .decomposition else { return layers }
        if isPooledByAttention {
            throw .notApplicable(
                method: method.kind.rawValue,
                reason: "its attention pooler ends in a nonlinear layer, so the score is no sum over tokens")
        }
        if blocks.contains(where: { $0.arrangement == .postNorm }) {
            throw .notApplicable(
                method: method.kind.rawValue,
                reason: "its norms stand behind the residual sums, so a block's part is changed by every block after it"
            )
        }
        if blocks.contains(where: { $0.arrangement == .chained }) {
            throw .notApplicable(
                method: method.kind.rawValue,
                reason: "its attention goes through a nonlinear layer before it adds to anything")
        }
        return layers
    }
}

/// Which directions the inputs of a batch are explained for.
enum DirectionChoice: Sendable {
    /// All inputs for all rows of `directions`.
    case all
    /// Each input for its own, since one more direction costs about as much as half the network's forward pass through
    /// each explained layer. Further inputs:
    ///
    /// * `choice` [batch, directions of each, directions]: rows with a single 1, or all zeros.
    /// * `lead` [1]: 1 adds the leading direction to the rows of `choice`, 0 does not.
    /// * `scale`, `offset`, `cut` [directions]: a score's logit is scale·(direction·ê) + offset. The leading direction is
    ///   the one of the highest score among those with a logit of at least `cut`, among all where none has one.
    ///
    /// Further output: `leading` [batch, 1, directions], 1 at the leading direction. Two at once where scores tie.
    case each
}

extension RelevanceMethod.Kind {
    fileprivate var needsProbabilities: Bool { self == .decomposition || self == .attention || self == .rollout }
}

/// One explain graph while it is described.
private struct Scene {
    let graph: GraphBuilder
    let encoder: Encoder
    let input: Encoder.Input
    let method: RelevanceMethod
    /// [batch or 1, directions, embeddingWidth]
    var directions: Wire?

    struct Traces {
        /// What each block was given, [batch, tokens, width].
        let inputs: [Wire]
        let blocks: [TransformerBlock.Trace]
        let pooled: Encoder.Pooled
        /// [batch, 1, embeddingWidth]
        let embedding: Wire
        /// [batch, tokens]
        let received: Wire?
    }

    func forward(keepingProbabilitiesOf layers: [Int]) -> Traces {
        var x = input.tokens
        var inputs: [Wire] = []
        var traces: [TransformerBlock.Trace] = []
        for (index, block) in encoder.blocks.enumerated() {
            inputs.append(x)
            let last = index == encoder.blocks.count - 1
            traces.append(
                block.forward(
                    graph, x, mask: input.mask,
                    keepingProbabilities: layers.contains(index) || last && !input.isPicture))
            x = traces[index].output
        }
        let pooled = encoder.pool(graph, x, input)
        let received = input.mask.flatMap { mask in
            traces.last?.attention.probabilities.map { receivedAttention($0, mask) }
        }
        return Traces(
            inputs: inputs, blocks: traces, pooled: pooled, embedding: encoder.embedded(graph, pooled.token),
            received: received)
    }

    /// [batch, tokens]: the mean of attention over heads and over the queries that are no padding.
    private func receivedAttention(_ attention: Wire, _ mask: AttentionMask) -> Wire {
        let real = graph.times(attention, graph.unsqueeze(mask.column(graph), axes: [1]))
        let summed = graph.sum(graph.mean(real, axes: [1]), axes: [2])
        let mean = graph.over(summed, graph.unsqueeze(mask.count(graph), axes: [1]))
        return graph.squeeze(mean, axes: [1, 2])
    }

    // MARK: Directions

    /// - Parameter embedding: [batch, 1, embeddingWidth].
    mutating func chooseDirections(_ choice: DirectionChoice, for embedding: Wire) {
        let rows = graph.parameter("directions", .f32, shape: [nil, encoder.embeddingWidth])
        guard case .each = choice else {
            directions = graph.unsqueeze(rows, axes: [0])
            return
        }
        let given = graph.parameter("choice", .f32, shape: [nil, nil, nil])
        let lead = graph.parameter("lead", .f32, shape: [1])
        let (scale, offset) = (
            graph.parameter("scale", .f32, shape: [nil]), graph.parameter("offset", .f32, shape: [nil])
        )
        let cut = graph.parameter("cut", .f32, shape: [nil])
        let unit = graph.over(embedding, graph.length(embedding))
        let logits = graph.plus(graph.times(graph.product(unit, rows, transposingSecond: true), scale), offset)
        // A factor and no term: it leaves close scores apart whatever precision the engine computes with.
        let preference = graph.plus(graph.times(graph.atMost(cut, logits), 1e6), 1)
        let rank = graph.times(graph.logistic(logits), preference)
        let leading = graph.equal(rank, graph.maximum(rank, axes: [-1]))
        graph.result("leading", leading)
        directions = graph.product(graph.plus(given, graph.times(leading, lead)), rows)
    }

    // MARK: The score's gradient

    /// The gradient of direction·embedding at the pooled token, [batch, directions, 1, width].
    ///
    /// - Parameter pooled: [batch, 1, width].
    private func gradientAtPooled(_ pooled: Wire) -> Wire {
        let atNorm = projectedBack(gradientAtEmbedding(encoder.embedded(graph, pooled)))
        let atPooled =
            encoder.pooledNorm.map { graph.applyTransposed($0, graph.state(of: $0, at: pooled), atNorm) } ?? atNorm
        return graph.unsqueeze(atPooled, axes: [2])
    }

    /// g_e, [batch, directions, embeddingWidth]. Where scores are projections of the *normalised* embedding only the
    /// part of a direction across it can change them: (t − (t·ê)ê)/‖e‖. Else t itself.
    private func gradientAtEmbedding(_ embedding: Wire) -> Wire {
        guard let rows = directions else { return graph.scalar(0) }
        guard method.normalized else { return graph.plus(rows, graph.times(embedding, 0)) }
        let length = graph.length(embedding)
        let unit = graph.over(embedding, length)
        let cosines = graph.product(rows, unit, transposingSecond: true)  // [batch, directions, 1]
        return graph.over(graph.minus(rows, graph.times(cosines, unit)), length)
    }

    private func projectedBack(_ gradient: Wire) -> Wire {
        encoder.projection.map { graph.applyTransposed($0, gradient) } ?? gradient
    }

    /// The gradient at tokens out of the one behind ``Encoder/tokenNorm``.
    ///
    /// - Parameter x: the norm's input, [batch, 1, queries, width].
    private func throughTokenNorm(_ gradient: Wire, at x: Wire) -> Wire {
        encoder.tokenNorm.map { graph.applyTransposed($0, graph.state(of: $0, at: x), gradient) } ?? gradient
    }

    // MARK: LeGrad

    func legrad(_ traces: Traces, _ layers: [Int]) -> Wire {
        if case .attention(let pooler) = encoder.pooling {
            return summed(layers) { poolerRelevance(pooler, over: traces.blocks[$0].output) }
        }
        return summed(layers) { layer in
            // The norm of the tokens is taken of their mean, as the published code does.
            let mean = encoder.mean(graph, traces.blocks[layer].output, input.mask)
            let normalized = graph.apply(encoder.tokenNorm, mean)
            let atMean = throughTokenNorm(gradientAtPooled(normalized), at: graph.unsqueeze(mean, axes: [1]))
            return blockRelevance(layer, traces, shared(atMean, over: .all), queries: .all)
        }
    }

    func legradPooled(_ traces: Traces, _ layers: [Int]) -> Wire {
        summed(layers) { layer in
            let output = traces.blocks[layer].output
            let pooled = encoder.pool(graph, output, input)
            let atPooled = gradientAtPooled(pooled.token)
            if case .attention(let pooler) = encoder.pooling, let trace = pooled.pooler {
                let atTokens = throughTokenNorm(
                    pooler.gradientAtTokens(graph, trace, atPooled), at: graph.unsqueeze(output, axes: [1]))
                return blockRelevance(layer, traces, atTokens, queries: .all)
            }
            // The gradient is zero at every token that is not pooled, so no other row is computed.
            let single = encoder.pooling.row(graph, ids: input.ids)
            let rows = single ?? encoder.pooledRows
            let atNorm = single == nil ? shared(atPooled, over: rows) : atPooled
            let atTokens = throughTokenNorm(atNorm, at: graph.unsqueeze(rows.taken(graph, output), axes: [1]))
            return blockRelevance(layer, traces, atTokens, queries: rows)
        }
    }

    /// A mean's gradient at what it is the mean of: 1/N of it, and nothing at padding.
    private func shared(_ gradient: Wire, over rows: TokenRows) -> Wire {
        guard let mask = input.mask else {
            return graph.times(gradient, 1 / Double(rows.count(of: tokenCount)))
        }
        return graph.times(
            graph.over(gradient, graph.unsqueeze(mask.count(graph), axes: [1])),
            graph.unsqueeze(mask.column(graph), axes: [1]))
    }

    /// One layer's part of the map, [batch, directions, tokens]: the mean over heads and over all real query tokens of
    /// ReLU(∂score/∂attention).
    ///
    /// - Parameters:
    ///   - gradient: at the layer's output, [batch, directions, queries or 1, width].
    ///   - queries: the rows at which it is not zero.
    private func blockRelevance(_ layer: Int, _ traces: Traces, _ gradient: Wire, queries: TokenRows) -> Wire {
        let (block, trace) = (encoder.blocks[layer], traces.blocks[layer])
        let shaped = { (x: Wire) in graph.unsqueeze(queries.taken(graph, x), axes: [1]) }
        let atAttention = block.gradientAtAttention(graph, trace, gradient, shaped: shaped)
        var positive = graph.rectified(
            block.attention.gradientAtProbabilities(
                graph, trace.attention, atAttention, heads: method.heads, shaped: shaped))
        guard let mask = input.mask else {
            // A parallel block's gradient is one row for all queries, which stands for every one of them.
            let share = Double(queries.count(of: tokenCount)) / Double(tokenCount)
            return graph.times(graph.mean(positive, axes: [2, 3], keep: false), share)
        }
        if mask.allowed != nil {
            // A token that a query cannot see has no attention that could change.
            positive = graph.times(positive, graph.unsqueeze(mask.visible(graph, queries: queries), axes: [1, 2]))
        }
        let summed = graph.sum(graph.mean(positive, axes: [2], keep: false), axes: [2], keep: false)
        return graph.times(graph.over(summed, mask.count(graph)), mask.row(graph))
    }

    /// One layer's part where the pooler's own attention is looked at: the mean over heads of ReLU(∂score/∂attention),
    /// the layer's output going to the pooler as it is (the published code leaves the final norm out).
    private func poolerRelevance(_ pooler: AttentionPooler, over x: Wire) -> Wire {
        let trace = pooler.forward(graph, x)
        let atAttention = pooler.gradientAtAttention(graph, trace, gradientAtPooled(trace.output))
        let positive = graph.rectified(
            pooler.attention.gradientAtProbabilities(graph, trace.attention, atAttention, heads: method.heads) {
                graph.unsqueeze($0, axes: [1])
            })
        return graph.mean(positive, axes: [2, 3], keep: false)
    }

    // MARK: Signed token decomposition

    /// score = Σ over tokens of relevance + rest. The residual stream is a sum, and with its σ held fixed the final
    /// norm is affine, so the pooled token's score is Σ over layers of what attention and feed-forward put in, and
    /// attention's part is Σ over tokens m of Σ over heads of A[n,m]·⟨W_{O,h}ᵀ w, V_{h,m}⟩, with
    /// w = σ⁻¹(γ⊙Pᵀt − mean)/‖e‖. Without taking the mean off the parts do not add up.
    ///
    /// Source: Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"; Gandelsman et al. 2024,
    /// "Interpreting CLIP's Image Representation via Text-Based Decomposition", eq. 5-9.
    func decomposition(_ traces: Traces, _ layers: [Int]) -> (relevance: Wire, rest: Wire) {
        let (functional, constant) = linearised(traces)
        let rows = encoder.pooling.row(graph, ids: input.ids) ?? encoder.pooledRows
        let shaped = { (x: Wire) in graph.unsqueeze(rows.taken(graph, x), axes: [1]) }
        var stream = traces.blocks.last?.output ?? input.tokens
        var maps: [Wire] = []
        for layer in layers {
            let (block, trace) = (encoder.blocks[layer], traces.blocks[layer])
            let atAttention = block.functionalAtAttention(graph, trace, functional, shaped: shaped)
            let parts = block.attention.contributions(
                graph, trace.attention, atAttention, heads: method.heads, shaped: shaped)
            let attention = trace.attention.probabilities ?? graph.scalar(0)
            let looked = graph.unsqueeze(rows.takenOfQueries(graph, chosenHeads(attention)), axes: [1])
            let map = graph.sum(graph.times(parts, looked), axes: [2, 3], keep: false)
            maps.append(map)
            // What the chosen heads put in stands in the map; the rest of the stream stays in the rest.
            stream = graph.minus(stream, block.attentionPart(graph, trace, heads: method.heads))
        }
        let relevance = maps.dropFirst().reduce(maps[0]) { graph.plus($0, $1) }
        let rest = graph.sum(graph.times(functional, shaped(stream)), axes: [2, 3], keep: false)
        return (relevance, graph.plus(rest, constant))
    }

    /// The score as an affine function of the pooled rows of the last block: w [batch, directions, rows or 1, width]
    /// and what is added, [batch, directions].
    private func linearised(_ traces: Traces) -> (functional: Wire, constant: Wire) {
        guard let rows = directions else { return (graph.scalar(0), graph.scalar(0)) }
        let atEmbedding =
            method.normalized
            ? graph.over(rows, graph.length(traces.embedding)) : graph.plus(rows, graph.times(traces.embedding, 0))
        var constants: [Wire] = []
        func add(_ shift: WeightSlice?, under functional: Wire) {
            guard let shift else { return }
            constants.append(graph.sum(graph.times(functional, graph.weight(shift)), axes: [-1], keep: false))
        }
        add(encoder.projection?.bias, under: atEmbedding)
        let atNorm = projectedBack(atEmbedding)
        add(encoder.pooledNorm?.shift, under: atNorm)
        let pooled = traces.pooled.token
        let atPooled =
            encoder.pooledNorm.map {
                graph.applyTransposedWithFixedDeviation($0, graph.state(of: $0, at: pooled), atNorm)
            } ?? atNorm
        // A norm before a mean adds its shift to every token, and so to the mean.
        add(encoder.tokenNorm?.shift, under: atPooled)
        let single = encoder.pooling.row(graph, ids: input.ids)
        let pooledRows = single ?? encoder.pooledRows
        let standing = graph.unsqueeze(atPooled, axes: [2])
        var functional = single == nil ? shared(standing, over: pooledRows) : standing
        if let norm = encoder.tokenNorm, let output = traces.blocks.last?.output {
            let state = graph.state(of: norm, at: graph.unsqueeze(pooledRows.taken(graph, output), axes: [1]))
            functional = graph.applyTransposedWithFixedDeviation(norm, state, functional)
        }
        let constant = constants.dropFirst().reduce(constants.first) { sum, next in sum.map { graph.plus($0, next) } }
        return (functional, constant ?? graph.scalar(0))
    }

    // MARK: Attention

    /// [batch, 1, tokens]
    func attention(_ traces: Traces, _ layers: [Int]) -> Wire {
        if let pooler = traces.pooled.pooler?.attention.probabilities {
            return graph.mean(chosenHeads(pooler), axes: [1], keep: false)
        }
        let maps = layers.map { layer in pooledRow(of: averaged(traces, layer)) }
        return graph.times(maps.dropFirst().reduce(maps[0]) { graph.plus($0, $1) }, 1 / Double(layers.count))
    }

    /// r ← ½(r + r·A) from the last layer back, r starting as what pooling takes: the pooled rows of the product of
    /// ½(A + I) over the layers, mean over heads. Its row sums are 1.
    ///
    /// - Returns: [batch, 1, tokens].
    func rollout(_ traces: Traces, _ layers: [Int]) -> Wire {
        var row: Wire
        var rest = layers[...]
        if let pooler = traces.pooled.pooler?.attention.probabilities {
            row = graph.mean(pooler, axes: [1], keep: false)
        } else if let last = rest.popLast() {
            row = graph.times(
                graph.plus(
                    pooledRow(of: averaged(traces, last)), pooledRow(of: identity(like: averaged(traces, last)))),
                0.5)
        } else {
            return graph.scalar(0)
        }
        for layer in rest.reversed() {
            row = graph.times(graph.plus(row, graph.product(row, averaged(traces, layer))), 0.5)
        }
        return row
    }

    /// The mean over (chosen) heads, [batch, tokens, tokens].
    private func averaged(_ traces: Traces, _ layer: Int) -> Wire {
        let attention = traces.blocks[layer].attention.probabilities ?? graph.scalar(0)
        return graph.mean(chosenHeads(attention), axes: [1], keep: false)
    }

    private func chosenHeads(_ attention: Wire) -> Wire {
        method.heads.map { graph.gather(attention, graph.constant($0), axis: 1) } ?? attention
    }

    /// The row of the pooled token, or the mean of the rows of those that are averaged, [batch, 1, tokens].
    private func pooledRow(of matrix: Wire) -> Wire {
        if let single = encoder.pooling.row(graph, ids: input.ids) { return single.taken(graph, matrix) }
        return encoder.mean(graph, encoder.pooledRows.taken(graph, matrix), input.mask)
    }

    /// [1, tokens, tokens]
    private func identity(like matrix: Wire) -> Wire {
        let positions = graph.positions(along: 2, of: matrix)
        return graph.unsqueeze(
            graph.equal(graph.unsqueeze(positions, axes: [0]), graph.unsqueeze(positions, axes: [1])), axes: [0])
    }

    // MARK: Shapes

    /// Tokens of a picture; texts are counted in the graph.
    private var tokenCount: Int {
        if case .patches(let patches) = encoder.embedding { return patches.tokens }
        return 1
    }

    private func summed(_ layers: [Int], _ map: (Int) -> Wire) -> Wire {
        let maps = layers.map(map)
        return maps.dropFirst().reduce(maps[0]) { graph.plus($0, $1) }
    }
}

extension GraphBuilder {
    /// ‖x‖ over the last axis, kept as one of length 1.
    fileprivate func length(_ x: Wire) -> Wire { squareRoot(sum(times(x, x), axes: [-1])) }
}

extension TokenRows {
    /// How many rows of `tokens` are taken.
    fileprivate func count(of tokens: Int) -> Int {
        switch self {
        case .all: tokens
        case .first(let count): count
        case .last, .marked: 1
        case .after(let count): tokens - count
        }
    }
}
