import GRDB

/// How reviewers judged what models proposed, over the standing decisions.
public struct JudgementStats: Sendable, Hashable {
    /// Decisions on items for which some policy was proposed.
    public struct Outcomes: Sendable, Hashable {
        /// A proposed policy was confirmed and none overruled.
        public var agreed = 0
        /// A proposed policy was overruled by `allow`, or deselected.
        public var overturned = 0

        /// Overturned of both; nil for none.
        public var overturnRate: Double? {
            agreed + overturned > 0 ? Double(overturned) / Double(agreed + overturned) : nil
        }
    }

    /// Where an explanation was on the screen when the verdict fell, and where none was.
    public var explained = Outcomes()
    public var unexplained = Outcomes()
    /// First calls of a blind-first review: the verdict with its policies was kept, or changed, once the model was seen.
    public var firstCallsKept = 0
    public var firstCallsChanged = 0
    /// Decisions that fell on a group at once, and on how many groups.
    public var groupDecisions = 0
    public var groups = 0

    /// What `stats --json` prints under `judgement`.
    public var json: JSONValue {
        func json(_ outcomes: Outcomes) -> JSONValue {
            [
                "agreed": .integer(Int64(outcomes.agreed)), "overturned": .integer(Int64(outcomes.overturned)),
                "overturn_rate": .optional(outcomes.overturnRate),
            ]
        }
        return [
            "explained": json(explained), "unexplained": json(unexplained),
            "first_calls": [
                "kept": .integer(Int64(firstCallsKept)), "changed": .integer(Int64(firstCallsChanged)),
            ],
            "groups": ["groups": .integer(Int64(groups)), "decisions": .integer(Int64(groupDecisions))],
        ]
    }

    /// Reads labels by their origin: 1 of `model` was proposed and confirmed, 0 of `person` proposed and overruled.
    /// Verdicts of a blind-first review have no such labels, since nothing was proposed when they were made.
    ///
    /// - parameter rows: Decisions with these numbers only.
    /// - parameter onlyDrawn: Whether only items count that were drawn uniformly.
    static func read(
        in db: Database, rows: ClosedRange<Int64>? = nil, onlyDrawn: Bool = false
    ) throws -> JudgementStats {
        var stats = JudgementStats()
        // Few rows are read by themselves; all of them by what stands.
        let join =
            rows == nil
            ? "work w JOIN decision d ON d.seq = w.decision" : "decision d CROSS JOIN work w ON w.item = d.item"
        let within = rows.map { "AND d.seq BETWEEN \($0.lowerBound) AND \($0.upperBound) AND w.decision = d.seq" } ?? ""
        let drawn = onlyDrawn ? "AND d.sampled IS NOT NULL" : ""
        let standing = "FROM \(join)"
        let outcomes = try Row.fetchAll(
            db,
            sql: """
                SELECT seen, sum(overruled), sum(NOT overruled AND confirmed) FROM (
                    SELECT json_extract(d.shown, '$.explanation.method') IS NOT NULL AS seen,
                        EXISTS (SELECT 1 FROM json_each(d.labels) l WHERE json_extract(l.value, '$.value') = 0
                            AND json_extract(l.value, '$.origin') = 'person') AS overruled,
                        EXISTS (SELECT 1 FROM json_each(d.labels) l WHERE json_extract(l.value, '$.value') = 1
                            AND json_extract(l.value, '$.origin') = 'model') AS confirmed
                    \(standing) WHERE json_type(d.shown, '$.first_call') IS NULL \(within) \(drawn)
                ) GROUP BY seen
                """)
        for row in outcomes {
            let found = Outcomes(agreed: row[2], overturned: row[1])
            if row[0] { stats.explained = found } else { stats.unexplained = found }
        }
        let calls = try Row.fetchAll(
            db,
            sql: """
                SELECT json_extract(d.shown, '$.first_call.verdict') = d.verdict
                        AND json_extract(d.shown, '$.first_call.policies') = json(d.policies) AS kept, count(*)
                \(standing) WHERE json_type(d.shown, '$.first_call') IS NOT NULL \(within) \(drawn) GROUP BY kept
                """)
        for row in calls {
            if row[0] { stats.firstCallsKept = row[1] } else { stats.firstCallsChanged = row[1] }
        }
        let grouped = try Row.fetchOne(
            db,
            sql: """
                SELECT count(*), count(DISTINCT coalesce(json_extract(d.shown, '$.group.lead'), d.id))
                \(standing) WHERE json_type(d.shown, '$.group') IS NOT NULL
                """)
        (stats.groupDecisions, stats.groups) = (grouped?[0] ?? 0, grouped?[1] ?? 0)
        return stats
    }

    static func + (a: JudgementStats, b: JudgementStats) -> JudgementStats {
        func sum(_ a: Outcomes, _ b: Outcomes) -> Outcomes {
            Outcomes(agreed: a.agreed + b.agreed, overturned: a.overturned + b.overturned)
        }
        return JudgementStats(
            explained: sum(a.explained, b.explained), unexplained: sum(a.unexplained, b.unexplained),
            firstCallsKept: a.firstCallsKept + b.firstCallsKept,
            firstCallsChanged: a.firstCallsChanged + b.firstCallsChanged)
    }
}
