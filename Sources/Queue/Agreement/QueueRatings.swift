import GRDB

/// What two or more reviewers decided about one item, each of them on their own.
public struct RatedItem: Sendable, Hashable {
    /// One reviewer's judgement that was not taken back.
    public struct Judgement: Sendable, Hashable {
        public var reviewer: String
        public var verdict: Verdict
        /// The named policies with those above them: who finds `hate/threatening` finds `hate`.
        public var policies: Set<PolicyID>
    }

    public var item: ItemID
    public var judgements: [Judgement]
}

extension QueueStore {
    /// The items that at least two reviewers judged as they are now, in the order of their ingestion.
    ///
    /// A reviewer's judgement is the reviewer's latest row about the item, unless that is an undo. A later verdict of
    /// somebody else takes its place in the record, but it stays what that reviewer judged.
    ///
    /// Reads a few thousand rows at a time, so nobody waits for it.
    ///
    /// - parameter includingAppeals: Whether verdicts on appeals count. Whoever gives one sees the earlier verdicts, so
    ///   agreement with those says little; first, second, third and gold verdicts are given without knowing others.
    public func ratedItems(includingAppeals: Bool = false) throws -> [RatedItem] {
        var reading = RatedItemReading(includesAppeals: includingAppeals)
        while try read({ try reading.readPage(in: $0) }) {}
        return reading.finished()
    }

    /// Agreement on the verdict and on each policy that anybody named.
    ///
    /// For a policy every reviewer says yes or no; who escalated has handed the item on and says neither.
    ///
    /// - parameter policy: This one only, also where nobody named it.
    /// - throws: ``QueueError/usage(_:)`` for an unknown policy, or a pair that shares nothing.
    public func agreement(
        policy: PolicyID? = nil, pair: (String, String)? = nil, includingAppeals: Bool = false,
        rules: BootstrapRules = BootstrapRules()
    ) throws -> [AgreementReport] {
        let taxonomy = try taxonomy()
        if let policy, taxonomy[policy] == nil {
            throw QueueError.usage(
                "There is no policy \"\(Visible.text(policy.rawValue))\": reviewtui policy list shows those there are.")
        }
        let rated = try ratedItems(includingAppeals: includingAppeals)
        return try Self.reports(over: rated, policy: policy, pair: pair, taxonomy: taxonomy, rules: rules)
    }

    static func reports(
        over rated: [RatedItem], policy: PolicyID? = nil, pair: (String, String)? = nil, taxonomy: Taxonomy,
        rules: BootstrapRules
    ) throws -> [AgreementReport] {
        var reports: [AgreementReport] = []
        if policy == nil {
            let ratings = rated.flatMap { item in
                item.judgements.map { Rating(item: item.item.rawValue, rater: $0.reviewer, label: $0.verdict.rawValue) }
            }
            let table = try RatingTable(ratings)
            reports.append(try AgreementReport(subject: "verdict", table: table, pair: pair, rules: rules))
        }
        let named = Set(rated.flatMap { $0.judgements.flatMap(\.policies) })
        for policy in policy.map({ [$0] }) ?? taxonomy.policies.map(\.id).filter(named.contains) {
            let ratings = rated.flatMap { item in
                let judging = item.judgements.filter { $0.verdict != .escalate }
                return judging.count < 2
                    ? []
                    : judging.map {
                        Rating(
                            item: item.item.rawValue, rater: $0.reviewer,
                            label: $0.policies.contains(policy) ? "yes" : "no")
                    }
            }
            let table = try RatingTable(ratings)
            // A pair that shares verdicts may share none once escalations are left out.
            let shared = pair.flatMap { table.raters.contains($0.0) && table.raters.contains($0.1) ? $0 : nil }
            reports.append(
                try AgreementReport(subject: "policy \(policy)", table: table, pair: shared, rules: rules))
        }
        return reports
    }
}

/// Walks the decisions item by item.
struct RatedItemReading {
    let includesAppeals: Bool
    /// The numbers of the items that are left to read, in ascending order; nil where all are read.
    private var items: ArraySlice<Int64>?
    private var lastItem: Int64 = 0
    private var lastSeq: Int64 = 0
    private var current: (id: String, rows: [(reviewer: String, judgement: RatedItem.Judgement?)])?
    private var found: [RatedItem] = []

    private static let pageSize = 2000

    init(includesAppeals: Bool, items: [Int64]? = nil) {
        self.includesAppeals = includesAppeals
        self.items = items?[...]
    }

    mutating func readPage(in db: Database) throws -> Bool {
        if let left = items {
            take(try Self.rows(of: left.prefix(500), includesAppeals, in: db))
            items = left.dropFirst(500)
            return left.count > 500
        }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT d.item, d.seq, i.id, d.reviewer, d.verdict, d.policies
                FROM decision d JOIN item i ON i.seq = d.item JOIN work w ON w.item = d.item
                WHERE (d.item, d.seq) > (?, ?) AND d.item_digest = i.digest
                    AND (? OR d.review IS NOT \(ReviewRound.appeal.rawValue))
                ORDER BY d.item, d.seq LIMIT \(Self.pageSize)
                """, arguments: [lastItem, lastSeq, includesAppeals])
        take(rows)
        return rows.count == Self.pageSize
    }

    private static func rows(of items: ArraySlice<Int64>, _ includesAppeals: Bool, in db: Database) throws -> [Row] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT d.item, d.seq, i.id, d.reviewer, d.verdict, d.policies
                    FROM json_each(?) wanted CROSS JOIN item i ON i.seq = wanted.value
                        CROSS JOIN decision d ON d.item = i.seq
                    WHERE d.item_digest = i.digest AND (? OR d.review IS NOT \(ReviewRound.appeal.rawValue))
                    ORDER BY d.item, d.seq
                    """), arguments: [WaitingSample.list(Array(items)), includesAppeals])
    }

    private mutating func take(_ rows: [Row]) {
        for row in rows {
            let item: Int64 = row["item"]
            if item != lastItem {
                close()
                current = (row["id"], [])
            }
            (lastItem, lastSeq) = (item, row["seq"])
            let reviewer: String = row["reviewer"]
            let judgement = (row["verdict"] as String?).flatMap(Verdict.init).map { verdict in
                RatedItem.Judgement(reviewer: reviewer, verdict: verdict, policies: Self.policies(row["policies"]))
            }
            current?.rows.removeAll { $0.reviewer.utf8.elementsEqual(reviewer.utf8) }
            current?.rows.append((reviewer, judgement))
        }
    }

    mutating func finished() -> [RatedItem] {
        close()
        return found
    }

    private mutating func close() {
        guard let current else { return }
        let judgements = current.rows.compactMap(\.judgement)
        if judgements.count >= 2 { found.append(RatedItem(item: ItemID(current.id), judgements: judgements)) }
        self.current = nil
    }

    private static func policies(_ json: String) -> Set<PolicyID> {
        let named = ((try? JSONValue(parsing: json))?.array ?? []).compactMap { $0.string.map { PolicyID($0) } }
        return Set(named.flatMap { [$0] + $0.ancestors })
    }
}
