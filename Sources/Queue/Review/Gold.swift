import Foundation
import GRDB

/// An item with a known answer, mixed in unmarked to see how reviewers do.
public struct GoldItem: Sendable, Hashable {
    public var item: ItemID
    public var verdict: Verdict
    public var policies: [PolicyID]
    public var addedAt: Timestamp

    /// What `gold list --json` prints.
    public var json: JSONValue {
        [
            "id": .string(item.rawValue), "verdict": .string(verdict.rawValue),
            "policies": .array(policies.map { .string($0.rawValue) }), "added_at": .string(addedAt.rfc3339),
        ]
    }
}

/// How a reviewer did on gold items.
public struct GoldResult: Sendable, Hashable {
    public var reviewer: String
    /// Gold items judged, undone verdicts left out.
    public var judged: Int
    /// Of these, those with the known verdict, and for `remove` and `restrict` a policy in common.
    public var agreed: Int

    /// What `gold report --json` prints.
    public var json: JSONValue {
        [
            "reviewer": .string(reviewer), "judged": .integer(Int64(judged)), "agreed": .integer(Int64(agreed)),
        ]
    }
}

extension QueueStore {
    /// Sets an item apart as gold. It leaves the line it waited in and comes to every reviewer once.
    ///
    /// - parameter verdict: The known answer; where nil, the item's standing verdict with its policies is.
    /// - throws: ``QueueError/notFound(_:)`` where there is no such item, ``QueueError/busy(_:)`` while somebody reviews
    ///   it, ``QueueError/usage(_:)`` where no answer is known, or the verdict lacks the policy it needs.
    public func addGold(_ id: ItemID, verdict: Verdict? = nil, policies: [PolicyID] = []) throws {
        try write { db in
            let now = clock()
            let (item, state, decision) = try goldCandidate(id, in: db, at: now)
            let shown = Visible.text(id.rawValue)
            guard state != WorkState.awaiting else {
                throw QueueError.failed("Item \"\(shown)\" waits for another verdict: make it gold when that is given.")
            }
            var answer: (verdict: String, policies: String)
            if let verdict {
                try Self.check(
                    DecisionDraft(verdict: verdict, policies: Set(policies)), against: taxonomyInForce(db).taxonomy)
                let named = verdict == .allow ? [] : policies
                answer = (verdict.rawValue, JSONValue.array(named.map { .string($0.rawValue) }).text)
            } else {
                guard policies.isEmpty else {
                    throw QueueError.usage("Policies belong to a verdict: say which with --verdict.")
                }
                let row = try Row.fetchOne(
                    db, sql: "SELECT verdict, policies FROM decision WHERE seq = ?", arguments: [decision])
                guard let row else {
                    throw QueueError.usage("Item \"\(shown)\" has no standing verdict: say what the answer is.")
                }
                answer = (row[0], row[1])
            }
            try db.execute(
                sql: "INSERT OR REPLACE INTO gold VALUES (?, ?, ?, ?)",
                arguments: [item, answer.verdict, answer.policies, now.milliseconds])
            try db.execute(
                sql: "UPDATE work SET state = ?, review = ?, mined = NULL WHERE item = ?",
                arguments: [WorkState.gold, ReviewRound.gold.rawValue, item])
            try appendGoldEvent("added", id, item, answer, in: db, at: now)
        }
    }

    /// Puts a gold item back: to its verdict where it has one, or else into the line.
    public func removeGold(_ id: ItemID) throws {
        try write { db in
            let now = clock()
            let (item, state, decision) = try goldCandidate(id, in: db, at: now)
            let shown = Visible.text(id.rawValue)
            guard state == WorkState.gold else { throw QueueError.failed("Item \"\(shown)\" is no gold item.") }
            try db.execute(sql: "DELETE FROM gold WHERE item = ?", arguments: [item])
            try db.execute(
                sql: "UPDATE work SET state = ?, review = ? WHERE item = ?",
                arguments: [
                    decision == nil ? WorkState.pending : WorkState.decided, ReviewRound.first.rawValue, item,
                ])
            try ResultWriter(db: db, taxonomy: taxonomyInForce(db).taxonomy).refreshRank(item: item)
            try appendGoldEvent("removed", id, item, nil, in: db, at: now)
        }
    }

