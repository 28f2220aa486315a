import Foundation
import GRDB
import Testing

@testable import Queue

/// Files that are not as they were left.
@Suite struct DamageTests {
    private static let both = JournalTests.both

    @Test("A damaged page is told as damage with a way out, and nothing is written over it", arguments: both)
    func page(durability: Durability) throws {
        for table in ["audit_event", "decision", "work"] {
            let queue = try TestQueue(durability: durability)
            try queue.fill(TestQueue.posts(30))
            let claims = try queue.store.claim(reviewer: "ann", count: 3)
            _ = try queue.store.decide(token: claims[0].lease.token, draft: DecisionDraft(verdict: .allow))
            let (root, size) = try queue.store.read { db in
                (
                    try Int.fetchOne(db, sql: "SELECT rootpage FROM sqlite_master WHERE name = ?", arguments: [table]),
                    try Int.fetchOne(db, sql: "PRAGMA page_size")
                )
            }
            try settle(queue)
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: queue.store.path))
            try file.seek(toOffset: UInt64((try #require(root) - 1) * (try #require(size))))
            try file.write(contentsOf: Data(repeating: 0xA5, count: try #require(size)))
            try file.close()
            let before = try Data(contentsOf: URL(fileURLWithPath: queue.store.path))
            for _ in 0..<2 {
                let said = refusal {
                    let store = try queue.another()
                    _ = try store.decide(token: claims[1].lease.token, draft: DecisionDraft(verdict: .allow))
                }
                #expect(said.contains("damaged") && said.contains("backup"), "\(table): \(said)")
            }
            // In WAL mode, opening writes a page of its own (GRDB's pool sees to it that there is a log).
            let after = try Data(contentsOf: URL(fileURLWithPath: queue.store.path))
            let page = (try #require(root) - 1) * (try #require(size))..<(try #require(root) * (try #require(size)))
            #expect(after[page] == before[page], "\(table)")
            #expect(durability.journal == .wal || after == before, "\(table)")
        }
    }

    @Test("A file that was cut in half is told as damage, not read as a smaller queue", arguments: both)
    func half(durability: Durability) throws {
        let queue = try TestQueue(durability: durability)
        try queue.fill(TestQueue.posts(300))
        try settle(queue)
        let size = try #require(
            try FileManager.default.attributesOfItem(atPath: queue.store.path)[.size] as? UInt64)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: queue.store.path))
        try file.truncate(atOffset: size / 2 / 4096 * 4096)
        try file.close()
        let said = refusal { _ = try queue.another().stats() }
        #expect(said.contains("damaged") || said.contains("not a queue"), "\(said)")
    }

    @Test("A queue of a newer version is refused by init too, byte for byte")
    func newerInit() throws {
        let queue = try TestQueue()
        try queue.store.database.write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')")
        }
        try settle(queue)
        let before = try Data(contentsOf: URL(fileURLWithPath: queue.store.path))
        let said = refusal {
            _ = try QueueStore.create(at: queue.store.path, taxonomy: TestQueue.defaultTaxonomy())
        }
        #expect(said.contains("newer"), "\(said)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: queue.store.path)) == before)
    }

    @Test("An init that was cut short before its tables is finished by the next one; another program's file is not")
    func unfinished() throws {
        let folder = try TestQueue.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let begun = folder + "/begun.sqlite"
        // What GRDB leaves between its own table and the first migration.
        try DatabaseQueue(path: begun).write {
            try $0.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        }
        #expect(try QueueStore.create(at: begun, taxonomy: TestQueue.defaultTaxonomy()).stats().items.pending == 0)
        let foreign = folder + "/foreign.sqlite"
        try DatabaseQueue(path: foreign).write { try $0.execute(sql: "PRAGMA application_id = 7") }
        #expect(kind(of: { _ = try QueueStore.create(at: foreign, taxonomy: TestQueue.defaultTaxonomy()) }) == "failed")
    }

    /// Moves everything into the one file and closes it.
    private func settle(_ queue: TestQueue) throws {
        if queue.store.durability.journal == .wal {
            try queue.store.database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        }
        try queue.store.database.close()
    }
}
