import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct BringingForwardTests {
    private let byRank = ClaimRules(sampleShare: 0)

    /// Posts with one score of `hate` each, flagged a second apart.
    private func queue(_ scores: [Double]) throws -> TestQueue {
        let queue = try TestQueue()
        try queue.fill(
            scores.enumerated().map { number, score in
                let flagged = TestQueue.start.adding(seconds: Double(number) - 1_000_000)
                return [
                    "id": .string("post-\(number)"), "text": .string("t\(number)"), "flagged_at": .string(flagged.rfc3339),
                    "scores": [TestQueue.score("hate", score)],
                ]
            })
        return queue
    }

    @discardableResult
    private func mine(
        _ queue: TestQueue, _ strategy: MiningStrategy = .entropy, count: Int, dryRun: Bool = false
    ) throws -> MiningReport {
        try queue.store.mine(MiningRules(strategy: strategy, count: count, isDryRun: dryRun))
    }

    private func order(_ queue: TestQueue) throws -> [Int] {
        try queue.store.page(limit: 1000).compactMap { Int($0.id.rawValue.dropFirst(5)) }
    }

    private func rows(_ queue: TestQueue) throws -> [[String?]] {
        try queue.store.read { db in
            try Row.fetchAll(db, sql: "SELECT item, state, place, boost, mined FROM work ORDER BY item").map { row in
                (0..<5).map { String.fromDatabaseValue(row[$0] as DatabaseValue) ?? "\(row[$0] as DatabaseValue)" }
            }
        }
    }

    private func decide(_ claim: Claim, in queue: TestQueue, _ verdict: Verdict = .allow) throws -> DecisionRecord {
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: verdict))
        return try #require(try queue.store.history(of: claim.item.id).last)
    }

    @Test("The hardest items come next, the hardest of all first, and the claim says why")
    func next() throws {
        let queue = try queue([0.01, 0.02, 0.3, 0.5, 0.97, 0.6])
        let report = try mine(queue, count: 3)
        #expect(report.items.map(\.item.rawValue) == ["post-3", "post-5", "post-2"] && report.looked == 6)
        #expect(report.items[0].value == 1 && report.items[0].reason == .unsure(policy: "hate", probability: 0.5))
        #expect(try order(queue) == [3, 5, 2, 0, 1, 4])
        let claims = try queue.store.claim(reviewer: "ann", count: 4, rules: byRank)
        #expect(claims.map(\.item.id.rawValue) == ["post-3", "post-5", "post-2", "post-0"])
        #expect(claims.map(\.mined) == [.entropy, .entropy, .entropy, nil])
    }

    @Test("Margin looks at thresholds, disagreement at models, and a model or a policy can be named")
    func strategies() throws {
        let queue = try TestQueue()
        func score(_ model: String, _ policy: String, _ value: Double, _ threshold: Double) -> JSONValue {
            [
                "model": .string(model), "policy": .string(policy), "score": .number(value),
                "threshold": .number(threshold),
            ]
        }
        try queue.fill([
            ["id": "half", "text": "t", "scores": [score("a@1", "hate", 0.5, 0.9)]],
            ["id": "edge", "text": "t", "scores": [score("a@1", "spam", 0.9, 0.9)]],
            ["id": "split", "text": "t", "scores": [score("a@1", "hate", 0.01, 0.9), score("b@1", "hate", 0.97, 0.9)]],
        ])
        func first(_ rules: MiningRules) throws -> String? {
            try queue.store.mine(rules).items.first?.item.rawValue
        }
        #expect(try first(MiningRules(strategy: .entropy, count: 1, isDryRun: true)) == "half")
        #expect(try first(MiningRules(strategy: .margin, count: 1, isDryRun: true)) == "edge")
        let split = try queue.store.mine(MiningRules(strategy: .disagreement, count: 9, isDryRun: true)).items
        #expect(split.map(\.item.rawValue) == ["split"])
        #expect(split.first?.reason == .modelsDiffer(policy: "hate", from: 0.01, to: 0.97))
        #expect(try first(MiningRules(strategy: .entropy, policy: "spam", count: 1, isDryRun: true)) == "edge")
        #expect(try first(MiningRules(strategy: .entropy, model: "b@1", count: 1, isDryRun: true)) == "split")
        #expect(
            refusal { _ = try first(MiningRules(strategy: .entropy, model: "c@1", count: 1)) }.contains("reviewtui stats"))
        #expect(refusal { _ = try first(MiningRules(strategy: .entropy, policy: "c", count: 1)) }.contains("policy list"))
        #expect(refusal { _ = try first(MiningRules(strategy: .entropy, count: 1001)) }.contains("0 to 1000"))
        #expect(refusal { _ = try first(MiningRules(strategy: .twins, count: 0)) }.contains("1 to 1000"))
    }

    @Test("What is in somebody's hands, decided, restricted, gold or chosen by another strategy is left alone")
    func leftAlone() throws {
        let queue = try queue([0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
        try queue.fill([["id": "secret", "text": "t", "scores": [TestQueue.score("sexual/minors", 0.5)]]])
        let held = try #require(try queue.store.claim(reviewer: "ann", item: "post-0").first)
        let claim = try #require(try queue.store.claim(reviewer: "ann", item: "post-1").first)
        _ = try decide(claim, in: queue)
        try queue.store.addGold("post-2", verdict: .allow)
        #expect(try mine(queue, .margin, count: 1).items.map(\.item.rawValue) == ["post-3"])
        #expect(try mine(queue, count: 9).items.map(\.item.rawValue) == ["post-4", "post-5"])
        #expect(held.mined == nil)
        // A lease that ran out holds nothing.
        queue.pass(seconds: 1000)
        #expect(try Set(mine(queue, count: 9).items.map(\.item.rawValue)) == ["post-0", "post-4", "post-5"])
    }

    @Test("Another mining by the same strategy takes the place of the last, and 0 puts everything back to the bit")
    func replaced() throws {
        let queue = try queue([0.01, 0.5, 0.4, 0.02])
        try queue.store.set(RankOrder(basis: .score, weight: 0.001))
        try queue.store.reorder()
        let before = try rows(queue)
        try mine(queue, count: 2)
        try mine(queue, .margin, count: 1)
        #expect(try order(queue).prefix(2) == [1, 2])
        let second = try mine(queue, count: 1)
        #expect(second.returned == 2 && second.items.map(\.item.rawValue) == ["post-1"])
        try mine(queue, .margin, count: 0)
        let last = try mine(queue, count: 0)
        #expect(last.returned == 1 && last.items.isEmpty && last.looked == 0)
        #expect(try rows(queue) == before && queue.store.auditVerify().isIntact)
    }

    @Test("A dry run finds the same and changes nothing, not even the chain")
    func dryRun() throws {
        let queue = try queue([0.01, 0.5, 0.4])
        let (before, events) = (try rows(queue), try queue.store.auditVerify().events)
        let dry = try mine(queue, count: 2, dryRun: true)
        #expect(try rows(queue) == before && queue.store.auditVerify().events == events)
        #expect(try mine(queue, count: 2).items == dry.items)
    }

    @Test("Scores and orders that come later leave a mined item where it is")
    func stays() throws {
        let queue = try queue([0.01, 0.02, 0.5])
        try mine(queue, count: 1)
        let mined = try rows(queue)[2]
        try queue.store.set(RankOrder(basis: .score, weight: 5))
        try queue.store.record(
            [ScoredItem(item: "post-2", scores: [Score(model: "upstream@1", policy: "hate", value: 0.9)])],
            model: "upstream@1")
        try queue.store.reorder()
        #expect(try rows(queue)[2] == mined)
    }

    @Test("What is due within the hour and stands first goes before; what is urgent and comes later does too")
    func urgent() throws {
        let queue = try queue([0.01, 0.02, 0.5])
        let due = TestQueue.start.adding(seconds: 1800)
        try queue.fill([
            [
                "id": "post-9", "text": "t", "flagged_at": "2020-01-01T00:00:00Z", "due_at": .string(due.rfc3339),
                "priority": 0,
            ]
        ])
        try mine(queue, count: 1)
        #expect(try order(queue) == [9, 2, 0, 1])
        try queue.fill([["id": "post-8", "text": "t", "flagged_at": "2019-01-01T00:00:00Z", "priority": 5]])
        #expect(try order(queue) == [8, 9, 2, 0, 1])
    }

    @Test("Each line has its own head")
    func lines() throws {
        let queue = try TestQueue()
        let german = try #require(QueueName(rawValue: "german"))
        try queue.store.set(QueueLine(name: german, languages: ["de"]))
        try queue.fill([
            ["id": "post-0", "text": "t", "lang": "de", "flagged_at": "2026-01-01T00:00:00Z"],
            ["id": "post-1", "text": "t", "lang": "de", "scores": [TestQueue.score("hate", 0.5)]],
            ["id": "post-2", "text": "t", "flagged_at": "2026-06-01T00:00:00Z"],
            ["id": "post-3", "text": "t", "scores": [TestQueue.score("hate", 0.5)]],
        ])
        try mine(queue, count: 2)
        func order(_ name: QueueName) throws -> [String] { try queue.store.page(of: name, limit: 9).map(\.id.rawValue) }
        #expect(try order(german) == ["post-1", "post-0"] && order(.default) == ["post-3", "post-2"])
    }

    // MARK: - What the decision says

    @Test("The strategy survives release, expiry and undo, and stands in decision, history and chain")
    func recorded() throws {
        let queue = try queue([0.01, 0.5])
        try mine(queue, count: 1)
        func claim() throws -> Claim { try #require(try queue.store.claim(reviewer: "ann", rules: byRank).first) }
        try queue.store.release(token: claim().lease.token)
        #expect(try claim().mined == .entropy)
        queue.pass(seconds: 1000)
        let record = try decide(claim(), in: queue)
        #expect(record.mined == .entropy && record.sampledWithProbability == nil)
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try order(queue) == [1, 0])
        #expect(try decide(claim(), in: queue, .allow).mined == .entropy)
        #expect(try decide(claim(), in: queue).mined == nil)
        #expect(try queue.store.auditVerify().isIntact)
        // The chain covers it.
        try queue.store.database.write { db in
            try db.execute(sql: "DROP TRIGGER decision_mined_fixed")
            try db.execute(sql: "DROP TRIGGER decision_fixed")
            try db.execute(sql: "UPDATE decision SET mined = NULL WHERE mined IS NOT NULL")
        }
        #expect(try queue.store.auditVerify().faults.isEmpty == false)
    }

    @Test("A decision's strategy cannot be changed")
    func fixed() throws {
        let queue = try queue([0.5])
        try mine(queue, count: 1)
        _ = try decide(#require(try queue.store.claim(reviewer: "ann", rules: byRank).first), in: queue)
        #expect(throws: DatabaseError.self) {
            try queue.store.database.write { try $0.execute(sql: "UPDATE decision SET mined = 'twins'") }
        }
    }

    @Test("A mined item that is drawn at random counts as drawn, with its probability, and is not told to be mined")
    func drawn() throws {
        let queue = try queue([0.5])
        try mine(queue, count: 1)
        var generator = SplitMix64(seed: 1)
        let rules = ClaimRules(sampleShare: 1)
        let claim = try #require(try queue.store.claim(reviewer: "ann", rules: rules, using: &generator).first)
        #expect(claim.sampledWithProbability == 1 && claim.mined == nil)
        try queue.store.release(token: claim.lease.token)
        let again = try #require(try queue.store.claim(reviewer: "ann", rules: byRank).first)
        let record = try decide(again, in: queue)
        #expect(record.sampledWithProbability == 1 && record.mined == nil)
        _ = try queue.store.undo(reviewer: "ann")
        let third = try decide(#require(try queue.store.claim(reviewer: "ann", rules: byRank).first), in: queue)
        #expect(third.sampledWithProbability == 1 && third.mined == nil)
    }

    @Test("Uniform draws are as even after a mining as before")
    func uniform() throws {
        let queue = try queue((0..<200).map { $0 < 100 ? 0.5 : 0.01 })
        try mine(queue, count: 100)
        var generator = SplitMix64(seed: 5)
        var mined = 0
        for _ in 0..<200 {
            let claim = try #require(
                try queue.store.claim(reviewer: "ann", rules: ClaimRules(sampleShare: 1), using: &generator).first)
            if try #require(Int(claim.item.id.rawValue.dropFirst(5))) < 100 { mined += 1 }
            try queue.store.release(token: claim.lease.token)
        }
        // 200 draws: five standard deviations are 35.
        #expect((65...135).contains(mined), "\(mined)")
    }

    @Test("A second verdict on a mined item carries the strategy too, and its claim tells nothing")
    func secondVerdict() throws {
        let queue = try queue([0.5])
        try queue.store.set(ReviewSettings(secondShare: 1))
        try mine(queue, count: 1)
        _ = try decide(#require(try queue.store.claim(reviewer: "ann", rules: byRank).first), in: queue)
        let second = try #require(try queue.store.claim(reviewer: "ben", rules: byRank).first)
        #expect(second.mined == nil)
        #expect(try decide(second, in: queue).mined == .entropy)
    }

    @Test("Other content was never mined")
    func updated() throws {
        let queue = try queue([0.01, 0.5])
        try mine(queue, count: 1)
        let line: JSONValue = ["id": "post-1", "text": "other", "flagged_at": "2026-11-17T00:00:00Z"]
        #expect(try queue.ingest([line.text], IngestOptions(update: true)).updated == 1)
        #expect(try order(queue) == [0, 1])
        let claims = try queue.store.claim(reviewer: "ann", count: 2, rules: byRank)
        #expect(claims.allSatisfy { $0.mined == nil })
    }

    @Test("Every export says what was mined: rows, columns, manifest and data card")
    func exported() throws {
        let queue = try queue([0.01, 0.5, 0.4])
        try mine(queue, count: 1)
        try mine(queue, .margin, count: 1)
        for _ in 0..<3 {
            _ = try decide(#require(try queue.store.claim(reviewer: "ann", rules: byRank).first), in: queue)
        }
        _ = try queue.store.export(to: queue.folder + "/jsonl", rules: ExportRules())
        let lines = try String(contentsOfFile: queue.folder + "/jsonl/decisions.jsonl", encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        let said = Dictionary(
            uniqueKeysWithValues: lines.map { ($0["id"]?.string ?? "", [$0["sampling"]?.string, $0["mined"]?.string]) })
        #expect(
            said == ["post-0": ["rank", nil], "post-1": ["mined", "entropy"], "post-2": ["mined", "margin"]], "\(said)")
        let manifest = try JSONValue(
            parsing: String(contentsOfFile: queue.folder + "/jsonl/manifest.json", encoding: .utf8))
        #expect(
            manifest["sampling"] == ["uniform": 0, "rank": 1, "mined": ["entropy": 1, "margin": 1]],
            "\(String(describing: manifest["sampling"]))")
        let card = try String(contentsOfFile: queue.folder + "/jsonl/README.md", encoding: .utf8)
        #expect(card.contains("1 by `entropy`, 1 by `margin`"))
        _ = try queue.store.export(to: queue.folder + "/csv", rules: ExportRules(format: .csv))
        let table = try String(contentsOfFile: queue.folder + "/csv/decisions.csv", encoding: .utf8)
        #expect(table.contains(",mined,,margin,") && table.contains(",rank,,,"))
    }

    @Test("A query finds what was mined, waiting or decided, and not what waits for an independent verdict")
    func found() throws {
        let queue = try queue([0.01, 0.5, 0.4])
        try queue.store.set(ReviewSettings(secondShare: 1))
        try mine(queue, count: 2)
        func ids(_ query: String) throws -> [String] {
            try queue.store.items(matching: ItemQuery(query), limit: 9).items.map(\.summary.id.rawValue)
        }
        #expect(try ids("mined:entropy") == ["post-1", "post-2"] && ids("mined:margin|twins").isEmpty)
        _ = try decide(#require(try queue.store.claim(reviewer: "ann", rules: byRank).first), in: queue)
        #expect(try ids("mined:entropy") == ["post-1", "post-2"])
        #expect(try ItemQuery("mined:entropy|label-errors").canonicalText == "mined:entropy|label-errors")
        #expect(throws: QuerySyntaxError.self) { try ItemQuery("mined:luck") }
    }
}