    /// The gold items in the order in which they were ingested.
    public func goldItems() throws -> [GoldItem] {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT i.id, g.verdict, g.policies, g.added_at FROM gold g JOIN item i ON i.seq = g.item
                    ORDER BY g.item
                    """)
            return rows.compactMap { row in
                guard let verdict = Verdict(rawValue: row["verdict"]) else { return nil }
                return GoldItem(
                    item: ItemID(row["id"] as String), verdict: verdict, policies: PolicyID.list(row["policies"]),
                    addedAt: Timestamp(milliseconds: row["added_at"]))
            }
        }
    }

    /// How each reviewer did on the gold items that there are now, by name.
    public func goldResults() throws -> [GoldResult] {
        try read { db in
            var results: [String: GoldResult] = [:]
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT d.reviewer, d.verdict, d.policies, g.verdict AS known, g.policies AS known_policies
                    FROM gold g JOIN decision d ON d.item = g.item
                    WHERE d.review = \(ReviewRound.gold.rawValue) AND d.verdict IS NOT NULL AND NOT EXISTS (
                        SELECT 1 FROM decision undo WHERE undo.supersedes = d.seq AND undo.verdict IS NULL)
                    """)
            while let row = try rows.next() {
                let reviewer: String = row["reviewer"]
                let (known, named) = (Set(PolicyID.list(row["known_policies"])), PolicyID.list(row["policies"]))
                let agrees =
                    row["verdict"] as String == row["known"] as String
                    && (known.isEmpty || !known.isDisjoint(with: named))
                var result = results[reviewer] ?? GoldResult(reviewer: reviewer, judged: 0, agreed: 0)
                result.judged += 1
                result.agreed += agrees ? 1 : 0
                results[reviewer] = result
            }
            return results.values.sorted { $0.reviewer < $1.reviewer }
        }
    }

    /// An item that nobody holds.
    private func goldCandidate(
        _ id: ItemID, in db: Database, at now: Timestamp
    ) throws -> (item: Int64, state: Int, decision: Int64?) {
        try Self.returnExpired(in: db, at: now)
        let row = try Row.fetchOne(
            db, sql: "SELECT w.item, w.state, w.decision FROM work w JOIN item i ON i.seq = w.item WHERE i.id = ?",
            arguments: [id.rawValue])
        guard let row else { throw QueueError.notFound("There is no item \"\(Visible.text(id.rawValue))\".") }
        guard row["state"] as Int != WorkState.leased else {
            throw QueueError.busy("Somebody is reviewing item \"\(Visible.text(id.rawValue))\": try again later.")
        }
        return (row["item"], row["state"], row["decision"])
    }

    private func appendGoldEvent(
        _ what: String, _ id: ItemID, _ item: Int64, _ answer: (verdict: String, policies: String)?, in db: Database,
        at now: Timestamp
    ) throws {
        guard let key = try AuditChain.key(ofItem: item, in: db) else {
            throw QueueError.failed("The item was erased: it cannot be a gold item any more.")
        }
        let text: JSONValue = [
            "item": .string(id.rawValue), "verdict": .optional(answer?.verdict),
            "policies": .optional(answer?.policies),
        ]
        let commitment = AuditChain.commitment(to: text.canonicalText, key: key)
        try AuditChain.append(
            kind: "gold", body: ["commitment": .string(commitment.hex), "change": .string(what)], in: db, at: now)
    }
}

extension PolicyID {
    /// From a JSON array of ids, as rows hold them.
    static func list(_ json: String) -> [PolicyID] {
        ((try? JSONValue(parsing: json))?.array ?? []).compactMap { $0.string.map { PolicyID($0) } }
    }
}
