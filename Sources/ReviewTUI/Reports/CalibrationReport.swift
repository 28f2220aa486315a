import Foundation
import ModelCore
import Queue

/// What a calibration found: what the terminal, the page and the JSON document are made of.
struct CalibrationReport: Sendable {
    /// Rows that a figure was worked out on, with the scores before and after.
    struct Part: Sendable {
        var before: ScoreEvaluation
        var after: ScoreEvaluation
        /// Drawn uniformly; the others have known answers.
        var drawn: Int

        var rows: Int { after.rows.count }
        var known: Int { rows - drawn }
        var violating: Int { after.violating }
    }

    /// One direction.
    struct Subject: Sendable {
        var policy: PolicyID
        /// `name@version`.
        var model: String
        /// Of the head whose direction it is.
        var head: String
        var curve: CalibrationCurve
        /// The curve was fitted and the threshold chosen on these.
        var fitted: Part
        /// These had no part in either: what holds for new items.
        var held: Part
        /// Judged items whose verdict says nothing about the policy.
        var unlabelled: Int
        var thresholdBefore: Double
        var choice: ThresholdChoice?
        /// What is to be known beside the figures, in whole sentences.
        var notes: [String] = []
    }

    var subjects: [Subject] = []
    var leftOut: [LeftOutPolicy] = []
}

extension CalibrationReport.Part {
    /// `130 drawn uniformly, 24 known, 31 violate`.
    var words: String { "\(drawn) drawn uniformly, \(known) known; \(violating) violate" }

    /// Bins of a reliability diagram: one for twenty rows, four at least (docs/screens.md).
    ///
    /// - Parameter most: that there is room for.
    func bins(most: Int = 10) -> Int { max(4, min(most, rows / 20)) }

    static func points(_ evaluation: ScoreEvaluation, bins: Int) -> [Plot.Point] {
        evaluation.reliability(bins: bins).map {
            Plot.Point(x: $0.meanScore, y: $0.violating.share, interval: $0.violating.interval)
        }
    }
}

extension CalibrationCurve {
    /// `Platt, a = 1.32, b = -0.41`.
    var words: String {
        switch self {
        case .identity: "as it is"
        case .temperature(let temperature): "temperature, T = \(Figures.decimal(temperature))"
        case .platt(let a, let b): "Platt, a = \(Figures.decimal(a)), b = \(Figures.decimal(b))"
        case .isotonic(let logits, _): "isotonic, \(logits.count) points"
        }
    }
}

extension ThresholdAim {
    var words: String {
        switch self {
        case .precision(let wanted): "for a precision of \(Figures.percent(wanted))"
        case .recall(let wanted): "for a recall of \(Figures.percent(wanted))"
        case .balance: "where F1 is highest"
        }
    }
}

extension Figures {
    /// Three digits behind the point: `0.041`.
    static func decimal(_ value: Double) -> String { String(format: "%.3f", value) }
}
