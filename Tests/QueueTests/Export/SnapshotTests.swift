import Crypto
import Foundation
import Testing

@testable import Queue

@Suite struct SnapshotTests {
    private func lines(_ path: String) throws -> [JSONValue] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .map { try JSONValue(parsing: String($0)) }
    }

    private func manifest(_ folder: String) throws -> JSONValue {
        try JSONValue(parsing: String(contentsOfFile: folder + "/manifest.json", encoding: .utf8))
    }

    private func decide(_ queue: TestQueue, _ id: String, _ draft: DecisionDraft, as reviewer: String = "ann") throws {
        let claim = try #require(try queue.store.claim(reviewer: reviewer, item: ItemID(id)).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: draft)
    }

    @Test("Every format gives the same bytes for the same verdicts, and its manifest the hash of every file")
    func repeated() throws {
        let queue = try TestQueue()
        try queue.write("1.png", "picture")
        try queue.fill(
            TestQueue.posts(30, scores: [TestQueue.score("hate", 0.7)]) + [["id": "p", "media": [["path": "1.png"]]]])
        for number in 0..<30 {
            try decide(
                queue, "post-\(number)",
                number % 3 == 0
                    ? DecisionDraft(verdict: .remove, policies: ["hate"], preselected: ["hate"])
                    : DecisionDraft(verdict: .allow, shownScores: ["hate"]))
        }
        try decide(queue, "p", DecisionDraft(verdict: .restrict, policies: ["spam"]))
        for format in SnapshotFormat.allCases {
            let (first, second) = ("\(queue.folder)/\(format)-a", "\(queue.folder)/\(format)-b")
            _ = try queue.store.export(to: first, rules: ExportRules(format: format))
            queue.pass(seconds: 100)
            _ = try queue.another().export(to: second, rules: ExportRules(format: format))
            let names = try FileManager.default.subpathsOfDirectory(atPath: first).sorted()
            #expect(try names == FileManager.default.subpathsOfDirectory(atPath: second).sorted())
            let said = try manifest(first)
            var listed = Set((said["files"]?.array ?? []).compactMap { $0["name"]?.string })
            for name in names {
                let url = URL(fileURLWithPath: "\(first)/\(name)")
                guard let bytes = try? Data(contentsOf: url) else { continue }
                #expect(try bytes == Data(contentsOf: URL(fileURLWithPath: "\(second)/\(name)")), "\(name)")
                guard name != "manifest.json" else { continue }
                let entry = said["files"]?.array?.first { $0["name"]?.string == name }
                #expect(entry?["sha256"] == .string(SHA256.hash(data: bytes).hex), "\(name)")
                #expect(entry?["bytes"] == .integer(Int64(bytes.count)), "\(name)")
                listed.remove(name)
            }
            #expect(listed.isEmpty, "the manifest names files that are not there")
            #expect(said["data"] == .string(format.rawValue) && said["parent"] == .null)
            let card = try String(contentsOfFile: first + "/README.md", encoding: .utf8)
            #expect(card.contains("31 decisions") && card.contains("| hate |") && card.contains("| remove |"))
            #expect(card.contains("the largest cluster holds"))
        }
    }

    @Test("A snapshot that goes on from another has what is new and names what no longer stands")
    func since() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(6))
        for number in 0..<4 { try decide(queue, "post-\(number)", DecisionDraft(verdict: .allow)) }
        let first = queue.folder + "/first"
        _ = try queue.store.export(to: first)
        let before = try lines(first + "/decisions.jsonl").reduce(into: [:]) {
            $0[$1["id"]?.string ?? ""] = $1["decision"]
        }
        _ = try queue.store.undo(reviewer: "ann")
        _ = try queue.store.undo(reviewer: "ann")
        try decide(queue, "post-3", DecisionDraft(verdict: .remove, policies: ["spam"]))
        try decide(queue, "post-4", DecisionDraft(verdict: .allow))
        _ = try queue.store.erase(.item("post-0"), rules: ErasureRules(by: "ann"))
        let second = queue.folder + "/second"
        let report = try queue.store.export(to: second, rules: ExportRules(since: first))
        #expect(report.rows == 2 && report.retractions == 3)
        #expect(Set(try lines(second + "/decisions.jsonl").compactMap { $0["id"]?.string }) == ["post-3", "post-4"])
        let retractions = try lines(second + "/retractions.jsonl")
        let reasons = retractions.reduce(into: [:]) { $0[$1["decision"] ?? .null] = $1["reason"]?.string }
        #expect(reasons[before["post-0"] ?? .null] == "erased")
        #expect(reasons[before["post-2"] ?? .null] == "undone" && reasons[before["post-3"] ?? .null] == "undone")
        #expect(retractions.first { $0["reason"] == "erased" }?["id"] == .null)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: first + "/manifest.json"))
        #expect(try manifest(second)["parent"]?["manifest_sha256"] == .string(SHA256.hash(data: bytes).hex))
        // What the first had, less the retractions, with what is new, is what a whole one has.
        let whole = queue.folder + "/whole"
        _ = try queue.store.export(to: whole)
        let kept = before.values.filter { reasons[$0] == nil }
        let added = try lines(second + "/decisions.jsonl").compactMap { $0["decision"] }
        #expect(Set(kept + added) == Set(try lines(whole + "/decisions.jsonl").compactMap { $0["decision"] }))
        let nothing = try queue.store.export(to: queue.folder + "/third", rules: ExportRules(since: whole))
        #expect(nothing.rows == 0 && nothing.retractions == 0)
    }

    @Test("Only a snapshot of this queue and of the same items can be gone on from")
    func foreignParent() throws {
        let (queue, other) = (try TestQueue(), try TestQueue())
        for queue in [queue, other] {
            try queue.fill(TestQueue.posts(1))
            try decide(queue, "post-0", DecisionDraft(verdict: .allow))
            _ = try queue.store.export(to: queue.folder + "/a")
        }
        func refused(_ rules: ExportRules) -> String {
            refusal { _ = try queue.store.export(to: queue.folder + "/b", rules: rules) }
        }
        #expect(refused(ExportRules(since: other.folder + "/a")).contains("another queue"))
        #expect(refused(ExportRules(since: queue.folder)).contains("no whole snapshot"))
        #expect(
            refused(try ExportRules(query: ItemQuery("post"), since: queue.folder + "/a")).contains("all decisions"))
        #expect(!FileManager.default.fileExists(atPath: queue.folder + "/b"))
    }

    @Test("Where several judged an item, the row has their soft labels and agreement, and a bound leaves it out")
    func softLabels() throws {
        let queue = try TestQueue()
        try queue.store.set(ReviewSettings(secondShare: 1))
        try queue.fill([
            ["id": "a", "text": "one", "scores": [TestQueue.score("hate", 0.9), TestQueue.score("spam", 0.1)]]
        ])
        try decide(queue, "a", DecisionDraft(verdict: .remove, policies: ["hate"]), as: "ann")
        try decide(queue, "a", DecisionDraft(verdict: .allow, shownScores: ["hate", "spam"]), as: "ben")
        try decide(queue, "a", DecisionDraft(verdict: .remove, policies: ["hate/threatening"]), as: "cid")
        let row = try {
            _ = try queue.store.export(to: queue.folder + "/a")
            return try #require(try lines(queue.folder + "/a/decisions.jsonl").first)
        }()
        #expect(row["review"] == "third" && row["reviewers"] == 3)
        // Who names `hate/threatening` names `hate`.
        #expect(row["agreement"] == .number(2.0 / 3))
        #expect(row["soft_labels"]?["hate"] == ["fraction": .number(2.0 / 3), "count": 3])
        #expect(row["soft_labels"]?["hate/threatening"] == ["fraction": 1.0, "count": 1])
        #expect(row["soft_labels"]?["spam"] == ["fraction": 0.0, "count": 1])
        for format in SnapshotFormat.allCases {
            let folder = "\(queue.folder)/\(format)"
            let report = try queue.store.export(to: folder, rules: ExportRules(format: format, leastAgreement: 0.7))
            #expect(report.rows == 0 && report.disputed == 1)
            #expect(try manifest(folder)["left_out_disputed"] == 1)
        }
        let card = try String(contentsOfFile: queue.folder + "/a/README.md", encoding: .utf8)
        #expect(card.contains("1 items of the queue were judged by several") && card.contains("0.333 are equal"))
    }
}
