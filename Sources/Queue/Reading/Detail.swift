import Foundation
import GRDB

/// Everything about one item, for reading without claiming it.
public struct ItemDetail: Sendable, Hashable {
    public enum State: String, Sendable {
        case pending, leased, decided
        /// Decided, and waiting for another verdict.
        case awaiting
        /// Set apart with a known answer.
        case gold
    }

    public var item: Item
    public var scores: [Score]
    public var explanations: [Explanation]
    public var queue: QueueName
    public var state: State
    public var leasedBy: String?
    /// Every verdict and undo about it, oldest first.
    public var history: [DecisionRecord]
}

extension QueueStore {
    /// An item with its scores, explanations and history; nil where there is no such item.
    public func detail(of id: ItemID) throws -> ItemDetail? {
        try read { db in
            let row = try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT w.item, w.queue, w.state, w.review, w.lease_reviewer, w.lease_expires
                        FROM item i JOIN work w ON w.item = i.seq WHERE i.id = ?
                        """), arguments: [id.rawValue])
            guard let row else { return nil }
            let seq: Int64 = row["item"]
            let stored = StoredItem(db: db, mediaFolder: mediaFolder)
            var state: ItemDetail.State = Self.state(row["state"])
            if state == .leased, (row["lease_expires"] as Int64? ?? 0) <= clock().milliseconds {
                state = Self.state(ReviewRound(rawValue: row["review"])?.waitingState ?? WorkState.pending)
            }
            return ItemDetail(
                item: try stored.item(seq), scores: try stored.scores(seq), explanations: try stored.explanations(seq),
                queue: try KnownLine.name(ofCode: row["queue"], in: db), state: state,
                leasedBy: state == .leased ? row["lease_reviewer"] : nil,
                history: try Self.records(where: "d.item = ? ORDER BY d.seq", [seq], in: db))
        }
    }

    private static func state(_ code: Int) -> ItemDetail.State {
        switch code {
        case WorkState.leased: .leased
        case WorkState.decided: .decided
        case WorkState.awaiting: .awaiting
        case WorkState.gold: .gold
        default: .pending
        }
    }

    /// Every verdict and undo about an item, oldest first.
    public func history(of id: ItemID) throws -> [DecisionRecord] {
        try read { db in
            try Self.records(where: "i.id = ? ORDER BY d.seq", [id.rawValue], in: db)
        }
    }

    /// The latest verdicts and undos, newest first.
    ///
    /// - parameter reviewer: Only this reviewer's, where given.
    public func decisions(reviewer: String? = nil, limit: Int = 20) throws -> [DecisionRecord] {
        try read { db in
            if let reviewer {
                return try Self.records(
                    where: "d.reviewer = ? ORDER BY d.seq DESC LIMIT ?", [reviewer, limit], in: db)
            }
            return try Self.records(where: "true ORDER BY d.seq DESC LIMIT ?", [limit], in: db)
        }
    }

    static func records(
        where condition: String, _ arguments: StatementArguments, in db: Database
    ) throws -> [DecisionRecord] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT \(DecisionRow.columns), e.hash, earlier.id AS supersedes_id,
                        d.verdict IS NOT NULL AND later.seq IS NULL AS is_standing
                    FROM decision d JOIN item i ON i.seq = d.item JOIN audit_event e ON e.seq = d.event
                        LEFT JOIN decision earlier ON earlier.seq = d.supersedes
                        LEFT JOIN decision later ON later.supersedes = d.seq
                    WHERE \(condition)
                    """), arguments: arguments)
        return rows.map { row in
            DecisionRow(row).decoded(
                supersedes: row["supersedes_id"], isStanding: row["is_standing"], hash: row["hash"])
        }
    }
}
