import Foundation
import ModelCore
import Queue

/// Fits curves from logits to probabilities for the directions in use, and chooses thresholds, on items that nobody's
/// priorities have chosen.
///
/// **Rows.** Items whose claim was drawn uniformly, each weighing one over the share of claims that was drawn, and items
/// with a known answer, of weight 1 (docs/screens.md, Calibration). They are divided by cluster: one part fits the curve and
/// chooses the threshold, the other tells what both are worth. Split test and known answers are always on the second side.
///
/// **Logits.** The highest over an item's pictures, from the embeddings that the queue keeps, so that it does not matter by
/// which head an item was scored when it was judged. Items of split train that a head of this queue was fitted on get
/// out-of-fold logits, of fits that left their cluster out: on its own rows a head is too sure of itself.
struct Calibrating: Sendable {
    struct Options: Sendable {
        /// nil chooses by the number of rows.
        var method: CalibrationCurve.Method?
        var aim = ThresholdAim.balance
        /// The lowest threshold there may be.
        var lowestThreshold = 0.1
        /// Violating items, and others, that the fitting part must have.
        var leastItems = 5
    }

    let store: QueueStore
    let library: ModelLibrary
    /// Directions made of words, by model.
    var words: [String: [Head]] = [:]

    /// - Parameters:
    ///   - models: `name` or `name@version`; none for all.
    ///   - policies: none for all that something scores.
    /// - Returns: the report, and for each model with one the calibration to propose.
    /// - Throws: what the queue says; `CancellationError`; ``RecipeError`` for an unknown model.
    func run(
        models: [String] = [], policies: [PolicyID] = [], options: Options,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws -> (report: CalibrationReport, calibrations: [(calibration: Calibration, lastDecision: Int64)]) {
        let taxonomy = try store.taxonomy()
        let recipes =
            models.isEmpty ? library.recipes.sorted { $0.id < $1.id } : try models.map { try library.recipe($0) }
        var report = CalibrationReport()
        var calibrations: [(calibration: Calibration, lastDecision: Int64)] = []
        let learnt = Dictionary(try store.heads().map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for recipe in recipes {
            let directions = library.directions(model: recipe.id, words: words[recipe.id] ?? []).filter {
                policies.isEmpty || policies.contains(PolicyID($0.direction.policy))
            }
            guard !directions.isEmpty else {
                if !models.isEmpty {
                    report.leftOut.append(
                        .init(
                            model: recipe.id,
                            reason:
                                "no head of it scores what was asked for; a network's own outputs have none to calibrate."
                        ))
                }
                continue
            }
            let judged = try JudgedItems.read(
                from: store, model: recipe.id, weights: recipe.weightsSHA256, isCancelled: isCancelled)
            guard !judged.items.isEmpty else {
                if !models.isEmpty {
                    report.leftOut.append(
                        .init(model: recipe.id, reason: "no judged item has an embedding by it: score, then decide."))
                }
                continue
            }
            var entries: [Calibration.Entry] = []
            for use in directions {
                if isCancelled() { throw CancellationError() }
                let direction = OneDirection(
                    use: use, model: recipe.id, judged: judged, taxonomy: taxonomy, options: options,
                    head: learnt[use.head], words: words[recipe.id] ?? [])
                do throws(LeftOutPolicy) {
                    let subject = try direction.calibrate()
                    report.subjects.append(subject)
                    entries.append(direction.entry(subject))
                } catch {
                    report.leftOut.append(error)
                }
            }
            if !entries.isEmpty {
                calibrations.append(
                    (
                        Calibration(model: recipe.id, weightsSHA256: recipe.weightsSHA256, entries: entries),
                        judged.extent.lastDecision
                    ))
            }
        }
        return (report, calibrations)
    }
}

/// One direction on the items that nobody's priorities have chosen.
private struct OneDirection {
    let use: DirectionInUse
    let model: String
    let judged: JudgedItems
    let taxonomy: Taxonomy
    let options: Calibrating.Options
    /// Its record, where it is a head of the queue.
    let head: HeadRecord?
    let words: [Head]

    private struct Row {
        var logit: Double
        var isViolation: Bool
        var weight: Double
        var isDrawn: Bool
        /// Not in the part that is fitted on.
        var isHeld: Bool
    }

    private struct Rows {
        var rows: [Row] = []
        var unlabelled = 0
        /// With out-of-fold logits.
        var crossFitted = 0
        /// Left out, since the head was fitted on them.
        var seen = 0
    }

    private var policy: PolicyID { PolicyID(use.direction.policy) }

    func calibrate() throws(LeftOutPolicy) -> CalibrationReport.Subject {
        guard !taxonomy.isRestricted(policy) else {
            throw leftOut("restricted items are neither drawn nor trained on.", isRestricted: true)
        }
        let found = self.rows()
        let rows = found.rows
        let fitting = rows.filter { !$0.isHeld }
        let violating = fitting.count { $0.isViolation }
        guard min(violating, fitting.count - violating) >= options.leastItems else {
            throw leftOut(
                """
                \(violating) violating and \(fitting.count - violating) other drawn items to fit on; \(options.leastItems) of \
                each are needed. Drawn claims come by themselves (`reviewtui init --sample-share`): go on deciding.
                """)
        }
        let curve = CalibrationCurve.chosen(
            logits: fitting.map(\.logit), targets: fitting.map { $0.isViolation ? 1 : 0 },
            weights: fitting.map(\.weight), method: options.method)
        guard let curve else {
            throw leftOut("its scores say the opposite of the verdicts: there is no curve to fit. Train another head.")
        }
        let (fitted, held) = (part(fitting, curve), part(rows.filter(\.isHeld), curve))
        var subject = CalibrationReport.Subject(
            policy: policy, model: model, head: use.head, curve: curve, fitted: fitted, held: held,
            unlabelled: found.unlabelled,
            thresholdBefore: use.direction.threshold ?? taxonomy[policy]?.threshold ?? 0.5)
        do throws(ThresholdChoice.Failure) {
            subject.choice = try ThresholdChoice(
                options.aim, on: fitted.after, boundedBy: held.after,
                floor: options.aim == .balance ? options.lowestThreshold : 0)
        } catch {
            if case .outOfReach(let highest) = error {
                subject.notes.append(
                    "No threshold has the wanted precision where it is chosen; the highest is \(Figures.percent(highest)), so "
                        + "the threshold stays as it is.")
            }
        }
        if found.crossFitted > 0 {
            subject.notes.append(
                "The head was fitted on \(found.crossFitted) of these rows: they have out-of-fold logits here.")
        }
        if found.seen > 0 {
            subject.notes.append("\(found.seen) rows are left out, since the head was fitted on them.")
        }
        if fitted.drawn + held.drawn == 0 {
            subject.notes.append("Known answers only: chosen items say nothing of the whole queue.")
        }
        if !held.after.isEnough {
            subject.notes.append(
                "Few rows to tell by: with \(ScoreEvaluation.rowsNeeded) judged and \(ScoreEvaluation.violatingNeeded) "
                    + "violating ones no interval is wider than 10 and 20 points to either side.")
        }
        return subject
    }

    func entry(_ subject: CalibrationReport.Subject) -> Calibration.Entry {
        Calibration.Entry(
            policy: use.direction.policy, head: use.head, curve: subject.curve,
            threshold: subject.choice?.threshold ?? use.direction.threshold, positives: subject.fitted.violating,
            negatives: subject.fitted.rows - subject.fitted.violating, data: ["drawn verdicts", "known answers"])
    }

    private func leftOut(_ reason: String, isRestricted: Bool = false) -> LeftOutPolicy {
        LeftOutPolicy(model: model, policy: policy, reason: reason, isRestricted: isRestricted)
    }

    private func part(_ rows: [Row], _ curve: CalibrationCurve) -> CalibrationReport.Part {
        func evaluation(_ curve: CalibrationCurve) -> ScoreEvaluation {
            ScoreEvaluation(
                rows: rows.map {
                    ScoredLabel(
                        score: curve.probability(ofLogit: $0.logit), isViolation: $0.isViolation, weight: $0.weight)
                })
        }
        return CalibrationReport.Part(
            before: evaluation(use.direction.calibration), after: evaluation(curve), drawn: rows.count { $0.isDrawn })
    }

    private func rows() -> Rows {
        let folded = outOfFold()
        var found = Rows()
        for (place, item) in judged.items.enumerated() where item.sampled != nil || item.isGold {
            guard let label = item.labels[policy], label.target != 0.5 else {
                found.unlabelled += 1
                continue
            }
            let logit: Double
            switch folded[place] {
            case .some(let own?): (logit, found.crossFitted) = (own, found.crossFitted + 1)
            case .some(nil):
                found.seen += 1
                continue
            case nil: logit = judged.logit(of: item, on: use.direction)
            }
            found.rows.append(
                Row(
                    logit: logit, isViolation: label.target > 0.5,
                    weight: item.isGold ? 1 : item.sampled.map { 1 / $0 } ?? 1, isDrawn: !item.isGold,
                    isHeld: judged.part(of: item) == .heldOut || item.isGold || Self.isSecondHalf(item.cluster)))
        }
        return found
    }

    /// Logits of the items that the head was fitted on, by place: nil where they could not be found out. Nothing of a
    /// head from elsewhere.
    private func outOfFold() -> [Int: Double?] {
        guard let made = head.flatMap({ RecordedFit($0.facts, policy) }) else { return [:] }
        let training = judged.labelled(policy, .training, made.weighing)
        let start = words.lazy.flatMap(\.policies).first { $0.policy == policy.rawValue }.map {
            LinearFit(direction: $0.direction.map(Double.init), bias: $0.bias)
        }
        let logits =
            made.startsFromWords && start == nil
            ? nil
            : HeadFitting(made.options).outOfFold(
                judged.table, training: training.items, startingFrom: made.startsFromWords ? start : nil)
        return training.places.indices.reduce(into: [:]) { found, index in
            found.updateValue(logits?[index], forKey: training.places[index])
        }
    }

    /// A half of all clusters, the same ones every time and on every machine: a bit of a mixed number (SplitMix64).
    private static func isSecondHalf(_ cluster: Int64) -> Bool {
        var generator = SeededGenerator(seed: UInt64(bitPattern: cluster))
        return generator.next() & 1 == 1
    }
}
