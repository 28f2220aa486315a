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

    public init(lifetime: Double = 900, sampleShare: Double = 0.05, skipMemory: Double = 3600) {
        self.lifetime = lifetime
        self.sampleShare = sampleShare
        self.skipMemory = skipMemory
    }
}

extension QueueStore {
    /// Leases the most urgent pending items to a reviewer, or one that is named.
    ///
    /// All of them come in one transaction, so claiming twenty costs one wait for the disk. Leases that have expired
    /// return to pending first.
    ///
    /// - parameter queue: `.default` where it is nil. Restricted items never come out of the default queue, also
    ///   not by name.
    /// - parameter item: Leases this one. A reviewer who holds it already gets a new lease in place of the old.
    /// - returns: Up to `count` claims, most urgent first; none where nothing is pending.
    /// - throws: ``QueueError/busy(_:)`` where another reviewer holds the named item, ``QueueError/notFound(_:)`` where
    ///   there is no such item, ``QueueError/failed(_:)`` where it is decided, ``QueueError/usage(_:)`` for a reviewer
    ///   without a name.
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
            Double.random(in: 0..<1, using: &generator) < rules.sampleShare
                ? Int64.random(in: 0...Int64.max, using: &generator) : nil
        }
        return try write { db in
            let now = clock()
            try Self.returnExpired(in: db, at: now)
            let desk = ClaimDesk(
                db: db, reviewer: reviewer, queue: queue ?? .default, rules: rules, now: now, mediaFolder: mediaFolder)
            if let item { return [try desk.lease(named: item, queueWasGiven: queue != nil)] }
            var claims: [Claim] = []
            for draw in draws {
                guard let claim = try desk.leaseNext(lottery: draw) else { break }
                claims.append(claim)
            }
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
            let id = try String.fetchOne(
                db,
                sql: """
                    UPDATE work SET lease_expires = ? WHERE lease_token = ? AND state = 1 AND lease_expires > ?
                    RETURNING (SELECT id FROM item WHERE seq = work.item)
                    """,
                arguments: [expiry.milliseconds, token, now.milliseconds])
            guard let id else { throw Self.leaseLost }
            return Lease(token: token, expiresAt: expiry, item: ItemID(id))
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
                sql: "SELECT item, lease_reviewer FROM work WHERE lease_token = ? AND state = 1 AND lease_expires > ?",
                arguments: [token, now.milliseconds])
            guard let row else { throw Self.leaseLost }
            if skipping {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO skip VALUES (?, ?, ?)",
                    arguments: [row["lease_reviewer"] as String, row["item"] as Int64, now.milliseconds])
            }
            try db.execute(sql: Self.toPending + "WHERE item = ?", arguments: [row["item"] as Int64])
        }
    }

    static let leaseLost = QueueError.leaseLost(
        "The lease is lost: it expired, was released, or never was. Claim the item again.")

    static let toPending = """
        UPDATE work SET state = 0, lease_token = NULL, lease_reviewer = NULL, lease_expires = NULL,
            lease_probability = NULL
        """ + " "

    static func returnExpired(in db: Database, at now: Timestamp) throws {
        try db.cachedStatement(sql: toPending + "WHERE state = 1 AND lease_expires <= ?")
            .execute(arguments: [now.milliseconds])
    }

    static func check(reviewer: String) throws {
        let isPlain = reviewer.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard !reviewer.isEmpty, reviewer.utf8.count <= 200, isPlain else {
            throw QueueError.usage("A reviewer needs a name of 1 to 200 bytes without control characters.")
        }
    }
}

/// Hands items out within one transaction.
private struct ClaimDesk {
    let db: Database
    let reviewer: String
    let queue: QueueName
    let rules: ClaimRules
    let now: Timestamp
    let mediaFolder: String

