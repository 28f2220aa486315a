/// A measure of how far raters agree.
public enum Coefficient: String, CaseIterable, Sendable {
    /// The share of pairs of ratings of one item that are equal, averaged over items with two ratings or more.
    case percent
    /// Cohen (1960), "A coefficient of agreement for nominal scales": two raters, chance from each one's own habits.
    case cohenKappa = "cohen_kappa"
    /// Fleiss (1971), "Measuring nominal scale agreement among many raters": items with equally many ratings only.
    case fleissKappa = "fleiss_kappa"
    /// Krippendorff's alpha for nominal data ("Content Analysis", 2004, chapter 11); ratings may be missing.
    case krippendorffAlpha = "krippendorff_alpha"
    /// Gwet (2008), "Computing inter-rater reliability and its variance in the presence of high agreement": chance from
    /// how evenly the labels are used; ratings may be missing, and items with one rating count towards chance.
    case gwetAC1 = "gwet_ac1"

    /// What any number of raters can be measured by.
    static let overall: [Coefficient] = [.percent, .fleissKappa, .krippendorffAlpha, .gwetAC1]
    /// What two raters are measured by.
    static let pair: [Coefficient] = [.percent, .cohenKappa]
}

/// Items as the coefficients see them: all that were rated alike are one pattern.
///
/// Every coefficient is a function of sums over items, so it can be computed from how often each pattern occurs, and a
/// resample of the items is nothing but other numbers of occurrences.
struct RatingPatterns {
    /// A pattern: how often each label was given; of two raters, which label each gave.
    struct Pattern: Hashable {
        var counts: [Int]
        var pair: [Int]?

        var ratings: Int { counts.reduce(0, +) }
        /// Ordered pairs of equal ratings.
        var agreements: Int { counts.reduce(0) { $0 + $1 * ($1 - 1) } }
    }

    private(set) var patterns: [Pattern] = []
    /// Each item's pattern.
    private(set) var patternOfItem: [Int] = []
    /// How many items have each pattern.
    private(set) var occurrences: [Int] = []
    let labelCount: Int
    /// How many ratings an item needs for Fleiss' kappa.
    let completeCount: Int

    /// - parameter ofPair: Whether every row is the ratings of the same two raters in the same order.
    init(rows: [[RatingTable.Cell]], labelCount: Int, ofPair: Bool = false) {
        self.labelCount = labelCount
        completeCount = rows.map(\.count).max() ?? 0
        var known: [Pattern: Int] = [:]
        for row in rows {
            var pattern = Pattern(counts: [Int](repeating: 0, count: labelCount))
            for cell in row { pattern.counts[cell.label] += 1 }
            if ofPair { pattern.pair = row.map(\.label) }
            let index = known[pattern] ?? patterns.count
            if index == patterns.count {
                known[pattern] = index
                patterns.append(pattern)
                occurrences.append(0)
            }
            patternOfItem.append(index)
            occurrences[index] += 1
        }
    }

    /// How many items a coefficient rests on.
    func items(for coefficient: Coefficient) -> Int {
        zip(patterns, occurrences).reduce(0) { $0 + (isUsed($1.0, by: coefficient) ? $1.1 : 0) }
    }

    private func isUsed(_ pattern: Pattern, by coefficient: Coefficient) -> Bool {
        pattern.ratings >= (coefficient == .fleissKappa ? max(completeCount, 2) : 2)
    }

    /// The coefficient, or why there is none.
    ///
    /// - parameter occurrences: How often each pattern occurs.
    func value(of coefficient: Coefficient, occurrences: [Int]) -> Result<Double, Undefined> {
        guard completeCount >= 2 else { return .failure(.noSharedItem) }
        var used = 0
        for (pattern, count) in zip(patterns, occurrences) where isUsed(pattern, by: coefficient) { used += count }
        guard used > 0 else { return .failure(.noSharedItem) }
        return switch coefficient {
        case .percent: .success(observedAgreement(occurrences, coefficient))
        case .cohenKappa: cohenKappa(occurrences, items: Double(used))
        case .fleissKappa: fleissKappa(occurrences)
        case .krippendorffAlpha: krippendorffAlpha(occurrences)
        case .gwetAC1: gwetAC1(occurrences)
        }
    }

