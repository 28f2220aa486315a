import Foundation
import Testing

@testable import Queue

@Suite struct SecondReviewTests {
    private let byRank = ClaimRules(sampleShare: 0)

    private func queue(_ count: Int, _ settings: ReviewSettings) throws -> TestQueue {
        let queue = try TestQueue()
        try queue.store.set(settings)
        try queue.fill(TestQueue.posts(count))
        return queue
    }

    private func claim(_ queue: TestQueue, _ reviewer: String) throws -> Claim? {
        try queue.store.claim(reviewer: reviewer, rules: byRank).first
    }

    @discardableResult
    private func decide(
        _ queue: TestQueue, _ reviewer: String, _ verdict: Verdict, _ policies: Set<PolicyID> = []
    ) throws -> ItemID {
        let claim = try #require(try claim(queue, reviewer))
        let draft = DecisionDraft(verdict: verdict, policies: policies)
        return try queue.store.decide(token: claim.lease.token, draft: draft).item
    }

    @Test("Nothing is looked at again unless it is asked for")
    func off() throws {
        let queue = try queue(1, ReviewSettings())
        try decide(queue, "ann", .allow)
        #expect(try claim(queue, "ben") == nil)
    }

    @Test("A second verdict that agrees settles the item; it never comes from the first reviewer")
    func agreement() throws {
        let queue = try queue(1, ReviewSettings(secondShare: 1))
        try decide(queue, "ann", .remove, ["hate"])
        #expect(try queue.store.detail(of: "post-0")?.state == .awaiting)
        #expect(try claim(queue, "ann") == nil)
        #expect(throws: QueueError.self) { try queue.store.claim(reviewer: "ann", item: "post-0") }
        try decide(queue, "ben", .remove, ["hate", "violence"])
        let history = try queue.store.history(of: "post-0")
        #expect(history.map(\.review) == [.first, .second] && history.map(\.isStanding) == [false, true])
        #expect(try claim(queue, "cem") == nil && queue.store.auditVerify().isIntact)
    }

    @Test("A claim does not tell that it is a second one, nor what the first verdict was")
    func blind() throws {
        let queue = try queue(1, ReviewSettings(secondShare: 1))
        let first = try #require(try claim(queue, "ann"))
        _ = try queue.store.decide(token: first.lease.token, draft: DecisionDraft(verdict: .allow, note: "fine"))
        var second = try #require(try claim(queue, "ben"))
        second.lease = first.lease
        #expect(second == first)
    }

    @Test(
        "Where the two disagree a third decides",
        arguments: [
            (.allow, [], 3), (.remove, ["spam"], 3), (.restrict, ["hate"], 3), (.remove, ["hate"], 2),
        ] as [(Verdict, Set<PolicyID>, Int)])
    func disagreement(verdict: Verdict, policies: Set<PolicyID>, verdicts: Int) throws {
        let queue = try queue(1, ReviewSettings(secondPolicies: ["hate"]))
        try decide(queue, "ann", .remove, ["hate"])
        try decide(queue, "ben", verdict, policies)
        #expect(try claim(queue, "ann") == nil && claim(queue, "ben") == nil)
        let third = try claim(queue, "cem")
        #expect((third != nil) == (verdicts == 3))
        if let third {
            _ = try queue.store.decide(token: third.lease.token, draft: DecisionDraft(verdict: .allow))
            let history = try queue.store.history(of: "post-0")
            #expect(history.map(\.review) == [.first, .second, .third] && history.last?.isStanding == true)
        }
        #expect(try claim(queue, "dora") == nil && queue.store.auditVerify().isIntact)
    }

    @Test("A policy asks for a second verdict for what is beneath it, and for nothing else")
    func policies() throws {
        let queue = try queue(3, ReviewSettings(secondPolicies: ["hate"]))
        try decide(queue, "ann", .remove, ["spam"])
        try decide(queue, "ann", .allow)
        try decide(queue, "ann", .remove, ["hate/threatening"])
        #expect(try claim(queue, "ben")?.item.id == "post-2")
    }

