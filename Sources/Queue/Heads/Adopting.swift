import Crypto
import Foundation
import GRDB

/// What scores one policy of a model, by id.
public struct PolicyScorer: Sendable, Hashable {
    /// Nil for what the program ships, if it ships anything for the policy.
    public var head: String?
    /// Nil for what the head brings, or what the program ships for it.
    public var calibration: String?

    /// In JSON: `null` is what the program ships.
    public var json: JSONValue { ["head": .optional(head), "calibration": .optional(calibration)] }
}

/// That another head scores a policy of a model from now on.
public struct HeadChange: Sendable, Hashable {
    public var model: String
    public var policy: PolicyID
    public var before: PolicyScorer
    public var after: PolicyScorer

    /// What `head adopt --json` and `head revert --json` print.
    public var json: JSONValue {
        [
            "model": .string(model), "policy": .string(policy.rawValue), "before": before.json, "after": after.json,
        ]
    }
}

/// That somebody had something score a policy of a model.
public struct HeadAdoption: Sendable, Hashable {
    public var model: String
    public var policy: PolicyID
    public var scorer: PolicyScorer
    /// Whether it brought back what was in use before.
    public var isReversion: Bool
    public var at: Timestamp
    public var by: String
    public var because: String?

    /// What `head show --json` prints under `adoptions`.
    public var json: JSONValue {
        [
            "model": .string(model), "policy": .string(policy.rawValue), "head": .optional(scorer.head),
            "calibration": .optional(scorer.calibration), "reversion": .bool(isReversion),
            "at": .string(at.rfc3339), "by": .string(by), "because": .optional(because),
        ]
    }
}

/// The heads and calibrations of the queue that score now. For every other policy holds what the program ships.
public struct HeadsInUse: Sendable, Hashable {
    public struct Use: Sendable, Hashable {
        public var id: String
        public var model: String
        /// SHA-256 of the weights it was fitted on.
        public var weights: String
        /// What it is in use for, in the order of their ids: all of its policies, or some.
        public var policies: [PolicyID]
        /// As its file would hold it.
        public var document: String
    }

    /// In the order in which they were recorded.
    public var heads: [Use]
    public var calibrations: [Use]
    /// The last adoption or reversion of each model that had one: what has been computed under an earlier one is stale.
    public var adoptions: [String: Int64]

    /// Nothing but what the program ships.
    public static let none = HeadsInUse(heads: [], calibrations: [], adoptions: [:])

    /// The last adoption or reversion of a model; 0 where there was none.
    public func adoption(of model: String) -> Int64 { adoptions[model] ?? 0 }
}

extension QueueStore {
    /// Has a head score policies of its model from now on, or a calibration turn their projections into probabilities.
    ///
    /// A head comes with its own calibration, so one that was adopted for another head no longer counts. Scores in the
    /// queue are as they were: see ``rescore(_:model:adoption:)``.
    ///
    /// - parameter policies: Some of its policies; nil for all.
    /// - parameter because: Why, for whoever reads the record later.
    /// - returns: What changed; nothing where it was in use already.
    /// - throws: ``QueueError/notFound(_:)`` where there is no such head, ``QueueError/usage(_:)`` where it does not know
    ///   a policy.
    @discardableResult
    public func adopt(
        _ id: String, policies: [PolicyID]? = nil, by: String, because: String? = nil
    ) throws -> [HeadChange] {
        try Self.check(reviewer: by)
        if let because, because.utf8.count > 1000 || because.utf8.contains(0) {
            throw QueueError.usage("A reason has at most 1,000 bytes, and no NUL among them.")
        }
        return try write { db in
            let record = try Self.head(id, in: db)
            let (seq, _) = try Self.row(ofHead: record.id, in: db)
            if let unknown = policies?.first(where: { !record.policies.contains($0) }) {
                throw QueueError.usage(
                    """
                    \(record.id) is not for the policy "\(Visible.text(unknown.rawValue))": it is for \
                    \(record.policies.map(\.rawValue).joined(separator: ", ")).
                    """)
            }
            let wanted = Set(policies ?? record.policies).sorted()
            var adoption = Adoption(kind: "adoption", model: record.model, by: by, because: because, now: clock())
            for policy in wanted {
                let now = try PolicyUse.state(of: policy, model: record.model, in: db)
                let next =
                    record.kind == .head
                    ? PolicyUse.State(head: seq, calibration: nil)
                    : PolicyUse.State(head: now.head, calibration: seq)
                if next != now { adoption.changes.append((policy, now, next, nil)) }
            }
            return try adoption.record(in: db)
        }
    }

