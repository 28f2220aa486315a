import Foundation
import GRDB

/// What happened to an item, for the reviewer who has it before them.
public struct ItemHistory: Sendable, Hashable {
    public var item: ItemID
    /// Oldest first.
    public var entries: [Entry]
    /// Why it was reported; when is not known.
    public var reports: [Report]
    /// The source's name for who posted it; nil where it gave none.
    public var author: String?

    public struct Entry: Sendable, Hashable {
        public var time: Timestamp
        public var event: Event
    }

    public enum Event: Sendable, Hashable {
        case created, flagged, ingested
        /// A verdict with everything that was said, an escalation with its question, or an undo.
        case decided(DecisionRecord)
        case appealed(note: String?)
    }
}

/// What else came in from an item's author, and what was decided about it.
public struct AuthorRecord: Sendable, Hashable {
    /// Other items than the one asked about: of so many, the newest.
    public var items = 0
    /// Whether there are more.
    public var isCut = false
    /// Verdicts that stand on them.
    public var verdicts: [Verdict: Int] = [:]
    /// The newest, newest first.
    public var newest: [AuthorItem] = []

    public struct AuthorItem: Sendable, Hashable {
        public var item: ItemID
        public var flaggedAt: Timestamp
        /// The first line of its text, raw, at most 200 scalars; nil for one without text, or a restricted one.
        public var firstLine: String?
        /// The verdict that stands; nil where none does, or where nobody is to know it yet.
        public var verdict: Verdict?
        public var policies: [PolicyID]
    }

    /// Waiting for a verdict, as far as can be told.
    public var undecided: Int { items - verdicts.values.reduce(0, +) }
}

extension QueueStore {
    /// What happened to an item; nil where there is no such item.
    ///
    /// While it waits for an independent verdict (a second or third one, or one on a gold item), what was decided and asked
    /// about it is left out, and nothing says so.
    ///
    /// - parameter intakeOnly: Leaves that out in any case, for whoever must not know it yet.
    public func itemHistory(of id: ItemID, intakeOnly: Bool = false) throws -> ItemHistory? {
        try read { db in
            let row = try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT i.seq, i.created_at, i.flagged_at, i.ingested_at, i.author, w.\(ReviewRound.isIndependentInSQL)
                        FROM item i JOIN work w ON w.item = i.seq WHERE i.id = ?
                        """), arguments: [id.rawValue])
            guard let row else { return nil }
            let seq: Int64 = row[0]
            var entries: [ItemHistory.Entry] = []
            func add(_ milliseconds: Int64?, _ event: ItemHistory.Event) {
                guard let milliseconds else { return }
                entries.append(ItemHistory.Entry(time: Timestamp(milliseconds: milliseconds), event: event))
            }
            add(row[1], .created)
            add(row[2], .flagged)
            add(row[3], .ingested)
            if !intakeOnly, row[5] as Bool == false {
                for record in try Self.records(where: "d.item = ? ORDER BY d.seq", [seq], in: db) {
                    add(record.decidedAt.milliseconds, .decided(record))
                }
                for appeal in try Row.fetchAll(
                    db, sql: "SELECT filed_at, note FROM appeal WHERE item = ? ORDER BY seq", arguments: [seq])
                {
                    add(appeal[0], .appealed(note: appeal[1]))
                }
            }
            // Equal times stay in this order: a source that gives one time for all is common.
            let ordered = entries.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            return ItemHistory(
                item: id, entries: ordered.map(\.element),
                reports: try StoredItem(db: db, mediaFolder: mediaFolder).reports(of: seq), author: row[4])
        }
    }

    /// What else came in from an author. A page of it is read at a time, so that no writer waits for a prolific one.
    ///
    /// - parameter item: The item that is left out.
    /// - parameter limit: At most so many items are counted, the newest.
    public func authorRecord(of author: String, besides item: ItemID, limit: Int = 5_000) throws -> AuthorRecord {
        var record = AuthorRecord()
        record.newest = try read { try Self.newest(of: author, besides: item, limit: 50, in: $0) }
        var last = Int64.max
        while record.items < limit {
            let wanted = min(Self.authorPage, limit - record.items)
            let page = try read { db in
                try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT i.seq, CASE WHEN w.\(ReviewRound.isIndependentInSQL) THEN NULL ELSE d.verdict END
                            FROM item i JOIN work w ON w.item = i.seq LEFT JOIN decision d ON d.seq = w.decision
                            WHERE i.author = ? AND i.seq < ? AND i.id <> ? ORDER BY i.seq DESC LIMIT ?
                            """),
                    arguments: [author, last, item.rawValue, wanted])
            }
            for row in page {
                record.items += 1
                if let verdict = (row[1] as String?).flatMap(Verdict.init) { record.verdicts[verdict, default: 0] += 1 }
            }
            guard let end = page.last, page.count == wanted else { return record }
            last = end[0]
        }
        record.isCut = try read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM item WHERE author = ? AND seq < ? AND id <> ?)",
                arguments: [author, last, item.rawValue]) ?? false
        }
        return record
    }

    private static let authorPage = 500

    private static func newest(
        of author: String, besides item: ItemID, limit: Int, in db: Database
    ) throws -> [AuthorRecord.AuthorItem] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT \(summaryColumns), w.queue, w.\(ReviewRound.isIndependentInSQL) AS is_independent, d.verdict, d.policies
                FROM item i JOIN work w ON w.item = i.seq LEFT JOIN decision d ON d.seq = w.decision
                WHERE i.author = ? AND i.id <> ? ORDER BY i.seq DESC LIMIT ?
                """, arguments: [author, item.rawValue, limit])
        return rows.map { row in
            let isKnown = row["is_independent"] as Bool == false
            let verdict = (row["verdict"] as String?).flatMap(Verdict.init)
            let isRestricted = row["queue"] as Int == QueueCode.restricted
            return AuthorRecord.AuthorItem(
                item: ItemID(row["id"] as String), flaggedAt: Timestamp(milliseconds: row["flagged_at"]),
                firstLine: isRestricted ? nil : (row["head"] as Data?).map(firstLine),
                verdict: isKnown ? verdict : nil,
                policies: isKnown ? (row["policies"] as String?).map(PolicyID.list) ?? [] : [])
        }
    }

    private static func firstLine(_ head: Data) -> String {
        String(decoding: head.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
    }
}
