import Foundation
import Testing

@testable import Queue

/// One verdict on a group: many decisions, each of its own.
@Suite struct ContactGroupTests {
    /// Posts of one text, and one of another.
    private func queue(_ lines: [JSONValue]) throws -> TestQueue {
        let queue = try TestQueue()
        try queue.fill(lines)
        #expect(try queue.store.extendTwins(forSeconds: 60))
        return queue
    }

    private func post(_ id: String, text: String = "buy cheap meds", _ scores: [JSONValue] = []) -> JSONValue {
        ["id": .string(id), "text": .string(text), "scores": .array(scores)]
    }

    private func decide(
        _ id: ItemID, _ draft: DecisionDraft, by reviewer: String = "ann", in queue: TestQueue
    ) throws -> DecisionReceipt {
        let claim = try #require(try queue.store.claim(reviewer: reviewer, item: id).first)
        return try queue.store.decide(token: claim.lease.token, draft: draft)
    }

    private func removal(_ group: GroupMark?) -> DecisionDraft {
        DecisionDraft(verdict: .remove, policies: ["spam"], group: group)
    }

    /// Decides items together as the console does: the first leads.
    private func decide(group ids: [ItemID], in queue: TestQueue) throws -> [DecisionReceipt] {
        let lead = try decide(ids[0], removal(GroupMark(size: ids.count)), in: queue)
        return try [lead]
            + ids.dropFirst().map {
                try decide($0, removal(GroupMark(lead: lead.decision, size: ids.count)), in: queue)
            }
    }

    @Test("The sheet has the item first, then those that wait, and says how the others stand")
    func sheet() throws {
        let queue = try queue([
            post("a"), post("b"), post("c"), post("d"), post("held"),
            post("minor", [TestQueue.score("sexual/minors", 0.9)]),
            post("other", text: "something else"),
        ])
        _ = try decide("b", removal(nil), by: "bob", in: queue)
        _ = try queue.store.claim(reviewer: "eve", item: "held", rules: ClaimRules(lifetime: 60))
        _ = try decide("d", removal(nil), by: "bob", in: queue)
        try queue.store.appeal("d")
        let group = try #require(try queue.store.contactGroup(of: "a", reviewer: "ann"))
        #expect(group.members.prefix(2).map(\.item.id) == ["a", "c"])
        let standings = Dictionary(uniqueKeysWithValues: group.members.map { ($0.item.id, $0.standing) })
        #expect(standings["a"] == .waiting && standings["c"] == .waiting && standings["held"] == .held(by: "eve"))
        #expect(standings["minor"] == .restricted && standings["d"] == .handedOn && standings.count == 6)
        guard case .decided(let record) = standings["b"] else {
            Issue.record("b is decided")
            return
        }
        #expect(record.verdict == .remove && record.policies == ["spam"] && record.reviewer == "bob")
        #expect(!group.isCut && group.isComplete)
        _ = try queue.store.claim(reviewer: "ann", item: "c")
        let own = try #require(try queue.store.contactGroup(of: "a", reviewer: "ann"))
        #expect(own.members[1].item.id == "c" && own.members[1].standing == .waiting, "what ann holds herself")
        queue.pass(seconds: 61)
        let later = try #require(try queue.store.contactGroup(of: "a", reviewer: "ann"))
        #expect(later.members.contains { $0.item.id == "held" && $0.standing == .waiting }, "its lease has run out")
        #expect(try queue.store.contactGroup(of: "a", reviewer: "ann", limit: 2)?.isCut == true)
        let nearest = try #require(try queue.store.contactGroup(of: "a", reviewer: "ann", limit: 1))
        #expect(nearest.members.map(\.item.id).first == "a" && nearest.members[1].standing == .waiting)
        #expect(try queue.store.contactGroup(of: "nobody", reviewer: "ann") == nil)
    }

