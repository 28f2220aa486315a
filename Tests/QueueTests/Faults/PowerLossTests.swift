import CFaultVFS
import Foundation
import GRDB
import Testing

@testable import Queue

/// What a power cut leaves, in both journal modes: see ``RecordedDisk`` for what it may do.
@Suite struct PowerLossTests {
    private static let both = JournalTests.both

    /// A verdict or undo, and the moment after which it may not be lost.
    private struct Acknowledged {
        var decision: String
        var position: Int
    }

    @Test("No power cut loses or halves an acknowledged verdict, whatever it does to unsynced writes", arguments: both)
    func nothingLost(durability: Durability) throws {
        let queue = try TestQueue(durability: durability)
        try queue.fill(TestQueue.posts(12))
        let (disk, acknowledged) = try work(on: queue, synchronous: "FULL")
        #expect(acknowledged.count == 24)
        #expect(disk.count(of: FAULT_WRITE) > 100 && disk.count(of: FAULT_SYNC) > 30)
        let faults = try cut(disk, acknowledged, of: queue, images: 150)
        #expect(faults.isEmpty, "\(faults.count) of 150: \(faults.prefix(3))")
    }

    @Test("The test can fail: with synchronous off the same cuts lose verdicts or damage the file", arguments: both)
    func finds(durability: Durability) throws {
        let queue = try TestQueue(durability: durability)
        try queue.fill(TestQueue.posts(12))
        let (disk, acknowledged) = try work(on: queue, synchronous: "OFF")
        #expect(try !cut(disk, acknowledged, of: queue, images: 40).isEmpty)
    }

    @Test("A power cut while a queue is made leaves a queue, or a place where init makes one", arguments: both)
    func duringCreation(durability: Durability) throws {
        let folder = try TestQueue.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let disk = try RecordedDisk(folder: folder)
        let taxonomy = try TestQueue.defaultTaxonomy()
        _ = try QueueStore.create(
            at: folder + "/queue.sqlite", taxonomy: taxonomy, durability: durability, clock: { TestQueue.start })
        let made = disk.position
        try #require(made > 5)
        var generator = SplitMix64(seed: 7)
        for image in 0..<80 {
            let target = "\(folder)/image-\(image)"
            try disk.layOut(after: made * image / 79, in: target, using: &generator)
            let again = try QueueStore.create(
                at: target + "/queue.sqlite", taxonomy: taxonomy, durability: durability, clock: { TestQueue.start })
            #expect(try again.auditVerify().isIntact && again.taxonomy().name == taxonomy.name)
        }
    }

    // MARK: - Working and cutting

    /// Claims, decides and undoes, and notes after which operation each was acknowledged.
    private func work(on queue: TestQueue, synchronous: String) throws -> (RecordedDisk, [Acknowledged]) {
        try #require(fault_vfs_register() == 1)
        try queue.store.database.close()
        let disk = try RecordedDisk(folder: queue.folder)
        // Opened anew: connections that were open before the recording began are not in it.
        let store = try queue.another()
        try store.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = \(synchronous)") }
        var acknowledged: [Acknowledged] = []
        for round in 0..<8 {
            for claim in try store.claim(reviewer: "ann", count: 2) {
                let draft = DecisionDraft(verdict: .remove, policies: ["hate"], note: "round \(round)")
                let receipt = try store.decide(token: claim.lease.token, draft: draft)
                acknowledged.append(Acknowledged(decision: receipt.decision, position: disk.position))
            }
            let undone = try store.undo(reviewer: "ann")
            acknowledged.append(Acknowledged(decision: undone.receipt.decision, position: disk.position))
        }
        return (disk, acknowledged)
    }

    /// Cuts the power at moments spread over the recording; returns what was wrong with the queue afterwards.
    private func cut(
        _ disk: RecordedDisk, _ acknowledged: [Acknowledged], of queue: TestQueue, images: Int
    ) throws -> [String] {
        var generator = SplitMix64(seed: 20_261_124)
        var faults: [String] = []
        let end = disk.position
        for image in 0..<images {
            // Half of the cuts fall right after an acknowledgement, where there is most to lose.
            let position =
                image.isMultiple(of: 2)
                ? acknowledged[Int.random(in: acknowledged.indices, using: &generator)].position
                : Int.random(in: 0...end, using: &generator)
            let target = try TestQueue.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: target) }
            try disk.layOut(after: position, in: target, using: &generator)
            let kept = acknowledged.filter { $0.position <= position }
            do {
                if let fault = try fault(in: target + "/queue.sqlite", queue.store.durability, kept: kept) {
                    faults.append("cut after operation \(position): \(fault)")
                }
            } catch {
                faults.append("cut after operation \(position): \(error)")
            }
        }
        return faults
    }

    private func fault(in path: String, _ durability: Durability, kept: [Acknowledged]) throws -> String? {
        let store = try QueueStore.open(at: path, durability: durability, clock: { TestQueue.start })
        let (integrity, strays, ids) = try store.read { db in
            (
                try String.fetchOne(db, sql: "PRAGMA integrity_check"),
                try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count,
                try String.fetchSet(db, sql: "SELECT id FROM decision")
            )
        }
        if integrity != "ok" || strays != 0 { return "integrity_check: \(integrity ?? ""), \(strays) strays" }
        let report = try store.auditVerify()
        if !report.isIntact { return "the chain is broken: \(report)" }
        // An event without its row, or a row without its event, would be half a verdict: the walk above finds both.
        if report.decisions != ids.count { return "\(ids.count) rows, \(report.decisions) events" }
        if let lost = kept.first(where: { !ids.contains($0.decision) }) { return "acknowledged \(lost) is lost" }
        return nil
    }
}
