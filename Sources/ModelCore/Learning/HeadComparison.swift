import Foundation

/// Two heads' scores of the same judged items for one policy, and whether the new one is better.
///
/// ```swift
/// let comparison = HeadComparison(rows)
/// comparison.candidate.averagePrecision?.interval
/// comparison.verdict  // .better, .notBetter(reason) or .undecided(reason)
/// ```
///
/// Intervals are percentile bootstrap intervals at 95 % over *clusters* (Efron 1979; for clusters Davison and Hinkley 1997,
/// "Bootstrap Methods and their Application", 3.8): items of one author or of one picture come and go together. Both heads
/// are judged on every resample, so that what is said of their difference is of the same items.
public struct HeadComparison: Sendable, Hashable {
    /// One item.
    public struct Row: Sendable, Hashable {
        public var isViolation: Bool
        public var weight: Double
        public var cluster: Int64
        /// Probability by the new head.
        public var candidate: Double
        /// By the one in use; nil for all rows or for none.
        public var current: Double?

        public init(isViolation: Bool, weight: Double = 1, cluster: Int64, candidate: Double, current: Double?) {
            self.isViolation = isViolation
            self.weight = weight
            self.cluster = cluster
            self.candidate = candidate
            self.current = current
        }
    }

    public struct Figure: Sendable, Hashable {
        public let value: Double
        /// nil where more than one resample in twenty has no value.
        public let interval: ClosedRange<Double>?
    }

    public struct Figures: Sendable, Hashable {
        /// nil where nothing violates.
        public let averagePrecision: Figure?
        /// nil where one class is empty.
        public let auroc: Figure?
        public let logLoss: Figure?
    }

    public enum Verdict: Sendable, Hashable {
        case better
        case notBetter(String)
        case undecided(String)
    }

    public let rows: Int
    public let violating: Int
    public let clusters: Int
    public let candidate: Figures
    /// nil where no head is in use.
    public let current: Figures?
    /// Candidate less current.
    public let gain: Figures?
    /// Resamples in which the candidate's average precision is at least the current one's.
    public let shareAtLeastAsPrecise: Double?
    /// Resamples in which the candidate's log loss is above the current one's.
    public let shareMoreSurprised: Double?
    /// The share of violating weight: the average precision of a random order.
    public let baseRate: Double
    public let resamples: Int

    /// Violating items, and others, below which nothing is decided.
    public static let itemsNeeded = 10
    /// Of the resamples.
    public static let confidence = 0.9

    /// - Parameters:
    ///   - resamples: nil takes 1,000, and fewer of very many rows, 200 at least.
    public init(_ rows: [Row], resamples: Int? = nil, seed: UInt64 = 1) {
        self.rows = rows.count
        violating = rows.count { $0.isViolation }
        let numbers = Set(rows.map(\.cluster)).sorted()
        let place = Dictionary(uniqueKeysWithValues: numbers.enumerated().map { ($1, $0) })
        clusters = numbers.count
        self.resamples = resamples ?? max(200, min(1000, 5_000_000 / max(1, rows.count)))
        let weight = rows.reduce(0) { $0 + $1.weight }
        baseRate = weight > 0 ? rows.reduce(0) { $0 + ($1.isViolation ? $1.weight : 0) } / weight : 0
        let hasCurrent = !rows.isEmpty && rows.allSatisfy { $0.current != nil }
        let new = Ranked(rows, place, \.candidate)
        let old = hasCurrent ? Ranked(rows, place) { $0.current ?? 0 } : nil

        var draws = Draws()
        var generator = SeededGenerator(seed: seed)
        var counts = [Double](repeating: 1, count: clusters)
        let whole = (new.figures(counts), old?.figures(counts))
        for _ in 0..<(clusters > 1 ? self.resamples : 0) {
            for index in counts.indices { counts[index] = 0 }
            for _ in counts.indices { counts[Int(generator.next() % UInt64(clusters))] += 1 }
            draws.take(new.figures(counts), old?.figures(counts))
        }
        candidate = draws.figures(whole.0, draws.new)
        current = whole.1.map { draws.figures($0, draws.old) }
        gain = whole.1.map { old in
            draws.figures(whole.0.less(old), zip(draws.new, draws.old).map { $0.less($1) })
        }
        shareAtLeastAsPrecise = old == nil ? nil : draws.share { $0.averagePrecision >= $1.averagePrecision }
        shareMoreSurprised = old == nil ? nil : draws.share { $0.logLoss > $1.logLoss }
    }

