import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct SearchIndexTests {
    @Test("The index follows ingestion, updates and removal, and never holds an item twice")
    func follows() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(3))
        #expect(try queue.hits("num").isEmpty, "nothing is indexed while items are taken in")
        #expect(try queue.store.extendSearch(forSeconds: 60))
        #expect(try queue.hits("num") == [1, 2, 3])
        let changed: JSONValue = ["id": "post-1", "text": "quartz", "flagged_at": "2026-11-23T10:00:00Z"]
        #expect(try queue.ingest([changed.text], IngestOptions(update: true)).updated == 1)
        #expect(try queue.hits("num") == [1, 3] && queue.hits("qua").isEmpty)
        #expect(try queue.store.extendSearch(forSeconds: 60))
        #expect(try queue.hits("num") == [1, 3] && queue.hits("qua") == [2])
        try queue.store.write { db in
            try SearchIndex.forget(items: [2], in: db)
            try SearchIndex.forget(items: [2], in: db)
            try db.execute(sql: "UPDATE item SET text = NULL WHERE seq = 2")
        }
        #expect(try queue.store.extendSearch(forSeconds: 60))
        #expect(try queue.hits("qua").isEmpty && queue.hits("num") == [1, 3])
    }

    @Test("After scrubbing no block of the index holds a trigram that only a forgotten item had")
    func scrub() throws {
        let queue = try TestQueue()
        // Enough for several segments, and merges among them.
        // Terms that begin alike are stored without what they share: "vqx" stands alone and so in full.
        let secret = "zvqxjkwzpf"
        for part in 0..<4 {
            try queue.fill(
                (0..<300).map { number in
                    [
                        "id": .string("p\(part)-\(number)"),
                        "text": .string(number == 7 && part == 1 ? secret : "plain words \(part) \(number * 7919)"),
                    ]
                })
            #expect(try queue.store.extendSearch(forSeconds: 60))
        }
        #expect(try queue.hits("zvq") == [308])
        #expect(try queue.terms(of: secret).count == 8 && queue.bytesHold("vqx"))
        try queue.store.write { db in
            try db.execute(sql: "PRAGMA secure_delete = ON")
            try SearchIndex.forget(items: [308], in: db)
            try db.execute(sql: "UPDATE item SET text = NULL WHERE seq = 308")
        }
        #expect(try queue.hits("zvq").isEmpty)
        #expect(try queue.bytesHold("vqx"), "forgetting alone leaves the trigram in a block: the test can see it")
        try queue.store.write { try SearchIndex.scrub(in: $0) }
        #expect(try queue.terms(of: secret).isEmpty && !queue.bytesHold("vqx"))
        // Neither in pages that are free now.
        let file = try Data(contentsOf: URL(fileURLWithPath: queue.store.path))
        #expect(file.range(of: Data("vqx".utf8)) == nil && file.range(of: Data("plain words".utf8)) != nil)
        #expect(try queue.hits("pla").count == 1199)
        #expect(try String.fetchAll(queue.store, sql: "PRAGMA integrity_check") == ["ok"])
    }

    @Test("An item that was never indexed leaves no trace when it is forgotten")
    func unindexed() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        try queue.store.write { try SearchIndex.forget(items: [1], in: $0) }
        #expect(try Int.fetchOne(queue.store, sql: "SELECT count(*) FROM search_stale") == 0)
        #expect(try !queue.bytesHold("num"))
    }

    @Test("A text is folded alike however it is written, and what nobody sees is left out")
    func folding() {
        let alike: [(String, String)] = [
            ("ÄRGER", "a\u{308}rger"), ("Straße", "STRASSE"), ("ΟΔΟΣ", "οδος"), ("ПРИВЕТ", "привет"),
            ("ＦＲＥＥ", "free"), ("fr\u{200B}e\u{202E}e\0", "FREE"), ("𝓯𝓻𝓮𝓮", "free"), ("ｶﾞ", "ガ"), ("か\u{3099}", "が"),
            ("ﬁne", "fine"), ("👩\u{200D}🚒", "👩🚒"), ("क\u{93C}", "क\u{93C}"), ("กำ", "ก\u{E4D}\u{E32}"),
        ]
        for (one, other) in alike { #expect(FoldedText.fold(one) == FoldedText.fold(other), "\(one)") }
        for (one, other) in [("Ärger", "Arger"), ("กา", "กิ"), ("हि", "हु")] {
            #expect(FoldedText.fold(one) != FoldedText.fold(other), "\(one)")
        }
        #expect(FoldedText.contains([1, 1, 2], [1, 2]) && !FoldedText.contains([1, 1, 2], [2, 1]))
        #expect(FoldedText.contains([], []) && !FoldedText.contains([], [1]) && !FoldedText.contains([1], [1, 1]))
    }

    @Test("Scalars that folding leaves to themselves are ones that NFKC leaves alone, in any company")
    func unchanged() throws {
        let scalars = (0..<0x20000).compactMap { Unicode.Scalar(UInt32($0)) }.filter(FoldedText.isUnchanged)
        #expect(scalars.count > 30_000)
        var generator = SplitMix64(seed: 4)
        for scalar in scalars {
            var view = String.UnicodeScalarView([scalar])
            view.append(scalars.randomElement(using: &generator) ?? scalar)
            let text = String(view)
            let normal = text.precomposedStringWithCompatibilityMapping
            guard normal.unicodeScalars.elementsEqual(text.unicodeScalars) else {
                Issue.record("U+\(String(scalar.value, radix: 16)) changes")
                return
            }
        }
    }
}

extension TestQueue {
    /// Items that the index offers for three characters.
    fileprivate func hits(_ trigram: String) throws -> [Int64] {
        try store.read { db in
            try Int64.fetchAll(
                db, sql: "SELECT rowid FROM item_search WHERE item_search MATCH ? ORDER BY rowid",
                arguments: ["\"\(trigram)\""])
        }
    }

    /// Those trigrams of a text that the index's own vocabulary has.
    fileprivate func terms(of text: String) throws -> [String] {
        let trigrams = text.indices.dropLast(2).map { String(text[$0...].prefix(3)) }
        return try store.database.writeWithoutTransaction { db in
            try db.execute(
                sql: "CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab('main', 'item_search', 'row')")
            return try trigrams.filter {
                try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM temp.terms WHERE term = ?)", arguments: [$0])
                    == true
            }
        }
    }

    /// Whether a block of the index has the bytes.
    fileprivate func bytesHold(_ text: String) throws -> Bool {
        try store.read { db in
            try Data.fetchAll(db, sql: "SELECT block FROM item_search_data").contains {
                $0.range(of: Data(text.utf8)) != nil
            }
        }
    }
}

extension Int {
    fileprivate static func fetchOne(_ store: QueueStore, sql: String) throws -> Int? {
        try store.read { try Int.fetchOne($0, sql: sql) }
    }
}

extension String {
    fileprivate static func fetchAll(_ store: QueueStore, sql: String) throws -> [String] {
        try store.read { try String.fetchAll($0, sql: sql) }
    }
}
