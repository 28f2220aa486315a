import Foundation
import Testing

@testable import Queue

/// Rows with what statsmodels and scikit-learn say about them (tools/fixtures/statistics.py).
struct StatisticsFixture: Decodable {
    struct Share: Decodable {
        var share, effective, low, high, least, most: Double
        var rows, hits: Int
    }

    struct Point: Decodable {
        var threshold: Double
        var flagged, missed, precision: Share?
    }

    struct Case: Decodable, CustomTestStringConvertible {
        var name: String
        var scores, weights: [Double]
        var labels: [Bool]
        var points: [Point]
        var brier, calibrationError: Double
        var curve: [[Double]]?
        /// Precision, recall and threshold, from the lowest threshold up.
        var precisionRecall: [[Double]]
        var averagePrecision, logLoss: Double
        var choices: [Choice]
        var testDescription: String { name }

        var evaluation: ScoreEvaluation {
            ScoreEvaluation(
                rows: zip(zip(scores, labels), weights).map {
                    ScoredLabel(score: $0.0, isViolation: $0.1, weight: $1)
                })
        }
    }

    struct Choice: Decodable {
        var aim: String
        var wanted: Double
        /// The lowest score that is flagged; nil where the aim is out of reach.
        var threshold: Double?
    }

    struct Wilson: Decodable {
        var hits, rows: Int
        var low, high: Double
    }

    var wilson: [Wilson]
    var cases: [Case]

    static let file = Result {
        let url = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/statistics.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(StatisticsFixture.self, from: Data(contentsOf: url))
    }

    static var cases: [Case] { (try? file.get().cases) ?? [] }
}

@Suite struct ScoreEvaluationTests {
    @Test("The interval is Wilson's as statsmodels has it, none of none and all of all included")
    func wilson() throws {
        let wilson = try StatisticsFixture.file.get().wilson
        #expect(wilson.count == 9)
        for known in wilson {
            let interval = try #require(Proportion(hits: known.hits, of: known.rows)).interval
            #expect(abs(interval.lowerBound - known.low) < 1e-12 && abs(interval.upperBound - known.high) < 1e-12)
        }
        // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
        let newcombe = try #require(Proportion(hits: 81, of: 263)).interval
        #expect(abs(newcombe.lowerBound - 0.2553) < 5e-5 && abs(newcombe.upperBound - 0.3662) < 5e-5)
    }

    @Test("So many rows as are asked for make every interval narrow enough, and one fewer does not")
    func needed() throws {
        for half in [0.2, 0.1, 0.05, 0.022] {
            let rows = Proportion.rowsNeeded(for: half)
            // A half of an even number: the widest.
            for (count, isEnough) in [(rows + rows % 2, true), (rows - 1 - (rows - 1) % 2, false)] {
                let interval = try #require(Proportion(hits: count / 2, of: count)).interval
                #expect((interval.upperBound - interval.lowerBound <= 2 * half) == isEnough, "\(half) \(count)")
            }
        }
        #expect(ScoreEvaluation.violatingNeeded == 21 && ScoreEvaluation.rowsNeeded == 93)
    }

    @Test("Work, misses and precision at a threshold, weighted", arguments: StatisticsFixture.cases)
    func thresholds(_ known: StatisticsFixture.Case) throws {
        let evaluation = known.evaluation
        for point in known.points {
            let found = evaluation.operatingPoint(at: point.threshold)
            for (found, known) in [
                (found.flagged, point.flagged), (found.missed, point.missed), (found.precision, point.precision),
            ] {
                try #require((found == nil) == (known == nil))
                guard let found, let known else { continue }
                #expect(found.rows == known.rows && found.hits == known.hits)
                #expect(abs(found.share - known.share) < 1e-12 && abs(found.effectiveRows - known.effective) < 1e-9)
                // Rounding leaves statsmodels a hair off 0 and 1.
                #expect(abs(found.interval.lowerBound - known.low) < 1e-12)
                #expect(abs(found.interval.upperBound - known.high) < 1e-12)
                #expect(abs(found.atLeast - known.least) < 1e-12 && abs(found.atMost - known.most) < 1e-12)
            }
        }
        try #require(!known.points.isEmpty)
    }

    @Test("The curve and both errors are scikit-learn's", arguments: StatisticsFixture.cases)
    func calibration(_ known: StatisticsFixture.Case) throws {
        let evaluation = known.evaluation
        #expect(abs((evaluation.brierScore ?? .nan) - known.brier) < 1e-12)
        #expect(abs((evaluation.expectedCalibrationError() ?? .nan) - known.calibrationError) < 1e-12)
        let bins = evaluation.reliability()
        #expect(bins.reduce(0) { $0 + $1.violating.rows } == known.scores.count)
        for bin in bins { #expect(bin.scores.contains(bin.meanScore)) }
        guard let curve = known.curve else { return }
        try #require(bins.count == curve.count)
        for (bin, known) in zip(bins, curve) {
            #expect(abs(bin.meanScore - known[0]) < 1e-12 && abs(bin.violating.share - known[1]) < 1e-12)
        }
    }

    @Test(
        "Misses only fall as more is flagged, from all to none, and agree with each threshold",
        arguments: StatisticsFixture.cases
    )
    func tradeOff(_ known: StatisticsFixture.Case) throws {
        let evaluation = known.evaluation
        let points = evaluation.tradeOff()
        try #require(points.count > 1)
        for (before, after) in zip(points, points.dropFirst()) {
            #expect(after.flagged > before.flagged && after.missed <= before.missed + 1e-12)
        }
        #expect(points.first?.missed == 1 && abs(points.last?.missed ?? .nan) < 1e-12)
        for score in Set(known.scores).sorted().suffix(20) {
            let exact = evaluation.operatingPoint(at: score)
            #expect(
                points.contains {
                    abs($0.flagged - (exact.flagged?.share ?? -1)) < 1e-12
                        && abs($0.missed - (exact.missed?.share ?? -1)) < 1e-12
                })
        }
    }

    @Test("Without rows, and without violations, there is nothing to say and nothing fails")
    func nothing() {
        let empty = ScoreEvaluation(rows: [])
        #expect(empty.operatingPoint(at: 0.5).flagged == nil && empty.brierScore == nil && !empty.isEnough)
        #expect(empty.reliability().isEmpty && empty.tradeOff().isEmpty && empty.expectedCalibrationError() == nil)
        let harmless = ScoreEvaluation(rows: (0..<200).map { ScoredLabel(score: Double($0) / 200, isViolation: false) })
        #expect(harmless.operatingPoint(at: 0.5).missed == nil && harmless.tradeOff().isEmpty && !harmless.isEnough)
        #expect(harmless.operatingPoint(at: 0.5).precision?.share == 0)
        // A score of 1 belongs to the last bin.
        #expect(
            ScoreEvaluation(rows: [ScoredLabel(score: 1, isViolation: true)]).reliability().first?.scores.upperBound
                == 1)
    }
}
