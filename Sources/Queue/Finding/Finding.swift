import Foundation
import GRDB

/// An item that a query matches.
public struct FoundItem: Sendable, Hashable {
    public var summary: ItemSummary
    public var state: ItemDetail.State
    public var queue: QueueName
    public var source: String?
    public var language: String?
    public var author: String?
}

/// Some of the items that a query matches.
public struct FoundPage: Sendable {
    /// In the order of ingestion.
    public var items: [FoundItem]
    /// Where to go on: pass it as `after`. Nil where every item was looked at.
    public var next: Int64?
    /// Whether the time ran out before there were as many as asked for: then what follows was not looked at.
    public var ranOut: Bool
    /// The share of the queue that has been looked at, in [0, 1].
    public var searched: Double
}

extension QueueStore {
    /// Items that a query matches, in any state, in the order of ingestion.
    ///
    /// Reads are short, each over a part of the items, so that no writer waits for a search. Texts of three characters
    /// or more are looked up in the full-text index, as far as it goes; the rest is looked through.
    ///
    /// Restricted items come only to a query that names their queue (`queue:restricted`).
    ///
    /// - parameter cursor: ``FoundPage/next`` of the page before.
    /// - parameter seconds: About how long to look, at the longest.
    /// - throws: ``QueueError/usage(_:)`` where the query names a policy, queue or view that is not there.
    public func items(
        matching query: ItemQuery, after cursor: Int64 = 0, limit: Int, forSeconds seconds: Double = 10
    ) throws -> FoundPage {
        let end = ContinuousClock.now.advanced(by: .seconds(seconds))
        var search = ItemSearch(store: self, query: query, after: cursor)
        while search.found.count < limit, try search.step(limit: limit) {
            if search.found.count < limit, ContinuousClock.now >= end { break }
        }
        return FoundPage(
            items: search.found, next: search.isAtEnd ? nil : search.cursor,
            ranOut: !search.isAtEnd && search.found.count < limit, searched: search.share)
    }

    /// Undecided items of a queue that a query matches, in the order of rank: what
    /// ``page(of:from:going:limit:)`` gives without one.
    ///
    /// - parameter seconds: About how long to look, at the longest.
    /// - throws: ``QueueError/busy(_:)`` where that was not enough: a list with gaps would be taken for a whole one.
    public func page(
        of queue: QueueName = .default, matching query: ItemQuery, from cursor: ListCursor? = nil,
        going direction: ListDirection = .forward, limit: Int, forSeconds seconds: Double = 5
    ) throws -> [ItemSummary] {
        if query.isEmpty { return try page(of: queue, from: cursor, going: direction, limit: limit) }
        let end = ContinuousClock.now.advanced(by: .seconds(seconds))
        var search = OpenSearch(store: self, queue: queue, query: query, cursor: cursor, direction: direction)
        if let found = try search.byIndex(limit: limit, until: end) { return found }
        while search.found.count < limit, try search.step() {
            if search.found.count < limit, ContinuousClock.now >= end {
                throw QueueError.busy(
                    "Looking took longer than \(Int(seconds)) s after \(search.lookedAt) items: say more, such as a source."
                )
            }
        }
        return search.result(limit: limit)
    }

    func predicate(of query: ItemQuery, in db: Database) throws -> ItemPredicate {
        try Self.sayingUsage {
            try query.predicate(in: db, taxonomy: taxonomyInForce(db).taxonomy, now: clock())
        }
    }
}

/// How many rows to read at once, so that a read takes about as long as a writer can be kept waiting.
struct SearchWindow {
    private(set) var rows: Int64 = 2000

    mutating func took(_ duration: Duration) {
        if duration < .milliseconds(15) { rows = min(rows * 2, 100_000) }
        if duration > .milliseconds(60) { rows = max(rows / 2, 200) }
    }
}

