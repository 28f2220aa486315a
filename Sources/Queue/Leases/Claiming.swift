import Foundation
import GRDB

/// How items are handed out.
public struct ClaimRules: Sendable, Hashable {
    /// How long a lease holds unless it is renewed, in seconds.
    public var lifetime: Double
    /// The share of claims that is drawn uniformly instead of by rank, in [0, 1].
    ///
    /// Priority order makes every later figure lie; what comes from these claims does not.
    public var sampleShare: Double
    /// For how long an item that a reviewer skipped is kept from that reviewer while there are others, in seconds.
    public var skipMemory: Double
    /// The share of claims that brings an item with a known answer which the reviewer has not judged yet, in [0, 1].
    public var goldShare: Double
    /// Where a claim by rank would bring a heavy item, bring a light one that waits close behind it; nil for never.
    public var interleaving: Interleaving?

    public init(
        lifetime: Double = 900, sampleShare: Double = 0.05, skipMemory: Double = 3600, goldShare: Double = 0,
        interleaving: Interleaving? = nil
    ) {
        self.lifetime = lifetime
        self.sampleShare = sampleShare
        self.skipMemory = skipMemory
        self.goldShare = goldShare
        self.interleaving = interleaving
    }
}

extension QueueStore {
    /// Leases the most urgent pending items to a reviewer, or one that is named.
    ///
    /// All of them come in one transaction, so claiming twenty costs one wait for the disk. Leases that have expired
    /// return to pending first.
    ///
    /// - parameter queue: Where nil, the most urgent of every line whose skills the reviewer has. The restricted line is
    ///   never among them, and its items never come by name either unless the line is named.
    /// - parameter item: Leases this one. A reviewer who holds it already gets a new lease in place of the old.
    /// - returns: Up to `count` claims, most urgent first; none where nothing is pending.
    /// - throws: ``QueueError/busy(_:)`` where another reviewer holds the named item, ``QueueError/notFound(_:)`` where
    ///   there is no such item, ``QueueError/failed(_:)`` where it is decided, ``QueueError/usage(_:)`` for a reviewer
    ///   without a name or without a skill that the line asks for.
    public func claim(
        reviewer: String, count: Int = 1, queue: QueueName? = nil, item: ItemID? = nil, rules: ClaimRules = ClaimRules()
    ) throws -> [Claim] {
        var generator = SystemRandomNumberGenerator()
        return try claim(
            reviewer: reviewer, count: count, queue: queue, item: item, rules: rules, using: &generator)
    }

    /// The same with the dice in the caller's hand. Lease tokens come from the system's generator all the same.
    public func claim(
        reviewer: String, count: Int = 1, queue: QueueName? = nil, item: ItemID? = nil,
        rules: ClaimRules = ClaimRules(), using generator: inout some RandomNumberGenerator
    ) throws -> [Claim] {
        try Self.check(reviewer: reviewer)
        guard count >= 1, count <= 1000 else { throw QueueError.usage("A claim takes 1 to 1000 items.") }
        guard rules.lifetime >= 1, rules.lifetime <= 7 * 86_400 else {
            throw QueueError.usage("A lease lasts from one second to seven days.")
        }
        guard (0...1).contains(rules.sampleShare) else { throw QueueError.usage("A share lies in 0...1.") }
        let draws = (0..<count).map { _ in
            let kind = Double.random(in: 0..<1, using: &generator)
            let dice = generator.next()
            if kind < rules.sampleShare { return ClaimDesk.Draw.uniform(seed: dice) }
            return kind < rules.sampleShare + rules.goldShare ? .gold(from: Int64(dice >> 1)) : .byRank
        }
        return try write { db in
            let now = clock()
            try Self.returnExpired(in: db, at: now)
            let desk = try ClaimDesk(
                db: db, reviewer: reviewer, queue: queue, rules: rules, now: now, mediaFolder: mediaFolder)
            var claims: [Claim] = []
            if let item {
                claims = [try desk.lease(named: item)]
            } else {
                let heavy = try rules.interleaving.map { $0.heavy(in: try taxonomyInForce(db).taxonomy) }
                for draw in draws {
                    guard let claim = try desk.leaseNext(draw, sparing: heavy) else { break }
                    claims.append(claim)
                }
            }
            try LeaseEvent.append("lease", claims.map { ($0.lease, reviewer) }, in: db, at: now)
            return claims
        }
    }

