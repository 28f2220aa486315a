import Foundation
import GRDB

/// A verdict that an earlier snapshot may hold and that no longer stands: whoever trained on it can take it out.
struct Retraction {
    enum Reason: String {
        /// The reviewer took it back.
        case undone
        /// A later verdict took its place.
        case superseded
        /// The item was erased: delete the row, and whatever was copied of it.
        case erased
        /// The item came under a restricted policy: delete the row likewise.
        case restricted
        /// The item is found to be a near-duplicate of one in another split: take it out of its own.
        case split
    }

    /// The row of the record.
    var seq: Int64
    var decision: String
    /// Nil where the item was erased or is restricted.
    var item: String?
    var reason: Reason
    /// The decision that took its place, or took it back.
    var by: String?

    var json: JSONValue {
        [
            "decision": .string(decision), "id": .optional(item), "reason": .string(reason.rawValue),
            "by": .optional(by),
        ]
    }

    static let fileName = "retractions.jsonl"

    /// Writes ``fileName``.
    static func write(_ retractions: [Retraction], to folder: String) throws -> SnapshotEntry {
        let file = try SnapshotFile(folder: folder, name: fileName)
        try file.append(retractions.map { $0.json.text + "\n" }.joined())
        return try file.finish(rows: retractions.count)
    }
}

/// The snapshot that another one goes on from.
struct ParentSnapshot {
    var lastEvent: Int64
    /// What had left the queue by then is not in it.
    var departures: Departures
    /// SHA-256 of its manifest, which names all of its files by theirs.
    var manifest: Data

    var json: JSONValue { ["manifest_sha256": .string(manifest.hex), "last_event": .integer(lastEvent)] }
}

/// The last events by which items left snapshots other than by a verdict; 0 where there was none.
struct Departures {
    /// The last erasure.
    var erasure: Int64
    /// The last time that an item lost its split.
    var withdrawal: Int64

    init(in db: Database) throws {
        erasure =
            try Int64.fetchOne(db, sql: "SELECT max(seq) FROM audit_event WHERE kind IN ('erase', 'purge')") ?? 0
        withdrawal = try Int64.fetchOne(db, sql: "SELECT max(withdrawn) FROM split_member") ?? 0
    }

    /// Of a manifest; one that does not say is older than either.
    init(_ json: JSONValue?) {
        erasure = json?["erasure"]?.int64 ?? 0
        withdrawal = json?["withdrawal"]?.int64 ?? 0
    }

    var json: JSONValue { ["erasure": .integer(erasure), "withdrawal": .integer(withdrawal)] }
}

extension QueueStore {
    /// Reads where an earlier snapshot ended and holds it against this queue's chain.
    ///
    /// - throws: ``QueueError/usage(_:)`` where it is no snapshot of this queue, or of other items.
    func parent(at folder: String, filter: String?, rules: ExportRules) throws -> ParentSnapshot {
        let shown = Visible.text(folder, limit: 400)
        let bytes = FileManager.default.contents(atPath: folder + "/manifest.json")
        let manifest = bytes.flatMap { try? JSONValue(parsing: Array($0)) }
        guard let bytes, let manifest, manifest["format"] == "reviewtui-snapshot",
            let last = manifest["audit"]?["last"]?.int64
        else { throw QueueError.usage("\(shown) is no whole snapshot: name a folder that export wrote.") }
        let hash = try read { db in
            try Data.fetchOne(db, sql: "SELECT hash FROM audit_event WHERE seq = ?", arguments: [last])
        }
        guard let hash, manifest["audit"]?["hash"] == .string(hash.hex) else {
            throw QueueError.usage("\(shown) was exported from another queue: name a snapshot of this one.")
        }
        guard manifest["filter"]?.string == filter, manifest["min_agreement"]?.double == rules.leastAgreement else {
            let asked = [
                manifest["filter"]?.string.map { "--where '\(Visible.text($0, limit: 200))'" },
                manifest["min_agreement"]?.double.map { "--min-agreement \($0)" },
            ].compactMap { $0 }
            throw QueueError.usage(
                """
                \(shown) holds \(asked.isEmpty ? "all decisions" : "those of \(asked.joined(separator: " "))"), and what \
                is new since must be of the same: ask for that, or export without --since.
                """)
        }
        return ParentSnapshot(
            lastEvent: last, departures: Departures(manifest["departures"]), manifest: SnapshotEntry.digest(of: bytes))
    }

