/// The last layer of a language model: one row of numbers for each word, in one matrix or in several that continue each
/// other (IDEFICS keeps the words it added apart).
struct VocabularyHead: Sendable, Hashable {
    let parts: [Linear]

    /// What an explanation needs again.
    struct Trace {
        /// log p of every word, [batch, tokens, words]
        let logProbabilities: Wire
    }

    /// - Parameter x: [batch, tokens, width].
    func forward(_ graph: GraphBuilder, _ x: Wire) -> Trace {
        let logits = parts.map { graph.apply($0, x) }
        return Trace(
            logProbabilities: graph.logSoftmax(logits.count == 1 ? logits[0] : graph.concatenate(logits, axis: 2)))
    }

    /// The gradient of log p(word) at what the head was given: W_word − Σ p(w)·W_w.
    ///
    /// - Parameters:
    ///   - trace: of [batch, tokens or 1, width].
    ///   - words: ids, [batch, n]: one for each token, or several for the only one.
    /// - Returns: [batch, n, width].
    func gradientOfLogProbability(_ graph: GraphBuilder, _ trace: Trace, of words: Wire) -> Wire {
        let probabilities = graph.exponential(trace.logProbabilities)
        var start = 0
        var expected: Wire?
        for part in parts {
            let own = graph.slice(probabilities, axis: 2, from: start, to: start + part.output)
            let share = graph.applyTransposed(part, own)
            expected = expected.map { graph.plus($0, share) } ?? share
            start += part.output
        }
        let rows = graph.rows(words, of: parts.map(\.weight), standing: parts.contains { !$0.outputFirst })
        return expected.map { graph.minus(rows, $0) } ?? rows
    }
}

extension GraphBuilder {
    /// The numbers of some words, out of tables that continue each other.
    ///
    /// - Parameters:
    ///   - ids: [batch, n].
    ///   - standing: whether the tables are [width, words] instead of [words, width].
    /// - Returns: [batch, n, width].
    func rows(_ ids: Wire, of tables: [WeightSlice], standing: Bool = false) -> Wire {
        func looked(up index: Wire, in table: WeightSlice) -> Wire {
            standing
                ? transpose(gather(weight(table), index, axis: 1), [1, 2, 0]) : gather(weight(table), index, axis: 0)
        }
        guard tables.count > 1 else { return tables.first.map { looked(up: ids, in: $0) } ?? ids }
        var start = 0
        var sum: Wire?
        for table in tables {
            let count = table.shape[standing ? 1 : 0]
            let place = plus(toFloat(ids), Double(-start))
            let isHere = times(greater(place, scalar(-0.5)), greater(scalar(Double(count) - 0.5), place))
            let part = times(looked(up: toInteger(times(place, isHere)), in: table), unsqueeze(isHere, axes: [2]))
            sum = sum.map { plus($0, part) } ?? part
            start += count
        }
        return sum ?? ids
    }
}
