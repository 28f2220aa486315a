import Foundation
import Testing

@testable import Queue

@Suite struct BootstrapTests {
    private func table(items: Int = 60) throws -> RatingTable {
        var generator = SplitMix64(seed: 3)
        return try RatingTable(
            (0..<items).flatMap { item in
                let own = Bool.random(using: &generator)
                return ["ann", "ben", "cat"].map { rater in
                    let label = Double.random(in: 0..<1, using: &generator) < 0.8 ? own : !own
                    return Rating(item: "\(item)", rater: rater, label: label ? "yes" : "no")
                }
            })
    }

    @Test("The generator gives SplitMix64's published numbers")
    func splitMix() {
        // From seed 1234567: the values with which Java's SplittableRandom and many ports are checked.
        var generator = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in generator.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
        var small = SplitMix64(seed: 9)
        let draws = (0..<6000).map { _ in small.below(6) }
        #expect(Set(draws) == Set(0..<6))
        // A fair die: 1000 each, standard deviation 29.
        #expect((0..<6).allSatisfy { side in abs(draws.count { $0 == side } - 1000) < 150 })
    }

    @Test("One seed gives one interval, another seed another, and none of it moves the value")
    func seeded() throws {
        let table = try table()
        func report(_ seed: UInt64) throws -> AgreementReport {
            try AgreementReport(subject: "x", table: table, rules: BootstrapRules(seed: seed, samples: 300))
        }
        #expect(try report(1) == report(1))
        let (one, two) = (try report(1), try report(2))
        #expect(one.overall[.gwetAC1]?.interval != two.overall[.gwetAC1]?.interval)
        #expect(one.overall[.gwetAC1]?.value == two.overall[.gwetAC1]?.value)
        // A named pair has the interval that it has in the whole list.
        let named = try AgreementReport(
            subject: "x", table: table, pair: ("ann", "cat"), rules: BootstrapRules(seed: 1, samples: 300))
        let listed = try #require(one.pairs.first { $0.first == "ann" && $0.second == "cat" })
        #expect(named.pairs == [listed])
    }

    @Test("The interval of a share is about as wide as the binomial says")
    func width() throws {
        let ratings = (0..<400).flatMap { item in
            [
                Rating(item: "\(item)", rater: "ann", label: "a"),
                Rating(item: "\(item)", rater: "ben", label: item < 300 ? "a" : "b"),
            ]
        }
        let report = try AgreementReport(
            subject: "x", table: RatingTable(ratings), rules: BootstrapRules(seed: 7, samples: 2000))
        let interval = try #require(report.overall[.percent]?.interval)
        // 0.75 ± 1.96 √(0.75 · 0.25 / 400) = 0.7076 … 0.7924
        #expect(abs(interval.lowerBound - 0.7076) < 0.006 && abs(interval.upperBound - 0.7924) < 0.006, "\(interval)")
    }

    @Test("Quantiles are linear between neighbours, as NumPy's")
    func quantiles() {
        let sorted: [Double] = [1, 2, 4, 8]
        #expect(RatingPatterns.quantile(0, of: sorted) == 1 && RatingPatterns.quantile(1, of: sorted) == 8)
        #expect(
            RatingPatterns.quantile(0.5, of: sorted) == 3 && abs(RatingPatterns.quantile(0.9, of: sorted) - 6.8) < 1e-12
        )
    }

    @Test("Where resamples often have no value, or there is one item, no interval pretends to know")
    func noInterval() throws {
        // One differing rating: it is missing from a third of the resamples.
        let rare = (0..<20).flatMap { item in
            [
                Rating(item: "\(item)", rater: "ann", label: "no"),
                Rating(item: "\(item)", rater: "ben", label: item == 0 ? "yes" : "no"),
            ]
        }
        let report = try AgreementReport(subject: "x", table: RatingTable(rare))
        let alpha = try #require(report.overall[.krippendorffAlpha])
        #expect(alpha.value != nil && alpha.interval == nil && alpha.undefinedSamples > 200)
        #expect(alpha.reason?.contains("one resample in twenty") ?? false)
        #expect(report.overall[.percent]?.interval != nil)
        let single = try AgreementReport(
            subject: "x",
            table: RatingTable([
                Rating(item: "1", rater: "ann", label: "a"), Rating(item: "1", rater: "ben", label: "b"),
            ]))
        #expect(single.overall[.percent]?.interval == nil && single.overall[.percent]?.value == 0)
    }
}
