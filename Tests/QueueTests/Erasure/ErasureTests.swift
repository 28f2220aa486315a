import Crypto
import Foundation
import GRDB
import Testing

@testable import Queue

/// What is left of an erased item: a tombstone, and a chain that verifies and says nothing.
@Suite struct ErasureTests {
    private let rules = ErasureRules(by: "operator", reason: "request 17")

    /// `secret-1` (two pictures, one of them shared) and `secret-2` by the author to be forgotten, between others.
    private func filled(_ journal: Durability.Journal = .truncate, posts: Int = 40) throws -> TestQueue {
        let queue = try TestQueue(durability: Durability(journal: journal, reason: "the test's choice"))
        try queue.write("img/own-picture.png", Self.picture)
        try queue.write("img/shared.png", Self.sharedPicture)
        var lines = TestQueue.posts(posts, scores: [TestQueue.score("hate", 0.25)])
        lines.insert(
            [
                "id": "secret-1", "text": .string(Self.text), "author": "secret-author", "source": "secret-source",
                "media": [["path": "img/own-picture.png"], ["path": "img/shared.png"]],
                "metadata": ["city": "secret-city"],
                "reports": [["reason": "hate", "reporter": "secret-reporter"]],
                "priority": 3, "scores": [TestQueue.score("hate", 0.8125)],
            ], at: posts / 2)
        lines.append(["id": "secret-2", "text": "short secret", "author": "secret-author", "priority": -3])
        lines.append(["id": "other", "text": "another", "media": [["path": "img/shared.png"]], "priority": -4])
        try queue.fill(lines)
        return queue
    }

