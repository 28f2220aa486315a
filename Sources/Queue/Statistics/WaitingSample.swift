import GRDB

/// What waits for its first verdict: all of it where that is little, else a part that was drawn uniformly.
///
/// Figures over it cost the same whatever the size of the queue. Every read is short, so that no verdict waits for one.
struct WaitingSample: Sendable, Hashable {
    struct Waiting: Sendable, Hashable {
        var item: Int64
        var line: Int
        var topPolicy: PolicyID?
        /// Milliseconds since 1970 UTC, as the next.
        var flaggedAt: Int64
        var dueAt: Int64?
    }

    var items: [Waiting]
    /// All that wait, by the tally.
    var total: Int
    var isWhole: Bool

    /// Items that are drawn. A share of them is known to ± 2.2 points at worst (``Proportion``).
    static let limit = 2000
    private static let pageLength = 500
    /// Rows looked at by chance before what waits is walked through instead: then it is a small part of all items.
    private static let mostProbes = 50_000

    /// - parameter includingRestricted: Whether the restricted line counts; uniform draws never come from it.
    static func read(
        from store: QueueStore, includingRestricted: Bool, limit: Int = Self.limit,
        using generator: inout some RandomNumberGenerator
    ) throws -> WaitingSample {
        let lines = includingRestricted ? "" : "AND w.queue <> \(QueueCode.restricted)"
        let total = try store.read { db in
            try Int.fetchOne(
                db, sql: "SELECT coalesce(sum(items), 0) FROM tally w WHERE w.state = \(WorkState.pending) \(lines)")
                ?? 0
        }
        if total > 2 * limit, let drawn = try probed(store, lines, limit, using: &generator) {
            return WaitingSample(items: drawn, total: total, isWhole: false)
        }
        var ids = try walked(store, lines)
        let isWhole = ids.count <= 2 * limit
        if !isWhole { ids = Array(ids.shuffled(using: &generator).prefix(limit)) }
        var items: [Waiting] = []
        for start in stride(from: 0, to: ids.count, by: pageLength) {
            items += try waiting(among: Array(ids[start..<min(ids.count, start + pageLength)]), lines, store)
        }
        return WaitingSample(items: items, total: max(total, items.count), isWhole: isWhole)
    }

    /// Draws rows at random and keeps those that wait; nil where hardly any do.
    private static func probed(
        _ store: QueueStore, _ lines: String, _ limit: Int, using generator: inout some RandomNumberGenerator
    ) throws -> [Waiting]? {
        let ends = try store.read {
            try Row.fetchOne($0, sql: "SELECT (SELECT min(item) FROM work), (SELECT max(item) FROM work)")
        }
        guard let oldest = ends?[0] as Int64?, let newest = ends?[1] as Int64? else { return nil }
        var found: [Int64: Waiting] = [:]
        for _ in 0..<mostProbes / pageLength where found.count < limit {
            let ids = (0..<pageLength).map { _ in Int64.random(in: oldest...newest, using: &generator) }
            for item in try waiting(among: ids, lines, store) { found[item.item] = item }
        }
        guard found.count >= limit else { return nil }
        return Array(found.values.sorted { $0.item < $1.item }.shuffled(using: &generator).prefix(limit))
    }

    private static func waiting(among ids: [Int64], _ lines: String, _ store: QueueStore) throws -> [Waiting] {
        try store.read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT w.item, w.queue, w.top_policy, i.flagged_at, i.due_at
                    FROM json_each(?) drawn CROSS JOIN work w ON w.item = drawn.value JOIN item i ON i.seq = w.item
                    WHERE w.state = \(WorkState.pending) \(lines)
                    """)
            return try Row.fetchAll(statement, arguments: [list(ids)]).map { row in
                Waiting(
                    item: row[0], line: row[1], topPolicy: (row[2] as String?).map { PolicyID($0) }, flaggedAt: row[3],
                    dueAt: row[4])
            }
        }
    }

    /// The numbers of everything that waits, from the index alone, a page at a time.
    private static func walked(_ store: QueueStore, _ lines: String) throws -> [Int64] {
        var ids: [Int64] = []
        for code in try store.read({ try Int.fetchAll($0, sql: "SELECT code FROM queue w ORDER BY code") }) {
            var last = (place: -Double.infinity, item: Int64.min)
            while true {
                let page = try store.read { db in
                    try Row.fetchAll(
                        db.cachedStatement(
                            sql: """
                                SELECT w.place, w.item FROM work w INDEXED BY work_pending
                                WHERE w.queue = ? AND w.state = \(WorkState.pending) AND (w.place, w.item) > (?, ?) \(lines)
                                ORDER BY w.place, w.item LIMIT 10000
                                """), arguments: [code, last.place, last.item])
                }
                ids += page.map { $0[1] }
                guard page.count == 10_000, let end = page.last else { break }
                last = (end[0], end[1])
            }
        }
        return ids
    }

    static func list(_ ids: [Int64]) -> String { "[\(ids.map(String.init).joined(separator: ","))]" }
}
