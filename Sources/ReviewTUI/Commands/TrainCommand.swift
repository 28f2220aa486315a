import ArgumentParser
import Foundation
import ModelCore
import Queue

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Fit heads on the verdicts, and compare them with those in use.",
        discussion: """
            For each model and policy a direction, its calibration and a threshold, from the embeddings that `score` keeps. \
            Only split train is fitted on; what is held out (split test, known answers) compares. A head is proposed and \
            scores nothing until it is adopted: by `head adopt`, or here by --adopt or --adopt-if-better. Ends with 65 where \
            some policies have too few verdicts, with 66 where all have.
            """)

    enum ClassWeights: String, ExpressibleByArgument, CaseIterable {
        case none, balanced
    }

    @OptionGroup var options: GlobalOptions
    @Option(
        help: ArgumentHelp(
            "This model; once for each. All that have embedded judged items by default.", valueName: "name"))
    var model: [String] = []
    @Option(help: ArgumentHelp("This policy; once for each. All that were judged by default.", valueName: "id"))
    var policy: [String] = []
    @Option(
        help: ArgumentHelp(
            "What a label counts that the model proposed and one key confirmed, from 0 (left out) to 1.",
            valueName: "weight"))
    var originModelWeight = 0.25
    @Flag(help: "Weigh uniformly drawn items by one over the share of claims that was drawn.")
    var weighBySampling = false
    @Option(help: "Whether violating and other items weigh the same in total.")
    var classWeights = ClassWeights.none
    @Option(
        help: ArgumentHelp(
            "How little the direction's length is penalised (C), or auto: by cross-validation.", valueName: "C|auto"))
    var strength = "auto"
    @Flag(help: "Start from what the model makes of the policy's words, where it reads words.")
    var fromWords = false
    @Flag(help: "Adopt what was fitted, whatever the comparison says.")
    var adopt = false
    @Flag(help: "Adopt it for the policies for which it is better, by the rule of docs/heads.md.")
    var adoptIfBetter = false
    @Option(help: "What to call the head.")
    var name = "verdicts"
    @Option(help: ArgumentHelp("Who proposes it; the operating-system user by default.", valueName: "reviewer"))
    var by: String?
    @Option(help: ArgumentHelp("Write the head file here, too; for one model.", valueName: "file"))
    var out: String?

    func validate() throws {
        guard originModelWeight.isFinite, (0...1).contains(originModelWeight) else {
            throw ValidationError("--origin-model-weight lies in 0...1.")
        }
        guard strength == "auto" || (Double(strength).map { $0.isFinite && $0 > 0 } ?? false) else {
            throw ValidationError("--strength is auto or a number above 0.")
        }
        guard !(adopt && adoptIfBetter) else { throw ValidationError("Choose one of --adopt and --adopt-if-better.") }
    }

    func run() async throws {
        let store = try options.openQueue()
        let models = try InstalledModels(of: store)
        let scorer = fromWords ? try models.scorer(models: model) : nil
        let refit = Refit(store: store, library: models.library, scorer: scorer)
        let bar = SharedProgress("train", unit: "policies")
        let outcome = try await refit.run(
            models: model, policies: policy.map { PolicyID($0) }, options: fitOptions
        ) { bar.show(done: $0.done, fraction: $0.fraction) }
        bar.clear()
        let rescored =
            outcome.adoptedModels.isEmpty
            ? nil : try Rescoring(store: store).runShowingProgress(models: outcome.adoptedModels)
        report(outcome, rescored)
        try write(outcome)
        try end(outcome)
    }

    private var fitOptions: Refit.Options {
        var options = Refit.Options(by: Reviewer.name(option: by))
        options.fitting.strength = Double(strength)
        options.fitting.isBalanced = classWeights == .balanced
        options.weighing = JudgedItems.Weighing(originModel: originModelWeight, bySampling: weighBySampling)
        options.startsFromWords = fromWords
        options.adoption = adopt ? .always : adoptIfBetter ? .ifBetter : .propose
        options.name = name
        return options
    }
}

// MARK: What is said

