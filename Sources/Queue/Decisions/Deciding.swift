import Foundation
import GRDB

extension QueueStore {
    /// Records a verdict on a leased item and gives up the lease, in one transaction that is on the disk when this
    /// returns.
    ///
    /// - parameter reviewer: Where given, the lease must be this reviewer's.
    /// - throws: ``QueueError/leaseLost(_:)`` where the lease has expired or was released: nothing is recorded then,
    ///   whoever holds the item now. ``QueueError/usage(_:)`` for a verdict without the policy it needs, an unknown
    ///   policy, a severity out of 1...4, a statement of reasons that the DSA Transparency Database would refuse, or a
    ///   verdict on a group where the item must be decided by itself.
    public func decide(token: String, draft: DecisionDraft, reviewer: String? = nil) throws -> DecisionReceipt {
        try write { try decide(token: token, draft: draft, reviewer: reviewer, in: $0, at: clock()) }
    }

    /// The same in the caller's transaction.
    func decide(
        token: String, draft: DecisionDraft, reviewer: String?, in db: Database, at now: Timestamp
    ) throws -> DecisionReceipt {
        let (taxonomy, taxonomySeq) = try taxonomyInForce(db)
        try Self.check(draft, against: taxonomy)
        try draft.statement?.check(verdict: draft.verdict, decidedAt: now)
        let leased = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT w.item, i.id, i.digest, w.lease_reviewer, w.lease_probability, w.review, w.queue,
                        w.mined
                    FROM work w JOIN item i ON i.seq = w.item
                    WHERE w.lease_token = ? AND w.state = 1 AND w.lease_expires > ?
                    """), arguments: [token, now.milliseconds])
        guard let leased else { throw Self.leaseLost }
        let holder: String = leased[3]
        guard reviewer.map({ $0.utf8.elementsEqual(holder.utf8) }) ?? true else {
            throw QueueError.leaseLost("The lease belongs to another reviewer: claim the item yourself.")
        }
        let item: Int64 = leased[0]
        let round = ReviewRound(rawValue: leased[5]) ?? .first
        if let group = draft.group {
            let isRestricted =
                leased[6] as Int == QueueCode.restricted || draft.policies.contains(where: taxonomy.isRestricted)
            try Self.check(group, round: round, isRestricted: isRestricted, reviewer: holder, in: db)
        }
        let earlier = try round == .gold ? nil : Self.latestDecision(on: item, in: db)
        // What the reviewer saw, where other heads have scored the item since it was claimed.
        let scores =
            try ScoresAsLeased.scores(of: item, lease: token, in: db)
            ?? StoredItem(db: db, mediaFolder: mediaFolder).scores(item)
        if !draft.rationales.isEmpty {
            let stored = try StoredItem(db: db, mediaFolder: mediaFolder).item(item)
            for rationale in draft.rationales {
                try rationale.check(
                    scalars: stored.text?.unicodeScalars.count ?? 0, media: stored.media.count)
            }
        }
        let labels = Label.labels(
            of: draft, scored: Set(scores.map(\.policy)),
            overThreshold: Set(scores.filter(taxonomy.isProposed).map(\.policy)))
        // What came by the uniform draw counts as such, whatever it had been mined for.
        let mined = leased[4] == nil && round != .gold ? leased[7] as String? : nil
        let id = ULID.fresh(at: now)
        let row = DecisionRow(
            id: id, item: item, itemID: leased[1], itemDigest: leased[2],
            reviewer: holder, decidedAt: now.milliseconds, verdict: draft.verdict.rawValue,
            // What the model preselected and `allow` overruled was not found.
            policies: JSONValue.array(
                (draft.verdict == .allow ? [] : draft.policies).sorted().map { .string($0.rawValue) }
            ).text,
            labels: Self.json(labels).text, severity: draft.severity, note: draft.note,
            duration: draft.durationMilliseconds, scores: JSONValue.array(scores.map(\.json)).text,
            shown: Self.shown(draft).text, sampled: leased[4], taxonomy: taxonomySeq,
            supersedes: earlier, review: round,
            // A gold verdict tries the reviewer and restricts nothing.
            statement: draft.verdict.needsPolicy && round != .gold
                ? StatementOfReasons(
                    verdict: draft.verdict, policies: draft.policies, preselected: draft.preselected,
                    draft: draft.statement ?? StatementDraft(),
                    item: try StoredItem(db: db, mediaFolder: mediaFolder).item(item), scores: scores,
                    taxonomy: taxonomy, decision: id, decidedAt: now
                ).json.canonicalText : nil, mined: mined)
        let (seq, hash) = try row.record(in: db, at: now)
        // A gold verdict tries the reviewer and moves nothing.
        let isRestricted = round != .gold && draft.policies.contains { taxonomy.isRestricted($0) }
        let next = try FollowUp.next(after: round, draft, on: item, in: db)
        let state = next?.round.waitingState ?? WorkState.decided
        try db.cachedStatement(
            sql: """
                UPDATE work SET state = ?, review = ?, lease_token = NULL, lease_reviewer = NULL,
                    lease_expires = NULL, lease_probability = NULL, mined = ?, decision = iif(?, decision, ?),
                    queue = CASE WHEN ? OR queue = \(QueueCode.restricted) THEN \(QueueCode.restricted)
                        ELSE coalesce(?, queue) END
                WHERE item = ? AND lease_token = ?
                """
        ).execute(arguments: [
            // Whoever gives the next verdict does so for the same reason.
            state, (next?.round ?? .first).rawValue, next == nil ? nil : mined, round == .gold, seq, isRestricted,
            next?.line, item, token,
        ])
        guard db.changesCount == 1 else { throw Self.leaseLost }
        if round == .appeal {
            try db.execute(
                sql: "UPDATE appeal SET outcome = ? WHERE item = ? AND outcome IS NULL", arguments: [seq, item])
        }
        try db.cachedStatement(sql: "DELETE FROM skip WHERE item = ?").execute(arguments: [item])
        try ScoresAsLeased.forget(item, in: db)
        return DecisionReceipt(
            decision: row.id, hash: hash.hex, item: ItemID(row.itemID), verdict: draft.verdict)
    }

    /// The policies that a leased item has scores for; empty where the lease is lost.
    public func scoredPolicies(lease token: String) throws -> Set<PolicyID> {
        try read { db in
            let policies = try String.fetchSet(
                db,
                sql: "SELECT DISTINCT policy FROM score WHERE item = (SELECT item FROM work WHERE lease_token = ?)",
                arguments: [token])
            return Set(policies.map { PolicyID($0) })
        }
    }

    /// What an undo did.
    public struct Undone: Sendable, Hashable {
        public var receipt: DecisionReceipt
        /// The item again in the reviewer's hands, where that was asked for and nobody else holds it.
        public var claim: Claim?
    }

    /// Takes back the reviewer's latest standing verdict, or one that is named: records an undo and returns the item to
    /// pending.
    ///
    /// Called again, it walks back through the reviewer's history. Nothing is edited: the verdict stays in the record
    /// and the standing export omits it.
    ///
    /// - parameter decision: The id of the verdict to take back; nil for the latest.
    /// - parameter reclaiming: Whether to lease the item to the reviewer at once, for the console to show it again.
    /// - returns: The receipt names the undo's own row, and the verdict that was taken back.
    /// - throws: ``QueueError/failed(_:)`` where there is nothing to undo, or somebody has decided the item since.
    public func undo(
        reviewer: String, decision: String? = nil, reclaiming: Bool = false, lifetime: Double = 900
    ) throws -> Undone {
        try Self.check(reviewer: reviewer)
        return try write { db in
            let now = clock()
            try Self.returnExpired(in: db, at: now)
            let undone = try Self.toUndo(decision, of: reviewer, in: db)
            let row = DecisionRow(
                id: ULID.fresh(at: now), item: undone.item, itemID: undone.itemID, itemDigest: undone.digest,
                reviewer: reviewer, decidedAt: now.milliseconds, taxonomy: try taxonomyInForce(db).seq,
                supersedes: undone.seq, review: undone.round)
            let (seq, hash) = try row.record(in: db, at: now)
            let isWaiting = try reopen(undone, undo: seq, in: db)
            let receipt = DecisionReceipt(
                decision: row.id, hash: hash.hex, item: ItemID(undone.itemID), verdict: undone.verdict)
            guard reclaiming, isWaiting else { return Undone(receipt: receipt) }
            let desk = try ClaimDesk(
                db: db, reviewer: reviewer, queue: nil, rules: ClaimRules(lifetime: lifetime), now: now,
                mediaFolder: mediaFolder)
            let claim = try desk.lease(undone.item)
            try LeaseEvent.append("lease", [(claim.lease, reviewer)], in: db, at: now)
            return Undone(receipt: receipt, claim: claim)
        }
    }

    /// Asks again for the verdict that was undone. Its uniform draw is kept, since an undo must not push an item out of the
    /// sample; so is what it was mined for.
    ///
    /// - returns: Whether the item waits again. It does not where somebody holds it, giving what would have been the next
    ///   verdict and now takes the place of the one undone; nor where it was made gold since, or is no longer.
    private func reopen(_ undone: ToUndo, undo: Int64, in db: Database) throws -> Bool {
        if undone.round == .appeal {
            try db.execute(sql: "UPDATE appeal SET outcome = NULL WHERE outcome = ?", arguments: [undone.seq])
        } else if undone.round != .gold {
            // An appeal against a verdict that is taken back has nothing left to decide.
            try db.execute(
                sql: "UPDATE appeal SET outcome = ? WHERE item = ? AND outcome IS NULL", arguments: [undo, undone.item])
        }
        let row = try Row.fetchOne(db, sql: "SELECT state, review FROM work WHERE item = ?", arguments: [undone.item])
        guard let row else { return false }
        let isGold = row["review"] as Int == ReviewRound.gold.rawValue
        guard isGold == (undone.round == .gold) else {
            if isGold {
                try db.execute(sql: "UPDATE work SET decision = NULL WHERE item = ?", arguments: [undone.item])
            }
            return false
        }
        let isHeld = row["state"] as Int == WorkState.leased
        try db.execute(
            sql: """
                UPDATE work SET review = ?, decision = iif(?, decision, NULL), state = iif(?, state, ?),
                    lease_probability = coalesce(?, lease_probability), mined = ?
                WHERE item = ?
                """,
            arguments: [
                undone.round.rawValue, isGold, isHeld, undone.round.waitingState, undone.sampled, undone.mined,
                undone.item,
            ])
        // Nobody has moved it while it was decided.
        try ResultWriter(db: db, taxonomy: taxonomyInForce(db).taxonomy).refreshRank(item: undone.item)
        if row["review"] as Int == ReviewRound.escalated.rawValue, !isHeld {
            // It waits where it would have waited without the escalation.
            let line = try Router(db: db, taxonomy: taxonomyInForce(db).taxonomy).code(ofStored: undone.item)
            try db.execute(sql: "UPDATE work SET queue = ? WHERE item = ?", arguments: [line, undone.item])
        }
        return !isHeld
    }

    private struct ToUndo {
        var seq: Int64
        var item: Int64
        var itemID: String
        var digest: Data
        var verdict: Verdict
        var sampled: Double?
        var mined: String?
        var round: ReviewRound
    }

    /// The reviewer's latest verdict, or the one that is named, that neither an undo nor a later verdict of the same
    /// reviewer supersedes.
    private static func toUndo(_ decision: String?, of reviewer: String, in db: Database) throws -> ToUndo {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT d.seq, d.item, i.id AS item_id, i.digest, d.verdict, d.sampled, d.mined, d.review,
                    later.seq IS NOT NULL AS is_over
                FROM decision d JOIN item i ON i.seq = d.item LEFT JOIN decision later ON later.supersedes = d.seq
                WHERE d.reviewer = ? AND d.verdict IS NOT NULL AND i.subject_key IS NOT NULL
                  AND (later.seq IS NULL OR (later.verdict IS NOT NULL AND later.reviewer <> d.reviewer))
                  \(decision == nil ? "" : "AND d.id = ?")
                ORDER BY d.seq DESC LIMIT 1
                """, arguments: StatementArguments([reviewer] + [decision].compactMap { $0 }))
        guard let row, let verdict = Verdict(rawValue: row["verdict"]) else {
            throw QueueError.failed(
                decision.map { "There is nothing to undo: you have no standing decision \"\(Visible.text($0))\"." }
                    ?? "There is nothing to undo: you have no standing decision.")
        }
        let itemID: String = row["item_id"]
        guard !(row["is_over"] as Bool) else {
            throw QueueError.failed(
                "Item \"\(Visible.text(itemID))\" was decided by somebody else since: your verdict no longer stands.")
        }
        return ToUndo(
            seq: row["seq"], item: row["item"], itemID: itemID, digest: row["digest"], verdict: verdict,
            sampled: row["sampled"], mined: row["mined"],
            round: (row["review"] as Int?).flatMap(ReviewRound.init) ?? .first)
    }

    private static func latestDecision(on item: Int64, in db: Database) throws -> Int64? {
        let statement = try db.cachedStatement(
            sql: "SELECT max(seq) FROM decision WHERE item = ? AND review IS NOT \(ReviewRound.gold.rawValue)")
        return try Int64.fetchOne(statement, arguments: [item])
    }

    // MARK: - Checking and writing down

    static func check(_ draft: DecisionDraft, against taxonomy: Taxonomy) throws {
        if draft.verdict.needsPolicy, draft.policies.isEmpty {
            throw QueueError.usage(
                "The verdict \(draft.verdict) needs a policy: name at least one (reviewtui policy list shows them).")
        }
        let named = draft.policies.union(draft.deselected).union(draft.rationales.compactMap(\.policy))
        if let unknown = named.sorted().first(where: { taxonomy[$0] == nil }) {
            throw QueueError.usage(
                "There is no policy \"\(Visible.text(unknown.rawValue))\": reviewtui policy list shows those there are."
            )
        }
        if let both = draft.policies.intersection(draft.deselected).sorted().first {
            throw QueueError.usage("Policy \"\(both)\" is both chosen and deselected: it can be only one.")
        }
        if let severity = draft.severity, !(1...4).contains(severity) {
            throw QueueError.usage("A severity lies from 1 (mild) to 4 (grave).")
        }
        if let note = draft.note, note.utf8.count > 10_000 || note.utf8.contains(0) {
            throw QueueError.usage("A note has at most 10,000 bytes, and no NUL among them.")
        }
        guard draft.rationales.count <= Rationale.most else {
            throw QueueError.usage("A decision has at most \(Rationale.most) rationales.")
        }
        if let duration = draft.durationMilliseconds, duration < 0 {
            throw QueueError.usage("A verdict cannot take less than no time.")
        }
    }

    /// - parameter round: Which verdict on the item it is.
    /// - parameter isRestricted: Whether the item or a chosen policy is.
    private static func check(
        _ group: GroupMark, round: ReviewRound, isRestricted: Bool, reviewer: String, in db: Database
    ) throws {
        guard group.size >= 1 else { throw QueueError.usage("A group has at least one item.") }
        guard !isRestricted else {
            throw QueueError.usage("Restricted items are decided one by one: no verdict on a group takes one along.")
        }
        let isAlone = group.lead == nil ? [.second, .third, .gold].contains(round) : round != .first
        guard !isAlone else {
            throw QueueError.usage("Somebody asked for a look at this very item: it is decided by itself.")
        }
        guard let lead = group.lead else { return }
        let isKnown = try Bool.fetchOne(
            db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM decision WHERE id = ? AND reviewer = ?)"),
            arguments: [lead, reviewer])
        guard isKnown == true else {
            throw QueueError.usage("A verdict on a group names the decision that led it, by the same reviewer.")
        }
    }

    static func json(_ labels: [PolicyID: Label]) -> JSONValue {
        .object(
            labels.sorted { $0.key < $1.key }.map { policy, label in
                JSONMember(
                    policy.rawValue,
                    ["value": .integer(label.isViolation ? 1 : 0), "origin": .string(label.origin.rawValue)])
            })
    }

    private static func shown(_ draft: DecisionDraft) -> JSONValue {
        let explanation: JSONValue =
            draft.shownExplanation.map { shown in
                [
                    "method": .string(shown.method), "policy": .optional(shown.policy?.rawValue),
                    "confirmed": shown.confirmed.map { .bool($0) } ?? .null,
                ]
            } ?? .null
        var members = [JSONMember("scores", .array(draft.shownScores.sorted().map { .string($0.rawValue) }))]
        if let call = draft.firstCall {
            let policies = call.policies.sorted().map { JSONValue.string($0.rawValue) }
            members.append(
                JSONMember("first_call", ["verdict": .string(call.verdict.rawValue), "policies": .array(policies)]))
        }
        if let group = draft.group { members.append(JSONMember("group", group.json)) }
        members.append(JSONMember("explanation", explanation))
        if !draft.rationales.isEmpty { members.append(JSONMember("rationales", .array(draft.rationales.map(\.json)))) }
        return .object(members)
    }
}

extension Score {
    /// `{"model","policy","score"}`, with `threshold` where the model brings one, and with `weights_sha256`, `head` and
    /// `precision` where it was computed here; `"calibrated":false` where it is no probability.
    public var json: JSONValue {
        var members = [
            JSONMember("model", .string(model)), JSONMember("policy", .string(policy.rawValue)),
            JSONMember("score", .number(value)),
        ]
        if let threshold { members.append(JSONMember("threshold", .number(threshold))) }
        if let provenance {
            members += [
                JSONMember("weights_sha256", .string(provenance.weights)),
                JSONMember("head", .optional(provenance.head)), JSONMember("precision", .string(provenance.precision)),
            ]
            if !provenance.isCalibrated { members.append(JSONMember("calibrated", false)) }
        }
        return .object(members)
    }
}

extension Score.Provenance {
    /// What ``Score/json`` says of it; nil where it says nothing.
    init?(in score: JSONValue) {
        guard let weights = score["weights_sha256"]?.string, let precision = score["precision"]?.string else {
            return nil
        }
        self.init(
            weights: weights, head: score["head"]?.string, precision: precision,
            isCalibrated: score["calibrated"] != .bool(false))
    }
}
