import Crypto
import Foundation
import GRDB

extension QueueStore {
    /// Walks the whole chain and holds every decision, head and adoption against its event.
    ///
    /// Reads a thousand rows at a time, so writers wait for none of it; what is appended meanwhile is walked too.
    ///
    /// - parameter checkpoints: Heads kept elsewhere, whose signatures were checked (``Checkpoint/init(file:trusting:)``
    ///   does that). The chain must still hold exactly these events.
    /// - throws: ``QueueError/usage(_:)`` for a checkpoint of another queue. A broken chain throws nothing: see
    ///   ``AuditReport/faults``.
    public func auditVerify(against checkpoints: [Checkpoint] = []) throws -> AuditReport {
        if let other = checkpoints.first(where: { $0.queue != auditName }) {
            throw QueueError.usage("The checkpoint of \(other.time.rfc3339) was made of another queue: check the path.")
        }
        var walk = AuditWalk(checkpoints: checkpoints)
        try read { try walk.findEventsBeforeTheFirst(in: $0) }
        while try read({ try walk.step(in: $0) }) {}
        walk.end()
        try read { try walk.findStrayDecisions(in: $0) }
        try read { try walk.findStrayHeads(in: $0) }
        return AuditReport(
            events: walk.events, decisions: walk.decisions, erased: walk.erased, head: walk.previous.hex,
            checkpoints: walk.checkpointsHeld, faults: walk.faults)
    }
}

private struct AuditWalk {
    private(set) var events = 0
    private(set) var decisions = 0
    private(set) var erased = 0
    private(set) var checkpointsHeld = 0
    private(set) var previous = AuditChain.origin
    private(set) var faults: [AuditReport.Fault] = []

    private let checkpoints: [Checkpoint]
    private var lastSeq: Int64 = 0
    /// Whether the event before has a fault: that the next one does not follow it is no news then.
    private var lastIsFaulty = false
    /// Decisions whose item has no key any more, by `seq`, until an erasure further on accounts for them.
    private var unaccounted: Set<Int64> = []

    init(checkpoints: [Checkpoint]) { self.checkpoints = checkpoints }

    private mutating func blame(_ table: AuditReport.Fault.Table, _ row: Int64, _ reason: String) {
        if faults.count < AuditReport.faultLimit { faults.append(AuditReport.Fault(table, row, reason)) }
    }

    // MARK: - Events

    mutating func findEventsBeforeTheFirst(in db: Database) throws {
        for seq in try Int64.fetchAll(db, sql: "SELECT seq FROM audit_event WHERE seq < 1 ORDER BY seq LIMIT 100") {
            blame(.auditEvent, seq, "it was put in: the first event is number 1")
        }
    }

