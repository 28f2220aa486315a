import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct InterleavingTests {
    private let sparing = ClaimRules(sampleShare: 0, interleaving: Interleaving())

    /// Posts in this order; `hate` is of severity 3, `spam` of 1.
    private func post(
        _ number: Int, scores: [JSONValue] = [], report: String? = nil, due: Timestamp? = nil
    ) -> JSONValue {
        let flagged = Timestamp(milliseconds: TestQueue.start.milliseconds - 100_000_000 + Int64(number) * 1000)
        return [
            "id": .string("post-\(number)"), "text": .string("post \(number)"), "flagged_at": .string(flagged.rfc3339),
            "scores": .array(scores), "due_at": .optional(due?.rfc3339),
            "reports": .array(report.map { [["reason": .string($0)]] } ?? []),
        ]
    }

    private let heavy = [TestQueue.score("hate", 0.9)]
    private let light = [TestQueue.score("spam", 0.9), TestQueue.score("hate", 0.2)]

    private func next(_ queue: TestQueue, _ rules: ClaimRules, line: QueueName? = nil) throws -> String? {
        try queue.store.claim(reviewer: "ann", queue: line, rules: rules).first?.item.id.rawValue
    }

    @Test("The first light item behind a heavy one is brought instead, and the heavy one is next by rank")
    func passesOver() throws {
        let queue = try TestQueue()
        try queue.fill([
            post(0, scores: heavy), post(1, report: "violence/graphic"), post(2, scores: light), post(3, scores: light),
        ])
        #expect(try next(queue, sparing) == "post-2")
        #expect(try next(queue, ClaimRules(sampleShare: 0)) == "post-0")
        #expect(try next(queue, sparing) == "post-3")
        // None is light any more: the heavy one comes all the same.
        #expect(try next(queue, sparing) == "post-1")
        #expect(try next(queue, sparing) == nil)
    }

    @Test("A light item at the front comes in its turn")
    func inTurn() throws {
        let queue = try TestQueue()
        try queue.fill([post(0, scores: light), post(1, scores: heavy)])
        #expect(try next(queue, sparing) == "post-0")
    }

    @Test("A heavy item that is due is not passed over, one that is due later is")
    func due() throws {
        let queue = try TestQueue()
        try queue.fill([
            post(0, scores: heavy, due: TestQueue.start.adding(seconds: 600)), post(1, scores: light),
        ])
        #expect(try next(queue, sparing) == "post-0")
        let other = try TestQueue()
        try other.fill([post(0, scores: heavy, due: TestQueue.start.adding(seconds: 90_000)), post(1, scores: light)])
        #expect(try next(other, sparing) == "post-1")
    }

    @Test("Nothing is looked for further back than the reach, in another line, or among what was skipped")
    func bounds() throws {
        let queue = try TestQueue()
        let uploads = try #require(QueueName(rawValue: "hateful"))
        try queue.store.set(QueueLine(name: uploads, policies: ["hate"]))
        try queue.fill([post(0, scores: heavy), post(1, scores: light)])
        #expect(try next(queue, sparing) == "post-0", "the light one waits in another line")
        let far = try TestQueue()
        try far.fill((0..<60).map { post($0, scores: heavy) } + [post(60, scores: light)])
        #expect(try next(far, sparing) == "post-0")
        #expect(try next(far, ClaimRules(sampleShare: 0, interleaving: Interleaving(reach: 70))) == "post-60")
        let skipped = try TestQueue()
        try skipped.fill([post(0, scores: heavy), post(1, scores: light)])
        let claim = try #require(try skipped.store.claim(reviewer: "ann", rules: sparing).first)
        #expect(claim.item.id.rawValue == "post-1")
        try skipped.store.release(token: claim.lease.token, skipping: true)
        #expect(try next(skipped, sparing) == "post-0")
    }

    @Test("A score that is no probability makes nothing heavy, as it proposes nothing")
    func uncalibrated() throws {
        let queue = try TestQueue()
        try queue.fill([post(0, scores: heavy), post(1), post(2, scores: light)])
        let score = Score(
            model: "m@1", policy: "violence", value: 0.99, threshold: nil,
            provenance: Score.Provenance(
                weights: String(repeating: "a", count: 64), head: "zero-shot@1", precision: "f32", isCalibrated: false))
        try queue.store.record([ScoredItem(item: "post-1", scores: [score])], model: "m@1")
        #expect(try next(queue, sparing) == "post-1")
    }

    @Test("The uniformly drawn share is as it was: each waiting item as likely, with its probability recorded")
    func sample() throws {
        let queue = try TestQueue()
        try queue.fill((0..<40).map { post($0, scores: $0 % 10 == 9 ? light : heavy) })
        var drawn: [String: Int] = [:]
        let rules = ClaimRules(sampleShare: 1, interleaving: Interleaving())
        var generator = SplitMix64(seed: 7)
        for _ in 0..<1200 {
            let claim = try #require(try queue.store.claim(reviewer: "ann", rules: rules, using: &generator).first)
            #expect(claim.sampledWithProbability == 1)
            drawn[claim.item.id.rawValue, default: 0] += 1
            try queue.store.release(token: claim.lease.token)
        }
        // Thirty each; 36 of the 40 are heavy. χ² with 39 degrees of freedom passes 72 once in a thousand.
        let squares = (0..<40).map { pow(Double(drawn["post-\($0)"] ?? 0) - 30, 2) / 30 }.reduce(0, +)
        #expect(squares < 72, "\(squares)")
    }

    @Test("The light item is found by the index of waiting items, not by a scan")
    func plan() throws {
        let queue = try TestQueue()
        try queue.fill([post(0, scores: heavy), post(1, scores: light)])
        let plan = try queue.store.read { db in
            try String.fetchAll(
                db,
                sql: """
                    EXPLAIN QUERY PLAN SELECT item FROM (
                        SELECT place, item FROM work INDEXED BY work_pending
                        WHERE queue = 0 AND state = 0 ORDER BY place, item LIMIT 50) AS work
                    WHERE NOT \(HeavyPolicies.sql) ORDER BY place, item LIMIT 1
                    """, arguments: ["{}", "{}"], adapter: SuffixRowAdapter(fromIndex: 3))
        }
        #expect(plan.contains { $0.contains("USING INDEX work_pending") }, "\(plan)")
        #expect(!plan.contains { $0.hasPrefix("SCAN work ") || $0 == "SCAN s" || $0 == "SCAN i" }, "\(plan)")
    }
}
