import GRDB

/// Goes through items in the order of ingestion and works a value out of each one's calibrated scores.
///
/// Stepped through SQLite's own interface: a million items have several million scores.
struct ScoreScan {
    struct Found {
        var item: Int64
        /// Nil where the item has no score that counts.
        var reading: HardnessMeter.Reading?
    }

    private let rows: PreparedStatement
    private var meter: HardnessMeter?
    private var isAtRow: Bool
    /// Items that were given so far, and the last of them.
    private(set) var count = 0
    private(set) var last: Int64?

    /// - parameter meter: nil where scores are of no interest.
    /// - parameter condition: Over the alias `w`.
    /// - parameter model: The number of the only model whose scores count.
    /// - parameter items: At most so many.
    init(
        meter: HardnessMeter?, where condition: String, after last: Int64, items limit: Int, model: Int64? = nil,
        in db: Database
    ) throws {
        self.meter = meter
        let page = """
            SELECT w.item FROM work w WHERE w.item > ? AND \(condition) ORDER BY w.item LIMIT ?
            """
        if meter == nil {
            rows = try PreparedStatement(page, arguments: [last, limit], in: db)
        } else {
            rows = try PreparedStatement(
                """
                SELECT p.item, s.policy, s.value, s.threshold, c.calibrated FROM (\(page)) p
                    LEFT JOIN score s ON s.item = p.item AND (?3 IS NULL OR s.model = ?3)
                    LEFT JOIN computation c ON c.seq = s.computation
                ORDER BY p.item
                """, arguments: [last, limit, model], in: db)
        }
        isAtRow = try rows.next()
    }

    /// The next item; nil after the last.
    mutating func next() throws -> Found? {
        guard isAtRow else { return nil }
        let item = rows.integer(0)
        (count, last) = (count + 1, item)
        guard meter != nil else {
            isAtRow = try rows.next()
            return Found(item: item)
        }
        while isAtRow, rows.integer(0) == item {
            // A number that is no probability counts for nothing; one that came in with its item is taken for one.
            if !rows.isNull(1), rows.isNull(4) || rows.integer(4) != 0 {
                meter?.add(
                    policy: rows.bytes(1), value: rows.double(2), threshold: rows.isNull(3) ? nil : rows.double(3))
            }
            isAtRow = try rows.next()
        }
        return Found(item: item, reading: meter?.take())
    }
}
