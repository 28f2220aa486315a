import Crypto
import Foundation
import GRDB

/// What a model's heads say of an item now, in place of what they said.
public struct RescoredItem: Sendable, Hashable {
    var item: EmbeddedItem
    /// Everything that the model says of the item, in the order of the policies: scores that are not among these go.
    public let scores: [Score]

    public init(_ item: EmbeddedItem, scores: [Score]) {
        self.item = item
        self.scores = scores.sorted { $0.policy < $1.policy }
    }
}

extension QueueStore {
    /// Records what a model's heads make of embeddings that it made earlier, in one transaction with one audit event. Scores
    /// that are as they were are not written, and where all are, nothing is.
    ///
    /// Top scores and lines follow; restricted items stay restricted. Explanations stay, and name the head that they were
    /// made for. An item in somebody's hands changes too, but not under them: the decision records what they saw.
    ///
    /// - parameter adoption: ``HeadsInUse/adoption(of:)`` of the heads that made the scores.
    /// - returns: Items that changed; nil where other heads are in use meanwhile, and nothing was written.
    /// - throws: ``QueueError/usage(_:)`` for scores of another model, out of [0, 1], or of an unknown policy.
    public func rescore(_ page: [RescoredItem], model: String, adoption: Int64) throws -> Int? {
        let changed = page.filter { $0.scores != $0.item.scores }
        // Before the transaction, which others wait for.
        let contract = ResultContract(taxonomy: try taxonomy())
        for rescored in changed {
            let otherModel = rescored.scores.contains { $0.model != model } ? "a score of another model" : nil
            if let reason = otherModel ?? contract.fault(scores: rescored.scores) {
                throw QueueError.usage("New scores by \(Visible.text(model)): \(reason)")
            }
        }
        guard !changed.isEmpty else {
            return try read { try Adoption.latest(model: model, in: $0) } == adoption ? 0 : nil
        }
        return try write { db in
            guard try Adoption.latest(model: model, in: db) == adoption else { return nil }
            let results = try ResultWriter(db: db, taxonomy: taxonomyInForce(db).taxonomy)
            let number = try results.model(named: model)
            let rows = try ScoreRows(of: number, in: db)
            var digest = SHA256()
            var count = 0
            for rescored in changed where try results.replace(rescored, model: number, rows) {
                if let key = try AuditChain.key(ofItem: rescored.item.seq, in: db) {
                    digest.update(data: rescored.commitment(key: key))
                }
                count += 1
            }
            guard count > 0 else { return 0 }
            try AuditChain.append(
                kind: "rescored",
                body: [
                    "count": .integer(Int64(count)), "digest": .string(digest.finalize().hex), "model": .string(model),
                ], in: db, at: clock())
            return count
        }
    }

    /// Whether some of what waits may still have scores by heads that are no longer in use.
    public func needsRescoring(model: String) throws -> Bool {
        try read { db in
            let rescored = try Int64.fetchOne(
                db, sql: "SELECT rescored FROM model WHERE name = ?", arguments: [model])
            return try rescored.map { try Adoption.latest(model: model, in: db) > $0 } ?? false
        }
    }

    /// Notes that everything that waits has been scored by the heads of an adoption, unless there was another since.
    ///
    /// - returns: Whether it was noted.
    @discardableResult
    public func markRescored(model: String, adoption: Int64) throws -> Bool {
        try write { db in
            guard try Adoption.latest(model: model, in: db) == adoption else { return false }
            try db.execute(sql: "UPDATE model SET rescored = ? WHERE name = ?", arguments: [adoption, model])
            return true
        }
    }
}

extension RescoredItem {
    /// What the event holds about the new scores: an HMAC under the item's key over policies, bits of the values and heads.
    fileprivate func commitment(key: Data) -> Data {
        key.withUnsafeBytes { key in
            Data(
                KeyedHash(key: key).code { hash in
                    for score in scores {
                        var text = score.policy.rawValue + "\0" + (score.provenance?.head ?? "") + "\0"
                        text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
                        withUnsafeBytes(of: score.value.bitPattern.bigEndian) { hash.update(bufferPointer: $0) }
                    }
                })
        }
    }
}

/// Writes one model's rows of `score`. Good for one transaction.
private struct ScoreRows {
    private let put: PreparedStatement
    private let delete: PreparedStatement
    private let model: Int64

    init(of model: Int64, in db: Database) throws {
        put = try PreparedStatement(
            """
            INSERT INTO score (item, model, policy, value, threshold, computation) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (item, model, policy) DO UPDATE SET value = ?4, threshold = ?5, computation = ?6
            """, in: db)
        delete = try PreparedStatement("DELETE FROM score WHERE item = ? AND model = ? AND policy = ?", in: db)
        self.model = model
    }

