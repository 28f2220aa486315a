import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct QueueRatingsTests {
    private func decide(_ queue: TestQueue, _ reviewer: String, _ id: String, _ draft: DecisionDraft) throws {
        // A second review puts a decided item back in line; here that is done by hand.
        try queue.store.database.write {
            try $0.execute(
                sql: "UPDATE work SET state = 0, decision = NULL WHERE item = (SELECT seq FROM item WHERE id = ?)",
                arguments: [id])
        }
        let claim = try #require(try queue.store.claim(reviewer: reviewer, item: ItemID(id)).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: draft)
    }

    @Test("What counts is each reviewer's latest verdict that was not undone, on items that two reviewers judged")
    func ratings() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(4))
        try decide(queue, "ann", "post-0", DecisionDraft(verdict: .allow))
        try decide(queue, "ben", "post-0", DecisionDraft(verdict: .remove, policies: ["hate/threatening"]))
        try decide(queue, "ann", "post-1", DecisionDraft(verdict: .allow))
        try decide(queue, "ann", "post-2", DecisionDraft(verdict: .allow))
        try decide(queue, "ben", "post-2", DecisionDraft(verdict: .allow))
        _ = try queue.store.undo(reviewer: "ben")
        try decide(queue, "ann", "post-3", DecisionDraft(verdict: .remove, policies: ["spam"]))
        try decide(queue, "ben", "post-3", DecisionDraft(verdict: .escalate))
        _ = try queue.store.undo(reviewer: "ben")
        try decide(queue, "ben", "post-3", DecisionDraft(verdict: .restrict, policies: ["spam"]))
        let rated = try queue.store.ratedItems()
        #expect(rated.map(\.item.rawValue) == ["post-0", "post-3"])
        #expect(rated[0].judgements.map(\.verdict) == [.allow, .remove])
        #expect(rated[0].judgements[1].policies == ["hate", "hate/threatening"], "a child is found with its parent")
        #expect(rated[1].judgements.map(\.verdict) == [.remove, .restrict])
        let reports = try queue.store.agreement()
        #expect(
            reports.map(\.subject) == ["verdict", "policy hate", "policy hate/threatening", "policy spam"])
        #expect(reports[0].overall[.percent]?.value == 0 && reports[0].overall[.percent]?.items == 2)
        #expect(reports[1].overall[.percent]?.value == 0.5 && reports[3].overall[.percent]?.value == 1)
        #expect(reports[3].pairs.first?.estimates[.cohenKappa]?.value == 1)
        // Content that was replaced since is not what was judged.
        try queue.store.database.write { try $0.execute(sql: "UPDATE item SET digest = x'00' WHERE id = 'post-0'") }
        #expect(try queue.store.ratedItems().map(\.item.rawValue) == ["post-3"])
    }

    @Test("An escalation rates no policy; one policy can be asked for, an unknown one is refused")
    func policies() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        for (post, verdict) in [("post-0", Verdict.escalate), ("post-1", .remove)] {
            try decide(queue, "ann", post, DecisionDraft(verdict: verdict, policies: ["hate"]))
            try decide(queue, "ben", post, DecisionDraft(verdict: .remove, policies: ["hate"]))
        }
        let hate = try #require(try queue.store.agreement(policy: "hate").first)
        #expect(hate.items == 1 && hate.overall[.percent]?.value == 1)
        #expect(try queue.store.agreement(policy: "spam").first?.labels == ["no"])
        #expect(kind(of: { _ = try queue.store.agreement(policy: "rude\u{1B}") }) == "usage")
        #expect(kind(of: { _ = try queue.store.agreement(pair: ("ann", "zoe")) }) == "usage")
        #expect(kind(of: { _ = try queue.store.agreement(pair: ("ann", "ann")) }) == "usage")
    }

    @Test("Pages of decisions end anywhere, also within an item")
    func pages() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1100))
        for reviewer in ["ann", "ben"] {
            try queue.store.database.write {
                try $0.execute(sql: "UPDATE work SET state = 0, decision = NULL")
            }
            while case let claims = try queue.store.claim(reviewer: reviewer, count: 1000), !claims.isEmpty {
                for claim in claims {
                    _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
                }
            }
        }
        #expect(try queue.store.ratedItems().count == 1100)
    }

    @Test("A file of ratings is read as CSV, and what is wrong in it is told with its record")
    func file() throws {
        let queue = try TestQueue()
        let path = try queue.write(
            "r.csv", "\u{FEFF}rater,note,item,label\r\nann,\"a, \"\"b\"\"\nc\",1,yes\r\nben,,1,no\nben,,2,\nann,,2,yes")
        let table = try RatingTable(csv: path)
        #expect(table.raters == ["ann", "ben"] && table.labels == ["yes", "no"] && table.itemCount == 2)
        #expect(table.rows.map(\.count) == [2, 1])
        let wrong = [
            ("item,rater\n", "no column \"label\""), ("item,rater,label\na,b\n", "record 2: 2 fields"),
            ("item,rater,label\n\"a\"b,c,d\n", "Record 2: text follows"),
            ("item,rater,label\n\"a,c,d\n", "does not end"), ("", "empty"),
        ]
        for (text, words) in wrong {
            let path = try queue.write("wrong.csv", text)
            #expect(refusal { _ = try RatingTable(csv: path) }.contains(words))
        }
        let binary = try queue.write("binary.csv", [0xFF, 0xFE])
        #expect(kind(of: { _ = try RatingTable(csv: binary) }) == "rejected")
        #expect(kind(of: { _ = try RatingTable(csv: "/nowhere.csv") }) == "notFound")
    }
}
