import Foundation
import Testing

@testable import Queue

@Suite struct LeaseTests {
    @Test("Items come by rank: priority first, and waiting makes up for it")
    func order() throws {
        let queue = try TestQueue()
        let flagged = { (hoursAgo: Double) in
            JSONValue.string(TestQueue.start.adding(seconds: -hoursAgo * 3600).rfc3339)
        }
        try queue.fill([
            ["id": "fresh", "text": "t", "flagged_at": flagged(0)],
            ["id": "urgent", "text": "t", "flagged_at": flagged(0), "priority": 1],
            ["id": "waited 24 h", "text": "t", "flagged_at": flagged(24)],
            ["id": "waited 26 h", "text": "t", "flagged_at": flagged(26)],
            ["id": "fresh too", "text": "t", "flagged_at": flagged(0)],
        ])
        let claims = try queue.store.claim(reviewer: "ann", count: 10, rules: ClaimRules(sampleShare: 0))
        #expect(claims.map(\.item.id.rawValue) == ["waited 26 h", "urgent", "waited 24 h", "fresh", "fresh too"])
        #expect(claims.allSatisfy { $0.sampledWithProbability == nil })
        #expect(Set(claims.map(\.lease.token)).count == 5)
        #expect(claims.allSatisfy { $0.lease.token.count == 32 && $0.lease.token.allSatisfy(\.isHexDigit) })
        #expect(try queue.store.claim(reviewer: "ben").isEmpty)
    }

