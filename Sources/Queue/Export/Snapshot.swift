import GRDB

/// Which verdicts a snapshot holds: those that stand as of an event of the chain, of the items a filter lets through.
struct Snapshot {
    /// Where an earlier snapshot ended that this one goes on from; 0 for a whole one.
    var firstEvent: Int64 = 0
    let lastEvent: Int64
    let filter: ExportFilter?

    /// Standing as of `lastEvent`: an undo that came later is as if it had not been. Where it has let the content be
    /// replaced as well, the verdict no longer belongs to what is there.
    static let standing = """
        d.verdict IS NOT NULL AND d.review IS NOT \(ReviewRound.gold.rawValue) AND d.event <= ?
        AND NOT EXISTS (SELECT 1 FROM decision later WHERE later.supersedes = d.seq AND later.event <= ?)
        """

    /// The share of uniform draws where the item of `d` was one. The sample is one of items: where somebody has judged one
    /// again since, that verdict stands for it.
    static let sampled = """
        CASE WHEN d.sampled IS NULL AND d.review IS NOT NULL
            THEN (SELECT first.sampled FROM decision first
                  WHERE first.item = d.item AND first.seq < d.seq AND first.sampled IS NOT NULL ORDER BY first.seq LIMIT 1)
            ELSE d.sampled END
        """

    /// For a query over the aliases `d`, `i` and `w`.
    var condition: String { "\(Self.standing) AND d.event > ? \(filter.map { "AND (\($0.sql))" } ?? "")" }

    var arguments: StatementArguments { [lastEvent, lastEvent, firstEvent] + (filter?.arguments ?? []) }

    /// The last row of the record that can be in it; 0 where there is none.
    func lastDecision(in db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT seq FROM decision WHERE event = ?", arguments: [lastEvent]) ?? 0
    }

    /// Verdicts that would be in it if their items were not restricted.
    func restrictedCount(in db: Database) throws -> Int {
        // Mostly there are none, and nothing has to be looked through.
        let items = try Int.fetchOne(
            db, sql: "SELECT sum(items) FROM tally WHERE queue = \(QueueCode.restricted)")
        guard let items, items > 0 else { return 0 }
        return try Int.fetchOne(
            db,
            sql: """
                SELECT count(*) FROM decision d JOIN item i ON i.seq = d.item JOIN work w ON w.item = d.item
                WHERE w.queue = \(QueueCode.restricted) AND \(condition)
                """, arguments: arguments) ?? 0
    }
}