extension TrainCommand {
    private func write(_ outcome: Refit.Outcome) throws {
        guard let out else { return }
        let heads = outcome.models.compactMap(\.head)
        guard heads.count == 1, let head = heads.first else {
            // Nothing was fitted: that is said by itself.
            if heads.isEmpty { return }
            throw CommandFailure(
                .usage,
                "Heads of \(heads.count) models do not go into one file: name one of \(heads.map(\.model).joined(separator: ", ")) with --model. They are recorded."
            )
        }
        do {
            try head.document.write(to: URL(fileURLWithPath: out), options: .atomic)
        } catch {
            throw CommandFailure(
                .failed, "\(out) could not be written: \(error.localizedDescription). The head is recorded.")
        }
    }

    private func report(_ outcome: Refit.Outcome, _ rescored: Rescoring.Result?) {
        if options.json {
            let document: JSONValue = [
                "models": .array(outcome.models.map(\.json)), "left_out": .array(outcome.leftOut.map(\.json)),
                "rescored": .object(
                    outcome.adoptedModels.compactMap { model in
                        rescored.map { JSONMember(model, $0.json(of: model)) }
                    }), "notes": .array(outcome.notes.sorted().map { .string($0) }),
            ]
            Output.result(document.text)
        } else if !outcome.fitted.isEmpty {
            let header = [
                "model", "policy", "fitted on", "average precision", "in use", "log loss", "in use", "judged on",
                "verdict",
            ]
            Output.result(
                Table.text(
                    header: header,
                    rows: outcome.models.flatMap { model in model.policies.map { Self.row(model.model, $0) } }))
        }
        for note in outcome.notes.sorted() { Output.say(note) }
        for model in outcome.models { say(model) }
        rescored?.report()
        for left in outcome.leftOut { Output.say("Left out: \(left.sentence)") }
    }

    private static func row(_ model: String, _ policy: Refit.PolicyOutcome) -> [String] {
        let comparison = policy.comparison
        let verdict =
            switch comparison.verdict {
            case .better: "better"
            case .notBetter: "not better"
            case .undecided: "undecided"
            }
        return [
            model, policy.policy.rawValue, "\(policy.fitted.violating) + \(policy.fitted.others)",
            words(comparison.candidate.averagePrecision), words(comparison.current?.averagePrecision),
            words(comparison.candidate.logLoss), words(comparison.current?.logLoss),
            "\(comparison.violating) + \(comparison.rows - comparison.violating) \(policy.comparedOn == .heldOut ? "held out" : "out of fold")",
            verdict + (policy.isAdopted ? ", adopted" : ""),
        ]
    }

    private static func words(_ figure: HeadComparison.Figure?) -> String {
        guard let figure else { return "-" }
        let interval = figure.interval.map {
            " (\(Figures.decimal($0.lowerBound))–\(Figures.decimal($0.upperBound)))"
        }
        return Figures.decimal(figure.value) + (interval ?? "")
    }

    private func say(_ model: Refit.ModelOutcome) {
        for policy in model.policies {
            switch policy.comparison.verdict {
            case .better: break
            case .notBetter(let reason), .undecided(let reason):
                Output.say("\(policy.policy.rawValue) by \(model.model): \(reason).")
            }
            if policy.currentSawRows {
                Output.say(
                    "\(policy.policy.rawValue) by \(model.model): \(policy.current ?? "") was fitted on these rows itself and looks better than it is."
                )
            }
            if policy.fitted.curve == nil {
                Output.say(
                    "\(policy.policy.rawValue) by \(model.model): too few to calibrate by, so its scores order items and are no probabilities."
                )
            }
        }
        guard let record = model.record else { return }
        let rows = model.rows
        Output.say(
            """
            \(record.id): fitted on \(rows.training) judged items, \(rows.validation) for calibration, \(rows.test) of split \
            test and \(rows.gold) known answers held out, in \(String(format: "%.1f", model.seconds)) s.
            """)
        let adopted = model.policies.filter(\.isAdopted).map(\.policy.rawValue)
        Output.say(
            adopted.isEmpty
                ? "It is proposed and scores nothing: `reviewtui head adopt \(record.id)` has it score."
                : "It scores \(adopted.joined(separator: ", ")) from now on; `reviewtui head revert --model \(model.model)` takes that back."
        )
    }

    private func end(_ outcome: Refit.Outcome) throws {
        guard !outcome.fitted.isEmpty else {
            throw CommandFailure(
                .notFound,
                outcome.leftOut.isEmpty
                    ? "Nobody has judged items that a model has embedded: run `reviewtui score`, decide some, then train."
                    : "Nothing could be fitted: see above what is missing.")
        }
        try outcome.leftOut.end(done: "fitted", areNamed: !policy.isEmpty)
    }
}
