import Foundation
import GRDB
import Testing

@testable import Queue

@Suite struct StoreTests {
    @Test(
        "WAL is used only where SQLite is fixed, back-ports included",
        arguments: [
            (3_040_001, Durability.Journal.truncate), (3_044_005, .truncate), (3_044_006, .wal), (3_045_000, .truncate),
            (3_050_006, .truncate), (3_050_007, .wal), (3_051_002, .truncate), (3_051_003, .wal), (3_052_000, .wal),
            (4_000_000, .wal),
        ])
    func versionGate(version: Int, journal: Durability.Journal) {
        #expect(Durability.forSQLite(version: version).journal == journal)
    }

    @Test(
        "Both journals are opened with synchronous FULL, as read back from the connection",
        arguments: [Durability.Journal.wal, .truncate])
    func full(journal: Durability.Journal) throws {
        let folder = try TestQueue.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let database = try DurableDatabase.open(
            path: folder + "/d.sqlite", durability: Durability(journal: journal, reason: "test"))
        let (mode, synchronous, foreignKeys) = try database.writeWithoutTransaction { db in
            (
                try String.fetchOne(db, sql: "PRAGMA journal_mode"), try Int.fetchOne(db, sql: "PRAGMA synchronous"),
                try Int.fetchOne(db, sql: "PRAGMA foreign_keys")
            )
        }
        #expect(mode == journal.rawValue && synchronous == 2 && foreignKeys == 1)
    }

    @Test("A queue that is not there is not found, with the way to make one")
    func missing() {
        #expect(kind(of: { _ = try QueueStore.open(at: "/nowhere/queue.sqlite") }) == "notFound")
        #expect(refusal { _ = try QueueStore.open(at: "/nowhere/queue.sqlite") }.contains("reviewtui init"))
    }

    @Test("Another program's file is left alone, byte for byte")
    func foreignFile() throws {
        let folder = try TestQueue.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/other.sqlite"
        try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE t (x)") }
        let text = folder + "/notes.txt"
        try Data("notes".utf8).write(to: URL(fileURLWithPath: text))
        for path in [path, text] {
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(kind(of: { _ = try QueueStore.open(at: path) }) == "failed")
            #expect(
                kind(of: { _ = try QueueStore.create(at: path, taxonomy: TestQueue.defaultTaxonomy()) }) == "failed")
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }
    }

    @Test("Making a queue twice keeps what is in it; folders are made, and the file is the owner's only")
    func twice() throws {
        let folder = try TestQueue.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/deep/er/queue.sqlite"
        let first = try QueueStore.create(at: path, taxonomy: TestQueue.defaultTaxonomy())
        try Data(#"{"id":"a","text":"t"}"#.utf8).write(to: URL(fileURLWithPath: folder + "/i.jsonl"))
        _ = try first.ingest(.jsonLines(path: folder + "/i.jsonl"))
        let second = try QueueStore.create(at: path, taxonomy: TestQueue.defaultTaxonomy())
        #expect(try second.stats().items.pending == 1 && second.auditVerify().events == 2)
        let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(permissions == 0o600)
    }

    @Test("A queue of a newer version is refused")
    func newer() throws {
        let queue = try TestQueue()
        try queue.store.database.write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')")
        }
        #expect(refusal { _ = try queue.another() }.contains("newer"))
    }

    @Test("A queue of the first version is upgraded, and its items are tallied")
    func upgraded() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(5))
        _ = try queue.store.claim(reviewer: "ann")
        try queue.store.database.write { db in
            for trigger in ["work_tallied", "work_tallied_out"] {
                try db.execute(sql: "DROP TRIGGER \(trigger)")
            }
            try db.execute(sql: "DROP TABLE tally; DROP TABLE snapshot")
            try db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '5 scale'")
        }
        let upgraded = try queue.another()
        #expect(try upgraded.counts() == QueueStats.Counts(pending: 4, leased: 1))
        #expect(try upgraded.export(to: queue.folder + "/out").rows == 0)
    }

    @Test("A queue from before marks of calibration is upgraded: what was asked in words is marked")
    func marked() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        let scores = ["zero-shot@1", "h@1"].map {
            Score(
                model: "m@1", policy: $0 == "h@1" ? "hate" : "spam", value: 0.9,
                provenance: Score.Provenance(weights: "aa", head: $0, precision: "f32"))
        }
        try queue.store.record([ScoredItem(item: "post-0", scores: scores)], model: "m@1", weights: "aa")
        try queue.store.database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF; \(Self.backToVersion8)")
            try db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '9 calibration'")
        }
        let upgraded = try #require(try queue.another().detail(of: "post-0")).scores
        #expect(upgraded.map(\.policy) == ["hate", "spam"] && upgraded.map(\.isCalibrated) == [true, false])
    }

    private static let backToVersion8 = """
        CREATE TABLE earlier (
            seq INTEGER PRIMARY KEY, head TEXT NOT NULL, precision TEXT NOT NULL, UNIQUE (head, precision)
        ) STRICT;
        INSERT INTO earlier SELECT seq, head, precision FROM computation;
        DROP TABLE computation;
        ALTER TABLE earlier RENAME TO computation
        """

    @Test("A writer waits for another's transaction instead of failing at once")
    func waits() async throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        let other = try queue.another()
        let (started, start) = AsyncStream<Void>.makeStream()
        async let slow: Void = other.database.write { db in
            try db.execute(sql: "UPDATE work SET lottery = 1")
            start.finish()
            usleep(200_000)
        }
        for await _ in started {}
        #expect(try queue.store.claim(reviewer: "ann").count == 1)
        try await slow
    }

    @Test("Tables are strict: a text is no time")
    func strict() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(1))
        #expect(throws: DatabaseError.self) {
            try queue.store.database.write { try $0.execute(sql: "UPDATE item SET flagged_at = 'now'") }
        }
        let loose = try queue.store.database.read { db in
            try Int.fetchOne(
                db,
                sql:
                    "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'grdb_%'"
            )
        }
        #expect(loose == 0)
    }
}
