import GRDB
import Testing

@testable import Queue

@Suite struct CalibrationReadingTests {
    private func scored(_ count: Int, _ value: (Int) -> Double) -> [JSONValue] {
        TestQueue.posts(count).enumerated().map { number, post in
            guard case .object(var members) = post else { return post }
            members.removeAll { $0.key == "scores" }
            members.append(
                JSONMember("scores", [TestQueue.score("hate", value(number)), TestQueue.score("spam", 0.1)]))
            return .object(members)
        }
    }

    private func decide(
        _ queue: TestQueue, _ item: ItemID, share: Double, _ draft: DecisionDraft, reviewer: String = "ann"
    ) throws {
        let claim = try #require(try queue.store.claim(reviewer: reviewer, item: item).first)
        // A draw picks its item by chance; here the chance is named and the item is, too.
        if share > 0 {
            try queue.store.database.write {
                try $0.execute(
                    sql: "UPDATE work SET lease_probability = ? WHERE lease_token = ?",
                    arguments: [share, claim.lease.token])
            }
        }
        _ = try queue.store.decide(token: claim.lease.token, draft: draft)
    }

    private let allow = DecisionDraft(verdict: .allow, shownScores: ["hate", "spam"])
    private let remove = DecisionDraft(verdict: .remove, policies: ["hate"])

    @Test("Only uniformly drawn and known items count, with the weight of their draw; a policy left open is left out")
    func rows() throws {
        let queue = try TestQueue()
        try queue.fill(scored(8) { Double($0) / 10 })
        try decide(queue, "post-1", share: 0.05, allow)
        try decide(queue, "post-2", share: 0.2, remove)
        try decide(queue, "post-3", share: 0, remove)
        try decide(queue, "post-4", share: 0.2, DecisionDraft(verdict: .escalate))
        try queue.store.addGold("post-5", verdict: .remove, policies: ["hate"])
        let reading = try queue.store.calibrationReading()
        #expect(
            reading.subjects.map(\.policy) == ["hate", "spam"]
                && reading.subjects.allSatisfy { $0.model == "upstream@1" })
        let hate = reading.subjects[0]
        #expect(
            hate.evaluation.rows == [
                ScoredLabel(score: 0.5, isViolation: true, weight: 1),
                ScoredLabel(score: 0.2, isViolation: true, weight: 5),
                ScoredLabel(score: 0.1, isViolation: false, weight: 20),
            ])
        #expect(hate.drawn == 2 && hate.known == 1 && hate.unlabelled == 1 && hate.threshold == 0.5)
        // `remove` for hate says nothing about spam.
        #expect(reading.subjects[1].evaluation.rows.count == 1 && reading.subjects[1].unlabelled == 3)
        #expect(reading.waiting == 3 && reading.waitingLooked == 3 && reading.waitingIsWhole && !reading.isCut)
        #expect(hate.waitingScores == [0.7, 0.6, 0])
        #expect(reading.waiting(over: 0.6, for: hate)?.hits == 2 && reading.waiting(over: 0.6, for: hate)?.rows == 3)
    }

    @Test("A drawn item that is judged again counts once, with the verdict that stands; undone it does not count")
    func standing() throws {
        let queue = try TestQueue()
        try queue.store.set(ReviewSettings(secondShare: 1))
        try queue.fill(scored(2) { _ in 0.8 })
        try decide(queue, "post-0", share: 0.05, allow)
        try decide(queue, "post-0", share: 0, remove, reviewer: "ben")
        try decide(queue, "post-0", share: 0, remove, reviewer: "cem")
        try decide(queue, "post-1", share: 0.05, allow)
        #expect(
            try queue.store.calibrationReading().subjects[0].evaluation.rows.map(\.isViolation).sorted { $0 && !$1 }
                == [true, false])
        _ = try queue.store.undo(reviewer: "ann")
        #expect(
            try queue.store.calibrationReading().subjects[0].evaluation.rows == [
                ScoredLabel(score: 0.8, isViolation: true, weight: 20)
            ])
    }

    @Test(
        "What the scores were when the verdict fell counts, not what they are now; numbers that are no probabilities do not"
    )
    func scores() throws {
        let queue = try TestQueue()
        try queue.fill(scored(2) { _ in 0.8 })
        try decide(queue, "post-0", share: 1, allow)
        try queue.store.database.write { try $0.execute(sql: "UPDATE score SET value = 0.3 WHERE policy = 'hate'") }
        let reading = try queue.store.calibrationReading()
        #expect(reading.subjects[0].evaluation.rows.map(\.score) == [0.8] && reading.subjects[0].waitingScores == [0.3])
        try queue.store.database.write {
            try $0.execute(sql: "INSERT INTO computation VALUES (1, 'zero-shot@1', 'f32', 0)")
            try $0.execute(sql: "UPDATE score SET computation = 1")
        }
        #expect(try queue.store.calibrationReading().subjects[0].waitingScores.isEmpty)
    }

    @Test("What is in the restricted line is neither drawn nor estimated")
    func restricted() throws {
        let queue = try TestQueue()
        try queue.fill(scored(3) { _ in 0.8 })
        try queue.store.database.write { try $0.execute(sql: "UPDATE work SET queue = 1 WHERE item = 1") }
        let reading = try queue.store.calibrationReading()
        #expect(reading.waiting == 2 && reading.waitingLooked == 2 && reading.subjects[0].waitingScores.count == 2)
    }

    @Test("A queue from before has its few decisions found by the new indexes, and never by a walk through all")
    func plan() throws {
        let queue = try TestQueue()
        let plan = try queue.store.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    EXPLAIN QUERY PLAN SELECT s.item FROM decision s INDEXED BY decision_sampled
                    WHERE s.sampled IS NOT NULL AND s.seq < 9 ORDER BY s.seq DESC LIMIT 5
                    """
            ).map { $0["detail"] as String }
        }
        #expect(plan.contains { $0.contains("SEARCH s USING INDEX decision_sampled") }, "\(plan)")
        #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
    }
}