    /// What stood when an earlier snapshot was made and does not at an event of the chain, in the order of the record.
    ///
    /// Some of it may not be in the earlier snapshot: what a filter kept out, and what was restricted already.
    func retractions(since parent: ParentSnapshot, upTo last: Int64) throws -> [Retraction] {
        var found: [Int64: Retraction] = [:]
        for retraction in try superseded(since: parent.lastEvent, upTo: last) + unexportable(since: parent) {
            found[retraction.seq] = found[retraction.seq] ?? retraction
        }
        return found.values.sorted { $0.seq < $1.seq }
    }

    private func superseded(since first: Int64, upTo last: Int64) throws -> [Retraction] {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT d.seq, d.id, later.id AS by, later.verdict,
                        CASE WHEN w.item IS NOT NULL AND w.queue <> \(QueueCode.restricted) THEN i.id END AS item,
                        w.item IS NULL AS erased, w.queue = \(QueueCode.restricted) AS restricted
                    FROM decision later JOIN decision d ON d.seq = later.supersedes JOIN item i ON i.seq = d.item
                        LEFT JOIN work w ON w.item = d.item
                    WHERE later.event > ? AND later.event <= ? AND d.event <= ? AND d.verdict IS NOT NULL
                        AND d.review IS NOT \(ReviewRound.gold.rawValue)
                    """, arguments: [first, last, first])
            return rows.map { row in
                let reason: Retraction.Reason =
                    row["erased"]
                    ? .erased
                    : row["restricted"] ?? false
                        ? .restricted : row["verdict"] as String? == nil ? .undone : .superseded
                return Retraction(
                    seq: row["seq"], decision: row["id"], item: row["item"], reason: reason, by: row["by"])
            }
        }
    }

    /// What still stands on items that are no longer exported, or not in their split.
    private func unexportable(since parent: ParentSnapshot) throws -> [Retraction] {
        let first = parent.lastEvent
        let stood = """
            d.event <= ? AND d.verdict IS NOT NULL AND d.review IS NOT \(ReviewRound.gold.rawValue)
            AND NOT EXISTS (SELECT 1 FROM decision later WHERE later.supersedes = d.seq AND later.event <= ?)
            """
        return try read { db in
            var found: [Retraction] = []
            let erasures = try String.fetchAll(
                db, sql: "SELECT body FROM audit_event WHERE seq > ? AND kind IN ('erase', 'purge')",
                arguments: [parent.departures.erasure])
            for (seq, _) in erasures.flatMap(ErasedDecisions.parse) {
                let id = try String.fetchOne(
                    db, sql: "SELECT d.id FROM decision d WHERE d.seq = ? AND \(stood)", arguments: [seq, first, first])
                if let id { found.append(Retraction(seq: seq, decision: id, item: nil, reason: .erased, by: nil)) }
            }
            let restricted =
                try Int.fetchOne(
                    db, sql: "SELECT sum(items) FROM tally WHERE queue = \(QueueCode.restricted)") ?? 0
            if restricted > 0 {
                let rows = try Row.fetchAll(
                    db,
                    sql: """
                        SELECT d.seq, d.id FROM decision d JOIN work w ON w.item = d.item
                        WHERE w.queue = \(QueueCode.restricted) AND \(stood)
                        """, arguments: [first, first])
                found += rows.map { Retraction(seq: $0[0], decision: $0[1], item: nil, reason: .restricted, by: nil) }
            }
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT d.seq, d.id, i.id FROM split_member s JOIN decision d ON d.item = s.item
                        JOIN item i ON i.seq = d.item
                    WHERE s.withdrawn > ? AND \(stood)
                    """, arguments: [parent.departures.withdrawal, first, first])
            found += rows.map { Retraction(seq: $0[0], decision: $0[1], item: $0[2], reason: .split, by: nil) }
            return found
        }
    }
}
