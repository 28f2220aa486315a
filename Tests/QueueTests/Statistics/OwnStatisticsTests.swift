import GRDB
import Testing

@testable import Queue

@Suite struct OwnStatisticsTests {
    private let byRank = ClaimRules(sampleShare: 0)
    private let day = 86_400.0

    private func decide(
        _ queue: TestQueue, _ reviewer: String, _ verdict: Verdict = .allow, _ policies: Set<PolicyID> = [],
        milliseconds: Int64? = nil, rules: ClaimRules? = nil
    ) throws {
        let claim = try #require(try queue.store.claim(reviewer: reviewer, rules: rules ?? byRank).first)
        _ = try queue.store.decide(
            token: claim.lease.token,
            draft: DecisionDraft(verdict: verdict, policies: policies, durationMilliseconds: milliseconds))
    }

    /// The days up to the one that begins so many days after the tests' start.
    private func days(_ count: Int, today: Double) -> [Timestamp] {
        (0..<count).map { TestQueue.start.adding(seconds: (today - Double(count - 1 - $0)) * day) }
    }

    @Test("Verdicts by day and kind, pace and medians, without what was taken back or done by others")
    func counts() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(40))
        for _ in 0..<3 { try decide(queue, "ann", milliseconds: 9_000) }
        queue.pass(seconds: 2 * day + 60)
        for number in 0..<6 {
            try decide(queue, "ann", number < 2 ? .remove : .allow, number < 2 ? ["hate"] : [], milliseconds: 2_000)
            queue.pass(seconds: 30)
        }
        try decide(queue, "ann", .escalate)
        _ = try queue.store.undo(reviewer: "ann")
        try decide(queue, "ben")
        queue.pass(seconds: 3600)
        try decide(queue, "ann", milliseconds: 7_000)
        let own = try queue.store.ownStatistics(of: "ann", days: days(3, today: 2))
        #expect(own.verdictsByDay == [3, 0, 7])
        #expect(own.today == [.remove: 2, .allow: 5] && own.undoneToday == 1)
        #expect(own.medianToday == 2_000 && own.medianOfAll == 4_500 - 2_500)
        // Thirty seconds between two; the long pause is none of the work.
        #expect(abs((own.perHourToday ?? .nan) - 120) < 1e-9)
        #expect(own.secondReviews == nil && own.gold == nil && own.appealsUpheld == nil)
        #expect(try queue.store.ownStatistics(of: "ann", days: days(2, today: 2)).verdictsByDay == [0, 7])
        #expect(try queue.store.ownStatistics(of: "zoe", days: days(2, today: 2)).perHourToday == nil)
    }

    @Test("Second reviews count from both sides and from the next day on; an appeal counts when it is settled")
    func secondReviews() throws {
        let queue = try TestQueue()
        try queue.store.set(ReviewSettings(secondShare: 1))
        try queue.fill(TestQueue.posts(2))
        try decide(queue, "ann", .remove, ["hate"])
        try decide(queue, "ann", .allow)
        try decide(queue, "ben", .remove, ["hate", "spam"])
        try decide(queue, "ben", .remove, ["spam"])
        #expect(try queue.store.ownStatistics(of: "ann", days: days(2, today: 0)).secondReviews == nil)
        queue.pass(seconds: day)
        for reviewer in ["ann", "ben"] {
            let own = try queue.store.ownStatistics(of: reviewer, days: days(3, today: 1))
            #expect(own.secondReviews?.hits == 1 && own.secondReviews?.rows == 2, "\(reviewer)")
        }
    }

    @Test("Known answers are told of from five on, and never of today's")
    func gold() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(7))
        for number in 0..<6 { try queue.store.addGold(ItemID("post-\(number)"), verdict: .allow) }
        let rules = ClaimRules(sampleShare: 0, goldShare: 1)
        for number in 0..<4 { try decide(queue, "ann", number == 0 ? .escalate : .allow, rules: rules) }
        queue.pass(seconds: day)
        #expect(try queue.store.ownStatistics(of: "ann", days: days(2, today: 1)).gold == nil)
        try decide(queue, "ann", .allow, rules: rules)
        #expect(try queue.store.ownStatistics(of: "ann", days: days(2, today: 1)).gold == nil)
        queue.pass(seconds: day)
        let before = try queue.store.ownStatistics(of: "ann", days: days(3, today: 2))
        #expect(before.gold?.hits == 4 && before.gold?.rows == 5)
        try decide(queue, "ann", .allow, rules: rules)
        #expect(try queue.store.ownStatistics(of: "ann", days: days(3, today: 2)).gold == before.gold)
    }

    @Test("An appeal that another verdict settles is upheld or not")
    func appeals() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        try decide(queue, "ann", .remove, ["hate"])
        try decide(queue, "ann", .remove, ["hate"])
        for post in ["post-0", "post-1"] { try queue.store.appeal(ItemID(post), note: "no") }
        #expect(try queue.store.ownStatistics(of: "ann", days: days(1, today: 0)).appealsUpheld == nil)
        try decide(queue, "ben", .remove, ["hate"])
        try decide(queue, "ben", .allow)
        let own = try queue.store.ownStatistics(of: "ann", days: days(1, today: 0))
        #expect(own.appealsUpheld?.hits == 1 && own.appealsUpheld?.rows == 2)
    }

    @Test("Pages end anywhere: an undo in one takes back a verdict in the next")
    func pages() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1002))
        for _ in 0..<2 { try decide(queue, "ann") }
        _ = try queue.store.undo(reviewer: "ann")
        for claim in try queue.store.claim(reviewer: "ann", count: 999, rules: byRank) {
            _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        }
        let own = try queue.store.ownStatistics(of: "ann", days: days(1, today: 0))
        #expect(own.verdictsByDay == [1000] && own.undoneToday == 1)
    }
}