    @Test("Eight connections at once never hold one item twice")
    func exclusive() async throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(120))
        let tokens = try await withThrowingTaskGroup(of: [(String, ItemID)].self) { group in
            for reviewer in 0..<8 {
                let store = try queue.another()
                group.addTask {
                    var mine: [(String, ItemID)] = []
                    while let claim = try store.claim(reviewer: "r\(reviewer)", rules: ClaimRules(sampleShare: 0.3))
                        .first
                    {
                        mine.append((claim.lease.token, claim.item.id))
                    }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(tokens.count == 120)
        #expect(Set(tokens.map(\.1)).count == 120 && Set(tokens.map(\.0)).count == 120)
    }

    @Test("An expired lease returns its item to pending, and its token decides nothing")
    func expiry() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        let rules = ClaimRules(lifetime: 60)
        let first = try #require(try queue.store.claim(reviewer: "ann", rules: rules).first)
        #expect(first.lease.expiresAt == TestQueue.start.adding(seconds: 60))
        queue.pass(seconds: 59)
        #expect(try queue.store.claim(reviewer: "ben").isEmpty)
        #expect(try queue.store.renew(token: first.lease.token, lifetime: 60).item == first.item.id)
        queue.pass(seconds: 59)
        #expect(try queue.store.stats().items.leased == 1)
        queue.pass(seconds: 1)
        #expect(try queue.store.stats().items == QueueStats.Counts(pending: 1, leased: 0, decided: 0))
        let draft = DecisionDraft(verdict: .allow)
        #expect(kind(of: { _ = try queue.store.decide(token: first.lease.token, draft: draft) }) == "leaseLost")
        let second = try #require(try queue.store.claim(reviewer: "ben", rules: rules).first)
        #expect(second.item.id == first.item.id)
        #expect(kind(of: { _ = try queue.store.decide(token: first.lease.token, draft: draft) }) == "leaseLost")
        #expect(kind(of: { _ = try queue.store.renew(token: first.lease.token) }) == "leaseLost")
        #expect(kind(of: { try queue.store.release(token: first.lease.token) }) == "leaseLost")
        #expect(try queue.store.decide(token: second.lease.token, draft: draft).item == first.item.id)
    }

    @Test("A named item is busy in another's hands, and leased anew in one's own")
    func named() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(3))
        let id = ItemID("post-2")
        let first = try #require(try queue.store.claim(reviewer: "ann", item: id).first)
        #expect(first.item.id == id)
        #expect(kind(of: { _ = try queue.store.claim(reviewer: "ben", item: id) }) == "busy")
        let again = try #require(try queue.store.claim(reviewer: "ann", item: id).first)
        #expect(again.lease.token != first.lease.token)
        #expect(kind(of: { try queue.store.release(token: first.lease.token) }) == "leaseLost")
        _ = try queue.store.decide(token: again.lease.token, draft: DecisionDraft(verdict: .allow))
        #expect(kind(of: { _ = try queue.store.claim(reviewer: "ben", item: id) }) == "failed")
        #expect(kind(of: { _ = try queue.store.claim(reviewer: "ben", item: ItemID("none")) }) == "notFound")
        #expect(kind(of: { _ = try queue.store.claim(reviewer: "") }) == "usage")
    }

    @Test("A released item is pending again, and a skipped one waits for the others")
    func releaseAndSkip() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        let rules = ClaimRules(sampleShare: 0)
        let next = { try #require(try queue.store.claim(reviewer: "ann", rules: rules).first) }
        let first = try next()
        try queue.store.release(token: first.lease.token)
        #expect(try queue.store.stats().items.pending == 2)
        let again = try next()
        #expect(again.item.id == first.item.id)
        try queue.store.release(token: again.lease.token, skipping: true)
        let other = try next()
        #expect(other.item.id == ItemID("post-1"))
        #expect(
            try queue.store.claim(reviewer: "ben", rules: rules).first?.item.id == first.item.id, "ben did not skip it")
        queue.pass(seconds: 1000)
        try queue.store.release(token: #require(try queue.store.claim(reviewer: "ann", rules: rules).first).lease.token)
        #expect(try next().item.id == ItemID("post-1"))
        #expect(try next().item.id == first.item.id, "nothing else is left")
    }

    @Test("A share of claims is drawn uniformly and says with what probability")
    func sample() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(300))
        var generator = SplitMix64(seed: 11)
        let claims = try queue.store.claim(
            reviewer: "ann", count: 300, rules: ClaimRules(sampleShare: 0.3), using: &generator)
        let sampled = claims.filter { $0.sampledWithProbability != nil }
        #expect((60...120).contains(sampled.count), "\(sampled.count)")
        #expect(sampled.allSatisfy { $0.sampledWithProbability == 0.3 })
        // By rank they come in the order of ingestion; drawn ones do not.
        let ranked = claims.filter { $0.sampledWithProbability == nil }.map {
            Int($0.item.id.rawValue.dropFirst(5)) ?? -1
        }
        #expect(ranked == ranked.sorted())
        let drawn = sampled.map { Int($0.item.id.rawValue.dropFirst(5)) ?? -1 }
        #expect(drawn != drawn.sorted())
    }

    @Test("Drawn items are spread over the whole queue, whatever their rank")
    func uniform() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(200))
        var generator = SplitMix64(seed: 5)
        var firstHalf = 0
        for _ in 0..<200 {
            let claim = try #require(
                try queue.store.claim(reviewer: "ann", rules: ClaimRules(sampleShare: 1), using: &generator).first)
            if try #require(Int(claim.item.id.rawValue.dropFirst(5))) < 100 { firstHalf += 1 }
            try queue.store.release(token: claim.lease.token)
        }
        // 200 draws: five standard deviations are 35.
        #expect((65...135).contains(firstHalf), "\(firstHalf)")
    }

    @Test("Where hardly anything waits any more, what does is still drawn evenly, and what was skipped is not")
    func uniformAmongFew() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(3000))
        try queue.store.database.write {
            try $0.execute(sql: "UPDATE work SET state = \(WorkState.decided) WHERE item NOT IN (1, 2000, 2001, 3000)")
        }
        var generator = SplitMix64(seed: 8)
        let rules = ClaimRules(sampleShare: 1)
        var counts: [ItemID: Int] = [:]
        for _ in 0..<200 {
            let claim = try #require(try queue.store.claim(reviewer: "ann", rules: rules, using: &generator).first)
            counts[claim.item.id, default: 0] += 1
            try queue.store.release(token: claim.lease.token)
        }
        // 200 draws of one in four: five standard deviations are 31.
        #expect(counts.count == 4 && counts.values.allSatisfy { (19...81).contains($0) }, "\(counts)")
        let skipped = try #require(try queue.store.claim(reviewer: "ann", item: ItemID("post-1999")).first)
        try queue.store.release(token: skipped.lease.token, skipping: true)
        let drawn = try queue.store.claim(reviewer: "ann", count: 3, rules: rules, using: &generator)
        #expect(Set(drawn.map(\.item.id)) == ["post-0", "post-2000", "post-2999"])
        #expect(drawn.allSatisfy { $0.sampledWithProbability == 1 })
    }

    @Test("Restricted items come out of their own queue only")
    func restricted() throws {
        let queue = try TestQueue()
        try queue.fill([
            ["id": "scored", "text": "t", "scores": [TestQueue.score("sexual/minors", 0.5)]],
            ["id": "reported", "text": "t", "reports": [["reason": "sexual/minors"]]],
            ["id": "under", "text": "t", "scores": [TestQueue.score("sexual/minors", 0.49)]],
            ["id": "later", "text": "t"],
        ])
        try queue.store.record(
            [ScoredItem(item: ItemID("later"), scores: [Score(model: "m@1", policy: "sexual/minors", value: 0.9)])],
            model: "m@1")
        // A lower second opinion does not bring it back.
        try queue.store.record(
            [ScoredItem(item: ItemID("later"), scores: [Score(model: "m@1", policy: "sexual/minors", value: 0.1)])],
            model: "m@1")
        let claims = try queue.store.claim(reviewer: "ann", count: 9, rules: ClaimRules(sampleShare: 0.5))
        #expect(claims.map(\.item.id.rawValue) == ["under"])
        #expect(kind(of: { _ = try queue.store.claim(reviewer: "ann", item: ItemID("scored")) }) == "usage")
        let special = try queue.store.claim(reviewer: "ann", count: 9, queue: .restricted)
        #expect(Set(special.map(\.item.id.rawValue)) == ["scored", "reported", "later"])
        #expect(try queue.store.page(of: .restricted, limit: 9).count == 3)
    }
}
