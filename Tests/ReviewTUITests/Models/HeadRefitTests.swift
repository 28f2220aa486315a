import Foundation
import ModelCore
import Synchronization
import Testing

@testable import Queue
@testable import ReviewTUI

/// A queue whose items have made-up embeddings by MiniLM, judged as a rule over these says; no network runs.
private final class JudgedQueue {
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        .standardizedFileURL.path
    static let model = "minilm-l6@1"
    static let policy: PolicyID = "spam"

    let folder: String
    let store: QueueStore
    let library: ModelLibrary

    /// - Parameters:
    ///   - share: of claims that are drawn uniformly.
    ///   - violating: one item in so many.
    ///   - also: policies that violating items violate too: the first every second one, the next every third.
    ///   - width: of the embeddings.
    init(
        _ count: Int, share: Double = 0, violating: Int = 3, apart: Double = 1.5, also: [PolicyID] = [],
        width: Int = 12
    ) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "reviewtui-refit-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        store = try QueueStore.create(
            at: folder + "/queue.sqlite", taxonomy: Taxonomy.load(file: Self.package + "/policies/default.toml"))
        library = try ModelLibrary(recipes: Self.package + "/models", stores: [])
        let lines = (0..<count).map { #"{"id":"post-\#($0)","text":"number \#($0)"}"# }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder + "/items.jsonl"))
        _ = try store.ingest(.jsonLines(path: folder + "/items.jsonl"), options: IngestOptions())
        var generator = SeededGenerator(seed: 4)
        let scored = (0..<count).map { number in
            var embedding = (0..<width).map { _ in Float.random(in: -1...1, using: &generator) / 8 }
            embedding[0] =
                Float(Self.violates(number, violating) ? apart / 2 : -apart / 2)
                + Float.random(in: -1...1, using: &generator)
            return ScoredItem(
                item: ItemID("post-\(number)"),
                scores: ([Self.policy] + also).map { Score(model: Self.model, policy: $0, value: 0.3) },
                embeddings: [StoredEmbedding(vector: embedding, precision: "f32")])
        }
        try store.record(scored, model: Self.model, weights: library.recipe("minilm-l6").weightsSHA256)
        while case let claims = try store.claim(
            reviewer: "ann", count: 50, rules: ClaimRules(sampleShare: share)), !claims.isEmpty
        {
            for claim in claims {
                let number = Int(claim.item.id.rawValue.dropFirst(5)) ?? 0
                let others = also.enumerated().filter { number / violating % ($0.offset + 2) == 0 }.map(\.element)
                try decide(claim, violates: Self.violates(number, violating), also: others, scored: also)
            }
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static func violates(_ number: Int, _ oneIn: Int) -> Bool { number % oneIn == 0 }

    func decide(_ claim: Claim, violates: Bool, also: [PolicyID] = [], scored: [PolicyID] = []) throws {
        let draft = DecisionDraft(
            verdict: violates ? .remove : .allow, policies: violates ? Set([Self.policy] + also) : [],
            shownScores: Set([Self.policy] + scored))
        _ = try store.decide(token: claim.lease.token, draft: draft)
    }

    func judged() throws -> JudgedItems {
        try JudgedItems.read(
            from: store, model: Self.model, weights: library.recipe("minilm-l6").weightsSHA256)
    }

    func refit(_ change: (inout Refit.Options) -> Void = { _ in }) async throws -> Refit.Outcome {
        var options = Refit.Options(by: "ann")
        change(&options)
        return try await Refit(store: store, library: library, scorer: nil).run(
            models: ["minilm-l6"], policies: [Self.policy], options: options)
    }
}

@Suite struct HeadRefitTests {
    @Test("Verdicts become a head that is proposed, says what it rests on, and scores nothing")
    func proposing() async throws {
        let queue = try JudgedQueue(160)
        let outcome = try await queue.refit()
        let model = try #require(outcome.models.first)
        #expect(outcome.models.count == 1 && outcome.leftOut.isEmpty)
        #expect(model.rows.count == 160 && model.rows.training > 90 && model.rows.test > 2, "\(model.rows)")
        let policy = try #require(model.policies.first)
        let record = try #require(try queue.store.heads().first)
        #expect(record == model.record && record.inUse.isEmpty && record.policies == [JudgedQueue.policy])
        #expect(record.lastDecision == 160 && !policy.isAdopted && outcome.adoptedModels.isEmpty)
        let head = try Head(data: Data(try queue.store.document(ofHead: record.id).utf8), file: record.id)
        #expect(head.id == record.id && head.policies == [policy.direction])
        #expect(head.policies[0].direction[0] > 0 && head.policies[0].isCalibrated)
        #expect(head.explain == queue.library.explanation(ofHeadsFor: JudgedQueue.model)?.explain)
        #expect(head.explain != nil)
        // A fit can be made again from what the record says.
        let made = try #require(RecordedFit(record.facts, JudgedQueue.policy))
        #expect(made.options.strength == policy.fitted.strength && made.weighing == JudgedItems.Weighing())
        let again = try await queue.refit()
        #expect(again.models.first?.record?.id == record.id)
        #expect(try queue.store.heads().count == 1)
    }

    @Test("What is held out has no say: other verdicts there give the same head")
    func heldOut() async throws {
        let queue = try JudgedQueue(160)
        let before = try await queue.refit()
        var turned = 0
        var ids: [(ItemID, String)] = []
        _ = try queue.store.trainingRows(
            model: JudgedQueue.model, weights: queue.library.recipe("minilm-l6").weightsSHA256
        ) { page in
            for row in page where row.split == .test { ids.append((row.item, row.decision ?? "")) }
        }
        for (item, decision) in ids {
            _ = try queue.store.undo(reviewer: "ann", decision: decision)
            let claim = try #require(try queue.store.claim(reviewer: "ann", item: item).first)
            let number = Int(item.rawValue.dropFirst(5)) ?? 0
            try queue.decide(claim, violates: !JudgedQueue.violates(number, 3))
            turned += 1
        }
        try #require(turned > 2)
        let after = try await queue.refit()
        #expect(before.fitted.first?.fitted == after.fitted.first?.fitted)
        let (first, second) = (try #require(before.fitted.first), try #require(after.fitted.first))
        #expect(first.direction.direction == second.direction.direction)
    }

    @Test("A head that is better than none is adopted where that is asked for, and only then")
    func adopting() async throws {
        let queue = try JudgedQueue(160)
        let outcome = try await queue.refit { $0.adoption = .ifBetter }
        let policy = try #require(outcome.fitted.first)
        #expect(policy.comparison.verdict == .better && policy.isAdopted && policy.current == nil)
        #expect(outcome.adoptedModels == [JudgedQueue.model])
        #expect(try queue.store.heads().first?.inUse == [JudgedQueue.policy])
        // What cannot be told apart is proposed and no more.
        let noise = try JudgedQueue(100, apart: 0)
        let none = try await noise.refit { $0.adoption = .ifBetter }
        #expect(none.fitted.first?.comparison.verdict != .better && none.adoptedModels.isEmpty)
        let forced = try await noise.refit { $0.adoption = .always }
        #expect(forced.adoptedModels == [JudgedQueue.model])
    }

    @Test("Too few verdicts are said with what is missing, and nothing is recorded")
    func tooFew() async throws {
        let queue = try JudgedQueue(40, violating: 20)
        let outcome = try await queue.refit()
        #expect(outcome.fitted.isEmpty)
        let left = try #require(outcome.leftOut.first)
        #expect(left.reason.contains("more violations of it") && left.policy == JudgedQueue.policy, "\(left)")
        #expect(try queue.store.heads().isEmpty)
        let restricted = try await Refit(store: queue.store, library: queue.library, scorer: nil).run(
            policies: ["sexual/minors"], options: Refit.Options(by: "ann"))
        #expect(restricted.leftOut.first?.isRestricted == true)
        await #expect(throws: CommandFailure.self) {
            try await Refit(store: queue.store, library: queue.library, scorer: nil).run(
                policies: ["no such policy"], options: Refit.Options(by: "ann"))
        }
    }

    @Test("Policies that are fitted beside one another come out as they do one after another, in the order asked for")
    func sideBySide() async throws {
        let queue = try JudgedQueue(160, also: ["hate", "violence"])
        func outcome(isSideBySide: Bool) async throws -> (Refit.ModelOutcome, [Refit.Stage]) {
            var options = Refit.Options(by: "ann")
            options.isSideBySide = isSideBySide
            let stages = Mutex<[Refit.Stage]>([])
            let outcome = try await Refit(store: queue.store, library: queue.library, scorer: nil).run(
                models: ["minilm-l6"], policies: ["violence", "sexual/minors", "spam", "self-harm", "hate"],
                options: options
            ) { stage in stages.withLock { $0.append(stage) } }
            return (try #require(outcome.models.first), stages.withLock { $0 })
        }
        let (together, stages) = try await outcome(isSideBySide: true)
        let (inTurn, _) = try await outcome(isSideBySide: false)
        #expect(together.policies.map(\.policy) == ["violence", "spam", "hate"])
        #expect(together.leftOut.map(\.policy) == ["sexual/minors", "self-harm"])
        #expect(together.leftOut == inTurn.leftOut && together.policies.map(\.fitted) == inTurn.policies.map(\.fitted))
        #expect(together.policies.map(\.comparison) == inTurn.policies.map(\.comparison))
        #expect(Set(together.policies.map(\.fitted.direction)).count == 3, "each from rows of its own")
        #expect(together.record?.id == inTurn.record?.id)
        let fractions = stages.map(\.fraction)
        #expect(fractions == fractions.sorted() && fractions.last == 1 && stages.last?.done == 5, "\(fractions)")
    }

    @Test("A refit that is cancelled records nothing")
    func cancelling() async throws {
        let queue = try JudgedQueue(40)
        let (store, library) = (queue.store, queue.library)
        let task = Task {
            // Cancelled before it reads.
            while !Task.isCancelled { await Task.yield() }
            return try await Refit(store: store, library: library, scorer: nil).run(options: Refit.Options(by: "ann"))
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try queue.store.heads().isEmpty)
    }
}

@Suite struct CalibratingTests {
    /// Too sure of itself by far: the embedding's first number, twenty times.
    private func words(_ queue: JudgedQueue) throws -> [String: [Head]] {
        let recipe = try queue.library.recipe("minilm-l6")
        var direction = [Float](repeating: 0, count: 12)
        direction[0] = 20
        let head = Head(
            name: "sure", model: recipe.id, weightsSHA256: recipe.weightsSHA256,
            policies: [Head.PolicyDirection(policy: "spam", direction: direction, bias: 0, calibration: .identity)])
        return [recipe.id: [head]]
    }

    @Test("Drawn items make probabilities of scores, and rows that were not fitted on tell by how much")
    func calibrating() throws {
        let queue = try JudgedQueue(300, share: 1, apart: 0.6)
        let calibrating = Calibrating(store: queue.store, library: queue.library, words: try words(queue))
        var options = Calibrating.Options()
        options.aim = .recall(0.8)
        let (report, calibrations) = try calibrating.run(policies: ["spam"], options: options)
        let subject = try #require(report.subjects.first)
        #expect(subject.fitted.rows + subject.held.rows == 300 && subject.fitted.drawn + subject.held.drawn == 300)
        #expect(min(subject.fitted.rows, subject.held.rows) > 90, "about a half each")
        let (before, after) = (
            try #require(subject.held.before.expectedCalibrationError()),
            try #require(subject.held.after.expectedCalibrationError())
        )
        #expect(after < 0.7 * before, "\(before) \(after)")
        #expect((subject.held.after.logLoss ?? 9) < (subject.held.before.logLoss ?? 0))
        let choice = try #require(subject.choice)
        #expect((choice.chosen.missed?.share ?? 1) <= 0.2 && choice.bound.missed?.rows == subject.held.violating)
        #expect(CalibrationReport.promise(subject)?.hasPrefix("With 95 %, it finds at least") == true)
        // As its file says.
        let calibration = try #require(calibrations.first?.calibration)
        #expect(try Calibration(data: calibration.document, file: "x").entries == calibration.entries)
        #expect(calibration.entries.first?.threshold == choice.threshold)
        #expect(
            try calibrating.run(policies: ["spam"], options: options).calibrations.first?.calibration == calibration)
    }

    @Test("What came by rank has no say, and what is held out only bounds")
    func rows() throws {
        let queue = try JudgedQueue(40)
        let (report, calibrations) = try Calibrating(
            store: queue.store, library: queue.library, words: try words(queue)
        ).run(policies: ["spam"], options: Calibrating.Options())
        #expect(report.subjects.isEmpty && calibrations.isEmpty)
        #expect(
            report.leftOut.first?.reason.contains("0 violating and 0 other drawn items") == true, "\(report.leftOut)")
        let drawn = try JudgedQueue(160, share: 1)
        let judged = try drawn.judged()
        let held = judged.items.count { judged.part(of: $0) == .heldOut }
        let subject = try #require(
            try Calibrating(store: drawn.store, library: drawn.library, words: try words(drawn)).run(
                policies: ["spam"], options: Calibrating.Options()
            ).report.subjects.first)
        #expect(held > 2 && subject.held.rows > held)
    }

    @Test("A head of this queue is calibrated on out-of-fold logits of the rows it was fitted on")
    func crossFitting() async throws {
        let queue = try JudgedQueue(200, share: 1, apart: 0.8, width: 96)
        let outcome = try await queue.refit { options in
            options.adoption = .always
            // Hardly any penalty: on its own rows it is far too sure of itself.
            options.fitting.strength = 1000
        }
        let head = try #require(outcome.models.first?.head)
        let library = try ModelLibrary(
            recipes: JudgedQueue.package + "/models", stores: [], learnt: learnt(queue))
        let (report, _) = try Calibrating(store: queue.store, library: library).run(
            policies: ["spam"], options: Calibrating.Options())
        let subject = try #require(report.subjects.first)
        #expect(subject.head == head.id)
        #expect(subject.notes.contains { $0.contains("out-of-fold logits") }, "\(subject.notes)")
        let judged = try queue.judged()
        let direction = try #require(head.policies.first)
        let own = ScoreEvaluation(
            rows: judged.items.map { item in
                ScoredLabel(
                    score: CalibrationCurve.identity.probability(ofLogit: judged.logit(of: item, on: direction)),
                    isViolation: (item.labels["spam"]?.target ?? 0) > 0.5)
            })
        // It knows its own rows far better than those it is held against.
        #expect((own.averagePrecision ?? 0) > (subject.held.before.averagePrecision ?? 1) + 0.1)
    }

    private func learnt(_ queue: JudgedQueue) throws -> LearntHeads {
        var notes: [String] = []
        return LearntHeads(try queue.store.headsInUse(), notes: &notes)
    }
}
