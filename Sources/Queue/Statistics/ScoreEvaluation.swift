/// Scores of one model for one policy beside what people found, over rows that nobody's priorities have chosen.
///
/// ```swift
/// let evaluation = ScoreEvaluation(rows: [ScoredLabel(score: 0.9, isViolation: true), …])
/// let now = evaluation.operatingPoint(at: 0.5)
/// now.missed?.interval  // the share of violating items that 0.5 would let through, with 95 % around it
/// ```
public struct ScoreEvaluation: Sendable, Hashable {
    /// Highest score first.
    public let rows: [ScoredLabel]
    public let violating: Int

    public init(rows: [ScoredLabel]) {
        self.rows = rows.sorted { $0.score > $1.score }
        violating = rows.count { $0.isViolation }
    }

    /// No interval is wider than ± 20 points from this many violating rows on: with fewer, a threshold would be chosen by
    /// chance.
    public static let violatingNeeded = Proportion.rowsNeeded(for: 0.2)
    /// The same for what is flagged and what is not, taken together: ± 10 points.
    public static let rowsNeeded = Proportion.rowsNeeded(for: 0.1)

    public var isEnough: Bool { rows.count >= Self.rowsNeeded && violating >= Self.violatingNeeded }

    // MARK: - Thresholds

    /// What a threshold would do.
    public struct OperatingPoint: Sendable, Hashable {
        public let threshold: Double
        /// The share of items at or over it: the work it makes. Nil without rows, as are the others.
        public let flagged: Proportion?
        /// The share of violating items under it: what nobody would look at (1 − recall).
        public let missed: Proportion?
        /// The share of violating items among those at or over it.
        public let precision: Proportion?
    }

    public func operatingPoint(at threshold: Double) -> OperatingPoint {
        var (flagged, missed, precision) = (WeightedCount(), WeightedCount(), WeightedCount())
        for row in rows {
            let isOver = row.score >= threshold
            flagged.add(isOver, weight: row.weight)
            if row.isViolation { missed.add(!isOver, weight: row.weight) }
            if isOver { precision.add(row.isViolation, weight: row.weight) }
        }
        return OperatingPoint(
            threshold: threshold, flagged: Proportion(flagged), missed: Proportion(missed),
            precision: Proportion(precision))
    }

    /// Misses against work for every threshold there can be, from the highest down: the share that is flagged, and the
    /// share of violating items among the rest. Empty where nothing violates.
    public func tradeOff() -> [(flagged: Double, missed: Double)] {
        let whole = rows.reduce(0) { $0 + $1.weight }
        let all = rows.reduce(0) { $0 + ($1.isViolation ? $1.weight : 0) }
        guard all > 0 else { return [] }
        var points = [(flagged: 0.0, missed: 1.0)]
        var (flagged, found) = (0.0, 0.0)
        for (index, row) in rows.enumerated() {
            flagged += row.weight
            if row.isViolation { found += row.weight }
            // Rows of one score are flagged together.
            if index + 1 < rows.count, rows[index + 1].score == row.score { continue }
            points.append((flagged / whole, 1 - found / all))
        }
        return points
    }

    // MARK: - Calibration

    /// Items of about the same score.
    public struct Bin: Sendable, Hashable {
        /// From the lower end up to, not including, the upper; the last includes 1.
        public let scores: ClosedRange<Double>
        public let meanScore: Double
        /// How many of them violate.
        public let violating: Proportion
    }

    /// The points of a reliability diagram (Murphy and Winkler 1977, "Reliability of subjective probability forecasts"):
    /// bins of equal width; empty ones are left out.
    public func reliability(bins: Int = 10) -> [Bin] {
        var counts = [WeightedCount](repeating: WeightedCount(), count: bins)
        var sums = [Double](repeating: 0, count: bins)
        for row in rows {
            let index = min(bins - 1, Int(row.score * Double(bins)))
            counts[index].add(row.isViolation, weight: row.weight)
            sums[index] += row.weight * row.score
        }
        return counts.indices.compactMap { index in
            Proportion(counts[index]).map { violating in
                Bin(
                    scores: Double(index) / Double(bins)...Double(index + 1) / Double(bins),
                    meanScore: sums[index] / counts[index].weight, violating: violating)
            }
        }
    }

    /// The mean squared distance of score and outcome (Brier 1950); nil without rows.
    public var brierScore: Double? {
        let weight = rows.reduce(0) { $0 + $1.weight }
        guard weight > 0 else { return nil }
        return rows.reduce(0) { $0 + $1.weight * ($1.score - ($1.isViolation ? 1 : 0)).squared } / weight
    }

    /// The mean distance of score and frequency over the bins, each by its weight (Naeini, Cooper and Hauskrecht 2015,
    /// "Obtaining well calibrated probabilities using Bayesian binning"); nil without rows.
    public func expectedCalibrationError(bins: Int = 10) -> Double? {
        guard !rows.isEmpty else { return nil }
        var distance = [Double](repeating: 0, count: bins)
        var whole = 0.0
        for row in rows {
            distance[min(bins - 1, Int(row.score * Double(bins)))] +=
                row.weight * (row.score - (row.isViolation ? 1 : 0))
            whole += row.weight
        }
        return whole > 0 ? distance.reduce(0) { $0 + abs($1) } / whole : nil
    }
}

/// One judged item: what a model had said, and what people found.
public struct ScoredLabel: Sendable, Hashable {
    /// In [0, 1].
    public var score: Double
    public var isViolation: Bool
    /// How many items of the queue it stands for, up to a common factor: one over the share of claims that was drawn
    /// uniformly when it was (Horvitz and Thompson 1952); 1 for an item that was chosen.
    public var weight: Double

    public init(score: Double, isViolation: Bool, weight: Double = 1) {
        self.score = score
        self.isViolation = isViolation
        self.weight = weight
    }
}

extension Double {
    fileprivate var squared: Double { self * self }
}
