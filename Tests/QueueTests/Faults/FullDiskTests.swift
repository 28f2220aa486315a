import CFaultVFS
import Foundation
import GRDB
import Testing

@testable import Queue

/// Writes and syncs that fail, at every call where they can: nothing is half-written, and the queue goes on afterwards.
@Suite struct FullDiskTests {
    private static let both = JournalTests.both

    private struct Fault: CustomStringConvertible {
        var target: fault_target
        var code: ResultCode
        var sentence: String
        /// Whether the refusal says for certain that nothing was recorded.
        var isCertain: Bool
        var description: String { "\(code)" }
    }

    private static let faults = [
        Fault(target: FAULT_WRITES, code: .SQLITE_FULL, sentence: "disk is full", isCertain: true),
        Fault(target: FAULT_WRITES, code: .SQLITE_IOERR, sentence: "disk failed", isCertain: false),
        Fault(target: FAULT_WRITES, code: .SQLITE_READONLY, sentence: "read-only", isCertain: true),
        Fault(target: FAULT_SYNCS, code: .SQLITE_IOERR, sentence: "disk failed", isCertain: false),
    ]

    @Test("A verdict that the disk refuses is recorded whole or not at all, whichever call fails", arguments: both)
    func decide(durability: Durability) throws {
        for fault in Self.faults {
            let queue = try TestQueue(durability: durability)
            try queue.fill(TestQueue.posts(40))
            let (disk, store) = try recorded(queue)
            var refusals = 0
            // Let one call succeed, then two, and so on, until the transaction comes through: every place has failed.
            for calls in 0..<40 {
                let claim = try #require(try store.claim(reviewer: "ann").first)
                let before = try store.auditVerify()
                disk.fail(fault.target, after: calls, with: fault.code.rawValue)
                let draft = DecisionDraft(verdict: .allow)
                let result = Result { try store.decide(token: claim.lease.token, draft: draft) }
                disk.fail(fault.target, with: 0)
                switch result {
                case .success:
                    #expect(try store.auditVerify().decisions == before.decisions + 1)
                case .failure(let error):
                    refusals += 1
                    #expect("\(error)".contains(fault.sentence), "\(fault) after \(calls): \(error)")
                    #expect("\(error)".contains("nothing was recorded") == fault.isCertain)
                    let after = try store.auditVerify()
                    #expect(after.isIntact)
                    if after == before {
                        // The lease still holds, so the reviewer loses no work.
                        _ = try store.decide(token: claim.lease.token, draft: draft)
                    } else {
                        // The last sync failed, behind the commit point: whole, and the message said so.
                        #expect(!fault.isCertain && after.decisions == before.decisions + 1)
                    }
                }
                if case .success = result { break }
            }
            #expect(refusals > 0, "\(fault) never struck")
            #expect(try store.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
            #expect(try store.auditVerify().isIntact)
        }
    }

    @Test(
        "A disk that fills up during ingestion keeps whole batches; the same file can be taken in again",
        arguments: both)
    func ingest(durability: Durability) throws {
        let queue = try TestQueue(durability: durability)
        try queue.fill(TestQueue.posts(10))
        let (disk, store) = try recorded(queue)
        let path = try queue.write("more.jsonl", TestQueue.posts(3000).map(\.text).joined(separator: "\n"))
        disk.fail(FAULT_WRITES, after: 400, with: ResultCode.SQLITE_FULL.rawValue)
        #expect(refusal { _ = try store.ingest(.jsonLines(path: path)) }.contains("disk is full"))
        disk.fail(FAULT_WRITES, with: 0)
        let kept = try store.stats().items.pending
        #expect(kept < 3000 && (kept == 10 || kept.isMultiple(of: 1000)), "\(kept)")
        #expect(try store.auditVerify().isIntact)
        #expect(try store.ingest(.jsonLines(path: path)).added == 3000 - kept)
        #expect(try store.stats().items.pending == 3000)
    }

    /// A store all of whose connections are recorded.
    private func recorded(_ queue: TestQueue) throws -> (RecordedDisk, QueueStore) {
        try #require(fault_vfs_register() == 1)
        try queue.store.database.close()
        let disk = try RecordedDisk(folder: queue.folder)
        return (disk, try queue.another())
    }
}
