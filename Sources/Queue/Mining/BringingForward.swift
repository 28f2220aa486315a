import GRDB

/// Puts pending items before what waits in their line.
///
/// An item's boost is chosen such that it stands just before the first of its line, the hardest first of all. Nothing
/// starves: those passed over are passed over by at most ``MiningRules/countLimit`` items of each strategy, once, since the
/// next mining by the same strategy takes the place of this one; what comes in later and ranks higher goes before them; and
/// so does what is due within the hour and stands at the head.
enum BringingForward {
    /// Smaller than what a tenth of a second of waiting weighs, and far from rounding.
    private static let step = 1e-9
    /// What is due within so many seconds is not passed over.
    private static let spares = 3600.0

    /// What can be brought forward, over the alias `w`: it waits for its first verdict, in nobody's hands, in no restricted
    /// line, and no other strategy has chosen it. A lease that has run out holds nothing.
    static func eligible(for strategy: MiningStrategy, at now: Timestamp) -> String {
        """
        (w.state = \(WorkState.pending) OR w.state = \(WorkState.leased) AND w.lease_expires <= \(now.milliseconds)) AND w.queue <> \(QueueCode.restricted)
        AND w.review = \(ReviewRound.first.rawValue) AND (w.mined IS NULL OR w.mined = '\(strategy.rawValue)')
        """
    }

    /// Takes back what waits from an earlier mining by a strategy.
    ///
    /// - returns: How many items.
    static func takeBack(_ strategy: MiningStrategy, taxonomy: Taxonomy, in db: Database) throws -> Int {
        let order = try RankOrder.read(in: db)
        var meter = order.meter(under: taxonomy)
        let items = try Int64.fetchAll(
            db,
            sql: """
                SELECT item FROM work INDEXED BY work_mined
                WHERE mined = ? AND state = \(WorkState.pending) AND review = \(ReviewRound.first.rawValue) ORDER BY item
                """, arguments: [strategy.rawValue])
        for item in items {
            let scores = try StoredItem(db: db, mediaFolder: "").scores(item)
            try db.cachedStatement(sql: "UPDATE work SET mined = NULL WHERE item = ?").execute(arguments: [item])
            try StoredRank.put(boost: order.weight * (meter?.reading(of: scores)?.value ?? 0), of: item, in: db)
        }
        return items.count
    }

    /// Brings items forward, as far as they still can be.
    ///
    /// - parameter items: The hardest first.
    /// - parameter count: How many of them.
    /// - returns: Those that were.
    static func bring(
        _ items: [Int64], upTo count: Int, by strategy: MiningStrategy, in db: Database, at now: Timestamp
    ) throws -> [Int64] {
        var brought: [(item: Int64, line: Int)] = []
        let line = try db.cachedStatement(
            sql: "SELECT queue FROM work w WHERE item = ? AND \(eligible(for: strategy, at: now))")
        for item in items {
            guard brought.count < count else { break }
            if let code = try Int.fetchOne(line, arguments: [item]) { brought.append((item, code)) }
        }
        var heads: [Int: Double] = [:]
        let present = try db.cachedStatement(sql: "SELECT boost FROM work WHERE item = ?")
        let mark = try db.cachedStatement(sql: "UPDATE work SET mined = ? WHERE item = ?")
        for (position, found) in brought.enumerated() {
            let head = try heads[found.line] ?? head(of: found.line, in: db, at: now)
            heads[found.line] = head
            let wanted = head - step * Double(brought.count - position)
            guard let plain = try StoredRank.place(of: found.item, boost: 0, in: db) else { continue }
            let boost = try Double.fetchOne(present, arguments: [found.item]) ?? 0
            // What stands before already, being due, is not put back.
            try StoredRank.put(boost: max(boost, plain - wanted), of: found.item, in: db)
            try mark.execute(arguments: [strategy.rawValue, found.item])
        }
        return brought.map(\.item)
    }

    /// The place of the first item of a line that is neither mined nor due within the hour.
    private static func head(of line: Int, in db: Database, at now: Timestamp) throws -> Double {
        let first = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT w.place, coalesce(i.due_at <= ?, 0) FROM work w INDEXED BY work_pending JOIN item i ON i.seq = w.item
                    WHERE w.queue = ? AND w.state = 0 AND w.mined IS NULL ORDER BY w.place, w.item LIMIT 1000
                    """), arguments: [now.adding(seconds: spares).milliseconds, line])
        // Where a thousand are due, right behind them.
        return first.first { $0[1] as Bool == false }?[0] ?? (first.last?[0] as Double? ?? 0) + 2 * step * 1000
    }
}