    @Test("A verdict on a group is a decision and an event for each item, marked, and the export and stats tell of it")
    func marked() throws {
        let queue = try queue(["a", "b", "c"].map { post($0, [TestQueue.score("spam", 0.9)]) })
        let receipts = try decide(group: ["a", "b", "c"], in: queue)
        let lead = receipts[0].decision
        let marks = try ["a", "b", "c"].map { try #require(try queue.store.history(of: ItemID($0)).first).group }
        #expect(marks == [GroupMark(size: 3)] + Array(repeating: GroupMark(lead: lead, size: 3), count: 2))
        let member = try #require(try queue.store.history(of: "b").first)
        #expect(member.labels == ["spam": Label(isViolation: true, origin: .person)])
        #expect(try queue.store.auditVerify().isIntact)
        #expect(try queue.store.auditVerify().decisions == 3)
        _ = try queue.store.export(to: queue.folder + "/out")
        let rows = try String(contentsOfFile: queue.folder + "/out/decisions.jsonl", encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(rows[0]["group"] == ["lead": .null, "size": 3, "seen": "whole"])
        #expect(rows[1]["group"] == ["lead": .string(lead), "size": 3, "seen": "thumbnail"])
        #expect(rows[1]["explanation"]?["shown"] == .bool(false))
        let stats = try queue.store.stats().judgement
        #expect(stats.groups == 1 && stats.groupDecisions == 3)
        #expect(stats.json["groups"] == ["groups": 1, "decisions": 3])
    }

    @Test("Restricted items, restricted policies, appeals and a lead of somebody else's are refused as part of a group")
    func refused() throws {
        let queue = try queue([
            post("a"), post("b"), post("c"), post("minor", [TestQueue.score("sexual/minors", 0.9)]),
        ])
        let lead = try decide("a", removal(GroupMark(size: 3)), in: queue).decision
        let mark = GroupMark(lead: lead, size: 3)
        func refusal(
            of id: ItemID, _ draft: DecisionDraft, by reviewer: String = "ann", _ queueName: QueueName? = nil
        )
            throws -> String?
        {
            let claim = try #require(try queue.store.claim(reviewer: reviewer, queue: queueName, item: id).first)
            defer { try? queue.store.release(token: claim.lease.token) }
            return kind { _ = try queue.store.decide(token: claim.lease.token, draft: draft) }
        }
        #expect(try refusal(of: "minor", removal(mark), .restricted) == "usage")
        let restricted = DecisionDraft(verdict: .remove, policies: ["sexual/minors"], group: mark)
        #expect(try refusal(of: "b", restricted) == "usage")
        #expect(try refusal(of: "b", removal(mark), by: "bob") == "usage", "ann led the group")
        #expect(try refusal(of: "b", removal(GroupMark(lead: "nothing", size: 3))) == "usage")
        _ = try decide("c", removal(nil), by: "bob", in: queue)
        try queue.store.appeal("c")
        #expect(try refusal(of: "c", removal(mark)) == "usage", "an appeal is about this very item")
        #expect(try queue.store.history(of: "b").isEmpty)
    }

    @Test("A group is taken back decision by decision, whatever came after it; what somebody decided since stays")
    func undone() throws {
        let queue = try queue(["a", "b", "c", "d"].map { post($0) })
        let receipts = try decide(group: ["a", "b", "c"], in: queue)
        #expect(try queue.store.latestVerdicts(of: "ann").map(\.decision) == receipts.map(\.decision))
        let single = try decide("d", removal(nil), in: queue)
        #expect(try queue.store.latestVerdicts(of: "ann").map(\.decision) == [single.decision])
        // One of the group by itself, though it is not the latest.
        let undone = try queue.store.undo(reviewer: "ann", decision: receipts[1].decision)
        #expect(undone.receipt.item == "b")
        #expect(try queue.store.detail(of: "b")?.state == .pending)
        #expect(try queue.store.detail(of: "d")?.state == .decided)
        #expect(kind { _ = try queue.store.undo(reviewer: "ann", decision: receipts[1].decision) } == "failed")
        #expect(kind { _ = try queue.store.undo(reviewer: "bob", decision: receipts[0].decision) } == "failed")
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try queue.store.latestVerdicts(of: "ann").map(\.item) == ["a", "c"])
        // Somebody decides c since, on an appeal: its undo is refused, and the other's is not.
        try queue.store.appeal("c")
        _ = try decide("c", DecisionDraft(verdict: .allow), by: "bob", in: queue)
        let rest = try queue.store.latestVerdicts(of: "ann")
        #expect(rest.map(\.item) == ["a", "c"])
        let outcomes = rest.map { record in
            kind { _ = try queue.store.undo(reviewer: "ann", decision: record.decision, reclaiming: true) }
        }
        #expect(outcomes == [nil, "failed"])
        #expect(try queue.store.detail(of: "a")?.leasedBy == "ann")
        #expect(try queue.store.latestVerdicts(of: "nobody").isEmpty)
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("Erasing the item that led a group leaves nothing of it in the others' rows")
    func erased() throws {
        let queue = try queue([post("a-very-personal-id"), post("b")])
        _ = try decide(group: ["a-very-personal-id", "b"], in: queue)
        _ = try queue.store.erase(.item("a-very-personal-id"), rules: ErasureRules(by: "operator"))
        let name = try #require("a-very-personal-id".data(using: .utf8))
        for file in try FileManager.default.contentsOfDirectory(atPath: queue.folder)
        where file.hasPrefix("queue.sqlite") {
            #expect(FileManager.default.contents(atPath: "\(queue.folder)/\(file)")?.range(of: name) == nil, "\(file)")
        }
        #expect(try queue.store.history(of: "b").first?.group?.size == 2)
        #expect(try queue.store.auditVerify().isIntact)
    }
}
