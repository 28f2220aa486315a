import GRDB

/// Light items between heavy ones, for one reviewer's claims.
///
/// An item is heavy where a score over its threshold, or a report, names a policy of a high severity or one beneath it.
public struct Interleaving: Sendable, Hashable {
    /// Policies of this severity or more are heavy.
    public var heavy: Int
    /// How far behind the first item of the line a light one is looked for, in items.
    public var reach: Int
    /// A heavy item that is due within so many seconds is not passed over.
    public var spares: Double

    public init(heavy: Int = 3, reach: Int = 50, spares: Double = 3600) {
        self.heavy = heavy
        self.reach = reach
        self.spares = spares
    }

    func heavy(in taxonomy: Taxonomy) -> HeavyPolicies {
        HeavyPolicies(
            thresholds: taxonomy.policies.filter { policy in
                ([policy.id] + policy.id.ancestors).contains { (taxonomy[$0]?.severity ?? 0) >= heavy }
            })
    }
}

/// The heavy policies of a taxonomy with their thresholds, as SQLite reads them.
struct HeavyPolicies {
    /// `{"hate":0.5}`.
    let json: String

    init(thresholds policies: [Policy]) {
        json = JSONValue.object(policies.map { JSONMember($0.id.rawValue, .number($0.threshold)) }).text
    }

    /// Whether the item of the row `work` is heavy; takes ``json`` twice. The rule is `Score.proposes`.
    static let sql = """
        (EXISTS (
            SELECT 1 FROM score s JOIN json_each(?) heavy ON heavy.key = s.policy
            LEFT JOIN computation c ON c.seq = s.computation
            WHERE s.item = work.item AND s.value >= coalesce(s.threshold, heavy.value) AND coalesce(c.calibrated, 1) <> 0)
        OR EXISTS (
            SELECT 1 FROM item i JOIN json_each(i.reports) report JOIN json_each(?) heavy
                ON heavy.key = json_extract(report.value, '$.reason')
            WHERE i.seq = work.item))
        """
}

extension ClaimDesk {
    /// A light item that waits close behind a heavy one in the same line; nil where the first is light itself, is due, waits
    /// for another than a first verdict, or has none behind it.
    ///
    /// The heavy item is passed over for this claim only: the next one by rank takes it.
    func lighter(than first: Int64, under heavy: HeavyPolicies) throws -> Int64? {
        guard let rules = rules.interleaving else { return nil }
        let due = now.adding(seconds: rules.spares).milliseconds
        let line = try Int.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT work.queue FROM work JOIN item ON item.seq = work.item
                    WHERE work.item = ? AND work.state = \(WorkState.pending) AND coalesce(item.due_at > ?, 1)
                        AND \(HeavyPolicies.sql)
                    """), arguments: [first, due, heavy.json, heavy.json])
        guard let line else { return nil }
        let arguments: [any DatabaseValueConvertible] = [line] + skipArguments + [rules.reach, heavy.json, heavy.json]
        return try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT item FROM (
                        SELECT place, item FROM work INDEXED BY work_pending
                        WHERE queue = ? AND state = 0 \(Self.notSkipped) ORDER BY place, item LIMIT ?) AS work
                    WHERE NOT \(HeavyPolicies.sql) ORDER BY place, item LIMIT 1
                    """), arguments: StatementArguments(arguments))
    }
}
