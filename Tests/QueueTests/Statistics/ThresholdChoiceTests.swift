import Testing

@testable import Queue

@Suite struct ThresholdChoiceTests {
    @Test("Precision against recall, its area and the log loss are scikit-learn's", arguments: StatisticsFixture.cases)
    func curve(_ known: StatisticsFixture.Case) throws {
        let evaluation = known.evaluation
        // Theirs goes on below the last violating row.
        let points = Array(evaluation.precisionRecall().reversed())
        try #require(points.count == known.precisionRecall.count && !points.isEmpty)
        for (found, known) in zip(points, known.precisionRecall) {
            #expect(abs(found.precision - known[0]) < 1e-12 && abs(found.recall - known[1]) < 1e-12)
            #expect(found.threshold == known[2])
        }
        #expect(abs((evaluation.averagePrecision ?? .nan) - known.averagePrecision) < 1e-12)
        #expect(abs((evaluation.logLoss ?? .nan) - known.logLoss) < 1e-12)
    }

    @Test(
        "A chosen threshold flags down to the score that scikit-learn's curve gives", arguments: StatisticsFixture.cases
    )
    func choices(_ known: StatisticsFixture.Case) throws {
        let evaluation = known.evaluation
        try #require(known.choices.count == 7)
        for wanted in known.choices {
            let aim: ThresholdAim =
                switch wanted.aim {
                case "precision": .precision(wanted.wanted)
                case "recall": .recall(wanted.wanted)
                default: .balance
                }
            guard let lowest = wanted.threshold else {
                #expect(throws: ThresholdChoice.Failure.self) {
                    try ThresholdChoice(aim, on: evaluation, boundedBy: evaluation)
                }
                continue
            }
            let choice = try ThresholdChoice(aim, on: evaluation, boundedBy: evaluation)
            #expect(choice.threshold <= lowest)
            let flagged = evaluation.rows.filter { $0.score >= choice.threshold }
            #expect(flagged.map(\.score).min() == lowest, "\(wanted)")
            #expect(choice.bound == choice.chosen && choice.chosen.flagged?.hits == flagged.count)
        }
    }

    @Test("What a threshold promises is Wilson's bound on the rows that did not choose it")
    func bound() throws {
        func row(_ score: Double, _ isViolation: Bool) -> ScoredLabel {
            ScoredLabel(score: score, isViolation: isViolation)
        }
        let choosing = ScoreEvaluation(rows: [row(0.9, true), row(0.8, true), row(0.6, false), row(0.4, true)])
        let bounding = ScoreEvaluation(rows: [row(0.95, true), row(0.75, false), row(0.5, true), row(0.1, false)])
        let choice = try ThresholdChoice(.precision(0.9), on: choosing, boundedBy: bounding)
        // Between .8, the last that may be flagged, and .6.
        #expect(abs(choice.threshold - 0.7) < 1e-12 && choice.chosen.precision?.share == 1)
        #expect(choice.bound.precision?.share == 0.5 && choice.bound.precision?.rows == 2)
        #expect(choice.bound.precision == Proportion(hits: 1, of: 2))
        let least = try #require(choice.bound.precision?.atLeast)
        #expect(least > 0.1 && least < 0.5)
        #expect(try ThresholdChoice(.precision(0.9), on: choosing, boundedBy: bounding, floor: 0.85).threshold == 0.85)
        // All that violate are wanted, so the lowest score is flagged and nothing lies under it.
        #expect(try ThresholdChoice(.recall(1), on: choosing, boundedBy: bounding).threshold == 0.4)
    }

    @Test("What no threshold reaches is said with the best that there is")
    func outOfReach() {
        let none = ScoreEvaluation(rows: [ScoredLabel(score: 0.3, isViolation: false)])
        #expect(throws: ThresholdChoice.Failure.nothingViolates) {
            try ThresholdChoice(.balance, on: none, boundedBy: none)
        }
        let poor = ScoreEvaluation(
            rows: [ScoredLabel(score: 0.9, isViolation: false), ScoredLabel(score: 0.5, isViolation: true)])
        #expect(throws: ThresholdChoice.Failure.outOfReach(highest: 0.5)) {
            try ThresholdChoice(.precision(0.8), on: poor, boundedBy: poor)
        }
    }
}
