import ModelCore
import Queue

extension Assessment {
    /// The scores in the queue's words.
    var queueScores: [Score] {
        scores.map { Score($0, model: model, weights: weightsSHA256, precision: precision.rawValue) }
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

extension Score {
    init(_ found: Assessment.PolicyScore, model: String, weights: String, precision: String) {
        self.init(
            model: model, policy: PolicyID(found.policy), value: found.probability, threshold: found.threshold,
            provenance: Provenance(
                weights: weights, head: found.head, precision: precision, isCalibrated: found.isCalibrated))
    }
}

extension ScoredItem {
    /// Without what is said of policies that a queue does not have: shipped heads know the default ones.
    func about(_ taxonomy: Taxonomy) -> ScoredItem {
        var item = self
        item.scores = item.scores.about(taxonomy)
        item.explanations.removeAll { $0.policy.map { taxonomy[$0] == nil } ?? false }
        return item
    }
}

extension [Score] {
    /// Without those of policies that a queue does not have.
    func about(_ taxonomy: Taxonomy) -> [Score] { filter { taxonomy[$0.policy] != nil } }

    /// Of each policy the highest, in the order of their ids: one model's word on all pictures of an item.
    var highest: [Score] {
        var best: [PolicyID: Score] = [:]
        for score in self where score.value > (best[score.policy]?.value ?? -1) { best[score.policy] = score }
        return best.values.sorted { $0.policy < $1.policy }
    }
}
