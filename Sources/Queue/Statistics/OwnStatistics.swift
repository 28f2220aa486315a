import GRDB

/// One reviewer's own work, for that reviewer.
///
/// Nothing in it tells which item had a known answer or a second verdict, nor what either was: those figures end with
/// yesterday, so that none of them moves by a verdict just given, and they are withheld while they rest on too little.
public struct OwnStatistics: Sendable, Hashable {
    public var readAt: Timestamp
    /// Beginnings of the days, local midnights; today's last.
    public var days: [Timestamp]
    /// Verdicts of each day that were not taken back. The last is today's.
    public var verdictsByDay: [Int]
    public var today: [Verdict: Int]
    public var undoneToday: Int
    /// Verdicts an hour while at work today: pauses of more than ten minutes are not counted as work. Nil for fewer than
    /// five verdicts.
    public var perHourToday: Double?
    /// From the first paint of an item to its verdict, in milliseconds, the median.
    public var medianToday: Int64?
    public var medianOfAll: Int64?
    /// Items that a second reviewer judged as well, and whether both said the same; before today.
    public var secondReviews: Proportion?
    /// Items with known answers, and whether the answer was theirs; before today, nil for fewer than five.
    public var gold: Proportion?
    /// Appeals against their verdicts that are settled, and how many of those upheld the verdict.
    public var appealsUpheld: Proportion?

    /// A pause longer than this ends a stretch of work, in milliseconds.
    static let pause: Int64 = 600_000
    /// Fewer known answers than this could tell which item was one.
    static let fewestGold = 5
}

extension QueueStore {
    /// What a reviewer did on some days.
    ///
    /// Reads that reviewer's own decisions by their index, a page at a time.
    ///
    /// - parameter days: Beginnings of the days in ascending order, today's last.
    public func ownStatistics(of reviewer: String, days: [Timestamp]) throws -> OwnStatistics {
        let now = clock()
        var reading = OwnReading(reviewer: reviewer, days: days)
        while try read({ try reading.readPage(in: $0) }) {}
        return reading.finished(at: now)
    }
}

/// Walks a reviewer's decisions from the latest back to the first day.
private struct OwnReading {
    let reviewer: String
    let days: [Timestamp]
    private var last = Int64.max
    private var undone: Set<Int64> = []
    private var verdictsByDay: [Int]
    private var today: [Verdict: Int] = [:]
    private var undoneToday = 0
    /// Of today's verdicts, the latest first; milliseconds.
    private var moments: [Int64] = []
    private var durationsToday: [Int64] = []
    private var durations: [Int64] = []
    private var second = WeightedCount()
    private var gold = WeightedCount()
    private var appeals = WeightedCount()

    private static let pageLength = 1000

    init(reviewer: String, days: [Timestamp]) {
        self.reviewer = reviewer
        self.days = days
        verdictsByDay = Array(repeating: 0, count: days.count)
    }

