import GRDB

/// How the queue is doing: what waits, for how long, who works on it, and where that leads.
public struct QueueHealth: Sendable, Hashable {
    public struct Line: Sendable, Hashable {
        public var name: QueueName
        public var waiting: Int
        public var leased: Int
        /// Decided, and waiting for another verdict.
        public var awaiting: Int
    }

    /// Part of what waits, estimated from ``looked`` of it.
    public struct Part<Name: Sendable & Hashable>: Sendable, Hashable {
        public var name: Name
        public var share: Proportion
        /// Items, to the nearest; exact where ``QueueHealth/isExact``.
        public var items: Int
    }

    public struct Holder: Sendable, Hashable {
        public var reviewer: String
        public var items: Int
    }

    public var readAt: Timestamp
    /// In the order in which they are tried.
    public var lines: [Line]
    public var waiting: Int
    /// Items that ages, policies and due times were read from: all that wait, or a uniform draw of them.
    public var looked: Int
    public var isExact: Bool
    /// By the policy of the highest score; nil stands for items without one. The largest first.
    public var policies: [Part<PolicyID?>]
    /// How many of ``looked`` have waited how long.
    public var ages: [AgeClass: Int]
    /// When the item was flagged that has waited longest, among ``looked``.
    public var oldest: Timestamp?
    /// What should have been decided by now.
    public var overdue: Proportion?
    /// Who holds items, those with the most first.
    public var holders: [Holder]
    /// Verdicts that stand, in each of the last 24 hours, the latest hour last.
    public var verdictsByHour: [Int]
    /// Of these, the first ones on their items: they are what makes the backlog smaller.
    public var firstVerdicts: Int
    /// Whether there were more verdicts than are counted (``QueueHealth/mostVerdicts``).
    public var verdictsAreCut: Bool
    /// Items that came in during the last 24 hours.
    public var arrivals: Int

    /// Rows of the record that are read for the pace; so many verdicts in a day are 35 a second.
    public static let mostVerdicts = 100_000

    /// How long an item has waited, named by the upper end.
    public enum AgeClass: Int, CaseIterable, Sendable, Hashable {
        case hour, fourHours, halfDay, day, twoDays, fourDays, week, more

        /// From so many hours on.
        public var fromHours: Int { [0, 1, 4, 12, 24, 48, 96, 168][rawValue] }

        init(hours: Double) {
            self = Self.allCases.last { hours >= Double($0.fromHours) } ?? .hour
        }
    }

    /// What pace and arrivals of the last 24 hours mean for the backlog.
    public enum Outlook: Sendable, Hashable {
        case nothingWaits
        /// Nobody decided anything: nothing is known of the pace.
        case unknown
        /// More is decided than comes in: it is gone after so many hours of the same.
        case shrinks(emptyInHours: Double)
        /// By so many items an hour.
        case grows(perHour: Double)
    }

    public var outlook: Outlook {
        guard waiting > 0 else { return .nothingWaits }
        guard firstVerdicts > 0 else { return .unknown }
        let net = Double(firstVerdicts - arrivals) / 24
        return net > 0 ? .shrinks(emptyInHours: Double(waiting) / net) : .grows(perHour: -net)
    }
}

extension QueueStore {
    /// Reads how the queue is doing.
    ///
    /// Counts by line come from the tally. Policies, ages and due times come from at most a few thousand waiting items
    /// (``QueueHealth/looked``), the pace from the latest decisions. It reads in many short pieces, which need not agree to
    /// the last item.
    public func health() throws -> QueueHealth {
        var generator = SystemRandomNumberGenerator()
        return try health(using: &generator)
    }

    /// The same with the dice in the caller's hand.
    func health(
        sampling limit: Int = WaitingSample.limit, using generator: inout some RandomNumberGenerator
    ) throws -> QueueHealth {
        let now = clock()
        let sample = try WaitingSample.read(
            from: self, includingRestricted: true, limit: limit, using: &generator)
        let lines = try read { try Self.healthOfLines(in: $0) }
        let pace = try pace(since: now.adding(seconds: -86_400), until: now)
        let overdue = sample.items.count { $0.dueAt.map { $0 < now.milliseconds } ?? false }
        let ages = sample.items.map { Double(max(0, now.milliseconds - $0.flaggedAt)) / 3_600_000 }
        return QueueHealth(
            readAt: now, lines: lines, waiting: sample.total, looked: sample.items.count, isExact: sample.isWhole,
            policies: Self.parts(sample),
            ages: Dictionary(ages.map { (QueueHealth.AgeClass(hours: $0), 1) }, uniquingKeysWith: +),
            oldest: sample.items.map(\.flaggedAt).min().map { Timestamp(milliseconds: $0) },
            overdue: Proportion(hits: overdue, of: sample.items.count), holders: try holders(at: now),
            verdictsByHour: pace.byHour, firstVerdicts: pace.first, verdictsAreCut: pace.isCut,
            arrivals: try arrivals(since: now.adding(seconds: -86_400)))
    }

