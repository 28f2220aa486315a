import Crypto
import Foundation
import GRDB
import Testing

@testable import Queue

/// What somebody with the file in hand can do, and what the walk says about it.
@Suite struct AuditTests {
    /// Three decisions and an undo: events 1 (policies), 2 (ingest), 3 (lease), 4 to 7.
    private func decided() throws -> TestQueue {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(3))
        for claim in try queue.store.claim(reviewer: "ann", count: 3, rules: ClaimRules(sampleShare: 0)) {
            _ = try queue.store.decide(
                token: claim.lease.token, draft: DecisionDraft(verdict: .remove, policies: ["hate"], note: "n"))
        }
        _ = try queue.store.undo(reviewer: "ann")
        return queue
    }

    private func tamper(_ queue: TestQueue, _ sql: String) throws {
        try queue.store.database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            for trigger in [
                "audit_event_kept", "audit_event_fixed", "decision_kept", "decision_fixed", "decision_statement_fixed",
            ] {
                try db.execute(sql: "DROP TRIGGER IF EXISTS \(trigger)")
            }
            try db.execute(sql: sql)
        }
    }

    @Test("An untouched chain holds, and its head is the last receipt's hash")
    func intact() throws {
        let queue = try decided()
        let report = try queue.store.auditVerify()
        #expect(report.isIntact && report.events == 7 && report.decisions == 4 && report.erased == 0)
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
            ("UPDATE audit_event SET time = time + 1 WHERE seq = 5", "audit_event", 5),
            ("UPDATE audit_event SET hash = zeroblob(32) WHERE seq = 4", "audit_event", 4),
            ("DELETE FROM audit_event WHERE seq = 4", "audit_event", 4),
            ("DELETE FROM audit_event WHERE seq = 1", "audit_event", 1),
            (
                """
                UPDATE audit_event SET seq = -1 WHERE seq = 4; UPDATE audit_event SET seq = 4 WHERE seq = 5;
                UPDATE audit_event SET seq = 5 WHERE seq = -1
                """, "audit_event", 4
            ),
            (
                "INSERT INTO audit_event SELECT 8, time, 'test', '{}', hash, zeroblob(32) FROM audit_event WHERE seq = 7",
                "audit_event", 8
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
            ("DELETE FROM decision WHERE seq = 2", "audit_event", 5),
            ("UPDATE decision SET event = -event WHERE seq = 2", "audit_event", 5),
            (
                """
                INSERT INTO decision SELECT 9, 'new', item, item_digest, 'ben', decided_at, 'allow', '[]', '{}', NULL, NULL,
                    NULL, '[]', '{}', NULL, taxonomy, NULL, 99, NULL, NULL, NULL FROM decision WHERE seq = 1
                """, "decision", 9
            ),
            (
                """
                INSERT INTO decision SELECT 9, 'new', item, item_digest, 'ben', decided_at, 'allow', '[]', '{}', NULL, NULL,
                    NULL, '[]', '{}', NULL, taxonomy, NULL, 2, NULL, NULL, NULL FROM decision WHERE seq = 1
                """, "decision", 9
            ),
            ("UPDATE item SET subject_key = zeroblob(32) WHERE seq = 1", "decision", 1),
            (
                "INSERT INTO audit_event SELECT -1, time, 'test', '{}', hash, hash FROM audit_event WHERE seq = 7",
                "audit_event", -1
            ),
            ("UPDATE audit_event SET seq = seq + 1 WHERE seq = 7", "audit_event", 7),
            ("UPDATE audit_event SET body = body || char(0) || 'x' WHERE seq = 2", "audit_event", 2),
            ("UPDATE decision SET note = note || char(0) || 'x' WHERE seq = 2", "decision", 2),
            ("UPDATE decision SET policies = policies || char(0) WHERE seq = 2", "decision", 2),
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

    @Test("A key that went without an erasure is a fault: else anybody could hide a change behind one")
    func erasedKey() throws {
        let queue = try decided()
        try tamper(
            queue,
            "UPDATE item SET subject_key = NULL WHERE seq = 1; UPDATE decision SET verdict = 'allow' WHERE seq = 1")
        let report = try queue.store.auditVerify()
        #expect(report.faults.map(\.row) == [1] && report.fault?.table == .decision && report.erased == 0)
    }

    @Test("Every fault is told, not only the first, up to a limit")
    func allFaults() throws {
        let queue = try decided()
        try tamper(
            queue,
            """
            UPDATE decision SET verdict = 'allow' WHERE seq IN (1, 3); UPDATE audit_event SET kind = 'x' WHERE seq = 2
            """)
        let faults = try queue.store.auditVerify().faults
        #expect(faults.map { "\($0.table.rawValue) \($0.row)" } == ["audit_event 2", "decision 1", "decision 3"])
        try tamper(queue, "UPDATE audit_event SET seq = seq + 1000 WHERE seq > 2")
        let missing = try queue.store.auditVerify().faults[1]
        #expect(missing.row == 3 && missing.reason.contains("up to event 1002"), "\(missing)")
        try queue.store.database.write { db in
            for _ in 0..<200 { try AuditChain.append(kind: "test", body: [:], in: db, at: TestQueue.start) }
        }
        try tamper(queue, "UPDATE audit_event SET time = 1")
        #expect(try queue.store.auditVerify().faults.count == AuditReport.faultLimit)
    }

    @Test("An event whose hash was computed anew is named itself, not the one after it")
    func recomputedEvent() throws {
        let queue = try decided()
        try tamper(queue, try rehashed(2, kind: "ingest", body: "{}", in: queue))
        let faults = try queue.store.auditVerify().faults
        #expect(faults.map(\.row) == [2] && faults[0].reason.contains("computed anew"), "\(faults)")
    }

    /// SQL that gives an event another body and the hash that belongs to it.
    private func rehashed(_ seq: Int64, kind: String, body: String, in queue: TestQueue) throws -> String {
        let row = try #require(
            try queue.store.read {
                try Row.fetchOne($0, sql: "SELECT time, previous FROM audit_event WHERE seq = ?", arguments: [seq])
            })
        let hash = AuditChain.hash(seq: seq, time: row["time"], kind: kind, body: body, previous: row["previous"])
        return "UPDATE audit_event SET kind = '\(kind)', body = '\(body)', hash = x'\(hash.hex)' WHERE seq = \(seq)"
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
        #expect(bodies.count == 3)
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