    /// Longer than a page of the database, so that it lies on overflow pages too.
    private static let text = (0..<700).map { "secret\($0 * 7919 % 10007)" }.joined(separator: " ")
    private static let picture = (0..<9000).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) }
    private static let sharedPicture = (0..<500).map { UInt8(truncatingIfNeeded: $0 * 31) }

    private func decide(_ id: String, in queue: TestQueue, _ policy: PolicyID = "hate") throws {
        let claim = try #require(try queue.store.claim(reviewer: "ann", item: ItemID(id)).first)
        _ = try queue.store.decide(
            token: claim.lease.token,
            draft: DecisionDraft(
                verdict: .remove, policies: [policy], note: id == "secret-1" ? "secret-note" : nil,
                statement: id == "secret-1" ? StatementDraft(facts: "secret-facts") : nil))
    }

    /// Names of what is found somewhere in the bytes of the queue's files.
    private func traces(of needles: [(name: String, bytes: Data)], in queue: TestQueue) throws -> Set<String> {
        var found: Set<String> = []
        let files = try #require(FileManager.default.enumerator(atPath: queue.folder))
        for case let name as String in files where name.hasPrefix("queue.sqlite") {
            if let path = needles.first(where: { Data(name.utf8).range(of: $0.bytes) != nil }) {
                found.insert(path.name)
            }
            guard let bytes = FileManager.default.contents(atPath: "\(queue.folder)/\(name)") else { continue }
            for needle in needles where bytes.range(of: needle.bytes) != nil { found.insert(needle.name) }
        }
        return found
    }

    private func needles(of id: String, in queue: TestQueue) throws -> [(name: String, bytes: Data)] {
        let row = try #require(
            try queue.store.read {
                try Row.fetchOne(
                    $0, sql: "SELECT digest, subject_key FROM item WHERE id = ?", arguments: [id])
            })
        let (digest, key): (Data, Data) = (row["digest"], row["subject_key"])
        let picture = Data(SHA256.hash(data: Self.picture))
        let text = Data(SHA256.hash(data: Data(Self.text.utf8)))
        var needles: [(String, Data)] = [
            ("id", Data(id.utf8)), ("author", Data("secret-author".utf8)), ("source", Data("secret-source".utf8)),
            ("metadata", Data("secret-city".utf8)), ("reporter", Data("secret-reporter".utf8)),
            ("note", Data("secret-note".utf8)), ("facts", Data("secret-facts".utf8)),
            ("file name", Data("own-picture".utf8)),
            ("word", Data("secret".utf8)), ("picture", Data(Self.picture[..<64])),
            ("middle of the picture", Data(Self.picture[4500..<4532])), ("score", Data("0.8125".utf8)),
            ("digest", digest), ("digest in hex", Data(digest.hex.utf8)), ("key", key),
            ("hash of the picture", picture), ("hash of the picture in hex", Data(picture.hex.utf8)),
            // The folder's name is the first two digits.
            ("name on the shelf", Data(picture.hex.dropFirst(2).utf8)), ("hash of the text", text),
            ("hash of the text in hex", Data(text.hex.utf8)),
        ]
        let bytes = Array(Self.text.utf8)
        for start in stride(from: 0, to: bytes.count - 12, by: 97) {
            needles.append(("text at \(start)", Data(bytes[start..<start + 12])))
        }
        return needles.map { (name: $0.0, bytes: $0.1) }
    }

    @Test(
        "Nothing of the item is left in any byte of any file, and the chain still holds",
        arguments: [
            Durability.Journal.truncate, .wal,
        ])
    func bytes(journal: Durability.Journal) throws {
        let queue = try filled(journal)
        try decide("secret-1", in: queue)
        try decide("post-3", in: queue)
        try queue.store.recordReveal(of: ItemID("secret-1"), reviewer: "ann")
        #expect(try queue.store.extendSearch(forSeconds: 60))
        let needles = try needles(of: "secret-1", in: queue)
        let before = try traces(of: needles, in: queue)
        // All but what is never written: the hash of the text, and some hashes in hex.
        let expected = ["id", "author", "note", "picture", "key", "digest", "hash of the picture", "text at 0"]
        #expect(before.isSuperset(of: expected + ["name on the shelf"]), "\(before)")

        let report = try queue.store.erase(.author("secret-author"), rules: rules)
        #expect(report.erased == 2 && report.decisions == 1 && report.files == 1 && report.unfinished == nil)
        #expect(try traces(of: needles, in: queue) == [])
        let audit = try queue.store.auditVerify()
        #expect(audit.isIntact && audit.erased == 1 && audit.decisions == 1, "\(audit)")
        let shared = try #require(try queue.store.detail(of: ItemID("other"))?.item.media.first)
        #expect(FileManager.default.fileExists(atPath: shared.storedPath))
        #expect(try queue.store.counts(of: .default).pending == 40)
        let integrity = try queue.store.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
        let dangling = try queue.store.read { try Row.fetchOne($0, sql: "PRAGMA foreign_key_check") }
        #expect(integrity == "ok" && dangling == nil)
    }

    @Test("No block of the search index holds a trigram that only the erased item had")
    func searchBlocks() throws {
        let queue = try filled(posts: 3)
        try queue.fill([["id": "rare", "text": "\u{16A0}\u{16A2}\u{16A6}\u{16A8}\u{16B1}", "author": "runes"]])
        #expect(try queue.store.extendSearch(forSeconds: 60))
        let trigram = [
            (name: "trigram", bytes: Data("\u{16A6}\u{16A8}".utf8)), (name: "last", bytes: Data("\u{16B1}".utf8)),
        ]
        #expect(try traces(of: trigram, in: queue) == ["trigram", "last"])
        _ = try queue.store.erase(.author("runes"), rules: rules)
        #expect(try traces(of: trigram, in: queue) == [])
        // What was erased stays out of the index when it goes on.
        #expect(try queue.store.extendSearch(forSeconds: 60))
        #expect(try traces(of: trigram, in: queue) == [])
        let indexed = try queue.store.read { try String.fetchAll($0, sql: "SELECT name FROM sqlite_master") }
        #expect(indexed.contains("item_search_data"))
    }

    @Test("Exports that hold the item are listed, those that do not are not")
    func exports() throws {
        let queue = try filled(posts: 3)
        _ = try queue.store.export(to: queue.folder + "/before")
        try decide("secret-1", in: queue)
        _ = try queue.store.export(to: queue.folder + "/with")
        try decide("post-0", in: queue)
        _ = try queue.store.export(to: queue.folder + "/with-both")
        let undone = try queue.store.undo(reviewer: "ann")
        #expect(undone.receipt.item == ItemID("post-0"))
        _ = try queue.store.undo(reviewer: "ann")
        _ = try queue.store.export(to: queue.folder + "/without")
        let report = try queue.store.erase(.author("secret-author"), rules: rules)
        #expect(report.exports.map { ($0.folder as NSString).lastPathComponent } == ["with", "with-both"])
        #expect(report.exports.allSatisfy { $0.items == 1 && $0.isCertain })
        #expect(report.decisions == 2)
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("What others' tables hold about the item goes too: appeals, gold, skips")
    func otherTables() throws {
        let queue = try filled(posts: 2)
        try decide("secret-1", in: queue)
        try queue.store.appeal(ItemID("secret-1"), note: "secret-complaint")
        try queue.store.addGold(ItemID("secret-2"), verdict: .allow)
        let skipped = try #require(try queue.store.claim(reviewer: "ben", item: ItemID("other")).first)
        try queue.store.release(token: skipped.lease.token, skipping: true)
        let needles = [(name: "complaint", bytes: Data("secret-complaint".utf8))]
        #expect(try traces(of: needles, in: queue) == ["complaint"])
        #expect(try queue.store.erase(.author("secret-author"), rules: rules).erased == 2)
        #expect(try queue.store.erase(.item(ItemID("other")), rules: rules).erased == 1)
        #expect(try traces(of: needles, in: queue) == [])
        #expect(try queue.store.goldItems().isEmpty)
        #expect(try queue.store.auditVerify().isIntact)
        let skips = try queue.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM skip") }
        #expect(skips == 0)
    }

    @Test("Where secure_delete was off before, deleting leaves traces in pages that were split: hence the rewriting")
    func slack() throws {
        let queue = try TestQueue(durability: Durability(journal: .truncate, reason: "one connection"))
        // Debian's SQLite has it on from the start; others do not.
        try queue.store.database.writeWithoutTransaction { _ = try Int.fetchOne($0, sql: "PRAGMA secure_delete = OFF") }
        var generator = SplitMix64(seed: 1)
        let ids = (0..<6000).map { _ in String(format: "%016lx", generator.next()) }
        for start in stride(from: 0, to: ids.count, by: 500) {
            try queue.fill(
                (start..<start + 500).map { number in
                    ["id": .string(ids[number]), "text": "t", "author": number % 30 == 0 ? "gone" : "stays"]
                })
        }
        let gone = stride(from: 0, to: ids.count, by: 30).map { (name: ids[$0], bytes: Data(ids[$0].utf8)) }
        try queue.store.database.writeWithoutTransaction { _ = try Int.fetchOne($0, sql: "PRAGMA secure_delete = ON") }
        var report = ErasureReport()
        let erasure = Erasure(scope: .author("gone"), rules: rules, now: TestQueue.start)
        try queue.store.write { try erasure.erase(Array(stride(from: 1, through: 6000, by: 30)), in: $0, &report) }
        #expect(report.erased == gone.count)
        let left = try traces(of: gone, in: queue)
        #expect(!left.isEmpty && left.count < gone.count)
        print("secure_delete alone left \(left.count) of \(gone.count) erased ids in the file")
        #expect(try queue.store.erasureIsUnfinished())
        try queue.store.finishErasure()
        #expect(try traces(of: gone, in: queue) == [])
        #expect(try !queue.store.erasureIsUnfinished())
    }

    @Test("The tombstone is no item any more: it is not listed, claimed, decided, scored or exported")
    func tombstone() throws {
        let queue = try filled(posts: 2)
        try decide("secret-1", in: queue)
        _ = try queue.store.erase(.item(ItemID("secret-1")), rules: rules)
        #expect(try queue.store.detail(of: ItemID("secret-1")) == nil)
        #expect(try queue.store.page(limit: 10).count == 4)
        #expect(try queue.store.unscored(model: "m@1").items.count == 4)
        #expect(try queue.store.export(to: queue.folder + "/out").rows == 0)
        let stats = try queue.store.stats()
        #expect(stats.items.decided == 0 && stats.items.pending == 4)
        // The verdict stays on record, without what it was about.
        let record = try #require(try queue.store.decisions(limit: 1).first)
        #expect(record.item.rawValue.hasPrefix("erased-") && record.verdict == .remove && record.note == nil)
        #expect(record.scores.isEmpty && record.reviewer == "ann" && record.policies == ["hate"])
        // It is in nobody's way: there is nothing to undo but what came before it.
        #expect(kind { _ = try queue.store.undo(reviewer: "ann") } == "failed")
        try decide("post-0", in: queue)
        #expect(try queue.store.undo(reviewer: "ann").receipt.item == ItemID("post-0"))
        // The same post can come in again; it has nothing to do with the tombstone.
        try queue.fill([["id": "secret-1", "text": "again"]])
        #expect(try queue.store.auditVerify().isIntact)
        #expect(kind { _ = try queue.store.erase(.item(record.item), rules: rules) } == "notFound")
    }

    @Test("Decisions stay append-only: outside an erasure none can be blanked, and inside one nothing else can change")
    func triggers() throws {
        let queue = try filled(posts: 2)
        try decide("secret-1", in: queue)
        let blank = "UPDATE decision SET note = NULL, scores = '[]', item_digest = zeroblob(32)"
        let item = try #require(try queue.store.read { try Int64.fetchOne($0, sql: "SELECT item FROM decision") })
        func refused(_ sql: String, marking: Bool) -> Bool {
            do {
                try queue.store.database.write { db in
                    if marking { try db.execute(sql: "INSERT INTO erasing VALUES (\(item))") }
                    try db.execute(sql: sql)
                    throw CancellationError()
                }
            } catch let error as DatabaseError {
                return error.message?.contains("append-only") == true
            } catch {
                return false
            }
            return false
        }
        #expect(!refused(blank, marking: true))
        #expect(refused(blank, marking: false))
        let columns = try queue.store.read { try $0.columns(in: "decision").map(\.name) }
        for column in columns where !["note", "scores", "item_digest"].contains(column) {
            let value =
                switch column {
                case "seq", "item", "decided_at", "severity", "duration_ms", "taxonomy", "supersedes", "event": "77"
                case "sampled": "0.5"
                case "review": "1"
                default: "'x'"
                }
            #expect(refused(blank + ", \(column) = \(value)", marking: true), "\(column)")
        }
        #expect(refused("UPDATE decision SET note = NULL", marking: true))
        #expect(refused("DELETE FROM decision", marking: true))
        #expect(refused("DELETE FROM audit_event", marking: true))
        _ = try queue.store.erase(.item(ItemID("secret-1")), rules: rules)
        #expect(refused(blank, marking: false))
        #expect(try queue.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM erasing") } == 0)
    }

    @Test("What an erasure left of a decision cannot be changed unseen, nor can a key go under its cover")
    func tampering() throws {
        let queue = try filled(posts: 2)
        try decide("secret-1", in: queue)
        try decide("post-0", in: queue)
        _ = try queue.store.erase(.item(ItemID("secret-1")), rules: rules)
        for sql in [
            "UPDATE decision SET verdict = 'allow' WHERE seq = 1", "UPDATE decision SET reviewer = 'ben' WHERE seq = 1",
            "UPDATE decision SET policies = '[]' WHERE seq = 1", "UPDATE decision SET note = 'x' WHERE seq = 1",
            "UPDATE item SET id = 'x' WHERE seq = (SELECT item FROM decision WHERE seq = 1)",
        ] {
            let fault = try tampered(queue, sql).fault
            #expect(fault?.table == .decision && fault?.row == 1, "\(sql): \(String(describing: fault))")
        }
        let hidden = try tampered(queue, "UPDATE item SET subject_key = NULL WHERE id = 'post-0'")
        #expect(hidden.fault?.row == 2 && hidden.fault?.reason.contains("no erasure") == true)
    }

    /// What verify says of a copy of the queue that somebody changed.
    private func tampered(_ queue: TestQueue, _ sql: String) throws -> AuditReport {
        let path = "\(queue.folder)/copy-\(UUID().uuidString).sqlite"
        try FileManager.default.copyItem(atPath: queue.store.path, toPath: path)
        let copy = try QueueStore.open(at: path)
        try copy.database.writeWithoutTransaction { db in
            try db.execute(sql: "DROP TRIGGER decision_fixed")
            try db.execute(sql: sql)
        }
        return try copy.auditVerify()
    }

    @Test("What is being reviewed or under legal hold is left alone and counted, until that is asked for")
    func leftAlone() throws {
        let queue = try filled(posts: 1)
        let claim = try #require(try queue.store.claim(reviewer: "ann", item: ItemID("secret-1")).first)
        try queue.fill([
            [
                "id": "held", "text": "t", "author": "secret-author",
                "scores": [TestQueue.score("sexual/minors", 0.9)],
            ]
        ])
        var dry = rules
        dry.isDryRun = true
        let planned = try queue.store.erase(.author("secret-author"), rules: dry)
        #expect(planned.erased == 1 && planned.underReview == 1 && planned.onHold == 1)
        #expect(try queue.store.detail(of: ItemID("secret-2")) != nil)
        let first = try queue.store.erase(.author("secret-author"), rules: rules)
        #expect(first.erased == 1 && first.underReview == 1 && first.onHold == 1)
        var firm = rules
        firm.endingLeases = true
        #expect(try queue.store.erase(.author("secret-author"), rules: firm).erased == 1)
        let draft = DecisionDraft(verdict: .allow)
        #expect(kind { _ = try queue.store.decide(token: claim.lease.token, draft: draft) } == "leaseLost")
        firm.despiteHold = true
        let last = try queue.store.erase(.author("secret-author"), rules: firm)
        #expect(last.erased == 1 && last.onHold == 0)
        #expect(kind { _ = try queue.store.erase(.author("secret-author"), rules: firm) } == "notFound")
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("A lease that ran out protects nothing")
    func expiredLease() throws {
        let queue = try filled(posts: 1)
        _ = try queue.store.claim(reviewer: "ann", item: ItemID("secret-1"))
        queue.pass(seconds: 100_000)
        #expect(try queue.store.erase(.item(ItemID("secret-1")), rules: rules).erased == 1)
    }

    @Test("The half-copied file of a crash goes too; other content's does not, nor does a linked original")
    func partials() throws {
        let queue = try filled(posts: 1)
        let path = MediaShelf.path(of: Data(SHA256.hash(data: Self.picture)).hex, in: queue.store.mediaFolder)
        let folder = (path as NSString).deletingLastPathComponent
        let own = "\(folder)/.a.partial"
        let other = "\(folder)/.b.partial"
        try Data(Self.picture[..<700]).write(to: URL(fileURLWithPath: own))
        try Data(Self.sharedPicture).write(to: URL(fileURLWithPath: other))
        let linked = try queue.write("linked.png", Self.picture.reversed())
        _ = try queue.ingest(
            [#"{"id":"linked","author":"secret-author","media":[{"path":"linked.png"}]}"#], IngestOptions(link: true))
        let report = try queue.store.erase(.author("secret-author"), rules: rules)
        #expect(!FileManager.default.fileExists(atPath: path) && !FileManager.default.fileExists(atPath: own))
        #expect(FileManager.default.fileExists(atPath: other) && FileManager.default.fileExists(atPath: linked))
        #expect(report.files == 1 && report.linkedOriginals.count == 1)
        #expect(report.linkedOriginals.first?.hasSuffix("/linked.png") == true)
    }

    @Test("A picture that is taken in again after its erasure is on the shelf again")
    func againAfterErasure() throws {
        let queue = try filled(posts: 1)
        _ = try queue.store.erase(.item(ItemID("secret-1")), rules: rules)
        try queue.fill([["id": "new", "media": [["path": "img/own-picture.png"]]]])
        let file = try #require(try queue.store.detail(of: ItemID("new"))?.item.media.first?.storedPath)
        #expect(FileManager.default.contents(atPath: file) == Data(Self.picture))
    }

    @Test("A file that an erasure takes between the copying and the rows stops the ingestion")
    func race() throws {
        let queue = try filled(posts: 1)
        let shelf = MediaShelf(folder: queue.store.mediaFolder)
        let medium = IncomingItem.Medium(
            path: "img/own-picture.png", sha256: Data(SHA256.hash(data: Self.picture)), byteCount: 9000)
        try shelf.confirm([medium])
        _ = try queue.store.erase(.item(ItemID("secret-1")), rules: rules)
        #expect(kind { try shelf.confirm([medium]) } == "busy")
    }

    @Test("Erasure knows every column of an item: whoever adds one must say what becomes of it")
    func columns() throws {
        let queue = try filled(posts: 1)
        let columns = try queue.store.read { try $0.columns(in: "item").map(\.name) }
        #expect(
            Set(columns) == [
                "seq", "id", "digest", "subject_key", "text", "language", "source", "author", "created_at",
                "flagged_at", "due_at", "ingested_at", "priority", "metadata", "reports",
            ])
        let decision = try queue.store.read { try $0.columns(in: "decision").map(\.name) }
        #expect(
            Set(decision) == [
                "seq", "id", "item", "item_digest", "reviewer", "decided_at", "verdict", "policies", "labels",
                "severity", "note", "duration_ms", "scores", "shown", "sampled", "taxonomy", "supersedes", "event",
                "review", "statement",
                // As `sampled`: it says how the item came up, and nothing of the item.
                "mined",
            ])
    }

    @Test("The event tells who erased which rows and why, and names neither item nor author")
    func event() throws {
        let queue = try filled(posts: 1)
        _ = try queue.store.erase(.author("secret-author"), rules: rules)
        let row = try #require(
            try queue.store.read { try Row.fetchOne($0, sql: "SELECT kind, body FROM audit_event ORDER BY seq DESC") })
        let body = try JSONValue(parsing: row["body"] as String)
        #expect(row["kind"] == "erase" && body["items"]?.array?.count == 2)
        #expect(body["by"]?.string == "operator" && body["reason"]?.string == "request 17")
        #expect(!(row["body"] as String).contains("secret"))
        #expect(kind { _ = try queue.store.erase(.item(ItemID("x")), rules: ErasureRules(by: "")) } == "usage")
    }
}

