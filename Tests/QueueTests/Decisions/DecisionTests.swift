import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct DecisionTests {
    private func claimed(_ scores: [JSONValue] = [], reviewer: String = "ann") throws -> (TestQueue, Claim) {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1, scores: scores))
        return (queue, try #require(try queue.store.claim(reviewer: reviewer).first))
    }

    @Test("A decision is in the record with all that stood when it fell")
    func recorded() throws {
        let (queue, claim) = try claimed([TestQueue.score("hate", 0.93), TestQueue.score("spam", 0.2)])
        queue.pass(seconds: 2)
        let receipt = try queue.store.decide(
            token: claim.lease.token,
            draft: DecisionDraft(
                verdict: .remove, policies: ["hate/threatening"], severity: 3, note: "slur\n\u{202E}",
                durationMilliseconds: 2140, shownScores: ["hate", "spam"],
                shownExplanation: DecisionDraft.ShownExplanation(method: "legrad", policy: "hate", confirmed: true)))
        #expect(receipt.hash.count == 64 && receipt.decision.count == 26 && receipt.item == claim.item.id)
        let record = try #require(try queue.another().history(of: claim.item.id).first)
        #expect(record.decision == receipt.decision && record.hash == receipt.hash && record.isStanding)
        #expect(record.verdict == .remove && record.policies == ["hate/threatening"] && record.severity == 3)
        #expect(record.note == "slur\n\u{202E}" && record.reviewer == "ann" && record.durationMilliseconds == 2140)
        #expect(record.decidedAt == TestQueue.start.adding(seconds: 2) && record.supersedes == nil)
        #expect(record.scores.map(\.value) == [0.93, 0.2])
        #expect(record.shownExplanation?.method == "legrad" && record.shownExplanation?.confirmed == true)
        #expect(
            record.labels == [
                "hate": Label(isViolation: true, origin: .person),
                "hate/threatening": Label(isViolation: true, origin: .person),
            ])
        #expect(try queue.store.stats().items == QueueStats.Counts(pending: 0, leased: 0, decided: 1))
        // The scores of the record stay when the model scores again.
        try queue.store.record([ScoredItem(item: claim.item.id, scores: [])], model: "upstream@1")
        #expect(try queue.store.history(of: claim.item.id).first?.scores.count == 2)
        // A lease decides once.
        #expect(
            kind(of: { _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow)) })
                == "leaseLost")
    }

    @Test(
        "A draft that says something impossible is refused, and the lease stays",
        arguments: [
            (DecisionDraft(verdict: .remove), "needs a policy"), (DecisionDraft(verdict: .restrict), "needs a policy"),
            (DecisionDraft(verdict: .remove, policies: ["rudeness"]), "rudeness"),
            (DecisionDraft(verdict: .allow, deselected: ["\u{1B}[31m"]), "⟨U+001B⟩"),
            (DecisionDraft(verdict: .remove, policies: ["hate"], deselected: ["hate"]), "both"),
            (DecisionDraft(verdict: .allow, severity: 5), "severity"),
            (DecisionDraft(verdict: .allow, note: String(repeating: "x", count: 10_001)), "note"),
            (DecisionDraft(verdict: .allow, durationMilliseconds: -1), "time"),
        ])
    func refused(draft: DecisionDraft, word: String) throws {
        let (queue, claim) = try claimed()
        #expect(refusal { _ = try queue.store.decide(token: claim.lease.token, draft: draft) }.contains(word))
        #expect(kind(of: { _ = try queue.store.decide(token: claim.lease.token, draft: draft) }) == "usage")
        #expect(try queue.store.history(of: claim.item.id).isEmpty)
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .escalate))
    }

    @Test("A lease of another reviewer, or one made up, decides nothing")
    func wrongLease() throws {
        let (queue, claim) = try claimed()
        let draft = DecisionDraft(verdict: .allow)
        #expect(
            kind(of: { _ = try queue.store.decide(token: claim.lease.token, draft: draft, reviewer: "ben") })
                == "leaseLost")
        #expect(kind(of: { _ = try queue.store.decide(token: "", draft: draft) }) == "leaseLost")
        #expect(kind(of: { _ = try queue.store.decide(token: "\u{1B}[31m", draft: draft) }) == "leaseLost")
        _ = try queue.store.decide(token: claim.lease.token, draft: draft, reviewer: "ann")
    }

    @Test("What a decision teaches follows the verdict, the hand and the model")
    func labels() {
        let scored: Set<PolicyID> = ["hate", "spam", "violence"]
        func labels(_ draft: DecisionDraft) -> [PolicyID: Label] {
            Label.labels(of: draft, scored: scored, overThreshold: ["hate"])
        }
        let (no, yes) = (false, true)
        #expect(
            labels(
                DecisionDraft(
                    verdict: .allow, deselected: ["violence"], shownScores: ["hate", "spam", "violence", "privacy"]))
                == [
                    "hate": Label(isViolation: no, origin: .person), "spam": Label(isViolation: no, origin: .model),
                    "violence": Label(isViolation: no, origin: .person),
                ])
        #expect(labels(DecisionDraft(verdict: .allow)).isEmpty, "decided blind, allow teaches nothing")
        #expect(
            labels(
                DecisionDraft(
                    verdict: .remove, policies: ["hate/threatening", "violence/graphic"],
                    preselected: ["hate/threatening"],
                    deselected: ["spam"], shownScores: scored))
                == [
                    "hate/threatening": Label(isViolation: yes, origin: .model),
                    "hate": Label(isViolation: yes, origin: .model),
                    "violence/graphic": Label(isViolation: yes, origin: .person),
                    "violence": Label(isViolation: yes, origin: .person),
                    "spam": Label(isViolation: no, origin: .person),
                ])
        #expect(
            labels(DecisionDraft(verdict: .restrict, policies: ["hate", "hate/threatening"], preselected: ["hate"]))[
                "hate"]
                == Label(isViolation: yes, origin: .person), "chosen by hand through its child")
        #expect(
            labels(DecisionDraft(verdict: .remove, policies: ["hate/threatening"], deselected: ["hate"]))["hate"]?
                .isViolation
                == yes, "a parent of what is violated is violated")
        #expect(labels(DecisionDraft(verdict: .escalate, policies: ["hate"], shownScores: scored)).isEmpty)
    }

    @Test("Undo walks back through a reviewer's verdicts and leaves every row in place")
    func undo() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(3))
        let rules = ClaimRules(sampleShare: 0)
        var receipts: [DecisionReceipt] = []
        for verdict in [Verdict.allow, .escalate, .allow] {
            let claim = try #require(try queue.store.claim(reviewer: "ann", rules: rules).first)
            receipts.append(try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: verdict)))
        }
        let first = try queue.store.undo(reviewer: "ann")
        #expect(first.receipt.item == receipts[2].item && first.receipt.verdict == .allow && first.claim == nil)
        let second = try queue.store.undo(reviewer: "ann", reclaiming: true)
        #expect(second.receipt.item == receipts[1].item && second.receipt.verdict == .escalate)
        #expect(second.claim?.item.id == receipts[1].item)
        #expect(try queue.store.stats().items == QueueStats.Counts(pending: 1, leased: 1, decided: 1))
        let token = try #require(second.claim?.lease.token)
        let again = try queue.store.decide(token: token, draft: DecisionDraft(verdict: .allow))
        let history = try queue.store.history(of: receipts[1].item)
        #expect(history.map(\.verdict) == [.escalate, nil, .allow])
        #expect(history.map(\.isStanding) == [false, false, true])
        #expect(history.map(\.supersedes) == [nil, history[0].decision, history[1].decision])
        // Back through the new verdict, then the first one, then nothing.
        #expect(try queue.store.undo(reviewer: "ann").receipt.item == again.item)
        #expect(try queue.store.undo(reviewer: "ann").receipt.item == receipts[0].item)
        #expect(refusal { _ = try queue.store.undo(reviewer: "ann") }.contains("nothing to undo"))
        #expect(kind(of: { _ = try queue.store.undo(reviewer: "ben") }) == "failed")
        #expect(try queue.store.stats().items.pending == 3)
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("Undo is refused once somebody else has decided the item since")
    func undoAfterOther() throws {
        let (queue, claim) = try claimed()
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        // No command decides an item twice yet; a second review will. Put the item back by hand.
        try queue.store.database.write { try $0.execute(sql: "UPDATE work SET state = 0, decision = NULL") }
        let second = try #require(try queue.store.claim(reviewer: "ben").first)
        _ = try queue.store.decide(token: second.lease.token, draft: DecisionDraft(verdict: .escalate))
        #expect(refusal { _ = try queue.store.undo(reviewer: "ann") }.contains("decided by somebody else"))
        #expect(try queue.store.undo(reviewer: "ben").receipt.verdict == .escalate)
    }

    @Test("A restricted verdict moves its item to the restricted queue for good")
    func restrictedVerdict() throws {
        let (queue, claim) = try claimed()
        _ = try queue.store.decide(
            token: claim.lease.token, draft: DecisionDraft(verdict: .remove, policies: ["sexual/minors"]))
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try queue.store.claim(reviewer: "ann").isEmpty)
        #expect(try queue.store.claim(reviewer: "ann", queue: .restricted).count == 1)
    }

    @Test("ULIDs sort by time")
    func ulids() {
        let ids = (0..<50).map { ULID.fresh(at: TestQueue.start.adding(seconds: Double($0))) }
        #expect(ids == ids.sorted() && Set(ids).count == 50 && ids.allSatisfy { $0.count == 26 })
    }
}