/// One search over all items, a part of them at a time.
private struct ItemSearch {
    let store: QueueStore
    let query: ItemQuery
    /// Every item up to this one has been looked at.
    private(set) var cursor: Int64
    private(set) var found: [FoundItem] = []
    private(set) var isAtEnd = false
    private var last: Int64 = 0
    private var window = SearchWindow()

    init(store: QueueStore, query: ItemQuery, after cursor: Int64) {
        self.store = store
        self.query = query
        self.cursor = cursor
    }

    var share: Double { isAtEnd || last == 0 ? 1 : min(1, Double(cursor) / Double(last)) }

    /// Looks at the next part; false at the end.
    mutating func step(limit: Int) throws -> Bool {
        let start = ContinuousClock.now
        var search = self
        try store.read { db in try search.look(in: db, limit: limit) }
        self = search
        window.took(ContinuousClock.now - start)
        return !isAtEnd
    }

    private mutating func look(in db: Database, limit: Int) throws {
        last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(seq) FROM item")) ?? 0
        guard cursor < last else {
            isAtEnd = true
            return
        }
        let predicate = try store.predicate(of: query, in: db)
        let until = try SearchIndex.until(db)
        let wanted = limit - found.count
        let rows: [Row]
        var reach: Int64
        if let candidates = predicate.candidates, cursor < until {
            let part = try SearchIndex.candidates(candidates, after: cursor, limit: Int(window.rows), in: db)
            reach = part.reach ?? until
            rows = try fetch(predicate, "w.item IN (SELECT value FROM json_each(?))", [part.json], wanted, in: db)
        } else {
            reach = predicate.namesItems ? last : min(last, cursor + window.rows)
            rows = try fetch(predicate, "w.item > ? AND w.item <= ?", [cursor, reach], wanted, in: db)
        }
        let now = store.clock()
        found += try rows.map { try FoundItem($0, in: db, at: now) }
        // A full page may stand before the end of this part.
        if rows.count == wanted, let seq = found.last?.summary.cursor.seq { reach = seq }
        cursor = max(cursor, reach)
        isAtEnd = cursor >= last
    }

    private func fetch(
        _ predicate: ItemPredicate, _ part: String, _ values: [any DatabaseValueConvertible], _ limit: Int,
        in db: Database
    ) throws -> [Row] {
        let restricted = predicate.namesRestricted ? "" : "AND w.queue <> \(QueueCode.restricted)"
        // CROSS JOIN: `work` is narrow, so what it can rule out never reads an item.
        let sql = """
            SELECT \(QueueStore.summaryColumns), w.queue, w.review, i.source, i.language, i.author
            FROM work w CROSS JOIN item i ON i.seq = w.item
            WHERE \(part) \(restricted) AND \(predicate.sql) ORDER BY w.item LIMIT ?
            """
        return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(values + predicate.arguments + [limit]))
    }
}

extension FoundItem {
    fileprivate init(_ row: Row, in db: Database, at now: Timestamp) throws {
        summary = QueueStore.summary(row, at: now)
        var code: Int = row["state"]
        if code == WorkState.leased, summary.leasedBy == nil {
            code = ReviewRound(rawValue: row["review"])?.waitingState ?? WorkState.pending
        }
        state =
            switch code {
            case WorkState.pending: .pending
            case WorkState.leased: .leased
            case WorkState.awaiting: .awaiting
            // A gold item passes for a decided one: whoever is given it later must not know.
            default: .decided
            }
        queue = try KnownLine.name(ofCode: row["queue"], in: db)
        source = row["source"]
        language = row["language"]
        author = row["author"]
    }
}

/// One search along the order of a queue.
private struct OpenSearch {
    let store: QueueStore
    let queue: QueueName
    let query: ItemQuery
    let direction: ListDirection
    private var cursor: ListCursor?
    /// In the direction of reading.
    private(set) var found: [ItemSummary] = []
    private(set) var lookedAt = 0
    private var window = SearchWindow()

    /// Up to this many candidates are looked at one by one and sorted; with more of them, the queue's own order finds a
    /// page sooner.
    private static let candidateLimit = 4000

