import Foundation
import ModelCore
import Queue
import Synchronization

/// Fits heads on a queue's verdicts, compares them with those in use, and records them: proposed, or adopted too.
///
/// ```swift
/// let refit = Refit(store: store, library: library, scorer: nil)
/// let outcome = try await refit.run(options: options) { print($0.words, $0.fraction) }
/// ```
///
/// Off the main actor, on a thread of its own and the policies on all cores; cancelled between two pages of rows and
/// before each policy. Nothing is written before everything is fitted, and then in two short transactions a model. What
/// is adopted does not score what waits: ``Rescoring`` of ``Outcome/adoptedModels`` does, when whoever called finds it the
/// right time.
struct Refit: Sendable {
    struct Options: Sendable {
        enum Adoption: Sendable, Hashable {
            case propose
            /// Policy by policy, by ``HeadComparison/verdict``.
            case ifBetter
            case always
        }

        var fitting = HeadFitting.Options()
        var weighing = JudgedItems.Weighing()
        /// Whether a fit starts from what the model makes of the policy's words.
        var startsFromWords = false
        var adoption = Adoption.propose
        /// Whether policies are fitted beside one another, on all cores; what comes out is the same.
        var isSideBySide = true
        /// Of the head, as its file and its scores name it.
        var name = "verdicts"
        /// Who proposes and adopts.
        var by: String
    }

    struct Stage: Sendable {
        /// What is being done, in words.
        var words: String
        /// Policies that are fitted or left out.
        var done = 0
        /// Of the whole, in [0, 1].
        var fraction: Double
    }

    let store: QueueStore
    /// With the heads in use in this queue.
    let library: ModelLibrary
    /// What reads words; nil fits without them.
    let scorer: Scorer?

    /// - Parameters:
    ///   - models: `name` or `name@version`; none for all.
    ///   - policies: none for all that somebody has judged.
    /// - Throws: ``CommandFailure``, ``RecipeError`` for an unknown model, what the queue says, `CancellationError`.
    func run(
        models: [String] = [], policies: [PolicyID] = [], options: Options,
        progress: @escaping @Sendable (Stage) -> Void = { _ in }
    ) async throws -> Outcome {
        let taxonomy = try store.taxonomy()
        if let unknown = policies.first(where: { taxonomy[$0] == nil }) {
            throw CommandFailure(
                .usage, "There is no policy \"\(unknown.rawValue)\" here: reviewtui policy list shows those there are.")
        }
        let recipes =
            models.isEmpty ? library.recipes.sorted { $0.id < $1.id } : try models.map { try library.recipe($0) }
        let wanted = policies.isEmpty ? taxonomy.policies.map(\.id) : policies
        var outcome = Outcome()
        for (index, recipe) in recipes.enumerated() {
            let span = (start: Double(index) / Double(recipes.count), width: 1 / Double(recipes.count))
            let words = options.startsFromWords ? try await wordHeads(recipe, wanted, &outcome) : []
            let fit = ModelFit(
                store: store, library: library, recipe: recipe, taxonomy: taxonomy, options: options, words: words)
            let found = try await onOwnThread { isCancelled in
                try fit.run(wanted, areNamed: !policies.isEmpty, isCancelled: isCancelled) { stage in
                    progress(
                        Stage(words: stage.words, done: stage.done, fraction: span.start + span.width * stage.fraction))
                }
            }
            // Of models that nobody asked for, those that embed nothing here are no news.
            if !models.isEmpty || found.rows.count > 0 {
                outcome.models.append(found)
            }
        }
        return outcome
    }

    private func wordHeads(_ recipe: Recipe, _ policies: [PolicyID], _ outcome: inout Outcome) async throws -> [Head] {
        guard let scorer else {
            outcome.notes.insert("No engine to read words with: heads were fitted without them.")
            return []
        }
        return try await scorer.wordHeads(for: policies.map(\.rawValue), model: recipe.id)
    }
}

// MARK: What comes out

extension Refit {
    struct Outcome: Sendable {
        var models: [ModelOutcome] = []
        var notes: Set<String> = []

        var fitted: [PolicyOutcome] { models.flatMap(\.policies) }
        var leftOut: [LeftOutPolicy] { models.flatMap(\.leftOut) }
        /// Models of which something else scores now.
        var adoptedModels: [String] { models.filter { !$0.changes.isEmpty }.map(\.model) }
    }

    struct ModelOutcome: Sendable {
        var model: String
        var rows = Rows()
        var withoutEmbedding = 0
        var head: Head?
        var record: HeadRecord?
        var changes: [HeadChange] = []
        var policies: [PolicyOutcome] = []
        var leftOut: [LeftOutPolicy] = []
        var seconds = 0.0
    }

    /// Judged items with an embedding, by what they are used for.
    struct Rows: Sendable, Hashable {
        var training = 0
        var validation = 0
        var test = 0
        var gold = 0
        /// Between splits, and known answers with twins among what is fitted on.
        var unused = 0

        var count: Int { training + validation + test + gold + unused }
    }

