import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct HeadTests {
    static let weights = String(repeating: "ab", count: 32)

    static func draft(
        _ name: String, _ policies: [PolicyID] = ["hate", "spam"], kind: HeadKind = .head, lastDecision: Int64? = nil
    ) -> HeadDraft {
        HeadDraft(
            kind: kind, name: name, model: "m@1", weights: weights, policies: policies,
            body: #"{"name":"\#(name)"}"#, facts: ["rows": 3], lastDecision: lastDecision, by: "ann")
    }

    @Test("A proposed head scores nothing; its id is its name and the hash of its document")
    func propose() throws {
        let queue = try TestQueue()
        let head = try queue.store.propose(Self.draft("h"))
        #expect(head.id.hasPrefix("h@") && head.id.utf8.count == 14)
        #expect(try queue.store.heads() == [head] && head.inUse.isEmpty && head.facts["rows"] == 3)
        #expect(try queue.store.headsInUse() == .none)
        #expect(try queue.store.document(ofHead: head.id) == #"{"name":"h"}"#)
        // The same document again is the same head.
        queue.pass(seconds: 60)
        #expect(try queue.store.propose(Self.draft("h")) == head)
        #expect(try queue.store.head("h") == head && queue.store.head(head.id) == head)
        #expect(kind { _ = try queue.store.head("g") } == "notFound")
        for bad in [
            Self.draft("h", ["rudeness"]), Self.draft("h", []), Self.draft("h", ["hate", "hate"]), Self.draft("../h"),
            Self.draft("zero-shot"), Self.draft(""),
        ] { #expect(kind { try queue.store.propose(bad) } == "usage") }
        #expect(try queue.store.heads().count == 1)
    }

    @Test("Adopting goes policy by policy, and reverting goes back step by step to what the program ships")
    func adoptAndRevert() throws {
        let queue = try TestQueue()
        let store = queue.store
        let (first, second) = (try store.propose(Self.draft("first")), try store.propose(Self.draft("second")))
        func inUse() throws -> [String: [PolicyID]] {
            try store.headsInUse().heads.reduce(into: [:]) { $0[$1.id] = $1.policies }
        }
        let changes = try store.adopt(first.id, by: "ann", because: "better")
        #expect(changes.map(\.policy) == ["hate", "spam"])
        #expect(changes[0].before == PolicyScorer() && changes[0].after == PolicyScorer(head: first.id))
        #expect(try store.adopt(first.id, by: "bob").isEmpty, "it is in use already")
        try store.adopt(second.id, policies: ["hate"], by: "ann")
        #expect(try inUse() == [first.id: ["spam"], second.id: ["hate"]])
        #expect(try store.heads().map(\.inUse) == [["hate"], ["spam"]])
        #expect(try store.headsInUse().adoption(of: "m@1") == 3 && store.headsInUse().adoption(of: "other@1") == 0)
        // A second process sees it.
        #expect(try queue.another().headsInUse() == store.headsInUse())

        let back = try store.revert(model: "m@1", by: "ann")
        #expect(back.map(\.policy) == ["hate"], "only what the last adoption touched")
        #expect(back[0].after == PolicyScorer(head: first.id))
        #expect(try inUse() == [first.id: ["hate", "spam"]])
        try store.adopt(second.id, by: "ann")
        try store.revert(model: "m@1", policies: ["spam"], by: "ann")
        #expect(try inUse() == [first.id: ["spam"], second.id: ["hate"]])
        try store.revert(model: "m@1", policies: ["spam", "hate"], by: "ann")
        #expect(try inUse() == [first.id: ["hate"]])
        try store.revert(model: "m@1", by: "ann")
        #expect(try inUse().isEmpty)
        #expect(kind { try store.revert(model: "m@1", by: "ann") } == "failed")
        #expect(kind { try store.revert(model: "m@1", policies: ["hate"], by: "ann") } == "failed")
        #expect(kind { try store.adopt(first.id, policies: ["violence"], by: "ann") } == "usage")
        #expect(kind { try store.adopt("nobody@000000000000", by: "ann") } == "notFound")
        #expect(try store.auditVerify().isIntact)
    }

    @Test("A calibration stands beside the head that was in use, and goes with it")
    func calibrations() throws {
        let queue = try TestQueue()
        let store = queue.store
        let head = try store.propose(Self.draft("head"))
        let curve = try store.propose(Self.draft("curve", ["hate"], kind: .calibration))
        try store.adopt(head.id, by: "ann")
        let changed = try store.adopt(curve.id, by: "ann")
        #expect(changed.map(\.after) == [PolicyScorer(head: head.id, calibration: curve.id)])
        #expect(try store.headsInUse().calibrations.map(\.policies) == [["hate"]])
        #expect(try store.headsInUse().heads.map(\.policies) == [["hate", "spam"]])
        // Another head comes with its own.
        let other = try store.propose(Self.draft("other"))
        try store.adopt(other.id, by: "ann")
        #expect(try store.headsInUse().calibrations.isEmpty)
        try store.revert(model: "m@1", by: "ann")
        #expect(try store.headsInUse().calibrations.map(\.id) == [curve.id])
        try store.revert(model: "m@1", by: "ann")
        #expect(try store.headsInUse().calibrations.isEmpty && store.headsInUse().heads.map(\.id) == [head.id])
    }

    @Test("Verify sees a head or an adoption that was changed, taken out or put in")
    func audit() throws {
        func faults(_ damage: (QueueStore, Database) throws -> Void) throws -> [AuditReport.Fault] {
            let queue = try TestQueue()
            let head = try queue.store.propose(Self.draft("h"))
            try queue.store.adopt(head.id, by: "ann")
            #expect(try queue.store.auditVerify().isIntact)
            try queue.store.write { db in
                for name in ["head_fixed", "head_kept", "head_adoption_fixed", "head_adoption_kept"] {
                    try db.execute(sql: "DROP TRIGGER \(name)")
                }
                try damage(queue.store, db)
            }
            return try queue.store.auditVerify().faults
        }
        for (sql, table) in [
            ("UPDATE head SET body = replace(body, 'h', 'g')", AuditReport.Fault.Table.head),
            ("UPDATE head SET body = body || char(0) || 'x'", .head), ("UPDATE head SET facts = '{\"rows\":4}'", .head),
            ("UPDATE head SET created_by = 'bob'", .head),
            ("UPDATE head_adoption SET policy = 'violence' WHERE seq = 1", .headAdoption),
            ("UPDATE head_adoption SET head = NULL WHERE seq = 2", .headAdoption),
            ("DELETE FROM head_adoption WHERE seq = 2", .headAdoption),
            ("DELETE FROM head_adoption", .auditEvent),
            (
                """
                INSERT INTO head SELECT 9, 'x', kind, model, weights, policies, body, facts, last_decision, created_at,
                    created_by, 1 FROM head
                """, .head
            ),
        ] {
            let found = try faults { _, db in try db.execute(sql: sql) }
            #expect(found.map(\.table) == [table], "\(sql)")
        }
    }

    @Test("Heads and adoptions are never changed or deleted")
    func appendOnly() throws {
        let queue = try TestQueue()
        let head = try queue.store.propose(Self.draft("h"))
        try queue.store.adopt(head.id, by: "ann")
        for sql in [
            "UPDATE head SET body = ''", "DELETE FROM head", "UPDATE head_adoption SET head = NULL",
            "DELETE FROM head_adoption",
        ] {
            #expect(kind { try queue.store.write { try $0.execute(sql: sql) } } == "failed", "\(sql)")
        }
    }

    @Test("An erasure names the heads that may have been fitted on the item, and which of them score")
    func erasure() throws {
        let queue = try TestQueue()
        let store = queue.store
        try queue.fill(TestQueue.posts(4, scores: [TestQueue.score("hate", 0.2)]))
        func decide(_ id: ItemID) throws -> Int64 {
            let claim = try #require(try store.claim(reviewer: "ann", item: id).first)
            let receipt = try store.decide(
                token: claim.lease.token, draft: DecisionDraft(verdict: .allow, shownScores: ["hate"]))
            return try store.read {
                try #require(
                    try Int64.fetchOne(
                        $0, sql: "SELECT seq FROM decision WHERE id = ?", arguments: [receipt.decision]))
            }
        }
        let first = try decide("post-0")
        let early = try store.propose(Self.draft("early", lastDecision: first))
        let second = try decide("post-1")
        let both = try store.propose(Self.draft("both", lastDecision: second))
        let outside = try store.propose(Self.draft("outside"))
        try store.adopt(both.id, by: "ann")
        _ = try store.undo(reviewer: "ann")
        let afterUndo = try store.propose(Self.draft("after-undo", lastDecision: second + 1))

        let undone = try store.erase(.item("post-1"), rules: ErasureRules(by: "ann"))
        // Neither the one fitted before the verdict nor the one fitted after it was taken back.
        #expect(undone.heads.map(\.id) == [both.id, outside.id] && undone.heads.map(\.isInUse) == [true, false])
        let report = try store.erase(.item("post-0"), rules: ErasureRules(by: "ann"))
        #expect(report.heads.map(\.id) == [early.id, both.id, outside.id, afterUndo.id])
        #expect(report.heads.allSatisfy { $0.items == 1 })
        #expect(report.json["heads"]?.array?.count == 4)
        #expect(try store.erase(.item("post-3"), rules: ErasureRules(by: "ann")).heads.isEmpty)
        // The heads themselves stay, and so does the chain.
        #expect(try store.heads().count == 4 && store.auditVerify().isIntact)
        // Retention does likewise.
        _ = try decide("post-2")
        let late = try store.propose(Self.draft("late", lastDecision: second + 2))
        queue.pass(seconds: 1000)
        let purged = try store.erase(
            .untouched(since: TestQueue.start.adding(seconds: 500), includingUndecided: false),
            rules: ErasureRules(by: "ann"))
        #expect(purged.heads.map(\.id) == [late.id])
    }
}
