/// The whole derivative of an attention, softmax included, turned round: how explanations of one layer pass through the
/// attention of later ones.
///
/// With A the probabilities and ḡ = W_{O,h}ᵀ g: ∂V = Aᵀḡ, ∂A = ḡVᵀ, ∂S = A⊙(∂A − Σ A⊙∂A)/√d, ∂Q = ∂S·K and ∂K = ∂Sᵀ·Q,
/// each of which goes back through its linear layer.
struct AttentionGradient {
    let attention: Attention
    let trace: Attention.Trace
    var rotation: SequenceRotation?
    /// ḡ, [batch, directions, heads, queries, width/heads]
    private let atMixture: Wire
    /// A and ∂S, [batch, directions or 1, heads, queries, tokens]
    private let shares: Wire
    private let atScores: Wire

    /// Norms of queries and keys, inner norms and positions on a grid are not passed back through: no family whose later
    /// layers are crossed has them.
    ///
    /// - Parameters:
    ///   - trace: with its probabilities kept.
    ///   - gradient: at the attention's output, [batch, directions, queries, width].
    ///   - rotation: the one that the forward pass turned queries and keys by.
    init(
        _ graph: GraphBuilder, of attention: Attention, _ trace: Attention.Trace, at gradient: Wire,
        rotation: SequenceRotation? = nil
    ) {
        assert(
            attention.queryNorm == nil && attention.keyNorm == nil && attention.rotary == nil
                && attention.innerNorm == nil)
        self.attention = attention
        self.trace = trace
        self.rotation = rotation
        let (heads, size) = (attention.heads, attention.headWidth)
        let rows = graph.reshape(graph.applyTransposed(attention.output, gradient), [0, 0, -1, heads, size])
        atMixture = graph.transpose(rows, [0, 1, 3, 2, 4])
        shares = graph.perDirection(trace.probabilities ?? graph.scalar(0))
        let atShares = graph.product(atMixture, graph.perDirection(trace.values), transposingSecond: true)
        let mean = graph.sum(graph.times(shares, atShares), axes: [-1])
        atScores = graph.times(graph.times(shares, graph.minus(atShares, mean)), 1 / Double(size).squareRoot())
    }

    /// At what queries are made of, [batch, directions, queries, …].
    func atAsking(_ graph: GraphBuilder) -> Wire {
        let atQueries = graph.product(atScores, graph.perDirection(trace.keys))
        return graph.applyTransposed(attention.query, joined(graph, turnedBack(graph, atQueries)))
    }

    /// At what keys and values are made of, [batch, directions, tokens, …].
    func atSource(_ graph: GraphBuilder) -> Wire {
        let standing = [0, 1, 2, 4, 3]
        let atValues = graph.product(graph.transpose(shares, standing), atMixture)
        let atKeys = graph.product(graph.transpose(atScores, standing), graph.perDirection(trace.queries))
        return graph.plus(
            graph.applyTransposed(attention.value, joined(graph, atValues)),
            graph.applyTransposed(attention.key, joined(graph, turnedBack(graph, atKeys))))
    }

    /// Where both are made of the same tokens.
    func atTokens(_ graph: GraphBuilder) -> Wire { graph.plus(atAsking(graph), atSource(graph)) }

    private func turnedBack(_ graph: GraphBuilder, _ gradient: Wire) -> Wire {
        rotation.map { $0.turnedBack(graph, gradient) } ?? gradient
    }

    private func joined(_ graph: GraphBuilder, _ x: Wire) -> Wire {
        graph.reshape(graph.transpose(x, [0, 1, 3, 2, 4]), [0, 0, -1, attention.width])
    }
}

extension GraphBuilder {
    /// [batch, queries, …] → [batch, 1, queries, …]: a wire of a forward pass beside gradients of several directions.
    func perDirection(_ x: Wire) -> Wire { unsqueeze(x, axes: [1]) }
}