    init(
        store: QueueStore, queue: QueueName, query: ItemQuery, cursor: ListCursor?, direction: ListDirection
    ) {
        self.store = store
        self.queue = queue
        self.query = query
        self.cursor = cursor
        self.direction = direction
    }

    func result(limit: Int) -> [ItemSummary] {
        let part = Array(found.prefix(limit))
        return direction == .forward ? part : part.reversed()
    }

    /// The page from the full-text index; nil where the query has no use for it, or too much comes from it.
    mutating func byIndex(limit: Int, until end: ContinuousClock.Instant) throws -> [ItemSummary]? {
        let (uses, behind) = try store.read { db in
            let uses = try store.predicate(of: query, in: db).candidates != nil
            return (uses, try uses && SearchIndex.isBehind(by: Self.candidateLimit / 2, in: db))
        }
        guard uses else { return nil }
        if behind {
            // Half of the time: what cannot be indexed in it is looked through.
            let half = (end - ContinuousClock.now) / 2
            _ = try store.extendSearch(forSeconds: Double(half.components.seconds) + 0.1)
        }
        let candidateLimit = Self.candidateLimit
        return try store.read { [self] db in
            let predicate = try store.predicate(of: query, in: db)
            guard let expression = predicate.candidates,
                let items = try SearchIndex.allCandidates(expression, limit: candidateLimit, in: db)
            else { return nil }
            let rows = try fetch(predicate, items, limit, in: db)
            let now = store.clock()
            let summaries = rows.map { QueueStore.summary($0, at: now) }
            return direction == .forward ? summaries : summaries.reversed()
        }
    }

    /// Looks at the next part of the queue; false at its end.
    mutating func step() throws -> Bool {
        let start = ContinuousClock.now
        var search = self
        let goesOn = try store.read { db in try search.look(in: db) }
        self = search
        window.took(ContinuousClock.now - start)
        return goesOn
    }

    private mutating func look(in db: Database) throws -> Bool {
        let (bound, values) = bound
        let places = try Row.fetchAll(
            db,
            sql: """
                SELECT w.place, w.item FROM work w INDEXED BY work_open
                WHERE w.queue = ? AND w.state < 2 \(bound) ORDER BY \(order) LIMIT ?
                """, arguments: StatementArguments([try KnownLine.code(of: queue, in: db)] + values + [window.rows]))
        guard let last = places.last else { return false }
        lookedAt += places.count
        let items = "[" + places.map { "\($0["item"] as Int64)" }.joined(separator: ",") + "]"
        let rows = try fetch(try store.predicate(of: query, in: db), items, places.count, in: db)
        cursor = ListCursor(place: last["place"], seq: last["item"])
        let now = store.clock()
        found += rows.map { QueueStore.summary($0, at: now) }
        return places.count == Int(window.rows)
    }

    private var order: String { direction == .forward ? "w.place, w.item" : "w.place DESC, w.item DESC" }

    private var bound: (String, [any DatabaseValueConvertible]) {
        guard let cursor else { return ("", []) }
        return ("AND (w.place, w.item) \(direction == .forward ? ">" : "<") (?, ?)", [cursor.place, cursor.seq])
    }

    /// - parameter items: A JSON array. From there to `work` and on: along the order of the queue SQLite would look at
    ///   every item that waits.
    private func fetch(_ predicate: ItemPredicate, _ items: String, _ limit: Int, in db: Database) throws -> [Row] {
        let (bound, place) = bound
        let sql = """
            SELECT \(QueueStore.summaryColumns)
            FROM json_each(?) part CROSS JOIN work w ON w.item = part.value CROSS JOIN item i ON i.seq = w.item
            WHERE w.queue = ? AND w.state < 2 \(bound) AND \(predicate.sql) ORDER BY \(order) LIMIT ?
            """
        let code = try KnownLine.code(of: queue, in: db)
        return try Row.fetchAll(
            db, sql: sql, arguments: StatementArguments([items, code] + place + predicate.arguments + [limit]))
    }
}