    @Test("An undo takes back whichever verdict it was, and the item waits for that one again")
    func undo() throws {
        let queue = try queue(1, ReviewSettings(secondShare: 1))
        try decide(queue, "ann", .remove, ["hate"])
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try queue.store.detail(of: "post-0")?.state == .pending)
        try decide(queue, "ann", .allow)
        try decide(queue, "ben", .remove, ["hate"])
        #expect(throws: QueueError.self) { try queue.store.undo(reviewer: "ann") }
        _ = try queue.store.undo(reviewer: "ben")
        #expect(try queue.store.detail(of: "post-0")?.state == .awaiting)
        try decide(queue, "ben", .allow)
        #expect(try queue.store.detail(of: "post-0")?.state == .decided)
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("A second verdict that was taken back and changed still brings in a third where it disagrees")
    func undoneSecond() throws {
        let queue = try queue(1, ReviewSettings(secondShare: 1))
        try decide(queue, "ann", .remove, ["hate"])
        try decide(queue, "ben", .remove, ["hate"])
        _ = try queue.store.undo(reviewer: "ben")
        try decide(queue, "ben", .allow)
        #expect(try queue.store.detail(of: "post-0")?.state == .awaiting)
        try decide(queue, "cem", .allow)
        #expect(try queue.store.history(of: "post-0").last?.review == .third)
    }

    @Test("An undo while the second reviewer looks makes the second verdict the first")
    func undoMeanwhile() throws {
        let queue = try queue(1, ReviewSettings(secondShare: 1))
        try decide(queue, "ann", .allow)
        let second = try #require(try claim(queue, "ben"))
        #expect(try queue.store.undo(reviewer: "ann", reclaiming: true).claim == nil)
        _ = try queue.store.decide(token: second.lease.token, draft: DecisionDraft(verdict: .allow))
        #expect(try queue.store.history(of: "post-0").map(\.review) == [.first, .first, .first])
        #expect(try queue.store.detail(of: "post-0")?.state == .awaiting)
    }

    @Test("A lease on a second review that ends returns the item to where it waited")
    func expiry() throws {
        let queue = try queue(1, ReviewSettings(secondShare: 1))
        try decide(queue, "ann", .allow)
        _ = try claim(queue, "ben")
        queue.pass(seconds: 10_000)
        #expect(try queue.store.detail(of: "post-0")?.state == .awaiting)
        #expect(try queue.store.counts() == QueueStats.Counts(decided: 1, awaiting: 1))
        #expect(try claim(queue, "ann") == nil && claim(queue, "cem") != nil)
    }

    @Test("A gold item comes to every reviewer once, leaves its verdict standing, and is counted")
    func gold() throws {
        let queue = try queue(2, ReviewSettings(goldShare: 1))
        try decide(queue, "boss", .remove, ["hate"])
        try queue.store.addGold("post-0")
        try queue.store.addGold("post-1", verdict: .allow)
        let rules = ClaimRules(sampleShare: 0, goldShare: try queue.store.claimRules().goldShare)
        for (reviewer, verdict) in [("ann", Verdict.remove), ("ben", .allow)] {
            var seen: Set<ItemID> = []
            while let claim = try queue.store.claim(reviewer: reviewer, rules: rules).first {
                let policies: Set<PolicyID> = verdict == .remove ? ["hate"] : []
                let draft = DecisionDraft(verdict: verdict, policies: policies)
                let item = try queue.store.decide(token: claim.lease.token, draft: draft).item
                #expect(seen.insert(item).inserted)
            }
            #expect(seen == ["post-0", "post-1"])
        }
        #expect(
            try queue.store.goldResults() == [
                GoldResult(reviewer: "ann", judged: 2, agreed: 1), GoldResult(reviewer: "ben", judged: 2, agreed: 1),
            ])
        let standing = try queue.store.history(of: "post-0").filter { $0.isStanding && $0.review != .gold }
        #expect(standing.map(\.reviewer) == ["boss"])
        let report = try queue.store.export(to: queue.folder + "/out")
        #expect(report.rows == 1)
        // The boss knows the first one already.
        #expect(try queue.store.claim(reviewer: "boss", count: 5, rules: rules).map(\.item.id) == ["post-1"])
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("A gold item goes back to where it was, and an undone gold verdict leaves it gold")
    func goldEnds() throws {
        let queue = try queue(2, ReviewSettings(goldShare: 1))
        try decide(queue, "boss", .allow)
        try queue.store.addGold("post-0")
        try queue.store.addGold("post-1", verdict: .allow)
        let rules = ClaimRules(sampleShare: 0, goldShare: 1)
        let claim = try #require(try queue.store.claim(reviewer: "ann", rules: rules).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try queue.store.goldResults().isEmpty && queue.store.detail(of: claim.item.id)?.state == .gold)
        try queue.store.removeGold("post-0")
        try queue.store.removeGold("post-1")
        #expect(try queue.store.detail(of: "post-0")?.state == .decided)
        #expect(try queue.store.detail(of: "post-1")?.state == .pending)
        // Undoing the verdict behind it takes the item out of nobody's hands.
        try queue.store.addGold("post-0")
        _ = try queue.store.undo(reviewer: "boss")
        #expect(try queue.store.detail(of: "post-0")?.state == .gold)
        try queue.store.removeGold("post-0")
        #expect(try queue.store.detail(of: "post-0")?.state == .pending && queue.store.auditVerify().isIntact)
    }

