/// How well scores put violating rows first.
public enum Ranking {
    /// Average precision: Σ over thresholds of (recall gained)·(precision there), rows of one score taken together, as
    /// scikit-learn's `average_precision_score`. No interpolation, which flatters (Davis and Goadrich 2006).
    ///
    /// - Returns: nil where no row with weight violates.
    public static func averagePrecision(scores: [Double], labels: [Bool], weights: [Double]? = nil) -> Double? {
        let steps = cumulated(scores, labels, weights)
        guard let last = steps.last, last.violating > 0 else { return nil }
        var (sum, before) = (0.0, 0.0)
        for step in steps {
            let flagged = step.violating + step.sound
            if flagged > 0 { sum += (step.violating - before) * step.violating / flagged }
            before = step.violating
        }
        return sum / last.violating
    }

    /// Area under the ROC curve: the probability that a violating row outranks a sound one, ties counted half (Mann and
    /// Whitney 1947).
    ///
    /// - Returns: nil where one class has no weight.
    public static func auroc(scores: [Double], labels: [Bool], weights: [Double]? = nil) -> Double? {
        let steps = cumulated(scores, labels, weights)
        guard let last = steps.last, last.violating > 0, last.sound > 0 else { return nil }
        var (area, before) = (0.0, (violating: 0.0, sound: 0.0))
        for step in steps {
            area += (step.sound - before.sound) * (step.violating + before.violating) / 2
            before = step
        }
        return area / (last.violating * last.sound)
    }

    /// Weight of both classes at or above each distinct score, the highest first.
    private static func cumulated(
        _ scores: [Double], _ labels: [Bool], _ weights: [Double]?
    ) -> [(violating: Double, sound: Double)] {
        var steps: [(violating: Double, sound: Double)] = []
        var sum = (violating: 0.0, sound: 0.0)
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        for (place, row) in order.enumerated() {
            let weight = weights?[row] ?? 1
            if labels[row] { sum.violating += weight } else { sum.sound += weight }
            if place + 1 == order.count || scores[order[place + 1]] != scores[row] { steps.append(sum) }
        }
        return steps
    }
}
