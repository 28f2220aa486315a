import ModelCore
import Queue

extension Assessment {
    /// The scores in the queue's words.
    var queueScores: [Score] {
        scores.map {
            Score(
                model: model, policy: PolicyID($0.policy), value: $0.probability, threshold: $0.threshold,
                provenance: Score.Provenance(
                    weights: weightsSHA256, head: $0.head, precision: precision.rawValue,
                    isCalibrated: $0.isCalibrated))
        }
    }

    /// The explanations in the queue's words.
    ///
    /// - Parameter media: which of the item's media they lie over.
    func queueExplanations(media: Int = 0) -> [Explanation] {
        explanations.map { found in
            let relevance: Explanation.Relevance =
                switch found.relevance {
                case .grid(let rows, let columns, let values): .grid(rows: rows, columns: columns, values: values)
                case .spans(let spans):
                    .spans(spans.map { Explanation.Span(start: $0.start, end: $0.end, weight: $0.weight) })
                }
            return Explanation(
                model: found.model, policy: found.policy.map { PolicyID($0) }, method: found.method,
                mediaIndex: media, signed: found.signed, relevance: relevance,
                head: found.policy.flatMap { policy in scores.first { $0.policy == policy }?.head })
        }
    }
}
