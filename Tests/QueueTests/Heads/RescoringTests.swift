import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct RescoringTests {
    private static let model = "m@1"

    private func score(_ policy: PolicyID, _ value: Double, head: String) -> Score {
        Score(
            model: Self.model, policy: policy, value: value,
            provenance: Score.Provenance(weights: HeadTests.weights, head: head, precision: "f32"))
    }

    /// Posts that the model has looked at, scored by the head `old@1`.
    private func embedded(_ count: Int) throws -> TestQueue {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(count))
        let batch = (0..<count).map { number in
            ScoredItem(
                item: ItemID("post-\(number)"), scores: [score("hate", 0.1, head: "old@1")],
                embeddings: [StoredEmbedding(vector: [Float(number)], precision: "f32")])
        }
        try queue.store.record(batch, model: Self.model, weights: HeadTests.weights)
        return queue
    }

    /// Goes over all that waits as the heads of `adoption` would.
    @discardableResult
    private func rescore(
        _ queue: TestQueue, adoption: Int64, limit: Int = 2, _ scores: (EmbeddedItem) -> [Score]
    ) throws -> Int? {
        var (cursor, changed) = (Int64?.none, 0)
        repeat {
            let page = try queue.store.pendingEmbeddings(model: Self.model, after: cursor, limit: limit)
            let rescored = page.items.map { RescoredItem($0, scores: scores($0)) }
            guard let count = try queue.store.rescore(rescored, model: Self.model, adoption: adoption) else {
                return nil
            }
            changed += count
            cursor = page.next
        } while cursor != nil
        return changed
    }

    private func adopt(_ queue: TestQueue, _ name: String = "new") throws -> Int64 {
        let head = try queue.store.propose(HeadTests.draft(name))
        try queue.store.adopt(head.id, by: "ann")
        return try queue.store.headsInUse().adoption(of: Self.model)
    }

    @Test("Every item that waits gets the new scores, top score and line, and what is unchanged is not written")
    func moves() throws {
        let queue = try embedded(5)
        let store = queue.store
        try store.set(QueueLine(name: try #require(QueueName(rawValue: "hateful")), policies: ["hate"]))
        let adoption = try adopt(queue)
        #expect(try store.needsRescoring(model: Self.model))
        let events = try store.auditVerify().events
        let changed = try rescore(queue, adoption: adoption) { item in
            let number = Double(item.embeddings[0].vector[0])
            // The first is as it was.
            return number == 0 ? item.scores : [score("hate", number / 5 + 0.1, head: "new@1")]
        }
        #expect(changed == 4)
        #expect(try store.auditVerify().events == events + 3, "an event for each page in which something changed")
        #expect(try store.detail(of: "post-0")?.scores == [score("hate", 0.1, head: "old@1")])
        let last = try #require(try store.detail(of: "post-4"))
        #expect(last.scores == [score("hate", 0.9, head: "new@1")] && last.queue.rawValue == "hateful")
        #expect(try store.summary(of: "post-4")?.topScore == 0.9)
        #expect(try store.markRescored(model: Self.model, adoption: adoption))
        #expect(try !store.needsRescoring(model: Self.model))
        // Again there is nothing to do, and back is bit for bit what was.
        #expect(try rescore(queue, adoption: adoption) { $0.scores } == 0)
        try store.revert(model: Self.model, by: "ann")
        #expect(try store.needsRescoring(model: Self.model))
        let reverted = try store.headsInUse().adoption(of: Self.model)
        _ = try rescore(queue, adoption: reverted) { _ in [score("hate", 0.1, head: "old@1")] }
        #expect(try store.detail(of: "post-4")?.scores == [score("hate", 0.1, head: "old@1")])
        #expect(try store.detail(of: "post-4")?.queue == .default)
        #expect(try store.auditVerify().isIntact)
    }

    @Test("Scores by heads that are no longer in use are not written, and a scoring by them asks for another round")
    func overtaken() throws {
        let queue = try embedded(3)
        let first = try adopt(queue)
        let page = try queue.store.pendingEmbeddings(model: Self.model)
        try queue.store.markRescored(model: Self.model, adoption: first)
        let second = try adopt(queue, "newer")
        let late = page.items.map { RescoredItem($0, scores: [score("hate", 0.7, head: "new@1")]) }
        #expect(try queue.store.rescore(late, model: Self.model, adoption: first) == nil)
        #expect(try queue.store.detail(of: "post-0")?.scores.map(\.value) == [0.1])
        #expect(try !queue.store.markRescored(model: Self.model, adoption: first))
        try queue.store.markRescored(model: Self.model, adoption: second)
        #expect(try !queue.store.needsRescoring(model: Self.model))
        let scored = ScoredItem(item: "post-1", scores: [score("hate", 0.3, head: "new@1")])
        try queue.store.record([scored], model: Self.model, weights: HeadTests.weights, adoption: second)
        #expect(try !queue.store.needsRescoring(model: Self.model))
        try queue.store.record([scored], model: Self.model, weights: HeadTests.weights, adoption: first)
        #expect(try queue.store.needsRescoring(model: Self.model))
    }

    @Test("An item that was looked at anew, or decided, meanwhile is left alone")
    func looksAgain() throws {
        let queue = try embedded(2)
        let adoption = try adopt(queue)
        let page = try queue.store.pendingEmbeddings(model: Self.model)
        queue.pass(seconds: 1)
        let anew = ScoredItem(
            item: "post-0", scores: [score("hate", 0.4, head: "old@1")], embeddings: [StoredEmbedding(vector: [9])])
        try queue.store.record([anew], model: Self.model, weights: HeadTests.weights)
        let late = page.items.map { RescoredItem($0, scores: [score("hate", 0.7, head: "new@1")]) }
        #expect(try queue.store.rescore(late, model: Self.model, adoption: adoption) == 1)
        #expect(try queue.store.detail(of: "post-0")?.scores.map(\.value) == [0.4])
    }

    @Test("What somebody holds is scored too, and their decision records what they saw")
    func leased() throws {
        let queue = try embedded(2)
        let store = queue.store
        let claim = try #require(try store.claim(reviewer: "ann", item: "post-0").first)
        let adoption = try adopt(queue)
        try rescore(queue, adoption: adoption) { _ in [score("hate", 0.9, head: "new@1")] }
        #expect(try store.detail(of: "post-0")?.scores.map(\.value) == [0.9])
        let again = try adopt(queue, "newer")
        try rescore(queue, adoption: again) { _ in [score("hate", 0.8, head: "newer@1")] }
        _ = try store.decide(
            token: claim.lease.token, draft: DecisionDraft(verdict: .allow, shownScores: ["hate"]))
        let decided = try #require(try store.history(of: "post-0").last)
        #expect(decided.scores == claim.scores && claim.scores.map(\.value) == [0.1])
        // A score of 0.1 proposed nothing: the reviewer agreed with the model.
        #expect(decided.labels == ["hate": Label(isViolation: false, origin: .model)])
        // Whoever takes it next sees the new ones, and decides over them.
        let next = try #require(try store.claim(reviewer: "bob", item: "post-1").first)
        #expect(next.scores.map(\.value) == [0.8])
        _ = try store.decide(token: next.lease.token, draft: DecisionDraft(verdict: .allow, shownScores: ["hate"]))
        #expect(try store.history(of: "post-1").last?.labels["hate"]?.origin == .person)
        #expect(
            try store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM score_as_leased") } == 0)
    }

    @Test("Restricted stays restricted, and a new score can make an item so")
    func restricted() throws {
        let queue = try embedded(2)
        let adoption = try adopt(queue)
        try rescore(queue, adoption: adoption) { _ in [score("sexual/minors", 0.99, head: "new@1")] }
        #expect(try queue.store.detail(of: "post-0")?.queue == .restricted)
        try rescore(queue, adoption: adoption) { _ in [score("hate", 0.01, head: "new@1")] }
        #expect(try queue.store.detail(of: "post-0")?.queue == .restricted)
    }

    @Test("An explanation made for another head than the one that scores says so")
    func staleExplanation() throws {
        let queue = try embedded(1)
        let spans = Explanation(
            model: Self.model, policy: "hate", method: "legrad",
            relevance: .spans([.init(start: 0, end: 4, weight: 1)]), head: "old@1")
        let scored = ScoredItem(
            item: "post-0", scores: [score("hate", 0.1, head: "old@1")], explanations: [spans],
            embeddings: [StoredEmbedding(vector: [0])])
        try queue.store.record([scored], model: Self.model, weights: HeadTests.weights)
        func isStale() throws -> [Bool] {
            let detail = try #require(try queue.store.detail(of: "post-0"))
            return detail.explanations.map { $0.isStale(among: detail.scores) }
        }
        #expect(try isStale() == [false])
        let adoption = try adopt(queue)
        try rescore(queue, adoption: adoption) { _ in [score("hate", 0.9, head: "new@1")] }
        #expect(try isStale() == [true])
        try rescore(queue, adoption: adoption) { _ in [score("hate", 0.1, head: "old@1")] }
        #expect(try isStale() == [false])
        try rescore(queue, adoption: adoption) { _ in [] }
        #expect(try isStale() == [true], "nothing scores the policy any more")
    }

    @Test("Bad scores are refused, and none of their page written")
    func refused() throws {
        let queue = try embedded(2)
        let adoption = try adopt(queue)
        let page = try queue.store.pendingEmbeddings(model: Self.model).items
        for bad in [
            score("hate", 1.5, head: "new@1"), score("rudeness", 0.5, head: "new@1"),
            Score(model: "other@1", policy: "hate", value: 0.5),
        ] {
            let rescored = [
                RescoredItem(page[0], scores: [score("hate", 0.7, head: "new@1")]),
                RescoredItem(page[1], scores: [bad]),
            ]
            #expect(
                kind { _ = try queue.store.rescore(rescored, model: Self.model, adoption: adoption) } == "usage")
        }
        #expect(try queue.store.detail(of: "post-0")?.scores.map(\.value) == [0.1])
    }
}
