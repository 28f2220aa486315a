import Foundation

extension ScoreEvaluation {
    /// What every row at or over one threshold comes to.
    public struct PrecisionRecallPoint: Sendable, Hashable {
        /// A score that some row has.
        public let threshold: Double
        /// The share of violating rows among those at or over it.
        public let precision: Double
        /// The share of violating rows that are at or over it.
        public let recall: Double

        /// The harmonic mean of both (van Rijsbergen 1979, "Information Retrieval", chapter 7).
        public var f1: Double { precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0 }
    }

    /// Precision against recall for every threshold that divides the rows, from the highest down; recall never falls.
    /// Empty where nothing violates. Rows of one score stand on one side of every threshold.
    public func precisionRecall() -> [PrecisionRecallPoint] {
        let all = rows.reduce(0) { $0 + ($1.isViolation ? $1.weight : 0) }
        guard all > 0 else { return [] }
        var points: [PrecisionRecallPoint] = []
        var (flagged, found) = (0.0, 0.0)
        for (index, row) in rows.enumerated() {
            flagged += row.weight
            if row.isViolation { found += row.weight }
            if index + 1 < rows.count, rows[index + 1].score == row.score { continue }
            points.append(
                PrecisionRecallPoint(threshold: row.score, precision: found / flagged, recall: min(1, found / all)))
        }
        return points
    }

    /// The area under the steps of ``precisionRecall()``, Σ (Rₙ − Rₙ₋₁)·Pₙ; nil where nothing violates. Straight lines
    /// between the points would promise what no threshold gives (Davis and Goadrich 2006, "The relationship between
    /// precision-recall and ROC curves", ICML).
    public var averagePrecision: Double? {
        let points = precisionRecall()
        guard !points.isEmpty else { return nil }
        var (area, last) = (0.0, 0.0)
        for point in points {
            area += (point.recall - last) * point.precision
            last = point.recall
        }
        return area
    }

    /// The mean of −ln of the probability that was given to what came true (Good 1952, "Rational decisions"); nil without
    /// rows. A probability of 0 or 1 counts as one within 2⁻⁵² of it, so that one certain mistake weighs 36 and not
    /// infinity.
    public var logLoss: Double? {
        let weight = rows.reduce(0) { $0 + $1.weight }
        guard weight > 0 else { return nil }
        let least = Double.ulpOfOne
        return rows.reduce(0) { sum, row in
            let score = min(1 - least, max(least, row.score))
            return sum - row.weight * log(row.isViolation ? score : 1 - score)
        } / weight
    }
}
