import Foundation
import GRDB

/// A complaint against a verdict, or a question of the reviewer who handed the item on. The item goes to somebody who has
/// not judged it, with its history.
public struct Appeal: Sendable, Hashable {
    public var item: ItemID
    /// Whether a reviewer asks, and not somebody who was judged.
    public var isEscalation = false
    public var note: String?
    public var filedAt: Timestamp
    /// Every verdict and undo about the item, oldest first.
    public var history: [DecisionRecord]

    /// The appeal on which an item waits for a verdict.
    static func open(on item: Int64, in db: Database) throws -> Appeal? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT i.id, a.note, a.filed_at FROM appeal a JOIN item i ON i.seq = a.item
                WHERE a.item = ? AND a.outcome IS NULL ORDER BY a.seq DESC LIMIT 1
                """, arguments: [item])
        return try row.map { row in
            Appeal(
                item: ItemID(row["id"] as String), note: row["note"],
                filedAt: Timestamp(milliseconds: row["filed_at"]),
                history: try QueueStore.records(where: "d.item = ? ORDER BY d.seq", [item], in: db))
        }
    }
}

extension Appeal {
    /// What was asked when the item was handed on last.
    static func escalation(of item: Int64, in db: Database) throws -> Appeal? {
        let history = try QueueStore.records(where: "d.item = ? ORDER BY d.seq", [item], in: db)
        return history.last { $0.verdict == .escalate }.map {
            Appeal(item: $0.item, isEscalation: true, note: $0.note, filedAt: $0.decidedAt, history: history)
        }
    }
}

extension QueueStore {
    /// Files an appeal against an item's standing verdict, which stands until the appeal is decided.
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is no such item, ``QueueError/failed(_:)`` where it has no
    ///   verdict, or waits for another one already.
    public func appeal(_ id: ItemID, note: String? = nil) throws {
        if let note, note.utf8.count > 10_000 || note.utf8.contains(0) {
            throw QueueError.usage("A note has at most 10,000 bytes, and no NUL among them.")
        }
        try write { db in
            let now = clock()
            try Self.returnExpired(in: db, at: now)
            let shown = Visible.text(id.rawValue)
            let row = try Row.fetchOne(
                db,
                sql: "SELECT w.item, w.state, w.decision FROM work w JOIN item i ON i.seq = w.item WHERE i.id = ?",
                arguments: [id.rawValue])
            guard let row else { throw QueueError.notFound("There is no item \"\(shown)\" in the queue.") }
            guard row["state"] as Int == WorkState.decided, let decision = row["decision"] as Int64? else {
                throw QueueError.failed("Item \"\(shown)\" has no final verdict yet: an appeal needs one.")
            }
            let item: Int64 = row["item"]
            guard let key = try AuditChain.key(ofItem: item, in: db) else {
                throw QueueError.failed("Item \"\(shown)\" was erased.")
            }
            try db.execute(
                sql: "INSERT INTO appeal (item, decision, note, filed_at) VALUES (?, ?, ?, ?)",
                arguments: [item, decision, note, now.milliseconds])
            try db.execute(
                sql: "UPDATE work SET state = ?, review = ? WHERE item = ?",
                arguments: [WorkState.awaiting, ReviewRound.appeal.rawValue, item])
            let text: JSONValue = ["item": .string(id.rawValue), "note": .optional(note)]
            let commitment = AuditChain.commitment(to: text.canonicalText, key: key)
            try AuditChain.append(kind: "appeal", body: ["commitment": .string(commitment.hex)], in: db, at: now)
        }
    }
}
