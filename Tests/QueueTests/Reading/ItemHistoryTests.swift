import Foundation
import GRDB
import Testing

@testable import Queue

/// What happened to an item, and what its author's others came to.
@Suite struct ItemHistoryTests {
    private func post(_ id: String, author: String? = nil, text: String = "words") -> JSONValue {
        [
            "id": .string(id), "text": .string(text), "author": .optional(author),
            "created_at": "2026-11-01T10:00:00Z", "flagged_at": "2026-11-02T10:00:00Z",
            "reports": [["reason": "hate"], ["reason": "spam"]],
        ]
    }

    private func decide(_ id: ItemID, _ draft: DecisionDraft, by reviewer: String = "ann", in queue: TestQueue) throws {
        let claim = try #require(try queue.store.claim(reviewer: reviewer, item: id).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: draft)
        queue.pass(seconds: 1)
    }

    private func words(_ history: ItemHistory) -> [String] {
        history.entries.map { entry in
            switch entry.event {
            case .created: "created"
            case .flagged: "flagged"
            case .ingested: "ingested"
            case .decided(let record): (record.verdict?.rawValue ?? "undo") + " by " + record.reviewer
            case .appealed(let note): "appeal: \(note ?? "")"
            }
        }
    }

    @Test("A history tells everything in the order in which it happened")
    func everything() throws {
        let queue = try TestQueue()
        try queue.fill([post("a", author: "x")])
        try decide("a", DecisionDraft(verdict: .allow), in: queue)
        _ = try queue.store.undo(reviewer: "ann")
        queue.pass(seconds: 1)
        try decide("a", DecisionDraft(verdict: .remove, policies: ["hate"], note: "slur"), in: queue)
        try queue.store.appeal("a", note: "satire")
        queue.pass(seconds: 1)
        try decide("a", DecisionDraft(verdict: .allow), by: "bob", in: queue)
        let history = try #require(try queue.store.itemHistory(of: "a"))
        #expect(
            words(history) == [
                "created", "flagged", "ingested", "allow by ann", "undo by ann", "remove by ann", "appeal: satire",
                "allow by bob",
            ])
        #expect(history.reports.map(\.reason) == ["hate", "spam"] && history.author == "x")
        let intake = try #require(try queue.store.itemHistory(of: "a", intakeOnly: true))
        #expect(words(intake) == ["created", "flagged", "ingested"])
        #expect(try queue.store.itemHistory(of: "nobody") == nil)
    }

    @Test("Before a second verdict and on gold, nothing that was decided is told")
    func independent() throws {
        let queue = try TestQueue()
        try queue.fill([post("a"), post("gold")])
        try decide("gold", DecisionDraft(verdict: .remove, policies: ["hate"]), in: queue)
        try queue.store.addGold("gold")
        try queue.store.set(ReviewSettings(secondShare: 1))
        try decide("a", DecisionDraft(verdict: .allow), in: queue)
        for id in ["a", "gold"] as [ItemID] {
            _ = try queue.store.claim(reviewer: "bob", item: id)
            let history = try #require(try queue.store.itemHistory(of: id))
            #expect(words(history) == ["created", "flagged", "ingested"], "\(id)")
        }
        let held = try #require(try queue.store.claim(reviewer: "bob", item: "a").first)
        _ = try queue.store.decide(token: held.lease.token, draft: DecisionDraft(verdict: .allow))
        let after = try #require(try queue.store.itemHistory(of: "a"))
        #expect(words(after).suffix(2) == ["allow by ann", "allow by bob"])
    }

    @Test("An author's other items are counted by the verdict that stands, the newest listed, secrets kept")
    func author() throws {
        let queue = try TestQueue()
        try queue.fill(
            (0..<6).map { post("p\($0)", author: "x", text: "post \($0)\nsecond line") }
                + [
                    post("other", author: "y"), post("nobody's"),
                    ["id": "minor", "text": "m", "author": "x", "scores": [TestQueue.score("sexual/minors", 0.9)]],
                ])
        try decide("p0", DecisionDraft(verdict: .remove, policies: ["hate"]), in: queue)
        try decide("p1", DecisionDraft(verdict: .remove, policies: ["spam"]), in: queue)
        try decide("p2", DecisionDraft(verdict: .allow), in: queue)
        try decide("p3", DecisionDraft(verdict: .allow), in: queue)
        _ = try queue.store.undo(reviewer: "ann")
        try queue.store.addGold("p1")
        let record = try queue.store.authorRecord(of: "x", besides: "p5")
        #expect(record.items == 6 && !record.isCut && record.undecided == 4)
        #expect(record.verdicts == [.remove: 1, .allow: 1], "what p1 is gold for is not told")
        #expect(record.newest.map(\.item) == ["minor", "p4", "p3", "p2", "p1", "p0"])
        #expect(record.newest.map(\.firstLine) == [nil, "post 4", "post 3", "post 2", "post 1", "post 0"])
        #expect(record.newest.map(\.verdict) == [nil, nil, nil, .allow, nil, .remove])
        #expect(record.newest.last?.policies == ["hate"])
        let cut = try queue.store.authorRecord(of: "x", besides: "p5", limit: 3)
        #expect(cut.items == 3 && cut.isCut)
        #expect(try queue.store.authorRecord(of: "y", besides: "other") == AuthorRecord())
    }

    @Test("Finding an author's items reads an index and not the queue")
    func indexed() throws {
        let queue = try TestQueue()
        let plan = try queue.store.read { db in
            try Row.fetchAll(
                db,
                sql: "EXPLAIN QUERY PLAN SELECT seq FROM item WHERE author = ? AND seq < ? ORDER BY seq DESC LIMIT 9",
                arguments: ["x", 9])
        }
        #expect(plan.map { $0["detail"] as String }.joined().contains("item_by_author"))
        #expect(!plan.map { $0["detail"] as String }.joined().contains("TEMP B-TREE"))
    }
}