/// Retention.
@Suite struct PurgeTests {
    private let rules = ErasureRules(by: "operator")

    @Test("What counts is the later of ingestion and the last verdict or undo; undecided items stay unless asked for")
    func age() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(6))
        func decide(_ number: Int) throws {
            let claim = try #require(try queue.store.claim(reviewer: "ann", item: ItemID("post-\(number)")).first)
            _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        }
        try decide(0)
        try decide(1)
        queue.pass(seconds: 100 * 86_400)
        try decide(2)
        try queue.fill([["id": "young", "text": "t"]])
        // An undo touches an item, too.
        let claim = try #require(try queue.store.claim(reviewer: "ben", item: ItemID("post-3")).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        _ = try queue.store.undo(reviewer: "ben")
        queue.pass(seconds: 50 * 86_400)
        let cut = TestQueue.start.adding(seconds: 60 * 86_400)
        var dry = rules
        dry.isDryRun = true
        let planned = try queue.store.erase(.untouched(since: cut, includingUndecided: false), rules: dry)
        #expect(planned.erased == 2 && planned.undecided == 2 && planned.decisions == 2)
        let report = try queue.store.erase(.untouched(since: cut, includingUndecided: false), rules: rules)
        #expect(report.erased == 2 && report.undecided == 2)
        #expect(try queue.store.detail(of: ItemID("post-0")) == nil)
        #expect(try queue.store.detail(of: ItemID("post-2")) != nil)
        let all = try queue.store.erase(.untouched(since: cut, includingUndecided: true), rules: rules)
        #expect(all.erased == 2)
        let left = try ["post-2", "post-3", "young"].filter { try queue.store.detail(of: ItemID($0)) != nil }
        #expect(left.count == 3)
        let audit = try queue.store.auditVerify()
        #expect(audit.isIntact && audit.erased == 2)
        let kinds = try queue.store.read { try String.fetchAll($0, sql: "SELECT kind FROM audit_event") }
        #expect(kinds.filter { $0 == "purge" }.count == 2 && !kinds.contains("erase"))
    }

    @Test("More items than fit in one transaction are erased page by page, one event each")
    func pages() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(250))
        queue.pass(seconds: 86_400)
        var steps: [Int] = []
        let report = try queue.store.erase(
            .untouched(since: queue.store.clock(), includingUndecided: true), rules: rules
        ) { steps.append($0) }
        #expect(report.erased == 250 && steps == [100, 200, 250])
        #expect(try queue.store.stats().items.pending == 0)
        #expect(try queue.store.auditVerify().isIntact)
        let none = try queue.store.erase(
            .untouched(since: queue.store.clock(), includingUndecided: true), rules: rules)
        #expect(none.erased == 0)
    }
}