    /// Brings back what scored policies of a model before the last adoption, and before that when called again.
    ///
    /// - parameter policies: Each goes one step back; nil for those of the model's last adoption that has not been taken
    ///   back.
    /// - throws: ``QueueError/failed(_:)`` where nothing was adopted.
    @discardableResult
    public func revert(
        model: String, policies: [PolicyID]? = nil, by: String, because: String? = nil
    ) throws -> [HeadChange] {
        try Self.check(reviewer: by)
        return try write { db in
            let standing = try Adoption.standing(model: model, in: db)
            let wanted: [PolicyID]
            if let policies {
                wanted = Set(policies).sorted()
            } else {
                let last = standing.max { $0.event < $1.event }?.event
                wanted = Set(standing.filter { $0.event == last }.map(\.policy)).sorted()
            }
            var adoption = Adoption(kind: "reversion", model: model, by: by, because: because, now: clock())
            for policy in wanted {
                let own = standing.filter { $0.policy == policy }
                guard let last = own.last else {
                    throw QueueError.failed(
                        "Nothing was adopted for \(Visible.text(policy.rawValue)) of \(Visible.text(model)): what the program ships is in use."
                    )
                }
                adoption.changes.append((policy, last.state, own.dropLast().last?.state ?? .shipped, last.seq))
            }
            guard !adoption.changes.isEmpty else {
                throw QueueError.failed(
                    "Nothing was adopted for \(Visible.text(model)): what the program ships is in use.")
            }
            return try adoption.record(in: db)
        }
    }

    /// Every adoption and reversion, oldest first: who had what score a policy from when on, and why.
    ///
    /// - parameter model: Of one model; nil for all.
    public func adoptions(model: String? = nil) throws -> [HeadAdoption] {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT a.model, a.policy, h.id, c.id, a.takes_back IS NOT NULL, a.adopted_at, a.adopted_by, a.because
                    FROM head_adoption a LEFT JOIN head h ON h.seq = a.head LEFT JOIN head c ON c.seq = a.calibration
                    WHERE ?1 IS NULL OR a.model = ?1 ORDER BY a.seq
                    """, arguments: [model])
            return rows.map { row in
                HeadAdoption(
                    model: row[0], policy: PolicyID(row[1] as String),
                    scorer: PolicyScorer(head: row[2], calibration: row[3]), isReversion: row[4],
                    at: Timestamp(milliseconds: row[5]), by: row[6], because: row[7])
            }
        }
    }

    /// The heads and calibrations of this queue that score now, with their documents.
    public func headsInUse() throws -> HeadsInUse {
        try read { db in
            let uses = try PolicyUse.all(in: db)
            guard !uses.isEmpty else { return .none }
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(HeadRow.columns), seq FROM head
                    WHERE seq IN (SELECT head FROM head_adoption UNION SELECT calibration FROM head_adoption) ORDER BY seq
                    """)
            var found = HeadsInUse.none
            for row in rows {
                let (seq, head) = (row["seq"] as Int64, HeadRow(row))
                func use(_ part: KeyPath<PolicyUse.State, Int64?>) -> HeadsInUse.Use? {
                    let policies = uses.filter { $0.state[keyPath: part] == seq }.map(\.policy).sorted()
                    return policies.isEmpty
                        ? nil
                        : HeadsInUse.Use(
                            id: head.id, model: head.model, weights: head.weights, policies: policies,
                            document: head.body)
                }
                if let use = use(\.head) { found.heads.append(use) }
                if let use = use(\.calibration) { found.calibrations.append(use) }
            }
            found.adoptions = try Adoption.latest(in: db)
            return found
        }
    }
}

/// What scores a policy of a model now, in numbers of rows.
struct PolicyUse {
    struct State: Hashable {
        var head: Int64?
        var calibration: Int64?

        static let shipped = State()
    }

    var model: String
    var policy: PolicyID
    var state: State

    static func all(in db: Database) throws -> [PolicyUse] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT model, policy, head, calibration FROM head_adoption a
                WHERE seq = (SELECT max(seq) FROM head_adoption b WHERE b.model = a.model AND b.policy = a.policy)
                """)
        return rows.map { row in
            PolicyUse(
                model: row[0], policy: PolicyID(row[1] as String), state: State(head: row[2], calibration: row[3]))
        }
    }

    static func state(of policy: PolicyID, model: String, in db: Database) throws -> State {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT head, calibration FROM head_adoption WHERE model = ? AND policy = ? ORDER BY seq DESC LIMIT 1
                    """), arguments: [model, policy.rawValue])
        return row.map { State(head: $0[0], calibration: $0[1]) } ?? .shipped
    }
}

/// An adoption or a reversion about to be recorded: one event, and a row for each policy.
struct Adoption {
    let kind: String
    let model: String
    let by: String
    let because: String?
    let now: Timestamp
    var changes: [(policy: PolicyID, before: PolicyUse.State, after: PolicyUse.State, takesBack: Int64?)] = []

