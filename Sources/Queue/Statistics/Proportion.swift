/// A share with what it rests on and how far it may be off.
///
/// The interval is Wilson's score interval at 95 % (Wilson 1927, "Probable inference, the law of succession, and
/// statistical inference", JASA 22, 209–212): it stays within [0, 1] and says something of shares at or near 0 and 1.
/// Where rows have different weights, Kish's effective number of rows, (Σw)² / Σw² (Kish 1965, "Survey Sampling",
/// section 11.7), takes the place of their number, as Dean and Pagano 2015, "Evaluating confidence interval methods for
/// binomial proportions in clustered surveys", do. With equal weights both are the same.
public struct Proportion: Sendable, Hashable {
    /// In [0, 1].
    public let share: Double
    /// Rows that were counted, and those among them that the share is of.
    public let rows: Int
    public let hits: Int
    /// Rows of equal weight that would say as much.
    public let effectiveRows: Double

    /// The upper 2.5 % point of the normal distribution.
    static let z = 1.959963984540054
    /// The upper 5 % point.
    private static let zOneSided = 1.6448536269514722

    /// - Returns: nil where there is nothing to take a share of.
    public init?(hits: Int, of rows: Int) {
        self.init(WeightedCount(rows: rows, hits: hits))
    }

    init?(_ count: WeightedCount) {
        guard count.rows > 0, count.weight > 0 else { return nil }
        share = count.hitWeight / count.weight
        rows = count.rows
        hits = count.hits
        effectiveRows = count.weight * count.weight / count.squares
    }

    /// Wilson 1927: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n).
    public var interval: ClosedRange<Double> { interval(z: Self.z) }

    /// What the share is at least, with 95 %: the lower end of a one-sided interval.
    public var atLeast: Double { interval(z: Self.zOneSided).lowerBound }
    /// What the share is at most, with 95 %.
    public var atMost: Double { interval(z: Self.zOneSided).upperBound }

    private func interval(z: Double) -> ClosedRange<Double> {
        let n = effectiveRows
        let scale = 1 + z * z / n
        let centre = (share + z * z / (2 * n)) / scale
        let half = z / scale * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        // Rounding must not put the bound of a share of none, or of all, past the share.
        let low = hits == 0 ? 0 : max(0, centre - half)
        let high = hits == rows ? 1 : min(1, centre + half)
        return low...max(low, high)
    }

    /// How many rows no Wilson interval over them is wider than ± `half` for: at a share of one half its width is
    /// z / (2 √(n + z²)) to either side, so n = z² / 4h² − z².
    public static func rowsNeeded(for half: Double) -> Int {
        Int((z * z / (4 * half * half) - z * z).rounded(.up))
    }
}

/// Sums from which a ``Proportion`` is made, row by row.
struct WeightedCount: Sendable, Hashable {
    private(set) var rows = 0
    private(set) var hits = 0
    private(set) var weight = 0.0
    private(set) var hitWeight = 0.0
    private(set) var squares = 0.0

    init() {}

    /// Rows of weight 1.
    init(rows: Int, hits: Int) {
        self.rows = rows
        self.hits = hits
        (weight, hitWeight, squares) = (Double(rows), Double(hits), Double(rows))
    }

    /// - parameter weight: Positive.
    mutating func add(_ isHit: Bool, weight: Double) {
        rows += 1
        hits += isHit ? 1 : 0
        self.weight += weight
        hitWeight += isHit ? weight : 0
        squares += weight * weight
    }
}