    func put(_ score: Score, of item: Int64, computation: Int64?) throws {
        put.bind(1, item)
        put.bind(2, model)
        put.bind(3, score.policy.rawValue)
        put.bind(4, score.value)
        put.bind(5, score.threshold)
        put.bind(6, computation)
        try put.run()
    }

    func delete(_ policy: PolicyID, of item: Int64) throws {
        delete.bind(1, item)
        delete.bind(2, model)
        delete.bind(3, policy.rawValue)
        try delete.run()
    }
}

extension ResultWriter {
    /// - returns: False where the model has looked at the item again since, or it is gone.
    fileprivate func replace(_ rescored: RescoredItem, model: Int64, _ rows: ScoreRows) throws -> Bool {
        let (item, before) = (rescored.item.seq, rescored.item.scores)
        let scoredAt = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT scored_at FROM scoring WHERE item = ? AND model = ?"),
            arguments: [item, model])
        guard scoredAt == rescored.item.scoredAt else { return false }
        try ScoresAsLeased.keep(item, in: db)
        let kept = Set(rescored.scores.map(\.policy))
        for score in before where !kept.contains(score.policy) {
            try rows.delete(score.policy, of: item)
        }
        for score in rescored.scores where !before.contains(score) {
            try rows.put(score, of: item, computation: computation(score.provenance))
        }
        try markStale(rescored, model: model)
        try refreshTop(item: item)
        return true
    }

    /// Notes whether the item's explanations by the model are still those that it would make: of the policies that stand
    /// out, for the directions that score them. An item without any has none to be made anew.
    private func markStale(_ rescored: RescoredItem, model: Int64) throws {
        let item = rescored.item.seq
        let statement = try db.cachedStatement(sql: "SELECT policy, head FROM explanation WHERE item = ? AND model = ?")
        let explained = try Row.fetchAll(statement, arguments: [item, model]).map {
            (policy: ($0[0] as String?).map { PolicyID($0) }, head: $0[1] as String?)
        }
        let heads = Dictionary(uniqueKeysWithValues: rescored.scores.map { ($0.policy, $0.provenance?.head) })
        let isOfAnother = explained.contains { $0.policy != nil && $0.head != nil && heads[$0.policy ?? ""] != $0.head }
        let missing = Set(Self.standingOut(among: rescored.scores)).subtracting(explained.compactMap(\.policy))
        let isStale = !explained.isEmpty && (isOfAnother || !missing.isEmpty)
        try db.cachedStatement(sql: "UPDATE scoring SET stale = ?1 WHERE item = ?2 AND model = ?3 AND stale <> ?1")
            .execute(arguments: [isStale, item, model])
    }

    /// The policies that a model explains: those at or over its own thresholds (0.5 where it brings none), else the highest.
    private static func standingOut(among scores: [Score]) -> [PolicyID] {
        let over = scores.filter { $0.value >= $0.threshold ?? 0.5 }
        let highest = scores.filter(\.isCalibrated).max { $0.value < $1.value }
        return over.isEmpty ? [highest?.policy].compactMap { $0 } : over.map(\.policy)
    }
}

/// What an item in somebody's hands was scored when they took it, where it has been re-scored since.
enum ScoresAsLeased {
    /// Keeps what an item is scored now, where somebody holds it and nothing is kept for that lease yet.
    static func keep(_ item: Int64, in db: Database) throws {
        let token = try String.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT w.lease_token FROM work w LEFT JOIN score_as_leased k ON k.item = w.item
                    WHERE w.item = ? AND w.state = \(WorkState.leased) AND k.lease_token IS NOT w.lease_token
                    """), arguments: [item])
        guard let token else { return }
        let scores = try StoredItem(db: db, mediaFolder: "").scores(item)
        try db.execute(
            sql: "INSERT OR REPLACE INTO score_as_leased VALUES (?, ?, ?)",
            arguments: [item, token, JSONValue.array(scores.map(\.json)).text])
    }

    /// What the holder of a lease saw; nil where it is what the item is scored now.
    static func scores(of item: Int64, lease token: String, in db: Database) throws -> [Score]? {
        let text = try String.fetchOne(
            db.cachedStatement(sql: "SELECT scores FROM score_as_leased WHERE item = ? AND lease_token = ?"),
            arguments: [item, token])
        return text.map(DecisionRow.scores)
    }

    static func forget(_ item: Int64, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM score_as_leased WHERE item = ?").execute(arguments: [item])
    }
}
