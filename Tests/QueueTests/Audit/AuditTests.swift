import Crypto
import Foundation
import GRDB
import Testing

@testable import Queue

/// What somebody with the file in hand can do, and what the walk says about it.
@Suite struct AuditTests {
    /// Three decisions and an undo: events 1 (policies), 2 (ingest), 3 to 6.
    private func decided() throws -> TestQueue {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(3))
        for _ in 0..<3 {
            let claim = try #require(try queue.store.claim(reviewer: "ann", rules: ClaimRules(sampleShare: 0)).first)
            _ = try queue.store.decide(
                token: claim.lease.token, draft: DecisionDraft(verdict: .remove, policies: ["hate"], note: "n"))
        }
        _ = try queue.store.undo(reviewer: "ann")
        return queue
    }

    private func tamper(_ queue: TestQueue, _ sql: String) throws {
        try queue.store.database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            for trigger in ["audit_event_kept", "audit_event_fixed", "decision_kept", "decision_fixed"] {
                try db.execute(sql: "DROP TRIGGER IF EXISTS \(trigger)")
            }
            try db.execute(sql: sql)
        }
    }

    @Test("An untouched chain holds, and its head is the last receipt's hash")
    func intact() throws {
        let queue = try decided()
        let report = try queue.store.auditVerify()
        #expect(report.isIntact && report.events == 6 && report.decisions == 4 && report.erased == 0)
        #expect(try queue.store.decisions(limit: 1).first?.hash == report.head)
    }

    @Test("The keyed hash is HMAC-SHA-256, for keys of every length up to a block")
    func keyedHash() {
        for length in [1, 32, 63, 64] {
            let key = Data((0..<length).map { UInt8($0) })
            let message = Data("what the chain says".utf8)
            let ours = key.withUnsafeBytes { AuditChain.commitment(to: message, key: $0) }
            #expect(ours == Data(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key))))
        }
    }

    @Test("A chain longer than a page of the walk holds")
    func long() throws {
        let queue = try TestQueue()
        try queue.store.database.write { db in
            for number in 0..<2500 {
                try AuditChain.append(kind: "test", body: ["n": .integer(Int64(number))], in: db, at: TestQueue.start)
            }
        }
        #expect(try queue.store.auditVerify().events == 2501)
    }

    @Test(
        "Every kind of tampering is reported at its row",
        arguments: [
            ("UPDATE audit_event SET body = replace(body, 'added', 'aded') WHERE seq = 2", "audit_event", 2),
            ("UPDATE audit_event SET time = time + 1 WHERE seq = 4", "audit_event", 4),
            ("UPDATE audit_event SET hash = zeroblob(32) WHERE seq = 3", "audit_event", 3),
            ("DELETE FROM audit_event WHERE seq = 3", "audit_event", 4),
            ("DELETE FROM audit_event WHERE seq = 1", "audit_event", 2),
            (
                """
                UPDATE audit_event SET seq = -1 WHERE seq = 3; UPDATE audit_event SET seq = 3 WHERE seq = 4;
                UPDATE audit_event SET seq = 4 WHERE seq = -1
                """, "audit_event", 3
            ),
            (
                "INSERT INTO audit_event SELECT 7, time, 'test', '{}', hash, zeroblob(32) FROM audit_event WHERE seq = 6",
                "audit_event", 7
            ),
            ("UPDATE decision SET verdict = 'allow' WHERE seq = 2", "decision", 2),
            ("UPDATE decision SET verdict = NULL WHERE seq = 2", "decision", 2),
            ("UPDATE decision SET note = NULL WHERE seq = 1", "decision", 1),
            ("UPDATE decision SET policies = '[\"spam\"]' WHERE seq = 3", "decision", 3),
            ("UPDATE decision SET reviewer = 'ben' WHERE seq = 1", "decision", 1),
            ("UPDATE decision SET decided_at = decided_at - 1 WHERE seq = 1", "decision", 1),
            ("UPDATE decision SET item = 3 WHERE seq = 1", "decision", 1),
            ("UPDATE decision SET scores = '[{}]' WHERE seq = 1", "decision", 1),
            ("UPDATE decision SET supersedes = NULL WHERE seq = 4", "decision", 4),
            ("UPDATE decision SET id = 'x' WHERE seq = 2", "decision", 2),
            ("DELETE FROM decision WHERE seq = 2", "audit_event", 4),
            ("UPDATE decision SET event = -event WHERE seq = 2", "audit_event", 4),
            (
                """
                INSERT INTO decision SELECT 9, 'new', item, item_digest, 'ben', decided_at, 'allow', '[]', '{}', NULL, NULL,
                    NULL, '[]', '{}', NULL, taxonomy, NULL, 99 FROM decision WHERE seq = 1
                """, "decision", 9
            ),
            (
                """
                INSERT INTO decision SELECT 9, 'new', item, item_digest, 'ben', decided_at, 'allow', '[]', '{}', NULL, NULL,
                    NULL, '[]', '{}', NULL, taxonomy, NULL, 2 FROM decision WHERE seq = 1
                """, "decision", 9
            ),
            ("UPDATE item SET subject_key = zeroblob(32) WHERE seq = 1", "decision", 1),
        ] as [(String, String, Int64)])
    func tampering(sql: String, table: String, row: Int64) throws {
        let queue = try decided()
        try tamper(queue, sql)
        let fault = try #require(try queue.store.auditVerify().fault)
        #expect(fault.table.rawValue == table && fault.row == row, "\(fault)")
    }

    @Test("The triggers refuse to change or delete what is recorded")
    func triggers() throws {
        let queue = try decided()
        for table in ["audit_event", "decision"] {
            for sql in ["UPDATE \(table) SET seq = seq + 100", "DELETE FROM \(table)"] {
                #expect(throws: DatabaseError.self) { try queue.store.database.write { try $0.execute(sql: sql) } }
            }
        }
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("Without an item's key the chain still holds and says nothing about it")
    func erasedKey() throws {
        let queue = try decided()
        try queue.store.database.write { try $0.execute(sql: "UPDATE item SET subject_key = NULL WHERE seq = 1") }
        let report = try queue.store.auditVerify()
        #expect(report.isIntact && report.erased == 1 && report.decisions == 3)
    }

    @Test("The chain holds nothing of an item in the clear")
    func commitments() throws {
        let queue = try TestQueue()
        try queue.fill([["id": "secret-id", "text": "secret-text", "scores": [TestQueue.score("hate", 0.9)]]])
        let claim = try #require(try queue.store.claim(reviewer: "secret-reviewer").first)
        _ = try queue.store.decide(
            token: claim.lease.token, draft: DecisionDraft(verdict: .remove, policies: ["hate"], note: "secret-note"))
        let bodies = try queue.store.database.read { db in
            try String.fetchAll(db, sql: "SELECT body FROM audit_event WHERE seq > 1")
        }
        #expect(bodies.count == 2)
        for body in bodies { #expect(!body.contains("secret") && !body.contains("hate"), "\(body)") }
    }

    @Test("A look at a restricted picture is an event that names neither item nor reviewer")
    func reveal() throws {
        let queue = try decided()
        let before = try queue.store.auditVerify().events
        try queue.store.recordReveal(of: ItemID("post-1"), reviewer: "ann")
        let report = try queue.store.auditVerify()
        #expect(report.isIntact && report.events == before + 1)
        let event = try queue.store.read {
            try Row.fetchOne($0, sql: "SELECT kind, body FROM audit_event ORDER BY seq DESC LIMIT 1")
        }
        let body: String = try #require(event)["body"]
        #expect(event?["kind"] == "reveal" && !body.contains("post-1") && !body.contains("ann"))
        #expect(throws: QueueError.self) { try queue.store.recordReveal(of: ItemID("nobody"), reviewer: "ann") }
    }
}