    /// Adoptions of a model that no reversion has taken back, oldest first.
    static func standing(
        model: String, in db: Database
    ) throws -> [(seq: Int64, policy: PolicyID, state: PolicyUse.State, event: Int64)] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT seq, policy, head, calibration, event FROM head_adoption a
                WHERE model = ? AND takes_back IS NULL
                    AND NOT EXISTS (SELECT 1 FROM head_adoption b WHERE b.model = a.model AND b.takes_back = a.seq)
                ORDER BY seq
                """, arguments: [model])
        return rows.map { row in
            (row[0], PolicyID(row[1] as String), PolicyUse.State(head: row[2], calibration: row[3]), row[4])
        }
    }

    /// The last adoption or reversion of each model.
    static func latest(in db: Database) throws -> [String: Int64] {
        try Row.fetchAll(db, sql: "SELECT model, max(seq) FROM head_adoption GROUP BY model")
            .reduce(into: [:]) { $0[$1[0]] = $1[1] as Int64 }
    }

    /// The last adoption or reversion of one model; 0 where there was none.
    static func latest(model: String, in db: Database) throws -> Int64 {
        let statement = try db.cachedStatement(sql: "SELECT ifnull(max(seq), 0) FROM head_adoption WHERE model = ?")
        return try Int64.fetchOne(statement, arguments: [model]) ?? 0
    }

    func record(in db: Database) throws -> [HeadChange] {
        guard !changes.isEmpty else { return [] }
        var names: [Int64: String] = [:]
        func name(_ seq: Int64?) throws -> String? {
            guard let seq else { return nil }
            if names[seq] == nil {
                names[seq] = try String.fetchOne(db, sql: "SELECT id FROM head WHERE seq = ?", arguments: [seq])
            }
            return names[seq]
        }
        func scorer(_ state: PolicyUse.State) throws -> PolicyScorer {
            PolicyScorer(head: try name(state.head), calibration: try name(state.calibration))
        }
        let first = try Int64.fetchOne(db, sql: "SELECT ifnull(max(seq), 0) + 1 FROM head_adoption") ?? 1
        let rows = changes.enumerated().map { number, change in
            AdoptionRow(
                seq: first + Int64(number), model: model, policy: change.policy.rawValue, head: change.after.head,
                calibration: change.after.calibration, takesBack: change.takesBack, at: now.milliseconds, by: by,
                because: because)
        }
        let event = try AuditChain.append(
            kind: kind,
            body: [
                "model": .string(model), "policies": .array(changes.map { .string($0.policy.rawValue) }),
                "by": .string(by), "because": .optional(because), "digest": .string(AdoptionRow.digest(of: rows)),
            ], in: db, at: now)
        for row in rows {
            try db.execute(
                sql: "INSERT INTO head_adoption VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    row.seq, row.model, row.policy, row.head, row.calibration, row.takesBack, row.at, row.by,
                    row.because, event.seq,
                ])
        }
        return try changes.map { change in
            HeadChange(
                model: model, policy: change.policy, before: try scorer(change.before),
                after: try scorer(change.after))
        }
    }
}

/// A row of `head_adoption` as it is stored.
struct AdoptionRow {
    var seq: Int64
    var model: String
    var policy: String
    var head: Int64?
    var calibration: Int64?
    var takesBack: Int64?
    var at: Int64
    var by: String
    var because: String?

    /// SHA-256 over the rows of one event, hex.
    static func digest(of rows: [AdoptionRow]) -> String {
        let values = rows.map { row -> JSONValue in
            [
                "seq": .integer(row.seq), "model": .string(row.model), "policy": .string(row.policy),
                "head": .optional(row.head), "calibration": .optional(row.calibration),
                "takes_back": .optional(row.takesBack), "at": .integer(row.at), "by": .string(row.by),
                "because": .optional(row.because),
            ]
        }
        return SHA256.hash(data: Data(JSONValue.array(values).canonicalText.utf8)).hex
    }

    /// Those of one event, in their order.
    static func rows(ofEvent event: Int64, in db: Database) throws -> [AdoptionRow] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT seq, CAST(model AS BLOB), CAST(policy AS BLOB), head, calibration, takes_back, adopted_at,
                        CAST(adopted_by AS BLOB), CAST(because AS BLOB)
                    FROM head_adoption WHERE event = ? ORDER BY seq
                    """), arguments: [event])
        return rows.map { row in
            func text(_ column: Int) -> String? { (row[column] as Data?).map { String(decoding: $0, as: UTF8.self) } }
            return AdoptionRow(
                seq: row[0], model: text(1) ?? "", policy: text(2) ?? "", head: row[3], calibration: row[4],
                takesBack: row[5], at: row[6], by: text(7) ?? "", because: text(8))
        }
    }
}
