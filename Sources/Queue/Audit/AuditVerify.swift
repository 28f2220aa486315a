import Crypto
import Foundation
import GRDB

/// What a walk along the chain found.
public struct AuditReport: Sendable, Hashable {
    /// The first row that is not as it was written.
    public struct Fault: Sendable, Hashable {
        public enum Table: String, Sendable { case auditEvent = "audit_event", decision }

        public var table: Table
        /// The row's `seq`.
        public var row: Int64
        public var reason: String
    }

    /// Events that hold, counted from the first.
    public var events: Int
    /// Decisions and undos that agree with their events.
    public var decisions: Int
    /// Decisions whose key was erased: their events hold and say nothing.
    public var erased: Int
    /// Hash of the last event, 64 hex digits: write it down elsewhere, since a chain that was cut off at the end or
    /// computed anew from the start looks whole to itself.
    public var head: String
    public var fault: Fault?

    public var isIntact: Bool { fault == nil }

    /// What `audit verify --json` prints.
    public var json: JSONValue {
        let fault: JSONValue =
            self.fault.map {
                ["table": .string($0.table.rawValue), "row": .integer($0.row), "reason": .string($0.reason)]
            } ?? .null
        return [
            "intact": .bool(isIntact), "events": .integer(Int64(events)), "decisions": .integer(Int64(decisions)),
            "erased": .integer(Int64(erased)), "head": .string(head), "fault": fault,
        ]
    }
}

extension QueueStore {
    /// Walks the whole chain and holds every decision row against its event.
    ///
    /// Reads a thousand rows at a time, so writers wait for none of it; what is appended meanwhile is walked too.
    public func auditVerify() throws -> AuditReport {
        var walk = AuditWalk()
        while try read({ try walk.step(in: $0) }) {}
        if walk.fault == nil { try read { try walk.findStrayDecision(in: $0) } }
        return AuditReport(
            events: walk.events, decisions: walk.decisions, erased: walk.erased, head: walk.previous.hex,
            fault: walk.fault)
    }
}

private struct AuditWalk {
    var events = 0
    var decisions = 0
    var erased = 0
    var previous = AuditChain.origin
    var fault: AuditReport.Fault?
    private var lastSeq: Int64 = 0

    /// Walks the next thousand events; false at the end or at a fault.
    mutating func step(in db: Database) throws -> Bool {
        let rows = try Row.fetchCursor(
            db,
            sql: "SELECT seq, time, kind, body, previous, hash FROM audit_event WHERE seq > ? ORDER BY seq LIMIT 1000",
            arguments: [lastSeq])
        var count = 0
        while let row = try rows.next() {
            count += 1
            let seq: Int64 = row["seq"]
            if let reason = try reason(against: row, seq: seq) {
                fault = AuditReport.Fault(table: .auditEvent, row: seq, reason: reason)
                return false
            }
            events += 1
            lastSeq = seq
            previous = row["hash"]
            let kind: String = row["kind"]
            if kind == "decision" || kind == "undo" {
                try checkDecision(ofEvent: seq, body: row["body"], isUndo: kind == "undo", in: db)
                if fault != nil { return false }
            }
        }
        return count == 1000
    }

    private func reason(against row: Row, seq: Int64) throws -> String? {
        if seq != lastSeq + 1 { return "event \(lastSeq + 1) is missing before it" }
        if row["previous"] as Data != previous { return "it does not follow the event before it" }
        let hash = AuditChain.hash(
            seq: seq, time: row["time"], kind: row["kind"], body: row["body"], previous: row["previous"])
        return hash == row["hash"] as Data ? nil : "its content is not what its hash covers"
    }

    private mutating func checkDecision(ofEvent event: Int64, body: String, isUndo: Bool, in db: Database) throws {
        let body = try? JSONValue(parsing: body)
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(DecisionRow.columns), d.seq, i.subject_key FROM decision d JOIN item i ON i.seq = d.item
                WHERE d.event = ?
                """)
        guard let row = try Row.fetchOne(statement, arguments: [event]) else {
            fault = AuditReport.Fault(table: .auditEvent, row: event, reason: "the decision it records is gone")
            return
        }
        let seq: Int64 = row["seq"]
        let decision = DecisionRow(row)
        guard body?["decision"]?.string == decision.id, (decision.verdict == nil) == isUndo else {
            fault = AuditReport.Fault(table: .decision, row: seq, reason: "event \(event) records another decision")
            return
        }
        guard let key = row["subject_key"] as Data? else {
            erased += 1
            return
        }
        let commitment = AuditChain.commitment(to: decision.canonicalText, key: key).hex
        guard body?["commitment"]?.string == commitment else {
            fault = AuditReport.Fault(table: .decision, row: seq, reason: "it is not what event \(event) commits to")
            return
        }
        decisions += 1
    }

    /// A decision that no event of the chain records was put in from outside.
    mutating func findStrayDecision(in db: Database) throws {
        let seq = try Int64.fetchOne(
            db,
            sql: """
                SELECT min(d.seq) FROM decision d LEFT JOIN audit_event e ON e.seq = d.event
                WHERE e.seq IS NULL OR e.kind NOT IN ('decision', 'undo')
                """)
        if let seq {
            fault = AuditReport.Fault(table: .decision, row: seq, reason: "no event records it")
        }
    }
}
