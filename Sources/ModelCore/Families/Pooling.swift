/// How the tokens of the last block become one.
enum Pooling: Sendable, Hashable {
    /// The class token.
    case first
    case last
    /// CLIP's text: the first token with this id, or with the highest one where nil.
    case endOfText(id: Int?)
    /// Over the tokens that are not padding, after the first so many.
    case mean(skipping: Int)
    case attention(AttentionPooler)

    /// The one token that is taken; nil where several are mixed.
    func row(_ graph: GraphBuilder, ids: Wire?) -> TokenRows? {
        switch self {
        case .first: return .first(1)
        case .last: return .last
        case .endOfText(let id):
            guard let ids else { return nil }
            let wanted = id.map { graph.constant([$0], shape: []) } ?? graph.maximum(ids, axes: [1])
            let found = graph.equal(ids, wanted)
            let firstOnly = graph.times(found, graph.equal(graph.cumulativeSum(found, axis: 1), graph.scalar(1)))
            return .marked(graph.unsqueeze(firstOnly, axes: [1]))
        case .mean, .attention: return nil
        }
    }
}