    struct PolicyOutcome: Sendable {
        enum ComparedOn: Sendable, Hashable {
            case heldOut
            case outOfFold
        }

        var policy: PolicyID
        var fitted: HeadFitting.Fitted
        var comparison: HeadComparison
        var comparedOn: ComparedOn
        /// Id of the head in use.
        var current: String?
        /// Whether the head in use was fitted on verdicts of this queue, of which it may have seen those it is compared on.
        var currentSawRows: Bool
        var isAdopted = false
    }
}

extension HeadFitting.TooFew {
    /// What is missing and how to come by it.
    func advice(_ policy: PolicyID) -> String {
        func missing(_ count: Int, _ what: String) -> String? {
            count < needed ? "\(needed - count) more \(what)" : nil
        }
        let wanted = [
            missing(violating, violating == needed - 1 ? "violation of it" : "violations of it"),
            missing(others, "item\(others == needed - 1 ? "" : "s") without"),
        ].compactMap { $0 }.joined(separator: " and ")
        return "judged \(violating) times as violating and \(others) as not, in split train: label \(wanted)."
    }
}

// MARK: One model

/// All of one model's policies, on the calling thread.
private struct ModelFit: Sendable {
    let store: QueueStore
    let library: ModelLibrary
    let recipe: Recipe
    let taxonomy: Taxonomy
    let options: Refit.Options
    let words: [Head]

    func run(
        _ policies: [PolicyID], areNamed: Bool, isCancelled: @Sendable () -> Bool,
        progress: @Sendable (Refit.Stage) -> Void
    ) throws -> Refit.ModelOutcome {
        let started = ContinuousClock.now
        var outcome = Refit.ModelOutcome(model: recipe.id)
        progress(Refit.Stage(words: "\(recipe.id): reading verdicts", fraction: 0))
        let judged = try JudgedItems.read(
            from: store, model: recipe.id, weights: recipe.weightsSHA256, isCancelled: isCancelled)
        outcome.rows = Self.rows(judged)
        outcome.withoutEmbedding = judged.extent.withoutEmbedding
        guard !judged.items.isEmpty else {
            outcome.leftOut.append(LeftOutPolicy(model: recipe.id, reason: nothing(judged)))
            return outcome
        }
        let learnt = Set(try store.heads().map(\.id))
        let named = Set(judged.items.lazy.flatMap(\.labels.keys))
        let wanted = policies.filter { areNamed || named.contains($0) }
        for result in try fits(of: wanted, judged, learnt: learnt, isCancelled, progress) {
            switch result {
            case .success(let fitted): outcome.policies.append(fitted)
            case .failure(let leftOut): outcome.leftOut.append(leftOut)
            }
        }
        if !outcome.policies.isEmpty { try record(judged, &outcome) }
        outcome.seconds = started.duration(to: .now) / .seconds(1)
        return outcome
    }

    /// Of each policy, in their order. A policy takes a core for its whole time, and any that is free takes the next.
    private func fits(
        of policies: [PolicyID], _ judged: JudgedItems, learnt: Set<String>, _ isCancelled: @Sendable () -> Bool,
        _ progress: @Sendable (Refit.Stage) -> Void
    ) throws -> [Result<Refit.PolicyOutcome, LeftOutPolicy>] {
        // Held while it is told, so that no stage is overtaken by an earlier one.
        let done = Mutex(0)
        @Sendable func one(_ index: Int) -> Result<Refit.PolicyOutcome, LeftOutPolicy>? {
            if isCancelled() { return nil }
            let policy = policies[index]
            func tell(_ count: Int) {
                progress(
                    Refit.Stage(
                        words: "\(recipe.id): \(policy.rawValue)", done: count,
                        fraction: 0.1 + 0.9 * Double(count) / Double(policies.count)))
            }
            done.withLock { tell($0) }
            defer {
                done.withLock { count in
                    count += 1
                    tell(count)
                }
            }
            guard !taxonomy.isRestricted(policy) else {
                return .failure(
                    LeftOutPolicy(
                        model: recipe.id, policy: policy,
                        reason: "restricted items never train, so there is nothing to fit it on.", isRestricted: true))
            }
            do throws(HeadFitting.TooFew) {
                return .success(try fit(policy, judged, learnt: learnt))
            } catch {
                return .failure(LeftOutPolicy(model: recipe.id, policy: policy, reason: error.advice(policy)))
            }
        }
        let found =
            options.isSideBySide ? Concurrently.map(policies.count, one) : policies.indices.map(one)
        if isCancelled() { throw CancellationError() }
        return found.compactMap { $0 }
    }

    private func nothing(_ judged: JudgedItems) -> String {
        judged.extent.withoutEmbedding > 0
            ? """
            it has made no embeddings of the \(judged.extent.withoutEmbedding) judged items: run `reviewtui score --model \
            \(recipe.id)` before they are judged; a model without embeddings can have no heads.
            """
            : "nobody has judged anything yet that teaches it something: decide some items, then train."
    }

