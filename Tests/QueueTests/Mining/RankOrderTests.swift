import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct RankOrderTests {
    private let byRank = ClaimRules(sampleShare: 0)

    /// Posts with one score of `hate` each, flagged a second apart.
    private func queue(_ scores: [Double]) throws -> TestQueue {
        let queue = try TestQueue()
        try queue.fill(posts(scores))
        return queue
    }

    private func posts(_ scores: [Double], apart seconds: Double = 1) -> [JSONValue] {
        scores.enumerated().map { number, score in
            let flagged = TestQueue.start.adding(seconds: Double(number) * seconds - 1_000_000)
            return [
                "id": .string("post-\(number)"), "text": "t", "flagged_at": .string(flagged.rfc3339),
                "scores": [TestQueue.score("hate", score)],
            ]
        }
    }

    private func order(_ queue: TestQueue) throws -> [Int] {
        try queue.store.page(limit: 100).compactMap { Int($0.id.rawValue.dropFirst(5)) }
    }

    private func places(_ queue: TestQueue) throws -> [Double] {
        try queue.store.read { try Double.fetchAll($0, sql: "SELECT place FROM work ORDER BY item") }
    }

    @Test("By priority alone a place is, to the last bit, what it was before there were boosts")
    func unchanged() throws {
        let queue = try TestQueue()
        try queue.fill([
            ["id": "a", "text": "t", "flagged_at": "2026-11-01T10:00:00.123Z", "priority": 0.7],
            ["id": "b", "text": "t", "flagged_at": "2026-11-01T10:00:00Z", "due_at": "2026-11-02T00:00:00Z"],
            ["id": "c", "text": "t", "flagged_at": "2026-11-01T10:00:00Z", "priority": 9, "due_at": "2027-01-01T00:00:00Z"],
        ])
        func hours(_ time: String) throws -> Double {
            0.04 * Double(try #require(Timestamp(rfc3339: time)).milliseconds) / 3_600_000
        }
        #expect(
            try places(queue) == [
                hours("2026-11-01T10:00:00.123Z") - 0.7, hours("2026-11-02T00:00:00Z") - 2, hours("2026-11-01T10:00:00Z") - 9,
            ])
        #expect(try queue.store.read { try Double.fetchAll($0, sql: "SELECT boost FROM work") } == [0, 0, 0])
    }

    @Test(
        "An order brings forward what it asks for",
        arguments: [
            (RankOrder.Basis.priority, [0, 1, 2, 3]), (.score, [0, 2, 3, 1]), (.entropy, [2, 3, 1, 0]),
            (.margin, [2, 3, 1, 0]), (.disagreement, [0, 1, 2, 3]),
        ])
    func orders(basis: RankOrder.Basis, expected: [Int]) throws {
        let queue = try queue([0.99, 0.1, 0.5, 0.45])
        let plain = try places(queue)
        try queue.store.set(RankOrder(basis: basis))
        let moved = try queue.store.reorder()
        #expect(try order(queue) == expected)
        #expect((moved > 0) == (basis != .priority && basis != .disagreement))
        #expect(try queue.store.claim(reviewer: "ann", rules: byRank).first?.item.id.rawValue == "post-\(expected[0])")
        // Back again, as if nothing had been.
        try queue.store.set(RankOrder())
        try queue.store.reorder()
        #expect(try places(queue) == plain)
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("A weight of 1 makes 25 hours of waiting of a value of 1, and no more")
    func weight() throws {
        for (hours, comesFirst) in [(24.9, true), (25.1, false)] {
            let queue = try TestQueue()
            try queue.store.set(RankOrder(basis: .entropy))
            try queue.fill(posts([0, 0.5], apart: hours * 3600))
            #expect(try order(queue) == (comesFirst ? [1, 0] : [0, 1]))
        }
    }

    @Test("A policy that is named counts alone")
    func policy() throws {
        let queue = try TestQueue()
        try queue.fill([
            ["id": "post-0", "text": "t", "scores": [TestQueue.score("hate", 0.5)]],
            ["id": "post-1", "text": "t", "scores": [TestQueue.score("violence/graphic", 0.6)]],
        ])
        try queue.store.set(RankOrder(basis: .entropy, policy: "violence"))
        try queue.store.reorder()
        #expect(try order(queue) == [1, 0])
    }

    @Test("Scores that come later, other content and an undo move an item as its scores are then")
    func later() throws {
        let queue = try queue([0.9, 0.9, 0.9])
        try queue.store.set(RankOrder(basis: .entropy, weight: 3))
        try queue.store.reorder()
        #expect(try order(queue) == [0, 1, 2])
        try queue.store.record(
            [ScoredItem(item: "post-2", scores: [Score(model: "m@1", policy: "hate", value: 0.5)])], model: "m@1")
        #expect(try order(queue) == [2, 0, 1])
        let report = try queue.ingest(
            [(["id": "post-1", "text": "other", "flagged_at": "2020-01-01T00:00:00Z"] as JSONValue).text],
            IngestOptions(update: true))
        #expect(report.updated == 1)
        #expect(try queue.store.read { try Double.fetchOne($0, sql: "SELECT boost FROM work WHERE item = 2") } == 0)
        // Decided by the one order, undone under another.
        let claim = try #require(try queue.store.claim(reviewer: "ann", item: "post-2").first)
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        try queue.store.set(RankOrder(basis: .score, weight: 0.5))
        try queue.store.reorder()
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try queue.store.read { try Double.fetchOne($0, sql: "SELECT boost FROM work WHERE item = 3") } == 0.45)
    }

    @Test("Draws at random do not feel the order")
    func uniform() throws {
        let queue = try queue((0..<100).map { $0 < 50 ? 0.5 : 0 })
        try queue.store.set(RankOrder(basis: .entropy, weight: 100))
        try queue.store.reorder()
        var generator = SplitMix64(seed: 4)
        var hard = 0
        for _ in 0..<200 {
            let claim = try #require(
                try queue.store.claim(reviewer: "ann", rules: ClaimRules(sampleShare: 1), using: &generator).first)
            if try #require(Int(claim.item.id.rawValue.dropFirst(5))) < 50 { hard += 1 }
            try queue.store.release(token: claim.lease.token)
        }
        // 200 draws: five standard deviations are 35.
        #expect((65...135).contains(hard), "\(hard)")
    }

    @Test("More than a page of items is moved, and each page is a transaction of its own")
    func pages() throws {
        let queue = try queue((0..<2500).map { $0 == 2400 ? 0.5 : 0.01 })
        try queue.store.set(RankOrder(basis: .entropy))
        var seen: [Int] = []
        #expect(try queue.store.reorder { seen.append($0) } == 2500 && seen == [1000, 2000, 2500])
        #expect(try order(queue).first == 2400 && queue.store.reorder() == 0)
    }

    @Test("An order without sense is refused, and says what has one")
    func refusals() throws {
        let store = try queue([0.5]).store
        for weight in [0, -1, 101, Double.nan, .infinity] {
            #expect(refusal { try store.set(RankOrder(basis: .score, weight: weight)) }.contains("25 hours"))
        }
        #expect(refusal { try store.set(RankOrder(basis: .score, policy: "no\u{1B}such")) }.contains("policy list"))
        #expect(refusal { try store.set(RankOrder(policy: "hate")) }.contains("knows no policy"))
        #expect(try store.rankOrder() == RankOrder() && store.auditVerify().isIntact)
    }
}
