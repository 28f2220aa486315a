/// How token ids become tokens: words, positions and, for BERT's kin, a type that is always the first.
struct WordEmbedding: Sendable, Hashable {
    enum Positions: Sendable, Hashable {
        /// 0, 1, 2 …
        case counted
        /// RoBERTa's: padding has the position `id`, real tokens those after it (transformers'
        /// `create_position_ids_from_input_ids`).
        case afterPadding(id: Int)
    }

    let width: Int
    /// [vocabulary, width]
    let words: WeightSlice
    /// [positions, width]
    let positionTable: WeightSlice
    let positions: Positions
    /// [types, width]
    var types: WeightSlice?
    var norm: Norm?
    /// A learnt token behind the text, [width] (CoCa's class token). What may look at a word then goes by whether the word
    /// *before* it is real, as in the published weights' code (open_clip's `correct_cls_mask`, which is false).
    var suffix: WeightSlice?
    /// Whether a token sees only those before it and itself.
    var causal = false
    var filling = Filling.none

    /// Whether every text is filled up with padding to ``longest``.
    enum Filling: Sendable, Hashable {
        /// No text is longer than it is.
        case none
        /// The model was trained with no mask over the padding (SigLIP): every token counts as present.
        case read
        /// The padding is hidden, but what stands behind it has its place by it (CoCa's class token).
        case hidden
    }

    /// Longest text in tokens.
    var longest: Int {
        switch positions {
        case .counted: positionTable.shape[0] - (suffix == nil ? 0 : 1)
        case .afterPadding(let id): positionTable.shape[0] - id - 1
        }
    }

    /// What goes in and what it becomes.
    struct Texts {
        /// [batch, tokens]
        let ids: Wire
        let mask: AttentionMask
        /// [batch, tokens, width], one more than ids with a suffix.
        let tokens: Wire
    }

    func tokens(_ graph: GraphBuilder) -> Texts {
        let ids = graph.parameter("ids", .i64, shape: [nil, nil])
        var present = graph.toFloat(graph.parameter("mask", .i64, shape: [nil, nil]))
        var looked = graph.gather(graph.weight(words), ids, axis: 0)
        if let suffix {
            let token = graph.repeated(graph.weight(suffix), alongBatchOf: looked, rest: [1, width])
            looked = graph.concatenate([looked, token], axis: 1)
            let always = graph.plus(graph.times(graph.slice(present, axis: 1, from: 0, to: 1), 0), 1)
            present = graph.concatenate([always, present], axis: 1)
        }
        let table = graph.weight(positionTable)
        let places: Wire
        switch positions {
        case .counted: places = graph.prefix(table, axis: 0, asLongAs: looked, likeAxis: 1)
        case .afterPadding(let id):
            let real = graph.differs(ids, graph.constant([id], shape: []))
            let counted = graph.plus(graph.times(graph.cumulativeSum(real, axis: 1), real), Double(id))
            places = graph.gather(table, graph.toInteger(counted), axis: 0)
        }
        var x = graph.plus(looked, places)
        if let types { x = graph.plus(x, graph.slice(graph.weight(types), axis: 0, from: 0, to: 1)) }
        return Texts(
            ids: ids, mask: AttentionMask(graph, present: present, causal: causal), tokens: graph.apply(norm, x))
    }
}
