import Crypto
import Foundation
import Testing

@testable import Queue

@Suite struct StatementExportTests {
    private func lines(_ folder: String, _ name: String = "statements.jsonl") throws -> [JSONValue] {
        try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n")
            .map { try JSONValue(parsing: String($0)) }
    }

    private func decide(_ queue: TestQueue, _ count: Int, _ draft: DecisionDraft, in line: QueueName? = nil) throws {
        for claim in try queue.store.claim(reviewer: "ann", count: count, queue: line) {
            _ = try queue.store.decide(token: claim.lease.token, draft: draft)
        }
    }

    @Test("Standing restrictions are exported, one a line and in batches of a hundred, each as the database takes it")
    func export() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(260))
        try decide(queue, 205, DecisionDraft(verdict: .remove, policies: ["spam"]))
        try decide(queue, 20, DecisionDraft(verdict: .allow))
        try decide(queue, 20, DecisionDraft(verdict: .escalate, policies: ["hate"]))
        try decide(queue, 10, DecisionDraft(verdict: .restrict, policies: ["hate"]))
        for _ in 0..<3 { _ = try queue.store.undo(reviewer: "ann") }
        let out = queue.folder + "/out"
        let report = try queue.store.exportStatements(to: out)
        #expect(report.statements == 212 && report.batches == 3 && report.withoutStatement == 0)
        let statements = try lines(out)
        let rules = try StatementRules()
        #expect(statements.count == 212 && statements.allSatisfy { rules.faults(in: $0).isEmpty })
        #expect(Set(statements.map { $0["puid"] }).count == 212)
        let batches = try lines(out, "batches.jsonl").map { $0["statements"]?.array ?? [] }
        #expect(batches.map(\.count) == [100, 100, 12] && batches.flatMap { $0 } == statements)
        let text = try String(contentsOfFile: out + "/statements.jsonl", encoding: .utf8)
        #expect(!text.contains("post number") && !text.contains("post-1") && !text.contains("ann"))
        let manifest = try JSONValue(parsing: String(contentsOfFile: out + "/manifest.json", encoding: .utf8))
        for file in manifest["files"]?.array ?? [] {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(out)/\(file["name"]?.string ?? "")"))
            #expect(file["sha256"] == .string(SHA256.hash(data: bytes).hex))
            #expect(file["bytes"] == .integer(Int64(bytes.count)))
        }
        #expect(manifest["files"]?.array?.count == 2)
        let again = queue.folder + "/again"
        _ = try queue.another().exportStatements(to: again)
        for name in ["statements.jsonl", "batches.jsonl", "manifest.json"] {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(out)/\(name)"))
            #expect(try bytes == Data(contentsOf: URL(fileURLWithPath: "\(again)/\(name)")), "\(name)")
        }
        #expect(kind(of: { _ = try queue.store.exportStatements(to: out) }) == "usage")
    }

    @Test("Since an earlier snapshot there is only what was decided later; another queue's snapshot is refused")
    func since() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(5))
        try decide(queue, 2, DecisionDraft(verdict: .remove, policies: ["spam"]))
        let (first, second, third) = (queue.folder + "/1", queue.folder + "/2", queue.folder + "/3")
        _ = try queue.store.exportStatements(to: first)
        try decide(queue, 2, DecisionDraft(verdict: .remove, policies: ["hate"]))
        _ = try queue.store.exportStatements(to: second, since: first)
        #expect(
            try lines(second).map { $0["category"] }
                == Array(repeating: "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH", count: 2))
        // Nothing since: an empty snapshot from which the next one can go on.
        #expect(try queue.store.exportStatements(to: third, since: second).statements == 0)
        try decide(queue, 1, DecisionDraft(verdict: .remove, policies: ["spam"]))
        #expect(try queue.store.exportStatements(to: queue.folder + "/4", since: third).statements == 1)
        #expect(try queue.store.exportStatements(to: queue.folder + "/all").statements == 5)
        let other = try TestQueue()
        try other.fill(TestQueue.posts(5))
        try decide(other, 5, DecisionDraft(verdict: .remove, policies: ["spam"]))
        let refused = refusal { _ = try other.store.exportStatements(to: other.folder + "/1", since: first) }
        #expect(refused.contains("another queue"))
        #expect(
            kind(of: { _ = try queue.store.exportStatements(to: queue.folder + "/5", since: "/nowhere") }) == "usage")
    }

    @Test("Restricted items give statements too, which name nothing of them")
    func restricted() throws {
        let queue = try TestQueue()
        try queue.fill([["id": "a", "text": "hidden words", "scores": [TestQueue.score("sexual/minors", 0.9)]]])
        try decide(queue, 1, DecisionDraft(verdict: .remove, policies: ["sexual/minors"]), in: .restricted)
        #expect(try queue.store.exportStatements(to: queue.folder + "/out").statements == 1)
        let statement = try #require(try lines(queue.folder + "/out").first)
        #expect(statement["category"] == "STATEMENT_CATEGORY_PROTECTION_OF_MINORS")
        #expect(!statement.text.contains("hidden"))
        #expect(try queue.store.export(to: queue.folder + "/decisions").rows == 0)
    }
}
