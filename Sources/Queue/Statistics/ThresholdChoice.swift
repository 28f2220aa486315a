/// What a threshold is to reach.
public enum ThresholdAim: Sendable, Hashable {
    /// Of what is flagged, at least this share violates; among such thresholds the lowest, which misses least.
    case precision(Double)
    /// Of what violates, at least this share is flagged; among such thresholds the highest, which makes least work.
    case recall(Double)
    /// The highest F₁: where nobody says what is wanted.
    case balance
}

/// A threshold that was chosen on one part of the judged rows, and what it does on another.
///
/// ```swift
/// let choice = try ThresholdChoice(.precision(0.9), on: oneHalf, boundedBy: otherHalf)
/// choice.threshold
/// choice.bound.precision?.atLeast  // with 95 %: the rows that bound it had no say in the choice
/// ```
///
/// On the rows that it was chosen on a threshold does too well: of many, the one was taken that chance favoured. So what
/// may be promised comes from rows that had no part in the choice, by Wilson's bound (``Proportion``).
public struct ThresholdChoice: Sendable, Hashable {
    public let aim: ThresholdAim
    public let threshold: Double
    /// On the rows it was chosen on.
    public let chosen: ScoreEvaluation.OperatingPoint
    /// On the others; its shares are nil where there are none.
    public let bound: ScoreEvaluation.OperatingPoint

    /// Why there is no such threshold.
    public enum Failure: Error, Hashable, Sendable {
        /// Nothing violates among the rows to choose by.
        case nothingViolates
        /// No threshold has the wanted precision; the highest that any has.
        case outOfReach(highest: Double)
    }

    /// - Parameters:
    ///   - rows: what to choose by.
    ///   - others: rows that bound it. No item, and none that hangs together with one, may be on both sides.
    ///   - floor: the lowest threshold there may be: with a handful of violating rows the best may sit where nine flags in
    ///     ten are wrong.
    /// - Throws: ``Failure``.
    public init(
        _ aim: ThresholdAim, on rows: ScoreEvaluation, boundedBy others: ScoreEvaluation, floor: Double = 0
    ) throws(Failure) {
        let points = rows.precisionRecall()
        guard !points.isEmpty else { throw .nothingViolates }
        let index: Int?
        switch aim {
        case .precision(let wanted): index = points.lastIndex { $0.precision >= wanted - Self.rounding }
        case .recall(let wanted): index = points.firstIndex { $0.recall >= wanted - Self.rounding }
        case .balance:
            // The highest of equals: less work for the same.
            index = points.indices.max { (points[$0].f1, $1) < (points[$1].f1, $0) }
        }
        guard let index else { throw .outOfReach(highest: points.map(\.precision).max() ?? 0) }
        self.aim = aim
        // Between the last score that is flagged and the next, so that neither hangs on a rounding.
        let next = index + 1 < points.count ? points[index + 1].threshold : points[index].threshold
        threshold = max(floor, (points[index].threshold + next) / 2)
        chosen = rows.operatingPoint(at: threshold)
        bound = others.operatingPoint(at: threshold)
    }

    /// Sums of weights are not exact: a share of 9 in 10 reaches .9.
    private static let rounding = 1e-12
}
