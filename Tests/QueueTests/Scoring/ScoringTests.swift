import Foundation
import Testing

@testable import Queue

@Suite struct ScoringTests {
    private func scored(_ id: ItemID, _ value: Double, model: String = "m@1") -> ScoredItem {
        ScoredItem(item: id, scores: [Score(model: model, policy: "hate", value: value)], embedding: [0.5, -1])
    }

    @Test("Unscored items come in pages, and each only until its model has been over it")
    func unscored() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(25))
        _ = try queue.store.claim(reviewer: "ann")
        var (seen, cursor) = ([ItemID](), Int64?.none)
        repeat {
            let page = try queue.store.unscored(model: "m@1", after: cursor, limit: 10)
            try queue.store.record(page.items.map { scored($0.id, 0.5) }, model: "m@1")
            seen += page.items.map(\.id)
            cursor = page.next
        } while cursor != nil
        #expect(seen.count == 25 && Set(seen).count == 25)
        #expect(try queue.store.unscored(model: "m@1").items.isEmpty)
        #expect(try queue.store.unscoredCount(model: "m@1") == 0 && queue.store.unscoredCount(model: "m@2") == 25)
        #expect(try queue.store.stats().models == ["m@1": 25])
        #expect(try queue.store.auditVerify().events == 2 + 1 + 3)
    }

    @Test("A model gets only items it can look at")
    func modality() throws {
        let queue = try TestQueue()
        try queue.write("a.png", "picture")
        try queue.fill([
            ["id": "text", "text": "t"], ["id": "media", "media": [["path": "a.png"]]],
            ["id": "both", "text": "t", "media": [["path": "a.png"]]],
        ])
        let ids = { (modality: Modality) in
            try queue.store.unscored(model: "m@1", needing: modality).items.map(\.id.rawValue)
        }
        #expect(try ids(.text) == ["text", "both"] && ids(.media) == ["media", "both"] && ids(.any).count == 3)
        #expect(try queue.store.unscoredCount(model: "m@1", needing: .media) == 2)
    }

    @Test("Scoring again replaces what the same model said, and nothing of another's")
    func replaces() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1, scores: [TestQueue.score("spam", 0.3)]))
        let id = ItemID("post-0")
        let spans = Explanation(
            model: "m@1", policy: "hate", method: "legrad", relevance: .spans([.init(start: 0, end: 4, weight: 1)]))
        var first = scored(id, 0.9)
        first.explanations = [spans]
        try queue.store.record([first], model: "m@1", weights: "aa")
        #expect(try queue.store.summary(of: id)?.topPolicy == "hate")
        #expect(try queue.store.detail(of: id)?.explanations == [spans])
        #expect(try queue.store.embeddings(of: id, model: "m@1").map(\.vector) == [[0.5, -1]])
        try queue.store.record([scored(id, 0.1), scored(ItemID("gone"), 0.1)], model: "m@1", weights: "aa")
        let detail = try #require(try queue.store.detail(of: id))
        #expect(detail.scores.map(\.value) == [0.3, 0.1] && detail.explanations.isEmpty)
        #expect(try queue.store.summary(of: id)?.topPolicy == "spam")
        #expect(kind(of: { try queue.store.record([scored(id, 0.1)], model: "m@1", weights: "bb") }) == "usage")
    }

    @Test("A number that is no probability is marked, stands for no item, and proposes nothing")
    func uncalibrated() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        let id = ItemID("post-0")
        func record(_ policy: PolicyID, isCalibrated: Bool) throws {
            let provenance = Score.Provenance(
                weights: "aa", head: "zero-shot@1", precision: "f32", isCalibrated: isCalibrated)
            let score = Score(model: "m@1", policy: policy, value: 0.97, threshold: 0.9, provenance: provenance)
            try queue.store.record([ScoredItem(item: id, scores: [score])], model: "m@1", weights: "aa")
        }
        try record("spam", isCalibrated: false)
        let shown = try #require(try queue.store.detail(of: id)).scores
        #expect(shown.map(\.isCalibrated) == [false] && shown[0].json["calibrated"] == false)
        let summary = try #require(try queue.store.summary(of: id))
        #expect(summary.topScore == nil && summary.topPolicy == nil)

        let claim = try #require(try queue.store.claim(reviewer: "ann", item: id).first)
        _ = try queue.store.decide(
            token: claim.lease.token, draft: DecisionDraft(verdict: .allow, shownScores: ["spam"]))
        let allowed = try #require(try queue.store.history(of: id).last)
        #expect(allowed.labels == ["spam": Label(isViolation: false, origin: .model)])
        #expect(allowed.scores.map(\.isCalibrated) == [false])
        _ = try queue.store.undo(reviewer: "ann")

        // The same head, calibrated since: another mark, and now it proposes.
        try record("spam", isCalibrated: true)
        #expect(try queue.store.detail(of: id)?.scores.map(\.isCalibrated) == [true])
        #expect(try queue.store.summary(of: id)?.topPolicy == "spam")
        let again = try #require(try queue.store.claim(reviewer: "ann", item: id).first)
        _ = try queue.store.decide(
            token: again.lease.token, draft: DecisionDraft(verdict: .allow, shownScores: ["spam"]))
        let overruled = try #require(try queue.store.history(of: id).last)
        #expect(overruled.labels == ["spam": Label(isViolation: false, origin: .person)])
        #expect(try queue.store.auditVerify().faults.isEmpty)
    }

    @Test("A first call is recorded beside the verdict, makes its labels the person's, and is counted")
    func firstCall() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(3, scores: [TestQueue.score("spam", 0.3), TestQueue.score("hate", 0.9)]))
        func decide(_ draft: DecisionDraft) throws -> DecisionRecord {
            let claim = try #require(try queue.store.claim(reviewer: "ann").first)
            _ = try queue.store.decide(token: claim.lease.token, draft: draft)
            return try #require(try queue.store.history(of: claim.item.id).last)
        }
        let allow = DecisionDraft.FirstCall(verdict: .allow, policies: [])
        let kept = try decide(DecisionDraft(verdict: .allow, shownScores: ["spam", "hate"], firstCall: allow))
        #expect(kept.firstCall == allow && kept.labels.values.allSatisfy { $0.origin == .person })
        let changed = try decide(
            DecisionDraft(verdict: .remove, policies: ["hate"], shownScores: ["spam", "hate"], firstCall: allow))
        #expect(changed.firstCall == allow)
        let plain = try decide(
            DecisionDraft(
                verdict: .remove, policies: ["hate"], preselected: ["hate"],
                shownExplanation: .init(method: "legrad", policy: "hate")))
        #expect(plain.firstCall == nil)
        let stats = try queue.store.stats().judgement
        #expect(stats.firstCallsKept == 1 && stats.firstCallsChanged == 1)
        #expect(stats.explained == .init(agreed: 1, overturned: 0) && stats.unexplained == .init())
        let folder = queue.folder + "/out"
        _ = try queue.store.export(to: folder)
        let rows = try String(contentsOfFile: folder + "/decisions.jsonl", encoding: .utf8).split(separator: "\n")
        #expect(rows.filter { $0.contains(#""first_call":{"verdict":"allow","policies":[]}"#) }.count == 2)
        #expect(try queue.store.auditVerify().faults.isEmpty)
    }

    @Test("A score says what it was computed with, in the item, in the decision and after it was scored anew")
    func provenance() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2, scores: [TestQueue.score("spam", 0.3)]))
        let id = ItemID("post-0")
        func provenance(_ head: String?, _ precision: String = "f32") -> Score.Provenance {
            Score.Provenance(weights: "aa", head: head, precision: precision)
        }
        func record(_ scores: [(PolicyID, Score.Provenance)]) throws {
            let scores = scores.map { Score(model: "m@1", policy: $0, value: 0.9, provenance: $1) }
            try queue.store.record([ScoredItem(item: id, scores: scores)], model: "m@1", weights: "aa")
        }
        func stored() throws -> [String: Score.Provenance?] {
            let scores = try #require(try queue.store.detail(of: id)).scores
            return Dictionary(uniqueKeysWithValues: scores.map { ("\($0.model) \($0.policy)", $0.provenance) })
        }
        try record([("hate", provenance("h@1")), ("violence", provenance(nil))])
        #expect(try stored()["m@1 hate"] == provenance("h@1") && stored()["m@1 violence"] == provenance(nil))
        // Nobody here knows how the source came to its score.
        #expect(try stored().filter { !$0.key.hasPrefix("m@1") }.allSatisfy { $0.value == nil })
        try record([("hate", provenance("h@2", "bf16"))])
        #expect(try stored()["m@1 hate"] == provenance("h@2", "bf16"))

        let claim = try #require(try queue.store.claim(reviewer: "ann", item: id).first)
        let hate = try #require(claim.scores.first { $0.policy == "hate" })
        #expect(hate.json.text.contains(#""weights_sha256":"aa","head":"h@2","precision":"bf16""#))
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        let decided = try #require(try queue.store.history(of: id).last)
        #expect(decided.scores.first { $0.policy == "hate" }?.provenance == provenance("h@2", "bf16"))
        #expect(try queue.store.auditVerify().faults.isEmpty)
    }

    @Test("Results that do not fit are refused, and none of their batch recorded")
    func refused() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        let (id, other) = (ItemID("post-0"), ItemID("post-1"))
        let policy = ScoredItem(item: id, scores: [Score(model: "m@1", policy: "rudeness", value: 0.5)])
        let span = Explanation(
            model: "m@1", policy: nil, method: "x", relevance: .spans([.init(start: 0, end: 999, weight: 1)]))
        let grid = Explanation(
            model: "m@1", policy: nil, method: "x", relevance: .grid(rows: 1, columns: 1, values: [1]))
        for bad in [
            scored(id, 1.5), scored(id, .nan), scored(id, 0.5, model: "other"), policy,
            ScoredItem(item: id, scores: [], explanations: [span]),
            ScoredItem(item: id, scores: [], explanations: [grid]),
        ] {
            #expect(kind(of: { try queue.store.record([scored(other, 0.5), bad], model: "m@1") }) == "usage")
        }
        #expect(try queue.store.unscoredCount(model: "m@1") == 2)
    }
}