    mutating func readPage(in db: Database) throws -> Bool {
        guard let start = days.first?.milliseconds, let todayStart = days.last?.milliseconds else { return false }
        let page = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT seq, decided_at, verdict, duration_ms, supersedes FROM decision INDEXED BY decision_by_reviewer
                    WHERE reviewer = ? AND seq < ? ORDER BY seq DESC LIMIT \(Self.pageLength)
                    """), arguments: [reviewer, last])
        let rows = page.prefix { $0["decided_at"] as Int64 >= start }
        for row in rows { take(row, todayStart) }
        if let newest: Int64 = rows.first?["seq"], let oldest: Int64 = rows.last?["seq"] {
            try compare(from: oldest, to: newest, before: todayStart, in: db)
            last = oldest
        }
        return rows.count == Self.pageLength
    }

    private mutating func take(_ row: Row, _ todayStart: Int64) {
        let at: Int64 = row["decided_at"]
        guard let verdict = (row["verdict"] as String?).flatMap(Verdict.init) else {
            if let verdict: Int64 = row["supersedes"] { undone.insert(verdict) }
            undoneToday += at >= todayStart ? 1 : 0
            return
        }
        guard !undone.contains(row["seq"]) else { return }
        if let day = days.lastIndex(where: { $0.milliseconds <= at }) { verdictsByDay[day] += 1 }
        let duration: Int64? = row["duration_ms"]
        if let duration { durations.append(duration) }
        guard at >= todayStart else { return }
        today[verdict, default: 0] += 1
        moments.append(at)
        if let duration { durationsToday.append(duration) }
    }

    /// The reviewer's verdicts against those of a second reviewer, known answers, and what appeals came to.
    private mutating func compare(
        from oldest: Int64, to newest: Int64, before todayStart: Int64, in db: Database
    ) throws {
        let (own, stands) = (
            "d.reviewer = ? AND d.seq BETWEEN ? AND ? AND d.verdict IS NOT NULL AND \(Self.stands("d"))",
            Self.stands("other")
        )
        let range: StatementArguments = [reviewer, oldest, newest]
        try count(
            """
            SELECT d.verdict, d.policies, other.verdict, other.policies
            FROM decision d INDEXED BY decision_by_reviewer JOIN decision other ON other.item = d.item
            WHERE \(own) AND d.decided_at < ? AND other.decided_at < ?
                AND other.verdict IS NOT NULL AND other.reviewer <> d.reviewer AND \(stands)
                AND ((d.review IS NULL AND other.review = \(ReviewRound.second.rawValue))
                    OR (d.review = \(ReviewRound.second.rawValue) AND other.review IS NULL))
            """, range + [todayStart, todayStart], into: &second, in: db)
        try count(
            """
            SELECT d.verdict, d.policies, g.verdict, g.policies
            FROM decision d INDEXED BY decision_by_reviewer JOIN gold g ON g.item = d.item
            WHERE \(own) AND d.decided_at < ? AND d.review = \(ReviewRound.gold.rawValue)
            """, range + [todayStart], into: &gold, in: db)
        try count(
            """
            SELECT d.verdict, d.policies, other.verdict, other.policies
            FROM decision d INDEXED BY decision_by_reviewer JOIN appeal a ON a.item = d.item AND a.decision = d.seq
                JOIN decision other ON other.seq = a.outcome
            WHERE d.reviewer = ? AND d.seq BETWEEN ? AND ? AND d.verdict IS NOT NULL AND other.verdict IS NOT NULL
            """, range, into: &appeals, in: db)
    }

    /// A verdict is the same where the words are, and where both name policies, one in common: as a second review is
    /// settled.
    private func count(
        _ sql: String, _ arguments: StatementArguments, into found: inout WeightedCount, in db: Database
    ) throws {
        for row in try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments) {
            let (own, known) = (Set(PolicyID.list(row[1])), Set(PolicyID.list(row[3])))
            let sharesPolicy = own.isEmpty || known.isEmpty || !own.isDisjoint(with: known)
            found.add(row[0] as String == row[2] as String && sharesPolicy, weight: 1)
        }
    }

    private static func stands(_ name: String) -> String {
        "NOT EXISTS (SELECT 1 FROM decision undo WHERE undo.supersedes = \(name).seq AND undo.verdict IS NULL)"
    }

    func finished(at now: Timestamp) -> OwnStatistics {
        OwnStatistics(
            readAt: now, days: days, verdictsByDay: verdictsByDay, today: today, undoneToday: undoneToday,
            perHourToday: perHour, medianToday: Self.median(durationsToday), medianOfAll: Self.median(durations),
            secondReviews: Proportion(second), gold: gold.rows >= OwnStatistics.fewestGold ? Proportion(gold) : nil,
            appealsUpheld: Proportion(appeals))
    }

    /// Verdicts over the time between them, long pauses left out on both sides of the fraction.
    private var perHour: Double? {
        let gaps = zip(moments, moments.dropFirst()).map { $0 - $1 }.filter { $0 >= 0 && $0 <= OwnStatistics.pause }
        let worked = gaps.reduce(0, +)
        return gaps.count >= 4 && worked > 0 ? Double(gaps.count) / Double(worked) * 3_600_000 : nil
    }

    private static func median(_ values: [Int64]) -> Int64? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
