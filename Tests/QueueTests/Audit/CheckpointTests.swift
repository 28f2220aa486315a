import Foundation
import GRDB
import Testing

@testable import Queue

/// What only a head kept elsewhere can tell.
@Suite struct CheckpointTests {
    private let key = AuditKey()

    /// A queue with two decisions and a checkpoint after them.
    private func checkpointed() throws -> (queue: TestQueue, kept: Checkpoint) {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(3))
        try decide(in: queue)
        try decide(in: queue)
        let path = queue.folder + "/head.json"
        try queue.store.checkpoint(signedWith: key).write(to: path)
        return (queue, try Checkpoint(file: path, trusting: key.publicKey))
    }

    private func decide(in queue: TestQueue) throws {
        let claim = try #require(try queue.store.claim(reviewer: "ann", rules: ClaimRules(sampleShare: 0)).first)
        _ = try queue.store.decide(
            token: claim.lease.token, draft: DecisionDraft(verdict: .remove, policies: ["hate"]))
    }

    /// Runs SQL as somebody who drops the triggers first and puts them back after.
    private func forge(_ queue: TestQueue, _ body: (Database) throws -> Void) throws {
        try queue.store.database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            for trigger in try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'") {
                try db.execute(sql: "DROP TRIGGER \(trigger)")
            }
            try body(db)
        }
    }

    @Test("The making of a checkpoint is the event that it signs, and the chain goes on from there")
    func holds() throws {
        let (queue, kept) = try checkpointed()
        try decide(in: queue)
        let report = try queue.store.auditVerify(against: [kept])
        #expect(report.isIntact && report.checkpoints == 1)
        let kind = try queue.store.read {
            try String.fetchOne($0, sql: "SELECT kind FROM audit_event WHERE seq = ?", arguments: [kept.event])
        }
        #expect(kind == "checkpoint" && report.events == Int(kept.event) + 2)
    }

    @Test("A tail cut off with its decisions is seen only against the checkpoint")
    func cutTail() throws {
        let (queue, kept) = try checkpointed()
        try forge(queue) { db in
            try db.execute(sql: "DELETE FROM decision WHERE seq = 2; DELETE FROM audit_event WHERE seq > 4")
        }
        let alone = try queue.store.auditVerify()
        #expect(alone.isIntact && alone.decisions == 1)
        let fault = try #require(try queue.store.auditVerify(against: [kept]).fault)
        #expect(fault.table == .auditEvent && fault.row == 5 && fault.reason.contains("cut off"), "\(fault)")
    }

    @Test("A chain computed anew from the start is seen only against the checkpoint")
    func recomputed() throws {
        let (queue, kept) = try checkpointed()
        // What a forger with the file can do: turn a verdict, commit to it under the item's key, and chain it all anew.
        try forge(queue) { db in
            try db.execute(sql: "UPDATE decision SET verdict = 'allow', policies = '[]' WHERE seq = 1")
            let row = try #require(
                try Row.fetchOne(
                    db,
                    sql: """
                        SELECT \(DecisionRow.columns), d.event, i.subject_key FROM decision d
                        JOIN item i ON i.seq = d.item WHERE d.seq = 1
                        """))
            let decision = DecisionRow(row)
            let commitment = AuditChain.commitment(to: decision.canonicalText, key: row["subject_key"])
            let body: JSONValue = ["commitment": .string(commitment.hex), "decision": .string(decision.id)]
            try db.execute(
                sql: "UPDATE audit_event SET body = ? WHERE seq = ?",
                arguments: [body.canonicalText, row["event"] as Int64])
            var previous = AuditChain.origin
            for event in try Row.fetchAll(db, sql: "SELECT seq, time, kind, body FROM audit_event ORDER BY seq") {
                let hash = AuditChain.hash(
                    seq: event["seq"], time: event["time"], kind: event["kind"], body: event["body"],
                    previous: previous)
                try db.execute(
                    sql: "UPDATE audit_event SET previous = ?, hash = ? WHERE seq = ?",
                    arguments: [previous, hash, event["seq"] as Int64])
                previous = hash
            }
        }
        let alone = try queue.store.auditVerify()
        #expect(alone.isIntact && alone.decisions == 2)
        let report = try queue.store.auditVerify(against: [kept])
        #expect(report.fault?.row == kept.event && report.checkpoints == 0)
        #expect(report.fault?.reason.contains("computed anew") == true)
    }

    @Test("A checkpoint that was changed, or signed with another key, is refused")
    func signatures() throws {
        let (queue, kept) = try checkpointed()
        let text = kept.json.text
        let changed = try queue.write(
            "changed.json", text.replacingOccurrences(of: "\"event\":\(kept.event)", with: "\"event\":2"))
        #expect(refusal { _ = try Checkpoint(file: changed, trusting: key.publicKey) }.contains("changed after"))
        let path = queue.folder + "/head.json"
        #expect(refusal { _ = try Checkpoint(file: path, trusting: AuditKey().publicKey) }.contains("another key"))
        // The forger's own key inside a forged checkpoint does not help.
        let forged = try Checkpoint(
            queue: kept.queue, event: kept.event, hash: kept.hash, time: kept.time, key: AuditKey())
        try forged.write(to: queue.folder + "/forged.json")
        #expect(
            kind { _ = try Checkpoint(file: queue.folder + "/forged.json", trusting: key.publicKey) } == "rejected")
        for text in ["", "{}", "no JSON", "{\"format\":\"reviewtui-checkpoint\",\"version\":1}"] {
            let path = try queue.write("bad.json", text)
            #expect(kind { _ = try Checkpoint(file: path, trusting: key.publicKey) } == "rejected")
        }
        #expect(kind { _ = try Checkpoint(file: queue.folder + "/none", trusting: key.publicKey) } == "notFound")
    }

    @Test("A checkpoint of another queue is a mistake, not a fault of this one")
    func otherQueue() throws {
        let (_, kept) = try checkpointed()
        let other = try TestQueue()
        #expect(kind { _ = try other.store.auditVerify(against: [kept]) } == "usage")
    }

    @Test("A broken chain is not signed, nor one that does not hold an earlier checkpoint")
    func broken() throws {
        let (queue, kept) = try checkpointed()
        try forge(queue) { db in
            try db.execute(sql: "DELETE FROM decision WHERE seq = 2; DELETE FROM audit_event WHERE seq > 4")
        }
        #expect(kind { _ = try queue.store.checkpoint(signedWith: key, after: [kept]) } == "failed")
        try forge(queue) { try $0.execute(sql: "UPDATE audit_event SET time = 1 WHERE seq = 2") }
        let before = try queue.store.auditVerify().events
        #expect(kind { _ = try queue.store.checkpoint(signedWith: key) } == "failed")
        #expect(try queue.store.auditVerify().events == before)
    }

    @Test("A key file is its owner's alone, is never overwritten, and comes back as it was")
    func keyFiles() throws {
        let folder = try TestQueue.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/audit.key"
        try key.write(to: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try AuditKey(file: path).publicKey.hex == key.publicKey.hex)
        #expect(kind { try AuditKey().write(to: path) } == "usage")
        #expect(try AuditKey(file: path).publicKey.hex == key.publicKey.hex)
        try key.publicKey.write(to: path + ".pub")
        #expect(try AuditPublicKey(hexOrFile: path + ".pub").hex == key.publicKey.hex)
        #expect(try AuditPublicKey(hexOrFile: key.publicKey.hex).hex == key.publicKey.hex)
        // Neither takes the other's file: a private key must not travel as a public one.
        #expect(kind { _ = try AuditPublicKey(hexOrFile: path) } == "rejected")
        #expect(kind { _ = try AuditKey(file: folder + "/none") } == "notFound")
        chmod(path, 0o644)
        #expect(refusal { _ = try AuditKey(file: path) }.contains("chmod 600"))
    }
}