    /// The next item by rank, or by lottery from a random start; what the reviewer skipped comes last.
    func leaseNext(lottery: Int64?) throws -> Claim? {
        if let lottery {
            // The first at or above a random point, else the first of all: lottery numbers are random and know
            // nothing of the item, so nothing about an item makes it likelier.
            let fromPoint = "queue = ? AND state = 0 AND lottery >= ? \(Self.notSkipped) ORDER BY lottery LIMIT 1"
            let probability = rules.sampleShare
            if let claim = try lease(where: fromPoint, [queue.code, lottery] + skipArguments, probability) {
                return claim
            }
            if let claim = try lease(where: fromPoint, [queue.code, 0] + skipArguments, probability) { return claim }
        }
        let byRank = { (unskipped: String) in "queue = ? AND state = 0 \(unskipped) ORDER BY place, item LIMIT 1" }
        if let claim = try lease(where: byRank(Self.notSkipped), [queue.code] + skipArguments, nil) { return claim }
        return try lease(where: byRank(""), [queue.code], nil)
    }

    func lease(named id: ItemID, queueWasGiven: Bool) throws -> Claim {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT w.item, w.state, w.queue, w.lease_reviewer FROM item i JOIN work w ON w.item = i.seq
                WHERE i.id = ?
                """, arguments: [id.rawValue])
        let shown = Visible.text(id.rawValue)
        guard let row else { throw QueueError.notFound("There is no item \"\(shown)\" in the queue.") }
        let itsQueue = QueueName(code: row["queue"])
        guard itsQueue == queue else {
            throw QueueError.usage("Item \"\(shown)\" waits in another queue: claim it with --queue \(itsQueue).")
        }
        switch row["state"] as Int {
        case WorkState.decided:
            throw QueueError.failed("Item \"\(shown)\" is decided already. Whoever decided it can undo that.")
        case WorkState.leased where !(row["lease_reviewer"] as String).utf8.elementsEqual(reviewer.utf8):
            throw QueueError.busy("Somebody else is reviewing item \"\(shown)\": try again later.")
        default: break
        }
        guard let claim = try lease(where: "item = ?", [row["item"] as Int64], nil) else {
            throw QueueError.busy("Somebody else took item \"\(shown)\" just now: try again later.")
        }
        return claim
    }

    private static let notSkipped = """
        AND NOT EXISTS (SELECT 1 FROM skip k WHERE k.reviewer = ? AND k.item = work.item AND k.skipped_at > ?)
        """

    private var skipArguments: [any DatabaseValueConvertible] {
        [reviewer, now.adding(seconds: -rules.skipMemory).milliseconds]
    }

    /// One statement finds the item and takes it, so that no other process can come between.
    private func lease(
        where condition: String, _ values: [any DatabaseValueConvertible], _ probability: Double?
    ) throws -> Claim? {
        let token = LeaseToken.fresh()
        let expiry = now.adding(seconds: rules.lifetime)
        let statement = try db.cachedStatement(
            sql: """
                UPDATE work SET state = 1, lease_token = ?, lease_reviewer = ?, lease_expires = ?,
                    lease_probability = coalesce(?, lease_probability)
                WHERE item = (SELECT item FROM work WHERE \(condition)) RETURNING item, lease_probability
                """)
        let head: [(any DatabaseValueConvertible)?] = [token, reviewer, expiry.milliseconds, probability]
        guard let row = try Row.fetchOne(statement, arguments: StatementArguments(head + values)) else { return nil }
        let seq: Int64 = row["item"]
        let stored = StoredItem(db: db, mediaFolder: mediaFolder)
        let item = try stored.item(seq)
        return Claim(
            lease: Lease(token: token, expiresAt: expiry, item: item.id), item: item, scores: try stored.scores(seq),
            explanations: try stored.explanations(seq), sampledWithProbability: row["lease_probability"])
    }
}

/// 128 random bits as 32 hex digits: base64 could start with `-` and be taken for an option.
enum LeaseToken {
    static func fresh() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }.hex
    }
}