    /// The rule by which a new head is better, for one policy:
    ///
    /// 1. It was judged on at least ten violating and ten other items; with fewer nothing is decided.
    /// 2. Beside a head in use: its average precision is higher, and at least as high in nine resamples of ten; and its log
    ///    loss is not higher in nine of ten, so that a better order is not bought with worse probabilities.
    /// 3. Where none is in use: the lower end of its average precision's interval is over the share that violates, which is
    ///    what a random order has.
    ///
    /// A person may adopt what the rule does not call better, and the other way round: it decides for `--adopt-if-better`.
    public var verdict: Verdict {
        guard min(violating, rows - violating) >= Self.itemsNeeded, let own = candidate.averagePrecision else {
            return .undecided(
                "judged on \(violating) violating and \(rows - violating) other items; \(Self.itemsNeeded) of each are needed"
            )
        }
        guard let current, let other = current.averagePrecision, let isPrecise = shareAtLeastAsPrecise,
            let isSurprised = shareMoreSurprised
        else {
            guard let low = own.interval?.lowerBound else { return .undecided("its average precision has no interval") }
            return low > baseRate
                ? .better : .notBetter("its average precision may be that of a random order")
        }
        guard own.value > other.value else { return .notBetter("its average precision is not higher") }
        guard isPrecise >= Self.confidence else {
            return .notBetter(
                "its average precision is higher, but that may be chance: in \(Int((100 * isPrecise).rounded())) resamples of a hundred"
            )
        }
        guard isSurprised < Self.confidence else {
            return .notBetter("its probabilities are worse: the log loss is higher")
        }
        return .better
    }
}

/// Figures of one resample; NaN where there is none.
private struct Point {
    var averagePrecision: Double
    var auroc: Double
    var logLoss: Double

    func less(_ other: Point) -> Point {
        Point(
            averagePrecision: averagePrecision - other.averagePrecision, auroc: auroc - other.auroc,
            logLoss: logLoss - other.logLoss)
    }
}

/// Rows in the order of one head's scores, sorted once: a resample only changes how often each counts.
private struct Ranked {
    private struct Row {
        var cluster: Int
        var weight: Double
        var isViolation: Bool
        var loss: Double
        /// Of its score: rows of one score are taken together.
        var endsTie: Bool
    }

    private let rows: [Row]

    init(
        _ rows: [HeadComparison.Row], _ place: [Int64: Int], _ score: (HeadComparison.Row) -> Double
    ) {
        let scores = rows.map(score)
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        self.rows = order.enumerated().map { index, row in
            let kept = min(max(scores[row], 1e-15), 1 - 1e-15)
            return Row(
                cluster: place[rows[row].cluster] ?? 0, weight: rows[row].weight, isViolation: rows[row].isViolation,
                loss: -log(rows[row].isViolation ? kept : 1 - kept),
                endsTie: index + 1 == order.count || scores[order[index + 1]] != scores[row])
        }
    }

    /// - Parameter counts: how often each cluster was drawn.
    func figures(_ counts: [Double]) -> Point {
        var (violating, others, loss) = (0.0, 0.0, 0.0)
        var (precision, area) = (0.0, 0.0)
        var before = (violating: 0.0, others: 0.0)
        for row in rows {
            let weight = row.weight * counts[row.cluster]
            if row.isViolation { violating += weight } else { others += weight }
            loss += weight * row.loss
            guard row.endsTie else { continue }
            if violating + others > 0 { precision += (violating - before.violating) * violating / (violating + others) }
            area += (others - before.others) * (violating + before.violating) / 2
            before = (violating, others)
        }
        let total = violating + others
        return Point(
            averagePrecision: violating > 0 ? precision / violating : .nan,
            auroc: violating > 0 && others > 0 ? area / (violating * others) : .nan,
            logLoss: total > 0 ? loss / total : .nan)
    }
}

private struct Draws {
    var new: [Point] = []
    var old: [Point] = []

    mutating func take(_ candidate: Point, _ current: Point?) {
        new.append(candidate)
        if let current { old.append(current) }
    }

    func figures(_ whole: Point, _ draws: [Point]) -> HeadComparison.Figures {
        func figure(_ value: KeyPath<Point, Double>) -> HeadComparison.Figure? {
            guard whole[keyPath: value].isFinite else { return nil }
            let defined = draws.map { $0[keyPath: value] }.filter(\.isFinite).sorted()
            let isEnough = !defined.isEmpty && defined.count * 20 >= draws.count * 19
            return HeadComparison.Figure(
                value: whole[keyPath: value],
                interval: isEnough ? quantile(0.025, of: defined)...quantile(0.975, of: defined) : nil)
        }
        return HeadComparison.Figures(
            averagePrecision: figure(\.averagePrecision), auroc: figure(\.auroc), logLoss: figure(\.logLoss))
    }

    /// Of the resamples in which both have figures.
    func share(_ holds: (Point, Point) -> Bool) -> Double? {
        let both = zip(new, old).filter { $0.averagePrecision.isFinite && $1.averagePrecision.isFinite }
        return both.isEmpty ? nil : Double(both.count { holds($0.0, $0.1) }) / Double(both.count)
    }

    /// Linear between neighbours (Hyndman and Fan 1996, type 7).
    private func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let position = share * Double(sorted.count - 1)
        let low = Int(position)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (position - Double(low))
    }
}
