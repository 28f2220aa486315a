import GRDB
import Testing

@testable import Queue

@Suite struct QueueHealthTests {
    private let byRank = ClaimRules(sampleShare: 0)

    private func decide(_ queue: TestQueue, _ reviewer: String, _ count: Int = 1) throws {
        for claim in try queue.store.claim(reviewer: reviewer, count: count, rules: byRank) {
            _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        }
    }

    private func item(_ id: String, hoursAgo hours: Double, due: Double? = nil, scores: [JSONValue] = []) -> JSONValue {
        var members = [
            JSONMember("id", .string(id)), JSONMember("text", .string(id)),
            JSONMember("flagged_at", .string(TestQueue.start.adding(seconds: -hours * 3600).rfc3339)),
            JSONMember("scores", .array(scores)),
        ]
        if let due {
            members.append(JSONMember("due_at", .string(TestQueue.start.adding(seconds: due * 3600).rfc3339)))
        }
        return .object(members)
    }

    @Test("What waits by line, policy and age, what is overdue, and who holds what")
    func waiting() throws {
        let queue = try TestQueue()
        try queue.store.set(QueueLine(name: QueueName(rawValue: "hateful")!, policies: ["hate"]))
        try queue.fill([
            item("a", hoursAgo: 0.5, scores: [TestQueue.score("hate", 0.9)]),
            item("b", hoursAgo: 5, due: -1, scores: [TestQueue.score("spam", 0.7), TestQueue.score("hate", 0.2)]),
            item("c", hoursAgo: 30, due: 2, scores: [TestQueue.score("spam", 0.4)]), item("d", hoursAgo: 200),
            item("e", hoursAgo: 0.1),
        ])
        let held = try queue.store.claim(reviewer: "ben", item: "e")
        #expect(held.count == 1)
        let health = try queue.store.health()
        #expect(health.waiting == 4 && health.looked == 4 && health.isExact)
        let lines = Dictionary(uniqueKeysWithValues: health.lines.map { ($0.name.rawValue, [$0.waiting, $0.leased]) })
        #expect(lines["hateful"] == [1, 0] && lines["default"] == [3, 1])
        #expect(health.policies.map(\.name) == ["spam", "hate", nil] && health.policies.map(\.items) == [2, 1, 1])
        #expect(health.ages == [.hour: 1, .halfDay: 1, .twoDays: 1, .more: 1])
        #expect(health.oldest == TestQueue.start.adding(seconds: -200 * 3600))
        #expect(health.overdue?.hits == 1 && health.overdue?.rows == 4)
        #expect(health.holders == [QueueHealth.Holder(reviewer: "ben", items: 1)])
        queue.pass(seconds: 3600)
        #expect(try queue.store.health().holders.isEmpty, "that lease has run out")
    }

    @Test("The pace is of verdicts that were not taken back in the last 24 hours; second ones make no backlog smaller")
    func pace() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(30))
        try decide(queue, "ann", 2)
        queue.pass(seconds: 86_400 - 1800)
        try queue.store.set(ReviewSettings(secondShare: 1))
        try decide(queue, "ann", 3)
        queue.pass(seconds: 3660)
        try decide(queue, "ann", 2)
        _ = try queue.store.undo(reviewer: "ann")
        let awaiting = try #require(try queue.store.claim(reviewer: "ben", item: "post-2").first)
        _ = try queue.store.decide(token: awaiting.lease.token, draft: DecisionDraft(verdict: .allow))
        let health = try queue.store.health()
        #expect(health.verdictsByHour.suffix(2) == [3, 2] && health.verdictsByHour.reduce(0, +) == 5)
        #expect(health.firstVerdicts == 4 && health.arrivals == 0 && !health.verdictsAreCut)
        #expect(health.waiting == 24)
        #expect(health.outlook == .shrinks(emptyInHours: 24 / (4.0 / 24)))
    }

    @Test("What came in is counted, and the outlook says which of the two is faster")
    func arrivals() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(40))
        #expect(try queue.store.health().arrivals == 40 && queue.store.health().outlook == .unknown)
        queue.pass(seconds: 90_000)
        #expect(try queue.store.health().arrivals == 0)
        try queue.fill((0..<48).map { item("new-\($0)", hoursAgo: 0) })
        try decide(queue, "ann", 24)
        let health = try queue.store.health()
        #expect(health.arrivals == 48 && health.outlook == .grows(perHour: 1))
        #expect(try TestQueue().store.health().outlook == .nothingWaits)
        #expect(try TestQueue().store.health().arrivals == 0)
    }

    @Test("Of a long queue a uniform draw is looked at, whatever part of all items it is", arguments: [0, 9_700])
    func drawn(decided: Int) throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(10_000))
        try queue.store.database.write { db in
            try db.execute(sql: "UPDATE work SET top_policy = iif(item % 4 = 0, 'hate', 'spam'), top_score = 0.9")
            // Scattered, as priorities leave it.
            try db.execute(sql: "UPDATE work SET state = 2 WHERE item * 7919 % 10000 < ?", arguments: [decided])
        }
        var dice = SplitMix64(seed: 4)
        let health = try queue.store.health(sampling: 100, using: &dice)
        #expect(health.waiting == 10_000 - decided && health.looked == 100 && !health.isExact)
        let hate = try #require(health.policies.first { $0.name == "hate" })
        #expect(hate.share.interval.contains(0.25) && health.policies.count == 2)
        #expect(health.policies.reduce(0) { $0 + $1.items } == health.waiting)
        var sums = [Int](repeating: 0, count: 4)
        for _ in 0..<60 {
            for item in try WaitingSample.read(from: queue.store, includingRestricted: true, limit: 100, using: &dice)
                .items
            {
                sums[Int(item.item - 1) / 2500] += 1
            }
        }
        // χ² with 3 degrees of freedom: beyond 16.3 once in a thousand draws, and the dice are fixed.
        let expected = decided == 0 ? [1500.0, 1500, 1500, 1500] : try quarters(queue)
        let distance = zip(sums, expected).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) / $1.1 }
        #expect(distance < 16.3, "\(sums) \(expected)")
    }

    /// How 6000 draws fall on the quarters of the items, if each that waits is as likely.
    private func quarters(_ queue: TestQueue) throws -> [Double] {
        try queue.store.read { db in
            let counts = try Int.fetchAll(
                db,
                sql: "SELECT count(*) FROM work WHERE state = 0 GROUP BY (item - 1) / 2500 ORDER BY (item - 1) / 2500")
            return counts.map { Double($0) / Double(counts.reduce(0, +)) * 6000 }
        }
    }
}
