import Foundation
import Testing

@testable import Queue

/// Tables of ratings with what irrCAC, krippendorff and statsmodels say about them (tools/fixtures/agreement.py).
private struct Fixture: Decodable {
    struct Overall: Decodable {
        var percent, fleissKappa, krippendorffAlpha, gwetAc1: Double?
        var pairedItems, completeItems: Int

        subscript(coefficient: Coefficient) -> Double? {
            switch coefficient {
            case .percent: percent
            case .fleissKappa: fleissKappa
            case .krippendorffAlpha: krippendorffAlpha
            case .gwetAC1: gwetAc1
            case .cohenKappa: nil
            }
        }
    }

    struct Pair: Decodable {
        var raters: [Int]
        var items: Int
        var percent, cohenKappa: Double?
    }

    struct Table: Decodable, CustomTestStringConvertible {
        var name: String
        var rows: [[String?]]
        var overall: Overall
        var pairs: [Pair]
        var testDescription: String { name }

        func ratings() throws -> RatingTable {
            try RatingTable(
                rows.enumerated().flatMap { item, row in
                    row.enumerated().compactMap { rater, label in
                        label.map { Rating(item: "item \(item)", rater: "rater \(rater)", label: $0) }
                    }
                })
        }
    }

    var tables: [Table]
    var hatexplain: Overall

    static let file = Result {
        let url = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/agreement.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Fixture.self, from: Data(contentsOf: url))
    }
    static var tables: [Table] { (try? file.get().tables) ?? [] }
}

private let hatexplain: URL =
    (ProcessInfo.processInfo.environment["REVIEWTUI_DATA"].map { URL(fileURLWithPath: $0) }
    ?? URL(fileURLWithPath: TestQueue.packageFolder).deletingLastPathComponent().appending(path: "shared/data"))
    .appending(path: "text/hatexplain/val.csv")

private func isClose(_ found: Double?, _ expected: Double?) -> Bool {
    guard let found, let expected else { return found == nil && expected == nil }
    return abs(found - expected) <= 1e-9
}

@Suite struct CoefficientTests {
    @Test("The fixtures are there, with missing ratings, many labels and degenerate tables among them")
    func fixtures() throws {
        let tables = try Fixture.file.get().tables
        #expect(tables.count >= 13 && Set(tables.map { $0.rows[0].count }) == [2, 3, 4, 5])
        #expect(tables.contains { $0.rows.joined().contains(nil) } && tables.contains { $0.rows.count == 1 })
    }

    @Test("Every coefficient over all raters equals the reference implementation's", arguments: Fixture.tables)
    fileprivate func overall(table: Fixture.Table) throws {
        let report = try AgreementReport(
            subject: "label", table: table.ratings(), rules: BootstrapRules(seed: 1, samples: 20))
        for coefficient in Coefficient.overall {
            let estimate = try #require(report.overall[coefficient])
            let expected = table.overall[coefficient]
            #expect(isClose(estimate.value, expected), "\(coefficient): \(estimate.value ?? .nan)")
            let items = coefficient == .fleissKappa ? table.overall.completeItems : table.overall.pairedItems
            #expect(estimate.items == items, "\(coefficient)")
            #expect(estimate.value != nil || estimate.reason != nil, "\(coefficient) is null without a reason")
        }
    }

    @Test("Cohen's kappa and percent of every pair equal the reference implementation's", arguments: Fixture.tables)
    fileprivate func pairs(table: Fixture.Table) throws {
        let ratings = try table.ratings()
        for pair in table.pairs where pair.raters.allSatisfy({ ratings.raters.contains("rater \($0)") }) {
            let names = pair.raters.map { "rater \($0)" }
            let report = try AgreementReport(
                subject: "label", table: ratings, pair: (names[0], names[1]), rules: BootstrapRules(samples: 0))
            let estimates = try #require(report.pairs.first?.estimates)
            #expect(isClose(estimates[.cohenKappa]?.value, pair.cohenKappa), "\(names)")
            #expect(isClose(estimates[.percent]?.value, pair.percent), "\(names)")
            #expect(estimates[.percent]?.items == pair.items)
        }
    }

    @Test("Where all ratings are equal there is no coefficient but a reason, and percent is 1")
    func undefined() throws {
        let ratings = (0..<5).flatMap { item in
            ["ann", "ben"].map { Rating(item: "\(item)", rater: $0, label: "allow") }
        }
        let report = try AgreementReport(subject: "verdict", table: RatingTable(ratings))
        #expect(report.overall[.percent]?.value == 1 && report.overall[.percent]?.interval == 1...1)
        for coefficient in [Coefficient.fleissKappa, .krippendorffAlpha, .gwetAC1] {
            #expect(report.overall[coefficient]?.value == nil)
            #expect(report.overall[coefficient]?.reason?.contains("all ratings are equal") ?? false)
            #expect(report.json["overall"]?[coefficient.rawValue]?["value"] == .null)
        }
        #expect(report.pairs.first?.estimates[.cohenKappa]?.reason?.contains("all ratings are equal") ?? false)
    }

    @Test("A rater who rates an item twice is refused, and canonically equal names are two")
    func twice() throws {
        let rating = Rating(item: "a", rater: "ann\u{1B}", label: "x")
        #expect(refusal { _ = try RatingTable([rating, rating]) }.contains("⟨U+001B⟩"))
        let table = try RatingTable([
            Rating(item: "a", rater: "\u{E9}", label: "x"), Rating(item: "a", rater: "e\u{301}", label: "x"),
        ])
        #expect(table.raters.count == 2 && table.itemCount == 1)
    }

    @Test(
        "The three annotators of HateXplain agree as far as the reference implementations say",
        .enabled(
            if: FileManager.default.fileExists(atPath: hatexplain.path),
            "needs text/hatexplain: set REVIEWTUI_DATA to the data's folder"))
    func hateXplain() throws {
        let text = try String(contentsOf: hatexplain, encoding: .utf8)
        // The column is a Python literal, always on the line on which its record starts.
        let pattern = /^(\S+?),"\{'label': \[(\d), (\d), (\d)\], 'annotator_id': \[(\d+), (\d+), (\d+)\]/
        let ratings = text.split(separator: "\n").compactMap { try? pattern.firstMatch(in: $0) }.flatMap { match in
            [(match.5, match.2), (match.6, match.3), (match.7, match.4)].map {
                Rating(item: String(match.1), rater: String($0.0), label: String($0.1))
            }
        }
        let expected = try Fixture.file.get().hatexplain
        let report = try AgreementReport(
            subject: "label", table: RatingTable(ratings), rules: BootstrapRules(samples: 100))
        #expect(report.items == expected.pairedItems && report.completeRatings == 3)
        for coefficient in Coefficient.overall {
            let estimate = try #require(report.overall[coefficient])
            #expect(isClose(estimate.value, expected[coefficient]), "\(coefficient): \(estimate.value ?? .nan)")
            let interval = try #require(estimate.interval)
            #expect(interval.contains(try #require(estimate.value)) && interval.upperBound - interval.lowerBound < 0.1)
        }
        #expect(report.pairs.count == AgreementReport.pairLimit && report.pairsLeftOut > 100)
    }
}
