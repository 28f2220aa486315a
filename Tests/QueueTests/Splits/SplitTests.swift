import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct SplitTests {
    private func decide(_ queue: TestQueue, _ ids: [String]) throws {
        for id in ids {
            let claim = try #require(try queue.store.claim(reviewer: "ann", item: ItemID(id)).first)
            _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        }
    }

    private func splits(_ queue: TestQueue, _ folder: String) throws -> [String: JSONValue] {
        _ = try queue.store.export(to: "\(queue.folder)/\(folder)")
        let text = try String(contentsOfFile: "\(queue.folder)/\(folder)/decisions.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
            .reduce(into: [:]) { $0[$1["id"]?.string ?? ""] = $1["split"] }
    }

    private func likeness(_ queue: TestQueue, _ id: String, _ bytes: [UInt8]) throws {
        let medium = try #require(
            try queue.store.unseenMedia(limit: 1000).media.first { medium in
                try queue.store.database.read {
                    try String.fetchOne($0, sql: "SELECT id FROM item WHERE seq = ?", arguments: [medium.item]) == id
                }
            })
        let hash = try #require(PerceptualHash(bytes: bytes))
        try queue.store.record([(medium, Likeness(hash: hash, turns: [], quality: 90))])
    }

    @Test("Authors, texts but for case and spaces, files and looks tie items together, and no cluster crosses")
    func clusters() throws {
        let queue = try TestQueue()
        var lines: [JSONValue] = []
        for number in 0..<240 {
            try queue.write("\(number).png", "picture \(number % 60 == 0 ? "same" : "\(number)")")
            switch number % 4 {
            case 0: lines.append(["id": .string("\(number)"), "media": [["path": .string("\(number).png")]]])
            case 1: lines.append(["id": .string("\(number)"), "text": .string("A  Text of\t\(number / 12)")])
            case 2:
                lines.append([
                    "id": .string("\(number)"), "text": .string("alone \(number)"),
                    "author": .string("author \(number / 16)"),
                ])
            default: lines.append(["id": .string("\(number)"), "text": .string("a text OF \(number / 12)")])
            }
        }
        try queue.fill(lines)
        for number in stride(from: 0, to: 240, by: 4) where number % 60 != 0 {
            // Pairs of pictures that differ in four bits.
            var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number / 8 * 37), count: 32)
            bytes[number / 8 % 32] ^= 0xFF
            bytes[31] = number % 8 == 0 ? 0x0F : 0xFF
            try likeness(queue, "\(number)", bytes)
        }
        try decide(queue, (0..<240).map(String.init))
        let splits = try splits(queue, "out")
        func sides(_ ids: [Int]) -> Set<JSONValue> { Set(ids.compactMap { splits["\($0)"] }) }
        for text in 0..<20 { #expect(sides((text * 12..<text * 12 + 12).filter { $0 % 2 == 1 }).count == 1) }
        for author in 0..<15 { #expect(sides((author * 16..<author * 16 + 16).filter { $0 % 4 == 2 }).count == 1) }
        #expect(sides([0, 60, 120, 180]).count == 1)
        for pair in stride(from: 8, to: 240, by: 8) where pair % 60 != 0 && (pair + 4) % 60 != 0 {
            #expect(sides([pair, pair + 4]).count == 1)
        }
        #expect(Set(splits.values).count == 3 && !splits.values.contains(.null))
    }

    @Test("An item keeps its split, and one that joins two clusters of different splits is in none")
    func bridges() throws {
        let queue = try TestQueue()
        let posts: [JSONValue] = (0..<40).map {
            ["id": .string("p\($0)"), "text": .string("text \($0)"), "author": .string("a\($0)")]
        }
        try queue.fill(posts)
        try decide(queue, (0..<40).map { "p\($0)" })
        let first = try splits(queue, "a")
        let train = try #require(first.first { $0.value == "train" }?.key.dropFirst())
        let other = try #require(first.first { $0.value != "train" })
        try queue.fill([
            ["id": "bridge", "text": .string("TEXT \(train)"), "author": .string("a\(other.key.dropFirst())")],
            ["id": "follower", "text": "new", "author": .string("a\(other.key.dropFirst())")],
        ])
        try decide(queue, ["bridge", "follower"])
        let second = try splits(queue, "b")
        #expect(second["bridge"] == .null && second["follower"] == other.value)
        for (id, split) in first { #expect(second[id] == split) }
        let manifest = try JSONValue(
            parsing: String(contentsOfFile: queue.folder + "/b/manifest.json", encoding: .utf8))
        #expect(manifest["splits"]?["none"] == 1)
    }

    @Test("A picture that was hashed late leaves its split where it turns out to be another's twin, and is retracted")
    func late() throws {
        let queue = try TestQueue()
        for number in 0..<40 { try queue.write("\(number).png", "picture \(number)") }
        try queue.fill((0..<40).map { ["id": .string("\($0)"), "media": [["path": .string("\($0).png")]]] })
        try decide(queue, (0..<40).map(String.init))
        let first = try splits(queue, "a")
        let train = try #require(first.first { $0.value == "train" }?.key)
        let other = try #require(first.first { $0.value != "train" }?.key)
        for id in [train, other] { try likeness(queue, id, [UInt8](repeating: 0x5A, count: 32)) }
        let second = try splits(queue, "b")
        #expect([second[train], second[other]].filter { $0 == .null }.count == 1)
        for (id, split) in first where id != train && id != other { #expect(second[id] == split) }
        let report = try queue.store.export(
            to: queue.folder + "/c", rules: ExportRules(since: queue.folder + "/a"))
        #expect(report.rows == 0 && report.retractions == 1)
        let text = try String(contentsOfFile: queue.folder + "/c/retractions.jsonl", encoding: .utf8)
        #expect(try JSONValue(parsing: text)["reason"] == "split")
        #expect(try splits(queue, "d") == second, "withdrawn once and for all")
    }

    @Test("New content has a new place, and an erased item leaves no row")
    func replacedAndErased() throws {
        let queue = try TestQueue()
        try queue.fill([["id": "a", "text": "one"], ["id": "b", "text": "two"]])
        try decide(queue, ["a", "b"])
        _ = try splits(queue, "a")
        func members() throws -> Int {
            try queue.store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM split_member") ?? 0 }
        }
        #expect(try members() == 2)
        _ = try queue.store.undo(reviewer: "ann")
        let update = try queue.ingest(
            [#"{"id":"b","text":"other"}"#], IngestOptions(update: true))
        #expect(update.rejected == 0)
        #expect(try members() == 1)
        _ = try queue.store.erase(.item("a"), rules: ErasureRules(by: "ann"))
        #expect(try members() == 0)
        try decide(queue, ["b"])
        #expect(try splits(queue, "b").count == 1)
        #expect(try members() == 1)
    }
}