    private static func rows(_ judged: JudgedItems) -> Refit.Rows {
        var rows = Refit.Rows()
        for item in judged.items {
            switch judged.part(of: item) {
            case .training: rows.training += 1
            case .validation: rows.validation += 1
            case .heldOut: if item.isGold { rows.gold += 1 } else { rows.test += 1 }
            case .none: rows.unused += 1
            }
        }
        return rows
    }

    private func fit(
        _ policy: PolicyID, _ judged: JudgedItems, learnt: Set<String>
    ) throws(HeadFitting.TooFew) -> Refit.PolicyOutcome {
        let training = judged.labelled(policy, .training, options.weighing)
        let validation = judged.labelled(policy, .validation, options.weighing)
        let heldOut = judged.labelled(policy, .heldOut, options.weighing)
        let start = words.lazy.flatMap(\.policies).first { $0.policy == policy.rawValue }.map {
            LinearFit(direction: $0.direction.map(Double.init), bias: $0.bias)
        }
        let fitted = try HeadFitting(options.fitting).fit(
            policy.rawValue, judged.table, training: training.items, validation: validation.items,
            startingFrom: start)
        let current = library.inUse(policy.rawValue, model: recipe.id, words: words)
        func rows(_ part: (places: [Int], items: [LabelledItem]), _ logit: (Int) -> Double) -> [HeadComparison.Row] {
            part.items.indices.compactMap { index in
                let item = part.items[index]
                // Half of its judges found a violation: neither.
                guard item.target != 0.5 else { return nil }
                return HeadComparison.Row(
                    isViolation: item.target > 0.5, weight: item.standsFor, cluster: item.cluster,
                    candidate: fitted.probability(ofLogit: logit(index)),
                    current: current.map { current in
                        current.direction.calibration.probability(
                            ofLogit: judged.logit(of: judged.items[part.places[index]], on: current.direction))
                    })
            }
        }
        let held = rows(heldOut) { fitted.logit(of: heldOut.items[$0], in: judged.table) }
        let violating = held.count { $0.isViolation }
        let isEnough = min(violating, held.count - violating) >= HeadComparison.itemsNeeded
        let isFolded = !isEnough && !fitted.outOfFold.isEmpty
        return Refit.PolicyOutcome(
            policy: policy, fitted: fitted,
            comparison: HeadComparison(
                isFolded ? rows(training) { fitted.outOfFold[$0] } : held, seed: options.fitting.seed),
            comparedOn: isFolded ? .outOfFold : .heldOut, current: current?.head,
            currentSawRows: isFolded && current.map { learnt.contains($0.head) } ?? false)
    }

    // MARK: Recording

    private func record(_ judged: JudgedItems, _ outcome: inout Refit.ModelOutcome) throws {
        let explained = library.explanation(ofHeadsFor: recipe.id)
        let head = Head(
            name: options.name, model: recipe.id, weightsSHA256: recipe.weightsSHA256,
            policies: outcome.policies.map(\.direction), explain: explained?.explain, neutral: explained?.neutral)
        outcome.head = head
        let record = try store.propose(
            HeadDraft(
                name: options.name, model: recipe.id, weights: recipe.weightsSHA256,
                policies: outcome.policies.map(\.policy), body: String(decoding: head.document, as: UTF8.self),
                facts: facts(outcome), lastDecision: judged.extent.lastDecision, by: options.by))
        outcome.record = record
        let adopted = outcome.policies.indices.filter { index in
            switch options.adoption {
            case .propose: false
            case .always: true
            case .ifBetter: outcome.policies[index].comparison.verdict == .better
            }
        }
        guard !adopted.isEmpty else { return }
        let because = adopted.count == 1 ? outcome.policies[adopted[0]].because : nil
        outcome.changes = try store.adopt(
            record.id, policies: adopted.map { outcome.policies[$0].policy }, by: options.by,
            because: because ?? (options.adoption == .ifBetter ? "better by the rule of docs/heads.md" : nil))
        for index in adopted { outcome.policies[index].isAdopted = true }
    }

    private func facts(_ outcome: Refit.ModelOutcome) -> JSONValue {
        [
            "rows": outcome.rows.json, "options": options.json,
            "policies": .array(outcome.policies.map(\.json)),
        ]
    }
}

extension Refit.PolicyOutcome {
    /// As the head has it.
    var direction: Head.PolicyDirection {
        Head.PolicyDirection(
            policy: policy.rawValue, direction: fitted.direction.map(Float.init), bias: fitted.bias,
            calibration: fitted.curve, threshold: fitted.threshold,
            heldOutAUROC: comparedOn == .heldOut ? comparison.candidate.auroc?.value : nil,
            positives: fitted.violating, negatives: fitted.others, data: ["verdicts"])
    }

    /// `average precision 0.71 against 0.55 on 212 held-out items`.
    var because: String? {
        guard let own = comparison.candidate.averagePrecision else { return nil }
        let other = comparison.current?.averagePrecision.map { " against \(Figures.decimal($0.value))" } ?? ""
        let rows = comparedOn == .heldOut ? "held-out" : "training (out of fold)"
        return "average precision \(Figures.decimal(own.value))\(other) on \(comparison.rows) \(rows) items"
    }
}
