import Foundation
import GRDB

/// A line of the queue list: what a reviewer needs in order to pick an item.
public struct ItemSummary: Sendable, Hashable {
    public enum Kind: String, Sendable { case text, media, both }

    public var id: ItemID
    public var kind: Kind
    /// The first line of the text that is not blank, at most 200 scalars of it, raw: make it visible before showing it.
    public var firstLine: String?
    /// The first medium's path, raw.
    public var firstPath: String?
    public var topScore: Double?
    public var topPolicy: PolicyID?
    public var flaggedAt: Timestamp
    public var priority: Double
    /// Who holds it, and until when; nil where nobody does.
    public var leasedBy: String?
    public var leaseExpiresAt: Timestamp?
    /// Where it stands in line.
    public var cursor: ListCursor
}

/// A place in the queue's order. It stays valid when items come and go.
public struct ListCursor: Sendable, Hashable, Comparable {
    /// Minus the rank: the smallest comes first.
    public var place: Double
    /// Ties go by the order of ingestion.
    public var seq: Int64

    public static func < (a: ListCursor, b: ListCursor) -> Bool { (a.place, a.seq) < (b.place, b.seq) }
}

/// Which way to read from a cursor.
public enum ListDirection: Sendable { case forward, backward }

extension QueueStore {
    /// Undecided items of a queue in the order of rank, leased ones included.
    ///
    /// One index seek whatever the size of the queue and wherever the cursor stands.
    ///
    /// - parameter cursor: Where to start, exclusive; nil for the head of the queue (or its tail, going backward).
    /// - returns: At most `limit` summaries, always in queue order, the most urgent first.
    public func page(
        of queue: QueueName = .default, from cursor: ListCursor? = nil, going direction: ListDirection = .forward,
        limit: Int
    ) throws -> [ItemSummary] {
        try read { db in
            let isForward = direction == .forward
            let bound = cursor == nil ? "" : "AND (w.place, w.item) \(isForward ? ">" : "<") (?, ?)"
            let order = isForward ? "w.place, w.item" : "w.place DESC, w.item DESC"
            var arguments: StatementArguments = [try KnownLine.code(of: queue, in: db)]
            if let cursor { arguments += [cursor.place, cursor.seq] }
            arguments += [limit]
            let statement = try db.cachedStatement(
                sql: """
                    SELECT \(Self.summaryColumns) FROM work w INDEXED BY work_open JOIN item i ON i.seq = w.item
                    WHERE w.queue = ? AND w.state < 2 \(bound) ORDER BY \(order) LIMIT ?
                    """)
            let now = clock()
            let summaries = try Row.fetchAll(statement, arguments: arguments).map { Self.summary($0, at: now) }
            return isForward ? summaries : summaries.reversed()
        }
    }

    /// The list's line of one item, also where it is decided; nil where there is no such item.
    public func summary(of id: ItemID) throws -> ItemSummary? {
        try read { db in
            let row = try Row.fetchOne(
                db,
                sql: "SELECT \(Self.summaryColumns) FROM work w JOIN item i ON i.seq = w.item WHERE i.id = ?",
                arguments: [id.rawValue])
            return row.map { Self.summary($0, at: clock()) }
        }
    }

    static let summaryColumns = """
        i.id, CAST(substr(ltrim(i.text, char(10, 13, 9, 32)), 1, 200) AS BLOB) AS head, w.place, w.item, w.top_score,
        w.top_policy, i.flagged_at, i.priority, w.state, w.lease_reviewer, w.lease_expires,
        (SELECT path FROM media WHERE item = w.item AND position = 0) AS path
        """

    static func summary(_ row: Row, at now: Timestamp) -> ItemSummary {
        let head: Data? = row["head"]
        let firstLine = head.map { bytes in
            String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        }
        let path: String? = row["path"]
        let expires: Int64? = row["lease_expires"]
        let isLeased = row["state"] as Int == WorkState.leased && (expires ?? 0) > now.milliseconds
        let topPolicy: String? = row["top_policy"]
        return ItemSummary(
            id: ItemID(row["id"] as String), kind: path == nil ? .text : firstLine == nil ? .media : .both,
            firstLine: firstLine, firstPath: path, topScore: row["top_score"],
            topPolicy: topPolicy.map { PolicyID($0) }, flaggedAt: Timestamp(milliseconds: row["flagged_at"]),
            priority: row["priority"], leasedBy: isLeased ? row["lease_reviewer"] : nil,
            leaseExpiresAt: isLeased ? expires.map { Timestamp(milliseconds: $0) } : nil,
            cursor: ListCursor(place: row["place"], seq: row["item"]))
    }
}
