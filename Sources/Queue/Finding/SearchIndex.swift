import Foundation
import GRDB

/// The full-text index: which items may hold certain three characters in a row.
///
/// It is built behind ingestion, a page of items at a time, by whoever searches (``extend(in:limit:)``). What it says
/// is a candidate: it stores no positions, so the item's own text is always looked at as well, and an entry too many
/// costs time and never a wrong result. An item that is missing would be a wrong result, so whoever changes or removes
/// an item's text calls ``forget(items:in:)`` first, in the same transaction.
enum SearchIndex {
    /// Takes items out of the index. Call it before their text changes or goes, in the same transaction.
    ///
    /// Until ``scrub(in:)`` the trigrams are still in the index's blocks, where no search sees them.
    static func forget(items: [Int64], in db: Database) throws {
        let until = try until(db)
        for item in items where item <= until {
            let isStale = try Bool.fetchOne(
                db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM search_stale WHERE item = ?)"), arguments: [item])
            if isStale == true { continue }
            if let folded = try foldedText(of: item, in: db) {
                // Without a text of its own the index must be told what it was given.
                try db.cachedStatement(
                    sql: """
                        INSERT INTO item_search (item_search, rowid, text) VALUES ('delete', ?, CAST(? AS TEXT))
                        """
                ).execute(arguments: [item, folded])
            }
            try db.cachedStatement(sql: "INSERT INTO search_stale VALUES (?)").execute(arguments: [item])
        }
    }

    /// Rewrites the index so that no block holds a trigram that only forgotten items had, and overwrites the old blocks.
    ///
    /// Merging all segments into one drops whatever no item has any more. (FTS5's own `secure-delete` would do it row
    /// by row, but from 3.42 on, and older versions could no longer read the index.) Takes a time that grows with the
    /// index, in which others wait to write.
    static func scrub(in db: Database) throws {
        let before = try Int.fetchOne(db, sql: "PRAGMA secure_delete")
        _ = try Int.fetchOne(db, sql: "PRAGMA secure_delete = ON")
        defer { if before == 0 { _ = try? Int.fetchOne(db, sql: "PRAGMA secure_delete = OFF") } }
        try db.execute(sql: "INSERT INTO item_search (item_search) VALUES ('optimize')")
    }

    /// Indexes the next items in the caller's transaction: those that went stale first, then new ones.
    ///
    /// - returns: How many items were looked at; 0 when the index is up to date.
    static func extend(in db: Database, limit: Int) throws -> Int {
        let stale = try Int64.fetchAll(
            db.cachedStatement(sql: "SELECT item FROM search_stale ORDER BY item LIMIT ?"), arguments: [limit])
        for item in stale {
            try insert(item, in: db)
            try db.cachedStatement(sql: "DELETE FROM search_stale WHERE item = ?").execute(arguments: [item])
        }
        let fresh = try Int64.fetchAll(
            db.cachedStatement(sql: "SELECT seq FROM item WHERE seq > ? ORDER BY seq LIMIT ?"),
            arguments: [until(db), limit - stale.count])
        for item in fresh { try insert(item, in: db) }
        if let last = fresh.last {
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO setting VALUES ('search_until', ?)")
                .execute(arguments: [last])
        }
        return stale.count + fresh.count
    }

    /// The last item that was indexed; what comes after it must be looked at one by one.
    static func until(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT value FROM setting WHERE name = 'search_until'")) ?? 0
    }

    /// The next items that may answer an FTS5 query, those that are not in the index as they should be among them.
    ///
    /// - returns: Their numbers as a JSON array, and the last item that they speak for: nil for all that are indexed.
    static func candidates(
        _ expression: String, after cursor: Int64, limit: Int, in db: Database
    ) throws -> (json: String, reach: Int64?) {
        let indexed = try Int64.fetchAll(
            db.cachedStatement(
                sql: "SELECT rowid FROM item_search WHERE item_search MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?"),
            arguments: [expression, cursor, limit])
        let stale = try Int64.fetchAll(
            db.cachedStatement(sql: "SELECT item FROM search_stale WHERE item > ? ORDER BY item LIMIT ?"),
            arguments: [cursor, limit])
        let reach = [indexed, stale].filter { $0.count == limit }.compactMap(\.last).min()
        let items = Set(indexed + stale).filter { $0 <= reach ?? .max }.sorted()
        return (json(items), reach)
    }

    /// All of them, with every item that is not indexed yet; nil where there are more than the limit.
    static func allCandidates(_ expression: String, limit: Int, in db: Database) throws -> String? {
        let items = try Int64.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT rowid FROM (SELECT rowid FROM item_search WHERE item_search MATCH ? LIMIT ?)
                    UNION SELECT item FROM search_stale
                    UNION SELECT seq FROM (SELECT seq FROM item WHERE seq > ? LIMIT ?) LIMIT ?
                    """), arguments: [expression, limit + 1, until(db), limit + 1, limit + 1])
        return items.count > limit ? nil : json(items)
    }

    /// Whether more than some items are not indexed yet.
    static func isBehind(by count: Int, in db: Database) throws -> Bool {
        let fresh = try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM (SELECT 1 FROM item WHERE seq > ? LIMIT ?)"),
            arguments: [until(db), count + 1])
        return (fresh ?? 0) > count
    }

    private static func json(_ items: [Int64]) -> String { "[" + items.map(String.init).joined(separator: ",") + "]" }

    private static func insert(_ item: Int64, in db: Database) throws {
        guard let folded = try foldedText(of: item, in: db) else { return }
        try db.cachedStatement(sql: "INSERT INTO item_search (rowid, text) VALUES (?, CAST(? AS TEXT))")
            .execute(arguments: [item, folded])
    }

    private static func foldedText(of item: Int64, in db: Database) throws -> Data? {
        let statement = try db.cachedStatement(sql: "SELECT CAST(text AS BLOB) FROM item WHERE seq = ?")
        return try Data.fetchOne(statement, arguments: [item]).map { Data(FoldedText.fold($0)) }
    }
}

extension QueueStore {
    /// Brings the full-text index up to date as far as the time allows; searches do this by themselves.
    ///
    /// - parameter seconds: About how long to work.
    /// - parameter progress: Called with the items indexed so far.
    /// - returns: Whether every item is indexed.
    public func extendSearch(forSeconds seconds: Double, progress: (Int) -> Void = { _ in }) throws -> Bool {
        let end = ContinuousClock.now.advanced(by: .seconds(seconds))
        var done = 0
        while ContinuousClock.now < end {
            // A page is a transaction: short enough for a verdict to wait for.
            let count = try write { try SearchIndex.extend(in: $0, limit: 500) }
            if count == 0 { return true }
            done += count
            progress(done)
        }
        return false
    }
}
