/// Some rows of [batch, tokens, width].
enum TokenRows: Hashable {
    case all
    /// The first so many.
    case first(Int)
    case last
    /// All but the first so many.
    case after(Int)
    /// Those that a matrix [batch, rows, tokens] with one 1 a row points at.
    case marked(Wire)

    func taken(_ graph: GraphBuilder, _ x: Wire) -> Wire {
        switch self {
        case .all: x
        case .first(let count): graph.slice(x, axis: 1, from: 0, to: count)
        case .last: graph.last(x, axis: 1)
        case .after(let count): graph.slice(x, axis: 1, from: count, to: GraphBuilder.end)
        case .marked(let marks): graph.product(marks, x)
        }
    }

    /// Of attention probabilities [batch, heads, queries, tokens].
    func takenOfQueries(_ graph: GraphBuilder, _ attention: Wire) -> Wire {
        switch self {
        case .all: attention
        case .first(let count): graph.slice(attention, axis: 2, from: 0, to: count)
        case .last: graph.last(attention, axis: 2)
        case .after(let count): graph.slice(attention, axis: 2, from: count, to: GraphBuilder.end)
        case .marked(let marks): graph.product(graph.unsqueeze(marks, axes: [1]), attention)
        }
    }
}

/// Which tokens of a batch of texts are real, and which of them may look at which.
struct AttentionMask {
    /// [batch, tokens]: 1 where there is a token and 0 where there is padding.
    let present: Wire
    /// [1, tokens, tokens]: 1 where the row's token may look at the column's; nil where every token may look at all.
    let allowed: Wire?

    /// - Parameters:
    ///   - present: [batch, tokens], floats.
    ///   - causal: whether a token sees only those before it and itself.
    init(_ graph: GraphBuilder, present: Wire, causal: Bool) {
        self.present = present
        guard causal else {
            allowed = nil
            return
        }
        let positions = graph.positions(along: 1, of: present)
        let pairs = graph.atMost(
            graph.unsqueeze(positions, axes: [0]), graph.unsqueeze(positions, axes: [1]))
        allowed = graph.unsqueeze(pairs, axes: [0])
    }

    /// [batch, tokens, 1]
    func column(_ graph: GraphBuilder) -> Wire { graph.unsqueeze(present, axes: [2]) }
    /// [batch, 1, tokens]
    func row(_ graph: GraphBuilder) -> Wire { graph.unsqueeze(present, axes: [1]) }
    /// Real tokens, [batch, 1, 1].
    func count(_ graph: GraphBuilder) -> Wire { graph.sum(column(graph), axes: [1]) }

    /// 1 where a query may look at a token, 0 elsewhere; broadcasts against [batch, queries, tokens].
    func visible(_ graph: GraphBuilder, queries: TokenRows) -> Wire {
        let real = row(graph)
        return allowed.map { graph.times(queries.taken(graph, $0), real) } ?? real
    }

    /// 0 where a query may look at a token and a large negative number elsewhere, to be added to attention scores;
    /// broadcasts against [batch, heads, queries, tokens].
    func penalty(_ graph: GraphBuilder, queries: TokenRows) -> Wire {
        graph.unsqueeze(graph.times(graph.plus(visible(graph, queries: queries), -1), 1e9), axes: [1])
    }
}
