/// What a walk along the chain found.
public struct AuditReport: Sendable, Hashable {
    /// A row that is not as it was written.
    public struct Fault: Sendable, Hashable {
        public enum Table: String, Sendable {
            case auditEvent = "audit_event"
            case decision, head
            case headAdoption = "head_adoption"
        }

        public var table: Table
        /// The row's `seq`; of a row that is missing, the one it had.
        public var row: Int64
        public var reason: String

        init(_ table: Table, _ row: Int64, _ reason: String) {
            self.table = table
            self.row = row
            self.reason = reason
        }
    }

    /// Events that hold.
    public var events: Int
    /// Decisions and undos that agree with their events.
    public var decisions: Int
    /// Decisions on erased items: what an erasure left of them is as the erasure's event says.
    public var erased: Int
    /// Hash of the last event, 64 hex digits. A chain that was cut off at the end or computed anew from the start looks
    /// whole to itself: only a ``Checkpoint`` kept elsewhere tells.
    public var head: String
    /// The checkpoints whose events the chain still holds, of those it was held against.
    public var checkpoints: Int
    /// In the order of the walk, at most ``faultLimit`` of them. One change can have several: a dropped event leaves its
    /// decision without one.
    public var faults: [Fault]

    /// A report lists no more faults than this.
    public static let faultLimit = 100

    /// The first fault.
    public var fault: Fault? { faults.first }

    public var isIntact: Bool { faults.isEmpty }

    /// What `audit verify --json` prints.
    public var json: JSONValue {
        let faults = self.faults.map { fault -> JSONValue in
            ["table": .string(fault.table.rawValue), "row": .integer(fault.row), "reason": .string(fault.reason)]
        }
        return [
            "intact": .bool(isIntact), "events": .integer(Int64(events)), "decisions": .integer(Int64(decisions)),
            "erased": .integer(Int64(erased)), "head": .string(head), "checkpoints": .integer(Int64(checkpoints)),
            "fault": faults.first ?? .null, "faults": .array(faults),
        ]
    }
}
