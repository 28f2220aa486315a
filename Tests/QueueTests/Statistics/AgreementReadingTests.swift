import GRDB
import Testing

@testable import Queue

@Suite struct AgreementReadingTests {
    private func queue(_ posts: Int) throws -> TestQueue {
        let queue = try TestQueue()
        try queue.store.set(ReviewSettings(secondShare: 1))
        try queue.fill(TestQueue.posts(posts, scores: [TestQueue.score("hate", 0.9)]))
        for number in 0..<posts {
            for reviewer in ["ann", "ben"] {
                let claim = try #require(
                    try queue.store.claim(reviewer: reviewer, item: ItemID("post-\(number)")).first)
                let allows = (number + (reviewer == "ann" ? 0 : number / 3)) % 2 == 0
                let explanation =
                    number % 2 == 0 ? DecisionDraft.ShownExplanation(method: "legrad", policy: "hate") : nil
                _ = try queue.store.decide(
                    token: claim.lease.token,
                    draft: DecisionDraft(
                        verdict: allows ? .allow : .remove, policies: allows ? [] : ["hate"],
                        preselected: allows ? [] : ["hate"], shownScores: ["hate"], shownExplanation: explanation))
            }
        }
        return queue
    }

    @Test("Of a short record it gives to the digit what `agreement` and `stats` give")
    func same() throws {
        let queue = try queue(12)
        let reading = try queue.store.agreementReading()
        let command = try queue.store.agreement()
        #expect(reading.reports == command && reading.reports.count == 2)
        let rows = try queue.store.decisions(limit: 100).count
        #expect(reading.isWhole && reading.rows == rows)
        let stats = try queue.store.stats()
        #expect(reading.judgement == stats.judgement)
        #expect(reading.judgement.explained.agreed + reading.judgement.explained.overturned > 0)
        #expect(reading.drawnJudgement == JudgementStats(), "nothing was drawn")
        try queue.store.database.write { db in
            try db.execute(sql: "DROP TRIGGER decision_fixed")
            try db.execute(sql: "UPDATE decision SET sampled = 0.05")
        }
        #expect(try queue.store.agreementReading().drawnJudgement == stats.judgement)
    }

    @Test("Of a long record it takes the latest, and says so")
    func latest() throws {
        let queue = try queue(12)
        let reading = try queue.store.agreementReading(latest: 8)
        #expect(!reading.isWhole && reading.rows == 8)
        #expect(reading.reports[0].items < 12 && reading.reports[0].items > 0)
        let empty = try TestQueue().store.agreementReading()
        #expect(empty.reports.isEmpty && empty.isWhole && empty.rows == 0)
    }
}
