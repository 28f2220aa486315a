/// What is known of one policy: rows of an ``EmbeddingTable`` with targets.
///
/// All arrays are of one length. A row may stand more than once; one that the table does not have, or whose target or weight
/// is out of bounds, teaches nothing.
public struct LabelledRows: Sendable, Hashable {
    public var rows: [Int]
    /// From 0 to 1: the probability that the item violates the policy, as its judges saw it.
    public var targets: [Double]
    /// Above 0; what is not is left out.
    public var weights: [Double]
    /// Items of one cluster (twins, one author) are never in two folds.
    public var clusters: [Int64]
    /// Logits that stand fixed beside what is fitted, as those of a zero-shot direction.
    public var offsets: [Double]?

    /// - Parameters:
    ///   - weights: nil for equal ones.
    ///   - clusters: nil where every row stands alone.
    public init(
        rows: [Int], targets: [Double], weights: [Double]? = nil, clusters: [Int64]? = nil, offsets: [Double]? = nil
    ) {
        self.rows = rows
        self.targets = targets
        self.weights = weights ?? [Double](repeating: 1, count: rows.count)
        self.clusters = clusters ?? rows.map(Int64.init)
        self.offsets = offsets
    }

    public var count: Int { rows.count }

    /// Rows on either side of a half.
    public var positives: Int { targets.count { $0 >= 0.5 } }
    public var negatives: Int { count - positives }

    /// Whether there is anything to learn: some weight on either side.
    public var hasBothClasses: Bool {
        var (violating, sound) = (false, false)
        for (target, weight) in zip(targets, weights) where weight > 0 {
            if target > 0 { violating = true }
            if target < 1 { sound = true }
            if violating && sound { return true }
        }
        return false
    }

    /// The same rows with weights that put the same total on both classes and leave the sum as it was: scikit-learn's
    /// `class_weight="balanced"`, n / (2·n_class), on top of the weights there are. A soft target counts to both classes
    /// by its parts. Left as they are where one class is empty.
    public var balanced: LabelledRows {
        var total = (violating: 0.0, sound: 0.0)
        for (target, weight) in zip(targets, weights) where weight > 0 {
            total.violating += weight * target
            total.sound += weight * (1 - target)
        }
        guard total.violating > 0, total.sound > 0 else { return self }
        let half = (total.violating + total.sound) / 2
        var rows = self
        for index in rows.targets.indices {
            // One row that is part violating and part sound is two rows; together they weigh this much and have that
            // target.
            let violating = targets[index] * half / total.violating
            let sound = (1 - targets[index]) * half / total.sound
            rows.weights[index] = weights[index] * (violating + sound)
            rows.targets[index] = violating / (violating + sound)
        }
        return rows
    }

    /// The rows at some places.
    public func selecting(_ places: [Int]) -> LabelledRows {
        LabelledRows(
            rows: places.map { rows[$0] }, targets: places.map { targets[$0] }, weights: places.map { weights[$0] },
            clusters: places.map { clusters[$0] }, offsets: offsets.map { offsets in places.map { offsets[$0] } })
    }
}