    /// Why a coefficient has no value.
    enum Undefined: String, Error {
        case noSharedItem = "no item has two ratings"
        case allEqual = "all ratings are equal, so chance would agree as well"
    }

    /// The mean over items of the share of pairs of ratings that are equal.
    private func observedAgreement(_ occurrences: [Int], _ coefficient: Coefficient) -> Double {
        var sum = 0.0
        var items = 0
        for (pattern, count) in zip(patterns, occurrences) where isUsed(pattern, by: coefficient) && count > 0 {
            let ratings = pattern.ratings
            sum += Double(count) * Double(pattern.agreements) / Double(ratings * (ratings - 1))
            items += count
        }
        return sum / Double(items)
    }

    /// (observed − expected) / (1 − expected), with chance as the product of the two raters' own shares.
    private func cohenKappa(_ occurrences: [Int], items: Double) -> Result<Double, Undefined> {
        var first = [Int](repeating: 0, count: labelCount)
        var second = first
        for (pattern, count) in zip(patterns, occurrences) {
            guard let pair = pattern.pair else { continue }
            first[pair[0]] += count
            second[pair[1]] += count
        }
        let expected = zip(first, second).reduce(0) { $0 + Double($1.0) / items * (Double($1.1) / items) }
        guard expected < 1 else { return .failure(.allEqual) }
        return .success((observedAgreement(occurrences, .cohenKappa) - expected) / (1 - expected))
    }

    /// The same with chance as the square of each label's share among all ratings of complete items.
    private func fleissKappa(_ occurrences: [Int]) -> Result<Double, Undefined> {
        let counts = labelTotals(occurrences, of: .fleissKappa)
        guard counts.filter({ $0 > 0 }).count > 1 else { return .failure(.allEqual) }
        let total = Double(counts.reduce(0, +))
        let expected = counts.reduce(0) { $0 + Double($1) / total * (Double($1) / total) }
        return .success((observedAgreement(occurrences, .fleissKappa) - expected) / (1 - expected))
    }

    /// 1 − observed / expected disagreement, over pairable ratings.
    private func krippendorffAlpha(_ occurrences: [Int]) -> Result<Double, Undefined> {
        let counts = labelTotals(occurrences, of: .krippendorffAlpha)
        guard counts.filter({ $0 > 0 }).count > 1 else { return .failure(.allEqual) }
        let total = Double(counts.reduce(0, +))
        var observed = 0.0
        for (pattern, count) in zip(patterns, occurrences) where isUsed(pattern, by: .krippendorffAlpha) {
            let ratings = pattern.ratings
            let disagreements = ratings * (ratings - 1) - pattern.agreements
            observed += Double(count) * Double(disagreements) / Double(ratings - 1)
        }
        let expected = counts.reduce(0) { $0 + Double($1) * (total - Double($1)) } / (total - 1)
        return .success(1 - observed / expected)
    }

    /// With chance as Σ π(1 − π)/(q − 1), π the mean share of a label within an item, q the number of labels in the
    /// whole table, also where a resample misses one.
    private func gwetAC1(_ occurrences: [Int]) -> Result<Double, Undefined> {
        guard labelCount > 1 else { return .failure(.allEqual) }
        var shares = [Double](repeating: 0, count: labelCount)
        var items = 0
        for (pattern, count) in zip(patterns, occurrences) where count > 0 {
            items += count
            let ratings = Double(pattern.ratings)
            for (label, given) in pattern.counts.enumerated() {
                shares[label] += Double(count) * Double(given) / ratings
            }
        }
        let expected =
            shares.reduce(0) { $0 + $1 / Double(items) * (1 - $1 / Double(items)) } / Double(labelCount - 1)
        return .success((observedAgreement(occurrences, .gwetAC1) - expected) / (1 - expected))
    }

    /// How often each label was given on the items that a coefficient uses.
    private func labelTotals(_ occurrences: [Int], of coefficient: Coefficient) -> [Int] {
        var totals = [Int](repeating: 0, count: labelCount)
        for (pattern, count) in zip(patterns, occurrences) where isUsed(pattern, by: coefficient) {
            for (label, given) in pattern.counts.enumerated() { totals[label] += count * given }
        }
        return totals
    }
}