    private static func healthOfLines(in db: Database) throws -> [QueueHealth.Line] {
        var counts: [Int: [Int: Int]] = [:]
        for row in try Row.fetchAll(db, sql: "SELECT queue, state, items FROM tally") {
            counts[row[0], default: [:]][row[1]] = row[2]
        }
        return try KnownLine.all(in: db).map { known in
            let counts = counts[known.code] ?? [:]
            return QueueHealth.Line(
                name: known.line.name, waiting: counts[WorkState.pending] ?? 0, leased: counts[WorkState.leased] ?? 0,
                awaiting: counts[WorkState.awaiting] ?? 0)
        }
    }

    private static func parts(_ sample: WaitingSample) -> [QueueHealth.Part<PolicyID?>] {
        let counts = Dictionary(sample.items.map { ($0.topPolicy, 1) }, uniquingKeysWith: +)
        let order = counts.sorted { ($1.value, $0.key?.rawValue ?? "~") < ($0.value, $1.key?.rawValue ?? "~") }
        return order.compactMap { policy, count in
            Proportion(hits: count, of: sample.items.count).map { share in
                QueueHealth.Part(
                    name: policy, share: share,
                    items: sample.isWhole ? count : Int((share.share * Double(sample.total)).rounded()))
            }
        }
    }

    private func holders(at now: Timestamp) throws -> [QueueHealth.Holder] {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT lease_reviewer, count(*) FROM work INDEXED BY work_leased
                    WHERE state = \(WorkState.leased) AND lease_expires > ? GROUP BY 1 ORDER BY 2 DESC, 1
                    """, arguments: [now.milliseconds])
            return rows.map { QueueHealth.Holder(reviewer: $0[0], items: $0[1]) }
        }
    }

    /// Verdicts of a day that were not taken back. Walks the record backwards, a page at a time.
    private func pace(since start: Timestamp, until end: Timestamp) throws -> (byHour: [Int], first: Int, isCut: Bool) {
        var byHour = [Int](repeating: 0, count: 24)
        var (first, seen, last) = (0, 0, Int64.max)
        var undone: Set<Int64> = []
        while true {
            let page = try read { db in
                try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT seq, decided_at, verdict IS NULL, supersedes, review FROM decision
                            WHERE seq < ? ORDER BY seq DESC LIMIT 2000
                            """), arguments: [last])
            }
            for row in page {
                let at: Int64 = row[1]
                guard at >= start.milliseconds else { return (byHour, first, false) }
                if row[2] {
                    if let verdict: Int64 = row[3] { undone.insert(verdict) }
                } else if !undone.contains(row[0]) {
                    byHour[min(23, max(0, Int((at - start.milliseconds) / 3_600_000)))] += 1
                    first += (row[4] as Int?) == nil ? 1 : 0
                }
            }
            seen += page.count
            guard page.count == 2000, let end = page.last else { return (byHour, first, false) }
            guard seen < QueueHealth.mostVerdicts else { return (byHour, first, true) }
            last = end[0]
        }
    }

    /// How many items came in since a moment. Items are numbered as they come, so the first of them is searched for by
    /// halving. What `ingest --update` renewed counts as new only where sixteen neighbours were renewed as well.
    private func arrivals(since start: Timestamp) throws -> Int {
        try read { db in
            let ends = try Row.fetchOne(db, sql: "SELECT (SELECT min(seq) FROM item), (SELECT max(seq) FROM item)")
            guard let oldest = ends?[0] as Int64?, let newest = ends?[1] as Int64? else { return 0 }
            let statement = try db.cachedStatement(
                sql: "SELECT min(ingested_at) FROM (SELECT ingested_at FROM item WHERE seq >= ? ORDER BY seq LIMIT 16)")
            var (low, high) = (oldest, newest + 1)
            while low < high {
                let middle = low + (high - low) / 2
                let at = try Int64.fetchOne(statement, arguments: [middle]) ?? .max
                if at >= start.milliseconds { high = middle } else { low = middle + 1 }
            }
            return Int(newest + 1 - low)
        }
    }
}
