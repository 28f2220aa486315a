import Crypto
import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct ExportTests {
    private func lines(_ folder: String) throws -> [JSONValue] {
        try String(contentsOfFile: folder + "/decisions.jsonl", encoding: .utf8).split(separator: "\n")
            .map { try JSONValue(parsing: String($0)) }
    }

    private func decide(_ queue: TestQueue, _ id: String, _ draft: DecisionDraft, as reviewer: String = "ann") throws {
        let claim = try #require(try queue.store.claim(reviewer: reviewer, item: ItemID(id)).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: draft)
    }

    @Test("A row holds the whole decision in the contract's form, and nothing that steers a terminal")
    func row() throws {
        let queue = try TestQueue()
        try queue.write("img/1.png", "picture")
        try queue.fill([
            [
                "id": "post-1", "text": "a\u{1B}[31m\u{202E}b\u{9B}", "lang": "en", "media": [["path": "img/1.png"]],
                "scores": [TestQueue.score("hate", 0.91)],
            ]
        ])
        try decide(
            queue, "post-1",
            DecisionDraft(
                verdict: .remove, policies: ["hate"], preselected: ["hate"], severity: 2, note: "n",
                durationMilliseconds: 2140, shownScores: ["hate"],
                shownExplanation: DecisionDraft.ShownExplanation(method: "legrad", policy: "hate", confirmed: true)))
        let out = queue.folder + "/out"
        let report = try queue.store.export(to: out)
        #expect(report.rows == 1 && report.leftOut == 0)
        let row = try #require(try lines(out).first)
        #expect(row["id"] == "post-1" && row["text"] == "a\u{1B}[31m\u{202E}b\u{9B}" && row["lang"] == "en")
        #expect(row["verdict"] == "remove" && row["policies"] == ["hate"] && row["severity"] == 2 && row["note"] == "n")
        #expect(row["labels"] == ["hate": ["value": 1, "origin": "model"]])
        #expect(row["scores"] == [["model": "upstream@1", "policy": "hate", "score": 0.91]])
        #expect(row["explanation"] == ["shown": true, "method": "legrad", "confirmed": true])
        #expect(row["duration_ms"] == 2140 && row["decided_at"] == .string(TestQueue.start.rfc3339))
        #expect(row["supersedes"] == .null && row["media"]?.array?.first?["path"] == "img/1.png")
        let record = try #require(try queue.store.history(of: ItemID("post-1")).first)
        #expect(row["hash"] == .string(record.hash) && row["decision"] == .string(record.decision))
        let pseudonym = try #require(row["reviewer"]?.string)
        #expect(pseudonym.hasPrefix("r-") && pseudonym.count == 10)
        let text = try String(contentsOfFile: out + "/decisions.jsonl", encoding: .utf8)
        #expect(!text.contains("ann") && text.contains(#"\u202e"#) && text.contains(#"\u009b"#))
        #expect(!text.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control })
    }

    @Test("A medium has its PDQ hash in 64 hex digits where one was computed, and null where none was")
    func likeness() throws {
        let queue = try TestQueue()
        for name in ["seen", "broken", "new"] { try queue.write("\(name).png", name) }
        try queue.fill([
            ["id": "a", "media": [["path": "seen.png"], ["path": "broken.png"]]],
            ["id": "b", "media": [["path": "new.png"]]],
        ])
        let text = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
        let bytes = stride(from: 0, to: 64, by: 2).compactMap { UInt8(text.dropFirst($0).prefix(2), radix: 16) }
        let hash = try #require(PerceptualHash(bytes: bytes))
        let media = try queue.store.unseenMedia().media
        try queue.store.record([(media[0], Likeness(hash: hash, turns: [], quality: 100)), (media[1], nil)])
        for id in ["a", "b"] { try decide(queue, id, DecisionDraft(verdict: .allow)) }
        _ = try queue.store.export(to: queue.folder + "/out")
        let rows = try lines(queue.folder + "/out").map { $0["media"]?.array?.map { $0["pdq"] } }
        #expect(rows == [[.string(text), .null], [.null]])
    }

    @Test("The manifest's hash is the file's, and the same chain gives the same bytes")
    func manifest() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1200))
        for claim in try queue.store.claim(reviewer: "ann", count: 700) {
            _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        }
        let (first, second) = (queue.folder + "/a", queue.folder + "/b")
        let report = try queue.store.export(to: first)
        queue.pass(seconds: 100)
        _ = try queue.another().export(to: second)
        for name in ["decisions.jsonl", "manifest.json"] {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(first)/\(name)"))
            #expect(try bytes == Data(contentsOf: URL(fileURLWithPath: "\(second)/\(name)")), "\(name)")
        }
        let manifest = try JSONValue(parsing: String(contentsOfFile: first + "/manifest.json", encoding: .utf8))
        let file = try #require(manifest["files"]?.array?.first)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: first + "/decisions.jsonl"))
        #expect(
            file["sha256"] == .string(SHA256.hash(data: bytes).hex) && file["bytes"] == .integer(Int64(bytes.count)))
        #expect(file["rows"] == 700 && report.rows == 700)
        let last = try queue.store.database.read { try Int64.fetchOne($0, sql: "SELECT max(event) FROM decision") }
        #expect(manifest["audit"]?["last"] == .integer(try #require(last)) && report.lastEvent == last)
        #expect(try lines(first).count == 700)
        // 8:1:1 with 700 draws: five standard deviations are 53 and 40.
        #expect(report.splits["train"].map { (500...620).contains($0) } ?? false, "\(report.splits)")
        #expect(report.splits["test"].map { (30...110).contains($0) } ?? false, "\(report.splits)")
    }

    @Test("Only what stands is exported, and a verdict after an undo names the one it replaces")
    func standing() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        try decide(queue, "post-0", DecisionDraft(verdict: .allow))
        try decide(queue, "post-1", DecisionDraft(verdict: .allow))
        let undone = try #require(try queue.store.history(of: ItemID("post-1")).first)
        _ = try queue.store.undo(reviewer: "ann")
        _ = try queue.store.export(to: queue.folder + "/a")
        #expect(try lines(queue.folder + "/a").map { $0["id"] } == ["post-0"])
        try decide(queue, "post-1", DecisionDraft(verdict: .escalate), as: "ben")
        _ = try queue.store.export(to: queue.folder + "/b")
        let rows = try lines(queue.folder + "/b")
        #expect(rows.map { $0["verdict"] } == ["allow", "escalate"])
        #expect(rows[1]["supersedes"] == .string(undone.decision) && rows[0]["reviewer"] != rows[1]["reviewer"])
    }

    @Test("Restricted items are never exported")
    func restricted() throws {
        let queue = try TestQueue()
        try queue.fill([
            ["id": "a", "text": "one", "scores": [TestQueue.score("sexual/minors", 0.9)]], ["id": "b", "text": "two"],
            ["id": "c", "text": "three"],
        ])
        let claim = try #require(try queue.store.claim(reviewer: "ann", queue: .restricted).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        try decide(queue, "b", DecisionDraft(verdict: .remove, policies: ["sexual/minors"]))
        try decide(queue, "c", DecisionDraft(verdict: .allow))
        let report = try queue.store.export(to: queue.folder + "/out")
        #expect(report.rows == 1 && report.leftOut == 2)
        #expect(try lines(queue.folder + "/out").map { $0["id"] } == ["c"])
    }

    @Test("The same content always falls on the same side of the split")
    func leakFree() throws {
        let queue = try TestQueue()
        for number in 0..<20 { try queue.write("\(number).png", "picture \(number / 10)") }
        try queue.fill(
            (0..<20).map {
                ["id": .string("\($0)"), "text": .string("text \($0)"), "media": [["path": .string("\($0).png")]]]
            })
        for claim in try queue.store.claim(reviewer: "ann", count: 20) {
            _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        }
        _ = try queue.store.export(to: queue.folder + "/out")
        var splits: [JSONValue: Set<JSONValue>] = [:]
        for row in try lines(queue.folder + "/out") {
            let sha256 = try #require(row["media"]?.array?.first?["sha256"])
            splits[sha256, default: []].insert(row["split"] ?? .null)
        }
        #expect(splits.count == 2 && splits.values.allSatisfy { $0.count == 1 })
    }

    @Test("An export is remembered in its table and by an event that commits to the row")
    func remembered() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        try decide(queue, "post-0", DecisionDraft(verdict: .allow))
        queue.pass(seconds: 5)
        let report = try queue.store.export(to: queue.folder + "/out")
        let rows = try queue.store.database.read { db in
            try Row.fetchAll(
                db, sql: "SELECT s.*, e.kind, e.body FROM snapshot s JOIN audit_event e ON e.seq = s.event")
        }
        let row = try #require(rows.first)
        #expect(rows.count == 1)
        #expect(row["kind"] as String == "export")
        #expect(row["folder"] as String == QueueStore.absolute(queue.folder + "/out"))
        #expect(row["format"] as String == "jsonl")
        #expect(row["filter"] as String? == nil)
        #expect(row["rows"] as Int == 1)
        #expect((row["sha256"] as Data).hex == report.sha256)
        #expect(row["last_event"] as Int64 == report.lastEvent)
        #expect(row["exported_at"] as Int64 == TestQueue.start.adding(seconds: 5).milliseconds)
        let said: JSONValue = [
            "folder": .string(row["folder"] as String), "format": "jsonl", "filter": .null,
            "last_event": .integer(report.lastEvent), "rows": 1, "sha256": .string(report.sha256),
            "exported_at": .integer(row["exported_at"] as Int64),
        ]
        let body = try JSONValue(parsing: row["body"] as String)
        let commitment = AuditChain.commitment(to: said.canonicalText, key: row["key"] as Data)
        #expect(body["commitment"] == .string(commitment.hex) && body["sha256"] == nil)
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("A filter over items and work takes its part, and the manifest says which")
    func filtered() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(6))
        for number in 0..<6 { try decide(queue, "post-\(number)", DecisionDraft(verdict: .allow)) }
        let filter = ExportFilter(
            sql: "i.seq > ? OR w.item = ?", arguments: [4, 1], text: "late or first")
        #expect(try queue.store.export(to: queue.folder + "/out", where: filter).rows == 3)
        #expect(try lines(queue.folder + "/out").map { $0["id"] } == ["post-0", "post-4", "post-5"])
        let manifest = try JSONValue(
            parsing: String(contentsOfFile: queue.folder + "/out/manifest.json", encoding: .utf8))
        #expect(manifest["filter"] == "late or first")
        let kept = try queue.store.database.read { try String.fetchOne($0, sql: "SELECT filter FROM snapshot") }
        #expect(kept == "late or first")
    }

    @Test("A folder that holds something is refused, and so is a file")
    func nonEmpty() throws {
        let queue = try TestQueue()
        #expect(kind(of: { _ = try queue.store.export(to: queue.folder) }) == "usage")
        #expect(kind(of: { _ = try queue.store.export(to: queue.store.path) }) == "usage")
        #expect(try queue.store.export(to: queue.folder + "/deep/er").rows == 0)
    }
}
