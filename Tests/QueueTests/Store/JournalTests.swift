import Foundation
import GRDB
import Testing

@testable import Queue

/// What must hold in both journal modes, whichever this machine's SQLite would get.
@Suite struct JournalTests {
    static let both = [
        Durability(journal: .wal, reason: "test"), Durability(journal: .truncate, reason: "test"),
    ]

    @Test("Items go from ingestion to export, and the chain holds", arguments: both)
    func round(durability: Durability) throws {
        let queue = try TestQueue(durability: durability)
        try queue.fill(TestQueue.posts(30))
        let other = try queue.another()
        for claim in try other.claim(reviewer: "ann", count: 20) {
            _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        }
        _ = try other.undo(reviewer: "ann")
        #expect(try queue.store.stats().items == QueueStats.Counts(pending: 11, leased: 0, decided: 19))
        #expect(try queue.store.export(to: queue.folder + "/out").rows == 19)
        #expect(try other.auditVerify().decisions == 21)
    }

    @Test("Six connections claim and decide at once: every item is decided once", arguments: both)
    func contention(durability: Durability) async throws {
        let queue = try TestQueue(durability: durability)
        try queue.fill(TestQueue.posts(60))
        let receipts = try await withThrowingTaskGroup(of: [DecisionReceipt].self) { group in
            for reviewer in 0..<6 {
                let store = try queue.another()
                group.addTask {
                    var mine: [DecisionReceipt] = []
                    while let claim = try store.claim(reviewer: "r\(reviewer)").first {
                        mine.append(
                            try store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .escalate)))
                    }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(receipts.count == 60 && Set(receipts.map(\.item)).count == 60)
        #expect(Set(receipts.map(\.hash)).count == 60)
        #expect(try queue.store.auditVerify().decisions == 60)
    }

    @Test("A reader in the middle of a page does not make a writer fail", arguments: both)
    func readerAndWriter(durability: Durability) async throws {
        let queue = try TestQueue(durability: durability)
        try queue.fill(TestQueue.posts(10))
        let other = try queue.another()
        let (started, start) = AsyncStream<Void>.makeStream()
        async let slow: Void = other.read { db in
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM work")
            start.finish()
            usleep(200_000)
        }
        for await _ in started {}
        #expect(try queue.store.claim(reviewer: "ann").count == 1)
        try await slow
    }
}
