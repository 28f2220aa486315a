import Foundation
import GRDB
import Testing

@testable import Queue

/// A clock that goes back, by an hour or by years.
@Suite struct ClockTests {
    @Test("Times along the chain never fall, and verdicts keep their order, when the clock goes back an hour")
    func chain() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(4))
        for step in [0.0, -3600, 10, -3600] {
            queue.pass(seconds: step)
            let claim = try #require(try queue.store.claim(reviewer: "ann", rules: ClaimRules(sampleShare: 0)).first)
            _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        }
        let (times, decisions) = try queue.store.read { db in
            (
                try Int64.fetchAll(db, sql: "SELECT time FROM audit_event ORDER BY seq"),
                try Int64.fetchAll(db, sql: "SELECT decided_at FROM decision ORDER BY seq")
            )
        }
        #expect(times == times.sorted())
        // A decision says what the clock said; its event says no less than the one before it.
        let start = TestQueue.start.milliseconds
        #expect(decisions == [start, start - 3_600_000, start - 3_590_000, start - 7_190_000])
        #expect(try queue.store.auditVerify().isIntact)
        // What was decided last is undone first, whatever the clock said.
        let undone = try queue.store.undo(reviewer: "ann")
        #expect(undone.receipt.item == ItemID("post-3"))
    }

    @Test("A lease taken before the clock went back an hour still decides, and is not handed out twice meanwhile")
    func lease() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        let claim = try #require(try queue.store.claim(reviewer: "ann").first)
        queue.pass(seconds: -3600)
        #expect(try queue.store.claim(reviewer: "ben").isEmpty)
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        #expect(try queue.store.auditVerify().decisions == 1)
    }

    @Test("A lease of a clock that was years ahead comes back at the next claim, and no later")
    func yearsAhead() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        queue.pass(seconds: 3 * 365 * 86_400)
        let lost = try #require(try queue.store.claim(reviewer: "ann").first)
        queue.pass(seconds: -3 * 365 * 86_400)
        let claim = try #require(try queue.store.claim(reviewer: "ben").first)
        #expect(
            kind(of: { _ = try queue.store.decide(token: lost.lease.token, draft: DecisionDraft(verdict: .allow)) })
                == "leaseLost")
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("Ids of decisions stay unique when the clock stands still or goes back")
    func ids() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(20))
        var ids: Set<String> = []
        for number in 0..<20 {
            if number == 10 { queue.pass(seconds: -1) }
            let claim = try #require(try queue.store.claim(reviewer: "ann").first)
            ids.insert(
                try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow)).decision)
        }
        #expect(ids.count == 20)
    }

    @Test("The order of the queue does not change when the clock goes back: ranks are stored")
    func order() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(5))
        queue.pass(seconds: -365 * 86_400)
        let rules = ClaimRules(sampleShare: 0)
        let claims = try queue.store.claim(reviewer: "ann", count: 5, rules: rules)
        #expect(claims.map(\.item.id) == (0..<5).map { ItemID("post-\($0)") })
    }
}