    @Test("A gold answer moves nothing, and what waits for a verdict is not made gold")
    func goldMovesNothing() throws {
        let queue = try queue(2, ReviewSettings(goldShare: 1))
        try queue.store.addGold("post-1", verdict: .allow)
        let rules = ClaimRules(sampleShare: 0, goldShare: 1)
        let claim = try #require(try queue.store.claim(reviewer: "ann", rules: rules).first)
        let draft = DecisionDraft(verdict: .remove, policies: ["sexual/minors"])
        _ = try queue.store.decide(token: claim.lease.token, draft: draft)
        #expect(try queue.store.detail(of: "post-1")?.queue == .default)
        try decide(queue, "ann", .allow)
        try queue.store.appeal("post-0")
        #expect(throws: QueueError.self) { try queue.store.addGold("post-0") }
        #expect(throws: QueueError.self) { try queue.store.addGold("post-1", policies: ["hate"]) }
    }

    @Test("An appeal brings the item to somebody new with its history, and the verdict stands until then")
    func appeal() throws {
        let queue = try queue(1, ReviewSettings())
        #expect(throws: QueueError.self) { try queue.store.appeal("post-0") }
        try decide(queue, "ann", .remove, ["hate"])
        try queue.store.appeal("post-0", note: "It was a quotation.")
        #expect(throws: QueueError.self) { try queue.store.appeal("post-0") }
        #expect(try queue.store.history(of: "post-0").last?.isStanding == true && claim(queue, "ann") == nil)
        let claim = try #require(try claim(queue, "ben"))
        #expect(claim.appeal?.note == "It was a quotation." && claim.appeal?.history.map(\.reviewer) == ["ann"])
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        #expect(try queue.store.history(of: "post-0").map(\.review) == [.first, .appeal])
        #expect(try queue.store.detail(of: "post-0")?.state == .decided)
        _ = try queue.store.undo(reviewer: "ben")
        #expect(try self.claim(queue, "cem")?.appeal?.note == "It was a quotation.")
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("What waits for another verdict, or is gold, is never replaced under its verdicts")
    func replacing() throws {
        let queue = try queue(2, ReviewSettings(secondShare: 1))
        try decide(queue, "ann", .allow)
        try queue.store.addGold("post-1", verdict: .allow)
        func refused(_ id: String) throws -> Bool {
            let line: JSONValue = ["id": .string(id), "text": "something else"]
            return try queue.ingest([line.text], IngestOptions(update: true)).rejected == 1
        }
        #expect(try refused("post-0") && refused("post-1"))
        _ = try claim(queue, "ben")
        queue.pass(seconds: 10_000)
        #expect(try refused("post-0"))
    }

    @Test("A share outside 0 to 1, or an unknown policy, is refused")
    func refusals() throws {
        let queue = try queue(1, ReviewSettings())
        #expect(throws: QueueError.self) { try queue.store.set(ReviewSettings(secondShare: 1.5)) }
        #expect(throws: QueueError.self) { try queue.store.set(ReviewSettings(secondPolicies: ["nothing"])) }
        #expect(throws: QueueError.self) { try queue.store.addGold("post-0") }
        #expect(throws: QueueError.self) { try queue.store.addGold("post-0", verdict: .remove) }
        #expect(throws: QueueError.self) { try queue.store.removeGold("post-0") }
    }
}
