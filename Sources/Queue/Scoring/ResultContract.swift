/// What scores and explanations must satisfy before they are stored, whoever made them.
struct ResultContract {
    let taxonomy: Taxonomy
    /// Unicode scalars of the item's text; nil where it has none.
    var scalarCount: Int?
    var mediaCount = 0

    /// Values of one grid: 1024 by 1024, far beyond any model's patches.
    static let gridLimit = 1 << 20

    /// Why the scores cannot be stored; nil where they can.
    func fault(scores: [Score]) -> String? {
        var seen: Set<[String]> = []
        for score in scores {
            if let reason = Self.fault(model: score.model) ?? fault(policy: score.policy) { return reason }
            if !(0...1).contains(score.value) { return "a score of \(score.value) does not lie in [0, 1]" }
            if let threshold = score.threshold, !(0...1).contains(threshold) {
                return "a threshold of \(threshold) does not lie in [0, 1]"
            }
            if scores.count > 1, !seen.insert([score.model, score.policy.rawValue]).inserted {
                return "two scores of \(score.model) for the policy \(score.policy)"
            }
        }
        return nil
    }

    /// Why the explanations cannot be stored; nil where they can.
    func fault(explanations: [Explanation]) -> String? {
        for explanation in explanations {
            if let reason = Self.fault(model: explanation.model) ?? explanation.policy.flatMap(fault(policy:)) {
                return reason
            }
            if explanation.method.isEmpty || explanation.method.utf8.count > 100 {
                return "an explanation without the name of its method"
            }
            if let reason = fault(relevance: explanation) { return reason }
        }
        return nil
    }

    private func fault(relevance explanation: Explanation) -> String? {
        switch explanation.relevance {
        case .grid(let rows, let columns, let values):
            if rows < 1 || columns < 1 || rows > Self.gridLimit / columns { return "a grid of \(rows) by \(columns)" }
            if values.count != rows * columns {
                return "a grid of \(rows) by \(columns) with \(values.count) values"
            }
            if !values.allSatisfy(\.isFinite) { return "a grid with a value that is not finite" }
            if !(0..<mediaCount).contains(explanation.mediaIndex) {
                return "a grid over media number \(explanation.mediaIndex) of \(mediaCount)"
            }
        case .spans(let spans):
            guard let scalarCount else { return "spans without a text" }
            for span in spans {
                if span.start < 0 || span.start >= span.end || span.end > scalarCount {
                    return "a span \(span.start)..<\(span.end) outside the text's \(scalarCount) scalars"
                }
                if !span.weight.isFinite { return "a span whose weight is not finite" }
            }
        }
        return nil
    }

    private static func fault(model: String) -> String? {
        model.isEmpty || model.utf8.count > 200
            || model.unicodeScalars.contains { $0.properties.generalCategory == .control }
            ? "a model without a usable name" : nil
    }

    private func fault(policy: PolicyID) -> String? {
        taxonomy[policy] == nil
            ? "unknown policy \"\(Visible.text(policy.rawValue))\" (reviewtui policy list shows the known ones)" : nil
    }
}
