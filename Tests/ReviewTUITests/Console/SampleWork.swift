@testable import Queue
@testable import ReviewTUI

/// Readings for the screens about the work. Made up for these tests.
enum SampleWork {
    static let readings: [WorkView: WorkReading] = [
        .health: .health(health), .own: .own(own, daysOfMonth: Array(10...23)), .calibration: .calibration(calibration),
        .agreement: .agreement(agreement),
    ]

    private static func part(_ policy: PolicyID?, _ hits: Int) -> QueueHealth.Part<PolicyID?> {
        QueueHealth.Part(name: policy, share: Proportion(hits: hits, of: 800)!, items: hits * 1203 / 800)
    }

    static let health = QueueHealth(
        readAt: Timestamp(milliseconds: Sample.start),
        lines: [
            QueueHealth.Line(name: .restricted, waiting: 3, leased: 0, awaiting: 0),
            QueueHealth.Line(name: .default, waiting: 1_200, leased: 6, awaiting: 31),
        ], waiting: 1_203, looked: 800, isExact: false,
        policies: [part("hate", 400), part("spam", 250), part("violence/graphic", 100), part(nil, 50)],
        ages: [
            .hour: 20, .fourHours: 60, .halfDay: 150, .day: 240, .twoDays: 200, .fourDays: 100, .week: 25, .more: 5,
        ],
        oldest: Timestamp(milliseconds: Sample.start - 9 * 86_400_000), overdue: Proportion(hits: 14, of: 800),
        holders: [QueueHealth.Holder(reviewer: "ben", items: 4), QueueHealth.Holder(reviewer: "mia", items: 2)],
        verdictsByHour: [0, 0, 0, 0, 2, 9, 31, 40, 44, 12, 38, 41, 40, 22, 8, 0, 0, 0, 0, 0, 0, 5, 36, 40],
        firstVerdicts: 340, verdictsAreCut: false, arrivals: 100)

    static let own = OwnStatistics(
        readAt: Timestamp(milliseconds: Sample.start),
        days: (0..<14).map { Timestamp(milliseconds: 1_795_392_000_000 - Int64(13 - $0) * 86_400_000) },
        verdictsByDay: [120, 80, 0, 0, 90, 140, 130, 110, 95, 0, 0, 100, 120, 41],
        today: [.allow: 28, .remove: 9, .restrict: 3, .escalate: 1], undoneToday: 2, perHourToday: 63.6,
        medianToday: 7_300, medianOfAll: 8_450, secondReviews: Proportion(hits: 45, of: 50),
        gold: Proportion(hits: 18, of: 20), appealsUpheld: Proportion(hits: 2, of: 3))

    static let calibration = CalibrationReading(
        readAt: Timestamp(milliseconds: Sample.start),
        subjects: [
            CalibrationReading.Subject(
                policy: "hate", model: "m@1", threshold: 0.5,
                // Of ten rows of a score, about as many violate as it says, a few less.
                evaluation: ScoreEvaluation(
                    rows: (0..<250).map { number in
                        let score = [0.02, 0.08, 0.15, 0.3, 0.1, 0.05, 0.55, 0.65, 0.78, 0.93][number % 10]
                        return ScoredLabel(
                            score: score, isViolation: Double(number / 10) / 25 < score * score, weight: 20)
                    }), drawn: 230, unlabelled: 12, waitingScores: (0..<800).map { 1 - Double($0) / 800 }),
            CalibrationReading.Subject(
                policy: "spam", model: "m@1", threshold: 0.5,
                evaluation: ScoreEvaluation(rows: [ScoredLabel(score: 0.7, isViolation: true)]), drawn: 1,
                unlabelled: 0, waitingScores: []),
        ], waiting: 120_300, waitingLooked: 2_000, waitingIsWhole: false, isCut: false, uncalibrated: 0)

    static let agreement: AgreementReading = {
        func report(_ subject: String, _ labels: [String]) -> AgreementReport? {
            var ratings: [Rating] = []
            for item in 0..<40 {
                for (number, rater) in ["ann", "ben", "cem"].enumerated() where (number + item) % 3 > 0 {
                    // Every fifth item is called something else by each.
                    let label = item * 7 + (item % 5 == 0 ? number : 0)
                    ratings.append(Rating(item: "\(item)", rater: rater, label: labels[label % labels.count]))
                }
            }
            return (try? RatingTable(ratings)).flatMap { try? AgreementReport(subject: subject, table: $0) }
        }
        var judgement = JudgementStats()
        judgement.explained = JudgementStats.Outcomes(agreed: 138, overturned: 12)
        judgement.unexplained = JudgementStats.Outcomes(agreed: 60, overturned: 11)
        judgement.firstCallsKept = 40
        judgement.firstCallsChanged = 3
        var drawn = JudgementStats()
        drawn.explained = JudgementStats.Outcomes(agreed: 9, overturned: 1)
        return AgreementReading(
            readAt: Timestamp(milliseconds: Sample.start),
            reports: [report("verdict", ["allow", "remove", "restrict"])].compactMap { $0 }
                + ["hate", "spam", "violence/graphic"].compactMap { report("policy \($0)", ["no", "yes"]) },
            judgement: judgement, drawnJudgement: drawn, rows: 50_000, isWhole: false)
    }()
}
