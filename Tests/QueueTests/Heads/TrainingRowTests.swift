import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct TrainingRowTests {
    private static let model = "m@1"

    private func embed(_ queue: TestQueue, _ ids: [String], scoring policies: [PolicyID] = ["hate", "spam"]) throws {
        let batch = ids.enumerated().map { number, id in
            ScoredItem(
                item: ItemID(id), scores: policies.map { Score(model: Self.model, policy: $0, value: 0.2) },
                embeddings: [StoredEmbedding(vector: [Float(number), 1], precision: "f32")])
        }
        try queue.store.record(batch, model: Self.model, weights: HeadTests.weights)
    }

    @discardableResult
    private func decide(
        _ queue: TestQueue, _ id: String, _ draft: DecisionDraft, by reviewer: String = "ann"
    ) throws -> DecisionReceipt {
        let claim = try #require(try queue.store.claim(reviewer: reviewer, item: ItemID(id)).first)
        return try queue.store.decide(token: claim.lease.token, draft: draft)
    }

    private func rows(_ queue: TestQueue) throws -> (rows: [String: TrainingRow], extent: TrainingExtent) {
        var found: [String: TrainingRow] = [:]
        let extent = try queue.store.trainingRows(model: Self.model, weights: HeadTests.weights) { page in
            for row in page { found[row.item.rawValue] = row }
        }
        #expect(found.count == extent.rows)
        return (found, extent)
    }

    private static let allow = DecisionDraft(verdict: .allow, shownScores: ["hate", "spam"])

    @Test("An item that was drawn stays in the sample when somebody judges it again, for training and in exports")
    func drawnThenJudgedAgain() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        try embed(queue, ["post-0", "post-1"])
        var generator = SplitMix64(seed: 1)
        for _ in 0..<2 {
            let claim = try #require(
                try queue.store.claim(reviewer: "ann", rules: ClaimRules(sampleShare: 1), using: &generator).first)
            _ = try queue.store.decide(token: claim.lease.token, draft: Self.allow)
        }
        let doubted = MinedItem(item: "post-0", value: 1, reason: .stands)
        _ = try queue.store.sendToSecondReview(
            [doubted], MiningRules(strategy: .labelErrors, count: 1, isDryRun: false), looked: 2)
        try decide(queue, "post-0", Self.allow, by: "ben")
        #expect(try queue.store.history(of: "post-0").map(\.sampledWithProbability) == [1, nil])
        #expect(try rows(queue).rows.mapValues(\.sampled) == ["post-0": 1, "post-1": 1])
        _ = try queue.store.export(to: queue.folder + "/out")
        let text = try String(contentsOfFile: queue.folder + "/out/decisions.jsonl", encoding: .utf8)
        let lines = try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(lines.map { $0["sampling"]?.string } == ["uniform", "uniform"])
        #expect(lines.map { $0["sampled"]?.double } == [1, 1])
    }

    @Test("Every standing verdict with an embedding is a row, with its labels, their origin, its split and its cluster")
    func standing() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(6))
        try embed(queue, (0..<5).map { "post-\($0)" })
        let receipt = try decide(queue, "post-0", Self.allow)
        try decide(
            queue, "post-1",
            DecisionDraft(
                verdict: .remove, policies: ["hate/threatening"], deselected: ["spam"], shownScores: ["hate", "spam"]))
        try decide(queue, "post-2", DecisionDraft(verdict: .escalate))
        try decide(queue, "post-3", Self.allow)
        _ = try queue.store.undo(reviewer: "ann")
        try decide(queue, "post-5", DecisionDraft(verdict: .remove, policies: ["spam"]))
        let (rows, extent) = try rows(queue)
        #expect(Set(rows.keys) == ["post-0", "post-1"], "not undone, not escalated, not without an embedding")
        #expect(extent.withoutEmbedding == 1 && extent.gold == 0)
        let allowed = try #require(rows["post-0"])
        #expect(allowed.decision == receipt.decision && allowed.embeddings == [[0, 1]])
        #expect(allowed.labels["hate"] == TrainingLabel(target: 0, origin: .model))
        let removed = try #require(rows["post-1"])
        #expect(removed.labels["hate"] == TrainingLabel(target: 1, origin: .person))
        #expect(removed.labels["hate/threatening"]?.target == 1 && removed.labels["spam"]?.target == 0)
        #expect(removed.labels["violence"] == nil)
        // As an export has them.
        _ = try queue.store.export(to: queue.folder + "/out")
        let lines = try String(contentsOfFile: queue.folder + "/out/decisions.jsonl", encoding: .utf8)
            .split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        for line in lines {
            guard let row = rows[line["id"]?.string ?? ""] else { continue }
            #expect(line["split"]?.string == row.split?.name)
        }
        #expect(allowed.split != nil && allowed.cluster > 0 && allowed.sampled == nil)
    }

    @Test("Other weights, other content, restricted items and erased ones give no row")
    func leftOut() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(5))
        try embed(queue, (0..<5).map { "post-\($0)" })
        for id in ["post-0", "post-1", "post-2", "post-3"] { try decide(queue, id, Self.allow) }
        try decide(queue, "post-4", DecisionDraft(verdict: .remove, policies: ["sexual/minors"]))
        _ = try queue.store.erase(.item("post-0"), rules: ErasureRules(by: "ann"))
        #expect(Set(try rows(queue).rows.keys) == ["post-1", "post-2", "post-3"])
        // The verdict stays behind on content that is gone.
        try queue.store.write { db in
            try db.execute(sql: "UPDATE item SET digest = zeroblob(32) WHERE id = 'post-1'")
        }
        #expect(Set(try rows(queue).rows.keys) == ["post-2", "post-3"])
        let other = String(repeating: "cd", count: 32)
        let none = try queue.store.trainingRows(model: Self.model, weights: other) { _ in Issue.record("a row") }
        #expect(none.rows == 0 && none.lastDecision > 0)
        #expect(try queue.store.trainingRows(model: "m@2", weights: HeadTests.weights) { _ in }.rows == 0)
    }

    @Test("What a restricted item shows too is not learnt from")
    func restrictedPicture() throws {
        let queue = try TestQueue()
        try queue.write("a.png", "one picture")
        try queue.write("b.png", "another picture")
        try queue.fill([
            ["id": "same", "media": [["path": "a.png"]]], ["id": "other", "media": [["path": "b.png"]]],
            ["id": "held", "media": [["path": "a.png"]], "reports": [["reason": "sexual/minors"]]],
        ])
        try embed(queue, ["same", "other"])
        for id in ["same", "other"] { try decide(queue, id, Self.allow) }
        let (rows, extent) = try rows(queue)
        #expect(Set(rows.keys) == ["other"] && extent.withheld == 1)
    }

    @Test("Where several judged without knowing of each other, the target is the share that found a violation")
    func soft() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        try embed(queue, ["post-0"])
        try queue.store.set(ReviewSettings(secondShare: 1))
        try decide(queue, "post-0", DecisionDraft(verdict: .remove, policies: ["hate"], preselected: ["hate"]))
        try decide(queue, "post-0", Self.allow, by: "bob")
        try decide(queue, "post-0", DecisionDraft(verdict: .remove, policies: ["hate"]), by: "cid")
        let row = try #require(try rows(queue).rows["post-0"])
        let hate = try #require(row.labels["hate"])
        #expect(abs(hate.target - 2.0 / 3) < 1e-9 && hate.judges == 3 && hate.origin == .person)
        #expect(row.labels["spam"] == TrainingLabel(target: 0, origin: .model, judges: 1))
    }

    @Test("A gold item gives its known answer, held out, and not what reviewers said")
    func gold() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(4))
        try embed(queue, (0..<4).map { "post-\($0)" })
        try decide(queue, "post-0", Self.allow)
        try queue.store.addGold("post-0", verdict: .remove, policies: ["hate/threatening"])
        try queue.store.addGold("post-1", verdict: .allow)
        try decide(queue, "post-1", DecisionDraft(verdict: .remove, policies: ["spam"]), by: "bob")
        try decide(queue, "post-2", Self.allow)
        let (rows, extent) = try rows(queue)
        #expect(extent.gold == 2 && rows.count == 3)
        let violating = try #require(rows["post-0"])
        #expect(violating.isGold && violating.decision == nil)
        #expect(violating.labels["hate"]?.target == 1 && violating.labels["hate/threatening"]?.target == 1)
        #expect(violating.labels.count == 2)
        let clean = try #require(rows["post-1"])
        #expect(clean.labels.values.allSatisfy { $0.target == 0 } && clean.labels["spam"] != nil)
        #expect(try clean.labels.count == queue.store.taxonomy().policies.count)
        #expect(rows["post-2"]?.isGold == false)
    }

    @Test("Pictures keep an embedding each, and a uniform draw its probability")
    func pictures() throws {
        let queue = try TestQueue()
        for name in ["a.png", "b.png"] { try queue.write(name, name) }
        try queue.fill([["id": "post", "media": [["path": "a.png"], ["path": "b.png"]]]])
        let embeddings = [0, 1].map { StoredEmbedding(position: $0, vector: [Float($0)], precision: "f32") }
        let scored = ScoredItem(
            item: "post", scores: [Score(model: Self.model, policy: "hate", value: 0.1)], embeddings: embeddings)
        try queue.store.record([scored], model: Self.model, weights: HeadTests.weights)
        #expect(try queue.store.embeddings(of: "post", model: Self.model) == embeddings)
        let claim = try #require(
            try queue.store.claim(reviewer: "ann", rules: ClaimRules(sampleShare: 1)).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: Self.allow)
        let row = try #require(try rows(queue).rows["post"])
        #expect(row.embeddings == [[0], [1]] && row.sampled == 1)
    }
}