    /// Extends a lease from now on.
    ///
    /// - throws: ``QueueError/leaseLost(_:)`` where it has expired or was released.
    public func renew(token: String, lifetime: Double = 900) throws -> Lease {
        guard lifetime >= 1, lifetime <= 7 * 86_400 else {
            throw QueueError.usage("A lease lasts from one second to seven days.")
        }
        return try write { db in
            let now = clock()
            let expiry = now.adding(seconds: lifetime)
            let row = try Row.fetchOne(
                db,
                sql: """
                    UPDATE work SET lease_expires = ? WHERE lease_token = ? AND state = 1 AND lease_expires > ?
                    RETURNING (SELECT id FROM item WHERE seq = work.item), lease_reviewer
                    """,
                arguments: [expiry.milliseconds, token, now.milliseconds])
            guard let row else { throw Self.leaseLost }
            let lease = Lease(token: token, expiresAt: expiry, item: ItemID(row[0] as String))
            try LeaseEvent.append("renew", [(lease, row[1])], in: db, at: now)
            return lease
        }
    }

    /// Gives an item back undecided.
    ///
    /// - parameter skipping: Whether the reviewer passed over it, so that the next claim brings another while there is
    ///   one (see ``ClaimRules/skipMemory``).
    /// - throws: ``QueueError/leaseLost(_:)`` where the lease has expired or was released already.
    public func release(token: String, skipping: Bool = false) throws {
        try write { db in
            let now = clock()
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT w.item, w.lease_reviewer, w.lease_expires, i.id FROM work w JOIN item i ON i.seq = w.item
                    WHERE w.lease_token = ? AND w.state = 1 AND w.lease_expires > ?
                    """, arguments: [token, now.milliseconds])
            guard let row else { throw Self.leaseLost }
            if skipping {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO skip VALUES (?, ?, ?)",
                    arguments: [row["lease_reviewer"] as String, row["item"] as Int64, now.milliseconds])
            }
            try db.execute(sql: Self.toWaiting + "WHERE item = ?", arguments: [row["item"] as Int64])
            let lease = Lease(
                token: token, expiresAt: Timestamp(milliseconds: row["lease_expires"]),
                item: ItemID(row["id"] as String))
            try LeaseEvent.append(skipping ? "skip" : "release", [(lease, row["lease_reviewer"])], in: db, at: now)
        }
    }

    static let leaseLost = QueueError.leaseLost(
        "The lease is lost: it expired, was released, or never was. Claim the item again.")

    /// A uniform draw keeps its mark (`lease_probability`): dropping what reviewers skip would bend the sample.
    static let toWaiting = """
        UPDATE work SET state = \(ReviewRound.waitingStateInSQL), lease_token = NULL, lease_reviewer = NULL,
            lease_expires = NULL
        """ + " "

    /// Gives back what was held too long, and says so in the chain.
    ///
    /// Also what would be held for longer than any lease may last: it was taken before the clock went back.
    static func returnExpired(in db: Database, at now: Timestamp) throws {
        let longest = now.adding(seconds: 7 * 86_400).milliseconds
        let ends = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT (SELECT min(lease_expires) FROM work INDEXED BY work_leased WHERE state = 1),
                        (SELECT max(lease_expires) FROM work INDEXED BY work_leased WHERE state = 1)
                    """))
        guard let first = ends?[0] as Int64?, let last = ends?[1] as Int64? else { return }
        if first <= now.milliseconds { try giveBack(in: db, expiringAfter: .min, until: now.milliseconds, at: now) }
        if last > longest { try giveBack(in: db, expiringAfter: longest, until: .max, at: now) }
    }

    private static func giveBack(
        in db: Database, expiringAfter start: Int64, until end: Int64, at now: Timestamp
    ) throws {
        let expired = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT w.item, w.lease_token, w.lease_reviewer, w.lease_expires, i.id
                    FROM work w INDEXED BY work_leased JOIN item i ON i.seq = w.item
                    WHERE w.state = 1 AND w.lease_expires > ? AND w.lease_expires <= ?
                    """), arguments: [start, end])
        let leases = expired.map { row -> (Lease, String) in
            let expiry = Timestamp(milliseconds: row["lease_expires"])
            return (
                Lease(token: row["lease_token"], expiresAt: expiry, item: ItemID(row["id"] as String)),
                row["lease_reviewer"]
            )
        }
        try db.cachedStatement(sql: toWaiting + "WHERE state = 1 AND lease_expires > ? AND lease_expires <= ?")
            .execute(arguments: [start, end])
        try LeaseEvent.append("expire", leases, in: db, at: now)
    }

    static func check(reviewer: String) throws {
        let isPlain = reviewer.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard !reviewer.isEmpty, reviewer.utf8.count <= 200, isPlain else {
            throw QueueError.usage("A reviewer needs a name of 1 to 200 bytes without control characters.")
        }
    }
}

/// 128 random bits as 32 hex digits: base64 could start with `-` and be taken for an option.
enum LeaseToken {
    static func fresh() -> String {
        var generator = SystemRandomNumberGenerator()
        let words: [UInt64] = [generator.next(), generator.next()]
        return words.withUnsafeBytes { $0.hex }
    }
}
