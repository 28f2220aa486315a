import Foundation
import ModelCore
import Testing

@testable import Queue
@testable import ReviewTUI

/// A queue whose items have made-up embeddings in two clouds: even numbers violate, odd ones do not.
private final class CloudQueue {
    static let model = "clouds@1"
    let folder: String
    let store: QueueStore

    init(_ count: Int) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "reviewtui-mining-\(UUID())").path
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..")
            .standardizedFileURL.path
        store = try QueueStore.create(
            at: folder + "/queue.sqlite", taxonomy: Taxonomy.load(file: package + "/policies/default.toml"))
        let lines = (0..<count).map { #"{"id":"post-\#($0)","text":"number \#($0)"}"# }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder + "/items.jsonl"))
        _ = try store.ingest(.jsonLines(path: folder + "/items.jsonl"), options: IngestOptions())
        var generator = SeededGenerator(seed: 9)
        let scored = (0..<count).map { number in
            var embedding = (0..<16).map { _ in Float.random(in: -0.3...0.3, using: &generator) }
            embedding[number % 2] += 1
            return ScoredItem(
                item: ItemID("post-\(number)"), scores: [],
                embeddings: [StoredEmbedding(vector: embedding, precision: "f32")])
        }
        try store.record(scored, model: Self.model, weights: String(repeating: "0", count: 64))
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func decide(_ number: Int, violates: Bool) throws {
        let claim = try #require(try store.claim(reviewer: "ann", item: ItemID("post-\(number)")).first)
        // `allow` says something of a policy where it was scored or where the reviewer deselected it.
        let draft =
            violates
            ? DecisionDraft(verdict: .remove, policies: ["spam"])
            : DecisionDraft(verdict: .remove, policies: ["hate"], deselected: ["spam"])
        _ = try store.decide(token: claim.lease.token, draft: draft)
    }

    func mine(_ strategy: MiningStrategy, count: Int, dryRun: Bool = false) throws -> MiningReport {
        let rules = MiningRules(
            strategy: strategy, policy: strategy == .diversity ? nil : "spam", count: count, isDryRun: dryRun)
        let mining = try MiningByEmbeddings(store: store, model: nil)
        return strategy == .diversity ? try mining.diverse(rules) : try mining.labelErrors(rules)
    }
}

@Suite struct MiningByEmbeddingsTests {
    @Test("Verdicts that were turned around are what confident learning finds, and they go to a second reviewer")
    func labelErrors() throws {
        let queue = try CloudQueue(120)
        let turned: Set<Int> = [10, 33, 64, 91]
        for number in 0..<120 { try queue.decide(number, violates: (number % 2 == 0) != turned.contains(number)) }
        let report = try queue.mine(.labelErrors, count: 50)
        #expect(Set(report.items.map(\.item.rawValue)) == Set(turned.map { "post-\($0)" }), "\(report.items)")
        #expect(report.looked == 120 && report.items.allSatisfy { $0.value > 0.5 })
        #expect(try queue.store.counts().awaiting == 4)
        let second = try #require(try queue.store.claim(reviewer: "ben").first)
        #expect(second.mined == nil)
        _ = try queue.store.decide(token: second.lease.token, draft: DecisionDraft(verdict: .allow))
        #expect(try queue.store.history(of: second.item.id).map(\.mined) == [nil, .labelErrors])
    }

    @Test("Without verdicts diversity takes some of every kind, and with them what is unlike those")
    func diversity() throws {
        let queue = try CloudQueue(80)
        let first = try queue.mine(.diversity, count: 2)
        #expect(Set(first.items.compactMap { Int($0.item.rawValue.dropFirst(5)) }.map { $0 % 2 }) == [0, 1])
        let claims = try queue.store.claim(reviewer: "ann", count: 2, rules: ClaimRules(sampleShare: 0))
        #expect(claims.map(\.item.id) == first.items.map(\.item) && claims.allSatisfy { $0.mined == .diversity })
        for claim in claims { try queue.store.release(token: claim.lease.token) }
        for number in stride(from: 0, to: 40, by: 2) { try queue.decide(number, violates: true) }
        let next = try queue.mine(.diversity, count: 1)
        #expect(next.items.count == 1 && next.returned >= 1)
        #expect((Int(next.items[0].item.rawValue.dropFirst(5)) ?? 0) % 2 == 1, "\(next.items)")
    }

    @Test("A queue without embeddings says what to do, and a model without any is not taken")
    func refusals() throws {
        let queue = try CloudQueue(4)
        #expect(throws: CommandFailure.self) { try MiningByEmbeddings(store: queue.store, model: "no@1") }
        #expect(try MiningByEmbeddings(store: queue.store, model: nil).model.name == CloudQueue.model)
        #expect(try queue.mine(.labelErrors, count: 5).items.isEmpty)
    }
}
