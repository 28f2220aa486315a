import Foundation
import GRDB

/// What raises an item's rank beside its priority and the time it has waited.
///
/// ```swift
/// try store.set(RankOrder(basis: .entropy, weight: 2))
/// try store.reorder()  // moves what waits already
/// ```
///
/// A value in [0, 1] is worked out from the item's calibrated scores, and `weight` times that is added to its priority. The
/// share of claims that is drawn uniformly knows nothing of it.
public struct RankOrder: Sendable, Hashable {
    public enum Basis: String, Sendable, CaseIterable {
        /// Priority and waiting alone.
        case priority
        /// The highest score: what is likeliest to violate comes first.
        case score
        /// The highest entropy of a score.
        case entropy
        /// The score nearest to its threshold.
        case margin
        /// How far models lie apart about one policy.
        case disagreement
    }

    public var basis: Basis
    /// What a value of 1 is worth in priority: 1 is 25 hours of waiting. Positive, at most ``weightLimit``.
    public var weight: Double
    /// The policy, with those beneath it, whose scores count; nil for all.
    public var policy: PolicyID?

    /// Four weeks of waiting and more: beyond that nothing else would count.
    public static let weightLimit = 100.0

    public init(basis: Basis = .priority, weight: Double = 1, policy: PolicyID? = nil) {
        self.basis = basis
        self.weight = weight
        self.policy = policy
    }

    /// What `order --json` prints.
    public var json: JSONValue {
        ["by": .string(basis.rawValue), "weight": .number(weight), "policy": .optional(policy?.rawValue)]
    }

    static func read(in db: Database) throws -> RankOrder {
        let statement = try db.cachedStatement(sql: "SELECT value FROM setting WHERE name = 'order'")
        guard let text = try String.fetchOne(statement), let value = try? JSONValue(parsing: text),
            let basis = value["by"]?.string.flatMap(Basis.init)
        else { return RankOrder() }
        return RankOrder(
            basis: basis, weight: value["weight"]?.double ?? 1, policy: value["policy"]?.string.map { PolicyID($0) })
    }

    /// What works the value out; nil where it is always 0.
    func meter(under taxonomy: Taxonomy) -> HardnessMeter? {
        let measure: HardnessMeter.Measure
        switch basis {
        case .priority: return nil
        case .score: measure = .score
        case .entropy: measure = .entropy
        case .margin: measure = .margin
        case .disagreement: measure = .disagreement
        }
        return HardnessMeter(measure, policy: policy, taxonomy: taxonomy)
    }
}

/// `work.place` and `work.boost` of items that are there.
enum StoredRank {
    /// Gives an item another boost, unless it was mined: then its place is the mining's.
    ///
    /// - returns: Whether that moved it.
    @discardableResult
    static func set(boost: Double, of item: Int64, in db: Database) throws -> Bool {
        let known = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT boost, mined FROM work WHERE item = ?"), arguments: [item])
        guard let known, known[1] as String? == nil, known[0] as Double != boost else { return false }
        try put(boost: boost, of: item, in: db)
        return true
    }

    /// The same whatever it was mined for.
    static func put(boost: Double, of item: Int64, in db: Database) throws {
        guard let place = try place(of: item, boost: boost, in: db) else { return }
        try db.cachedStatement(sql: "UPDATE work SET place = ?, boost = ? WHERE item = ?")
            .execute(arguments: [place, boost, item])
    }

    /// Where an item would stand with this boost; nil where there is no such item.
    static func place(of item: Int64, boost: Double, in db: Database) throws -> Double? {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT flagged_at, due_at, priority FROM item WHERE seq = ?"), arguments: [item])
        return row.map { row in
            Rank.place(
                flaggedAt: Timestamp(milliseconds: row[0]),
                dueAt: (row[1] as Int64?).map { Timestamp(milliseconds: $0) },
                priority: row[2], boost: boost)
        }
    }
}

extension QueueStore {
    /// What raises ranks in this queue.
    public func rankOrder() throws -> RankOrder { try read { try RankOrder.read(in: $0) } }

    /// Says what raises ranks from now on, for what comes in and what is scored. Call ``reorder(progress:)`` to move what
    /// waits already.
    ///
    /// - throws: ``QueueError/usage(_:)`` for a weight that is not over 0 and up to ``RankOrder/weightLimit``, an unknown
    ///   policy, or a policy where priority alone counts.
    public func set(_ order: RankOrder) throws {
        guard order.weight > 0, order.weight <= RankOrder.weightLimit else {
            throw QueueError.usage(
                "A weight is over 0 and at most \(Int(RankOrder.weightLimit)); 1 is worth 25 hours of waiting.")
        }
        guard order.policy == nil || order.basis != .priority else {
            throw QueueError.usage("Priority knows no policy: name one with score, entropy, margin or disagreement.")
        }
        try write { db in
            if let policy = order.policy { try Self.check(policy, in: taxonomyInForce(db).taxonomy) }
            try db.execute(
                sql: "INSERT OR REPLACE INTO setting VALUES ('order', ?)", arguments: [order.json.canonicalText])
            try AuditChain.append(kind: "order", body: order.json, in: db, at: clock())
        }
    }

    /// Gives everything that waits the rank that the order in force gives it, a thousand items to a transaction, so that
    /// nobody waits for long. Broken off, it is simply called again.
    ///
    /// - parameter progress: Called with the number of items looked at.
    /// - returns: How many items moved.
    @discardableResult
    public func reorder(progress: (Int) -> Void = { _ in }) throws -> Int {
        var (last, looked, moved): (Int64, Int, Int) = (0, 0, 0)
        while true {
            let page = try write { db in
                // Read each time: somebody may set another order meanwhile, and then both walks give the same.
                let (taxonomy, order) = (try taxonomyInForce(db).taxonomy, try RankOrder.read(in: db))
                var scan = try ScoreScan(
                    meter: order.meter(under: taxonomy), where: "w.state <> \(WorkState.decided)", after: last,
                    items: 1000, in: db)
                var boosts: [(item: Int64, boost: Double)] = []
                while let found = try scan.next() {
                    boosts.append((found.item, order.weight * (found.reading?.value ?? 0)))
                }
                for (item, boost) in boosts where try StoredRank.set(boost: boost, of: item, in: db) { moved += 1 }
                return (count: scan.count, last: scan.last)
            }
            guard let end = page.last else { return moved }
            (last, looked) = (end, looked + page.count)
            progress(looked)
        }
    }

    static func check(_ policy: PolicyID, in taxonomy: Taxonomy) throws {
        guard taxonomy[policy] == nil else { return }
        throw QueueError.usage(
            "There is no policy \"\(Visible.text(policy.rawValue))\": reviewtui policy list shows those there are.")
    }
}
