import Foundation
import GRDB

/// The queue in numbers.
public struct QueueStats: Sendable, Hashable {
    public struct Counts: Sendable, Hashable {
        public var pending = 0
        public var leased = 0
        /// With those of the two that follow.
        public var decided = 0
        /// Decided, and waiting for another verdict.
        public var awaiting = 0
        /// Set apart with a known answer.
        public var gold = 0

        public init(pending: Int = 0, leased: Int = 0, decided: Int = 0, awaiting: Int = 0, gold: Int = 0) {
            self.pending = pending
            self.leased = leased
            self.decided = decided
            self.awaiting = awaiting
            self.gold = gold
        }

        mutating func add(_ count: Int, in state: Int) {
            switch state {
            case WorkState.pending: pending += count
            case WorkState.leased: leased += count
            default: decided += count
            }
            if state == WorkState.awaiting { awaiting += count }
            if state == WorkState.gold { gold += count }
        }
    }

    public var items = Counts()
    public var queues: [QueueName: Counts] = [:]
    /// Standing decisions.
    public var verdicts: [Verdict: Int] = [:]
    /// Standing decisions that name the policy.
    public var policies: [PolicyID: Int] = [:]
    /// Standing decisions on items that had been drawn uniformly.
    public var sampled = 0
    /// How many items each model has been over.
    public var models: [String: Int] = [:]

    public var judgement = JudgementStats()
    /// When the item was flagged that has waited longest.
    public var oldestPending: Timestamp?

    /// What `stats --json` prints.
    public var json: JSONValue {
        func json(_ counts: Counts) -> JSONValue {
            [
                "pending": .integer(Int64(counts.pending)), "leased": .integer(Int64(counts.leased)),
                "decided": .integer(Int64(counts.decided)),
            ]
        }
        func json(_ counts: [String: Int]) -> JSONValue {
            .object(counts.sorted { $0.key < $1.key }.map { JSONMember($0.key, .integer(Int64($0.value))) })
        }
        return [
            "items": json(items),
            "queues": .object(queues.sorted { $0.key < $1.key }.map { JSONMember($0.key.rawValue, json($0.value)) }),
            "verdicts": .object(
                Verdict.allCases.map { JSONMember($0.rawValue, .integer(Int64(verdicts[$0] ?? 0))) }),
            "policies": json([String: Int](uniqueKeysWithValues: policies.map { ($0.key.rawValue, $0.value) })),
            "awaiting": .integer(Int64(items.awaiting)), "gold": .integer(Int64(items.gold)),
            "sampled": .integer(Int64(sampled)), "models": json(models), "judgement": judgement.json,
            "oldest_pending": .optional(oldestPending?.rfc3339),
        ]
    }
}

extension QueueStore {
    /// How many items of a queue are in which state: a seek or two, whatever the size of the queue.
    public func counts(of queue: QueueName) throws -> QueueStats.Counts {
        try read { try Self.counts(of: KnownLine.code(of: queue, in: $0), at: clock().milliseconds, in: $0) }
    }

    /// The same for the items of all queues together.
    public func counts() throws -> QueueStats.Counts {
        try read { try Self.counts(of: nil, at: clock().milliseconds, in: $0) }
    }

    private static func counts(of queue: Int?, at now: Int64, in db: Database) throws -> QueueStats.Counts {
        var counts = QueueStats.Counts()
        let tally = try db.cachedStatement(sql: "SELECT state, items FROM tally WHERE ?1 IS NULL OR queue = ?1")
        for row in try Row.fetchAll(tally, arguments: [queue]) {
            counts.add(row[1], in: row[0])
        }
        // What was held under a lease that has run out is where it waited before, whether or not a claim has come by and
        // said so. There are no more of them than there are reviewers.
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(ReviewRound.waitingStateInSQL), count(*) FROM work INDEXED BY work_leased
                WHERE state = 1 AND lease_expires <= ?2 AND (?1 IS NULL OR queue = ?1) GROUP BY 1
                """)
        for row in try Row.fetchAll(statement, arguments: [queue, now]) {
            counts.add(row[1], in: row[0])
            counts.leased -= row[1] as Int
        }
        return counts
    }

    /// Counts everything: the tally for the items, a scan of the standing decisions and of the pending items for the
    /// rest. Seconds at a million items, so a screen uses ``counts(of:)``.
    public func stats() throws -> QueueStats {
        try read { db in
            var stats = QueueStats()
            let now = clock().milliseconds
            for known in try KnownLine.all(in: db) {
                stats.queues[known.line.name] = try Self.counts(of: known.code, at: now, in: db)
            }
            stats.items = try Self.counts(of: nil, at: now, in: db)
            let standing = "FROM work w JOIN decision d ON d.seq = w.decision"
            for row in try Row.fetchAll(db, sql: "SELECT d.verdict, count(*) \(standing) GROUP BY 1") {
                if let verdict = Verdict(rawValue: row[0]) { stats.verdicts[verdict] = row[1] }
            }
            for row in try Row.fetchAll(
                db, sql: "SELECT p.value, count(*) \(standing), json_each(d.policies) p GROUP BY 1")
            {
                stats.policies[PolicyID(row[0] as String)] = row[1]
            }
            stats.sampled = try Int.fetchOne(db, sql: "SELECT count(d.sampled) \(standing)") ?? 0
            for row in try Row.fetchAll(
                db, sql: "SELECT m.name, count(*) FROM scoring s JOIN model m ON m.seq = s.model GROUP BY 1")
            {
                stats.models[row[0]] = row[1]
            }
            stats.judgement = try JudgementStats.read(in: db)
            let oldest = try Int64.fetchOne(
                db, sql: "SELECT min(i.flagged_at) FROM work w JOIN item i ON i.seq = w.item WHERE w.state = 0")
            stats.oldestPending = oldest.map { Timestamp(milliseconds: $0) }
            return stats
        }
    }
}
