import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct ReadingTests {
    @Test("Pages go through the queue both ways without gap or repetition, whatever is claimed meanwhile")
    func paging() throws {
        let queue = try TestQueue()
        // Equal ranks too: all flagged at once.
        try queue.fill(
            (0..<57).map {
                [
                    "id": .string("i\($0)"), "text": "t", "flagged_at": "2026-11-23T10:00:00Z",
                    "priority": .integer($0 % 3),
                ]
            })
        var forward: [ItemSummary] = []
        while case let page = try queue.store.page(from: forward.last?.cursor, limit: 10), !page.isEmpty {
            forward += page
            if forward.count == 20 { _ = try queue.store.claim(reviewer: "ann", count: 30) }
        }
        #expect(forward.count == 57 && Set(forward.map(\.id)).count == 57)
        #expect(forward.map(\.cursor) == forward.map(\.cursor).sorted())
        #expect(
            forward.prefix(19).allSatisfy { $0.priority == 2 } && forward.suffix(19).allSatisfy { $0.priority == 0 })
        var backward: [ItemSummary] = []
        while case let page = try queue.store.page(from: backward.first?.cursor, going: .backward, limit: 10),
            !page.isEmpty
        {
            backward = page + backward
        }
        #expect(backward.map(\.id) == forward.map(\.id))
    }

    @Test("A page is one seek into the index, at the head and in the middle")
    func plan() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(50))
        let statements = [
            "SELECT item FROM work INDEXED BY work_open WHERE queue = 0 AND state < 2 AND (place, item) > (1.0, 2) ORDER BY place, item LIMIT 5",
            "SELECT item FROM work INDEXED BY work_open WHERE queue = 0 AND state < 2 AND (place, item) < (1.0, 2) ORDER BY place DESC, item DESC LIMIT 5",
            "SELECT item FROM work WHERE queue = 0 AND state = 0 ORDER BY place, item LIMIT 1",
            "SELECT item FROM work WHERE state = 1 AND lease_expires <= 5",
        ]
        for sql in statements {
            let plan = try queue.store.database.read { db in
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql).map { $0["detail"] as String }.joined(
                    separator: "; ")
            }
            #expect(
                plan.contains("SEARCH work USING") && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "\(plan)"
            )
        }
    }

    @Test("A summary tells kind, first line, top score and who holds the item")
    func summary() throws {
        let queue = try TestQueue()
        try queue.write("a.png", "picture")
        try queue.fill([
            [
                "id": "both", "text": "\n  \nfirst line\nsecond", "media": [["path": "a.png"]], "priority": 3,
                "scores": [TestQueue.score("hate", 0.4), TestQueue.score("spam", 0.7)],
            ],
            ["id": "media", "media": [["path": "a.png"]], "priority": 2],
            ["id": "text", "text": .string(String(repeating: "é", count: 500)), "priority": 1],
        ])
        let lease = try #require(try queue.store.claim(reviewer: "ann", item: ItemID("media")).first).lease
        let page = try queue.store.page(limit: 10)
        #expect(page.map(\.kind) == [.both, .media, .text])
        #expect(page.map(\.firstLine) == ["first line", nil, String(repeating: "é", count: 200)])
        #expect(page.map(\.firstPath) == ["a.png", "a.png", nil])
        #expect(page.map(\.topScore) == [0.7, nil, nil] && page[0].topPolicy == "spam")
        #expect(page.map(\.leasedBy) == [nil, "ann", nil] && page[1].leaseExpiresAt == lease.expiresAt)
        queue.pass(seconds: 1000)
        #expect(try queue.store.summary(of: ItemID("media"))?.leasedBy == nil, "the lease has expired")
        #expect(try queue.store.summary(of: ItemID("none")) == nil)
    }

    @Test("A decided item leaves the list and keeps its detail")
    func detail() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        let claim = try #require(try queue.store.claim(reviewer: "ann", item: ItemID("post-1")).first)
        #expect(try queue.store.detail(of: claim.item.id)?.leasedBy == "ann")
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .remove, policies: ["spam"]))
        #expect(try queue.store.page(limit: 10).map(\.id) == [ItemID("post-0")])
        let detail = try #require(try queue.store.detail(of: claim.item.id))
        #expect(detail.state == .decided && detail.leasedBy == nil && detail.history.count == 1)
        #expect(try queue.store.detail(of: ItemID("none")) == nil)
        #expect(try queue.store.decisions(reviewer: "ann").map(\.item) == [claim.item.id])
        #expect(try queue.store.decisions(reviewer: "ben").isEmpty)
    }

    @Test("Statistics count items by state and standing decisions by verdict and policy")
    func stats() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(5))
        let drafts = [
            DecisionDraft(verdict: .remove, policies: ["hate", "spam"]), DecisionDraft(verdict: .allow),
            DecisionDraft(verdict: .restrict, policies: ["hate"]),
        ]
        for draft in drafts {
            let claim = try #require(try queue.store.claim(reviewer: "ann", rules: ClaimRules(sampleShare: 1)).first)
            _ = try queue.store.decide(token: claim.lease.token, draft: draft)
        }
        _ = try queue.store.undo(reviewer: "ann")
        _ = try queue.store.claim(reviewer: "ben")
        let stats = try queue.store.stats()
        #expect(stats.items == QueueStats.Counts(pending: 2, leased: 1, decided: 2))
        #expect(stats.verdicts == [.remove: 1, .allow: 1] && stats.policies == ["hate": 1, "spam": 1])
        #expect(stats.sampled == 2)
        #expect(stats.json["items"] == ["pending": 2, "leased": 1, "decided": 2])
    }

    @Test("The tally agrees with a count over the rows, through claims, verdicts, expiry, other queues and a deletion")
    func tally() throws {
        let queue = try TestQueue()
        func check(_ expected: QueueStats.Counts, sourceLocation: SourceLocation = #_sourceLocation) throws {
            let (counted, kept) = try queue.store.database.read { db in
                let counted = "SELECT queue, state, count(*) FROM work GROUP BY 1, 2 ORDER BY 1, 2"
                let kept = "SELECT queue, state, items FROM tally WHERE items <> 0 ORDER BY 1, 2"
                return (
                    try Row.fetchAll(db, sql: counted).map { [$0[0], $0[1], $0[2]] as [Int] },
                    try Row.fetchAll(db, sql: kept).map { [$0[0], $0[1], $0[2]] as [Int] }
                )
            }
            #expect(counted == kept, sourceLocation: sourceLocation)
            #expect(try queue.store.counts() == expected, sourceLocation: sourceLocation)
        }
        try queue.fill(
            TestQueue.posts(9) + [
                ["id": "r", "text": "t", "scores": [TestQueue.score("sexual/minors", 0.9)]]
            ])
        try check(QueueStats.Counts(pending: 10))
        #expect(try queue.store.counts(of: .restricted) == QueueStats.Counts(pending: 1))
        let byRank = ClaimRules(sampleShare: 0)
        let claims = try queue.store.claim(reviewer: "ann", count: 4, rules: byRank)
        try check(QueueStats.Counts(pending: 6, leased: 4))
        _ = try queue.store.decide(token: claims[0].lease.token, draft: DecisionDraft(verdict: .allow))
        _ = try queue.store.decide(
            token: claims[1].lease.token, draft: DecisionDraft(verdict: .remove, policies: ["sexual/minors"]))
        try queue.store.release(token: claims[2].lease.token)
        try check(QueueStats.Counts(pending: 7, leased: 1, decided: 2))
        #expect(try queue.store.counts(of: .restricted) == QueueStats.Counts(pending: 1, decided: 1))
        _ = try queue.store.undo(reviewer: "ann")
        queue.pass(seconds: 10_000)
        try check(QueueStats.Counts(pending: 9, leased: 0, decided: 1))
        _ = try queue.store.claim(reviewer: "ben", rules: byRank)
        try check(QueueStats.Counts(pending: 8, leased: 1, decided: 1))
        try queue.store.database.write { try $0.execute(sql: "DELETE FROM work WHERE item = 9") }
        try check(QueueStats.Counts(pending: 7, leased: 1, decided: 1))
    }

    @Test("The data version moves when another connection writes, and only then")
    func dataVersion() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        let other = try queue.another()
        let before = try queue.store.dataVersion()
        #expect(try queue.store.dataVersion() == before)
        _ = try other.claim(reviewer: "ann")
        #expect(try queue.store.dataVersion() != before)
    }
}