    /// Walks the next thousand events; false at the end.
    mutating func step(in db: Database) throws -> Bool {
        // Text as blobs: read as C strings, what was put behind a NUL would not be seen.
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT seq, time, CAST(kind AS BLOB) AS kind, CAST(body AS BLOB) AS body, previous, hash
                FROM audit_event WHERE seq > ? ORDER BY seq LIMIT 1000
                """, arguments: [lastSeq])
        var count = 0
        while let row = try rows.next() {
            count += 1
            try visit(row, in: db)
        }
        return count == 1000
    }

    private mutating func visit(_ row: Row, in db: Database) throws {
        let seq: Int64 = row["seq"]
        let hash: Data = row["hash"]
        let kind = String(decoding: row["kind"] as Data, as: UTF8.self)
        let body = String(decoding: row["body"] as Data, as: UTF8.self)
        let isNext = seq == lastSeq + 1
        if !isNext {
            let last = seq - 1 > lastSeq + 1 ? ", and those after it up to event \(seq - 1)" : ""
            blame(.auditEvent, lastSeq + 1, "it is missing\(last)")
        }
        let covered = AuditChain.hash(
            seq: seq, time: row["time"], kind: kind, body: body, previous: row["previous"])
        let holds = covered == hash
        if !holds {
            blame(.auditEvent, seq, "its content is not what its hash covers: it was changed, moved or put in")
        } else if isNext, !lastIsFaulty, row["previous"] as Data != previous {
            // This event is covered by its own hash, so the one before it is not the one that it was chained to.
            blame(
                .auditEvent, max(1, seq - 1),
                seq == 1
                    ? "it is not the first event of a chain"
                    : "event \(seq) follows another one: this one was changed and its hash computed anew")
        }
        check(hash, ofEvent: seq)
        (lastSeq, previous, lastIsFaulty) = (seq, hash, !holds)
        guard holds else { return }
        events += 1
        switch kind {
        case "decision", "undo": try checkDecision(ofEvent: seq, body: body, isUndo: kind == "undo", in: db)
        case "erase", "purge": try checkErasure(ofEvent: seq, body: body, in: db)
        case "head": try checkHead(ofEvent: seq, body: body, in: db)
        case "adoption", "reversion": try checkAdoptions(ofEvent: seq, body: body, in: db)
        default: break
        }
    }

    private mutating func check(_ hash: Data, ofEvent seq: Int64) {
        for checkpoint in checkpoints where checkpoint.event == seq {
            if hash.hex == checkpoint.hash {
                checkpointsHeld += 1
            } else {
                blame(
                    .auditEvent, seq,
                    """
                    it is not the event of the checkpoint of \(checkpoint.time.rfc3339): the chain was computed anew \
                    here or before
                    """)
            }
        }
    }

    /// What can be told only when the last event was seen.
    mutating func end() {
        for checkpoint in checkpoints where checkpoint.event > lastSeq {
            blame(
                .auditEvent, lastSeq + 1,
                """
                it is missing: the checkpoint of \(checkpoint.time.rfc3339) was made at event \(checkpoint.event), so \
                the end of the chain was cut off
                """)
        }
        for seq in unaccounted.sorted() {
            blame(.decision, seq, "the key of its item is gone, and no erasure in the chain accounts for that")
        }
    }

    // MARK: - Decisions

    private static let rowColumns = """
        \(DecisionRow.columns), d.seq, i.subject_key,
        instr(CAST(d.id || d.reviewer || coalesce(d.verdict, '') || d.policies || d.labels || coalesce(d.note, '')
            || d.scores || d.shown || coalesce(d.statement, '') || coalesce(d.mined, '') AS BLOB), x'00') > 0 AS has_nul
        """

    private mutating func checkDecision(ofEvent event: Int64, body: String, isUndo: Bool, in db: Database) throws {
        let body = try? JSONValue(parsing: body)
        let statement = try db.cachedStatement(
            sql: "SELECT \(Self.rowColumns) FROM decision d JOIN item i ON i.seq = d.item WHERE d.event = ?")
        guard let row = try Row.fetchOne(statement, arguments: [event]) else {
            return blame(.auditEvent, event, "the decision it records is gone")
        }
        let seq: Int64 = row["seq"]
        let decision = DecisionRow(row)
        guard body?["decision"]?.string == decision.id, (decision.verdict == nil) == isUndo else {
            return blame(.decision, seq, "event \(event) records another decision")
        }
        guard !(row["has_nul"] as Bool) else {
            return blame(.decision, seq, "it holds a NUL, which no decision is recorded with")
        }
        guard let key = row["subject_key"] as Data? else {
            unaccounted.insert(seq)
            return
        }
        let commitment = AuditChain.commitment(to: decision.canonicalText, key: key).hex
        guard body?["commitment"]?.string == commitment else {
            return blame(.decision, seq, "it is not what event \(event) commits to")
        }
        decisions += 1
    }

    /// Holds what an erasure left of the decisions on its items against what its event says is left.
    private mutating func checkErasure(ofEvent event: Int64, body: String, in db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "SELECT \(Self.rowColumns) FROM decision d JOIN item i ON i.seq = d.item WHERE d.seq = ?")
        for (seq, digest) in ErasedDecisions.parse(body) where unaccounted.remove(seq) != nil {
            guard let row = try Row.fetchOne(statement, arguments: [seq]),
                ErasedDecisions.digest(of: DecisionRow(row)) == digest
            else {
                blame(.decision, seq, "it is not what the erasure of event \(event) left of it")
                continue
            }
            erased += 1
        }
    }

    /// A decision that no event of the chain records was put in from outside.
    mutating func findStrayDecisions(in db: Database) throws {
        let seqs = try Int64.fetchAll(
            db,
            sql: """
                SELECT d.seq FROM decision d LEFT JOIN audit_event e ON e.seq = d.event
                WHERE e.seq IS NULL OR e.seq < 1 OR e.kind NOT IN ('decision', 'undo') ORDER BY d.seq LIMIT 100
                """)
        for seq in seqs { blame(.decision, seq, "no event records it") }
    }

    // MARK: - Heads

    private mutating func checkHead(ofEvent event: Int64, body: String, in db: Database) throws {
        let statement = try db.cachedStatement(sql: "SELECT \(HeadRow.columns), seq FROM head WHERE event = ?")
        guard let row = try Row.fetchOne(statement, arguments: [event]) else {
            return blame(.auditEvent, event, "the head it records is gone")
        }
        if (try? JSONValue(parsing: body))?["digest"]?.string != HeadRow(row).digest {
            blame(.head, row["seq"], "it is not what event \(event) commits to")
        }
    }

    private mutating func checkAdoptions(ofEvent event: Int64, body: String, in db: Database) throws {
        let rows = try AdoptionRow.rows(ofEvent: event, in: db)
        guard let first = rows.first else {
            return blame(.auditEvent, event, "the adoptions it records are gone")
        }
        if (try? JSONValue(parsing: body))?["digest"]?.string != AdoptionRow.digest(of: rows) {
            blame(.headAdoption, first.seq, "it and its like are not what event \(event) commits to")
        }
    }

    /// A head or an adoption that no event of the chain records was put in from outside.
    mutating func findStrayHeads(in db: Database) throws {
        for (table, kinds) in [
            (AuditReport.Fault.Table.head, "'head'"), (.headAdoption, "'adoption', 'reversion'"),
        ] {
            let seqs = try Int64.fetchAll(
                db,
                sql: """
                    SELECT t.seq FROM \(table.rawValue) t LEFT JOIN audit_event e ON e.seq = t.event
                    WHERE e.seq IS NULL OR e.seq < 1 OR e.kind NOT IN (\(kinds)) ORDER BY t.seq LIMIT 100
                    """)
            for seq in seqs { blame(table, seq, "no event records it") }
        }
    }
}
