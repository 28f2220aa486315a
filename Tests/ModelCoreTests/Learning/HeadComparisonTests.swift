import Foundation
import Testing

@testable import ModelCore

@Suite struct HeadComparisonTests {
    private typealias Row = HeadComparison.Row

    /// 200 items of which 50 violate. `candidate` and `current` tell how far apart the two heads keep the classes.
    private static func rows(_ candidate: Double, _ current: Double?, clusters: Int = 200, seed: UInt64 = 1) -> [Row] {
        var generator = SeededGenerator(seed: seed)
        func score(_ isViolation: Bool, _ apart: Double) -> Double {
            let noise = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0...1, using: &generator) }
            return 1 / (1 + exp(-(noise + (isViolation ? apart : 0) - 1.5 - apart / 4)))
        }
        return (0..<200).map { number in
            let isViolation = number % 4 == 0
            return Row(
                isViolation: isViolation, cluster: Int64(number % clusters), candidate: score(isViolation, candidate),
                current: current.map { score(isViolation, $0) })
        }
    }

    @Test func `Figures are those of the rows, ties and weights included`() throws {
        var rows = Self.rows(1.5, 1)
        for index in rows.indices {
            rows[index].candidate = (rows[index].candidate * 20).rounded() / 20
            rows[index].weight = index % 3 == 0 ? 20 : 1
        }
        let found = HeadComparison(rows, resamples: 20)
        let (labels, weights) = (rows.map(\.isViolation), rows.map(\.weight))
        let expected = (
            Ranking.averagePrecision(scores: rows.map(\.candidate), labels: labels, weights: weights),
            Ranking.auroc(scores: rows.map(\.candidate), labels: labels, weights: weights)
        )
        #expect(abs((found.candidate.averagePrecision?.value ?? .nan) - (expected.0 ?? 0)) < 1e-12)
        #expect(abs((found.candidate.auroc?.value ?? .nan) - (expected.1 ?? 0)) < 1e-12)
        let loss = LogLoss.mean(
            probabilities: rows.compactMap(\.current), labels.map { $0 ? 1 : 0 }, weights)
        #expect(abs((found.current?.logLoss?.value ?? .nan) - loss) < 1e-12)
        #expect(found.violating == 50 && found.rows == 200 && found.clusters == 200)
    }

    @Test func `The same rows give the same intervals, and fewer clusters wider ones`() throws {
        let rows = Self.rows(1, 1)
        #expect(HeadComparison(rows) == HeadComparison(rows))
        func width(_ comparison: HeadComparison) throws -> Double {
            let interval = try #require(comparison.candidate.logLoss?.interval)
            return interval.upperBound - interval.lowerBound
        }
        // Five of every cluster, alike: two hundred rows that say no more than forty.
        let alike = rows.prefix(40).flatMap { row in
            (0..<5).map { _ in
                Row(isViolation: row.isViolation, cluster: row.cluster, candidate: row.candidate, current: nil)
            }
        }
        let apart = alike.enumerated().map { number, row in
            Row(isViolation: row.isViolation, cluster: Int64(number), candidate: row.candidate, current: nil)
        }
        let (clustered, single) = (try width(HeadComparison(Array(alike))), try width(HeadComparison(apart)))
        #expect(clustered > 1.7 * single, "\(clustered) \(single)")
    }

    @Test func `A head that tells more is better, one that tells as much or less is not`() {
        #expect(HeadComparison(Self.rows(3, 1)).verdict == .better)
        let worse = HeadComparison(Self.rows(1, 3))
        #expect(worse.verdict == .notBetter("its average precision is not higher"))
        let same = Self.rows(2, nil).map {
            Row(isViolation: $0.isViolation, cluster: $0.cluster, candidate: $0.candidate, current: $0.candidate)
        }
        #expect(HeadComparison(same).verdict == .notBetter("its average precision is not higher"))
        var gain = HeadComparison(same).gain
        #expect(gain?.averagePrecision?.interval == 0...0 && gain?.logLoss?.value == 0)
        gain = worse.gain
        #expect((gain?.averagePrecision?.interval?.upperBound ?? 1) < 0)
    }

    @Test func `What may be chance is not called better`() throws {
        let rows = (1...40).map { HeadComparison(Self.rows(1.5, 1.4, seed: UInt64($0))) }
        let lucky = try #require(
            rows.first { comparison in
                (comparison.gain?.averagePrecision?.value ?? 0) > 0 && (comparison.shareAtLeastAsPrecise ?? 1) < 0.9
            })
        guard case .notBetter(let reason) = lucky.verdict else { return #expect(Bool(false), "\(lucky.verdict)") }
        #expect(reason.contains("may be chance"))
    }

    @Test func `A better order with worse probabilities is not better`() {
        let rows = Self.rows(2, 1.2).map { row in
            // Far too sure of itself, in the same order.
            Row(
                isViolation: row.isViolation, cluster: row.cluster,
                candidate: 1 / (1 + pow((1 - row.candidate) / row.candidate, 8)), current: row.current)
        }
        let comparison = HeadComparison(rows)
        #expect((comparison.gain?.averagePrecision?.value ?? 0) > 0)
        #expect(comparison.verdict == .notBetter("its probabilities are worse: the log loss is higher"))
    }

    @Test func `Without a head in use a new one must beat a random order, and needs ten of each kind`() {
        #expect(HeadComparison(Self.rows(3, nil)).verdict == .better)
        #expect(HeadComparison(Self.rows(3, nil)).current == nil)
        guard case .notBetter(let reason) = HeadComparison(Self.rows(-0.5, nil)).verdict else {
            return #expect(Bool(false), "worse than chance")
        }
        #expect(reason.contains("random order"))
        let few = Self.rows(3, 1).filter { !$0.isViolation } + Self.rows(3, 1).filter(\.isViolation).prefix(9)
        guard case .undecided(let missing) = HeadComparison(few).verdict else {
            return #expect(Bool(false), "nine are too few")
        }
        #expect(missing.contains("9 violating"))
        #expect(HeadComparison([]).verdict != .better && HeadComparison([]).candidate.logLoss == nil)
    }
}
