import Foundation
import GRDB

/// Hands items out within one transaction, which must be an immediate one: between finding an item and taking it nobody
/// else may write.
struct ClaimDesk {
    /// How the next item is chosen.
    enum Draw {
        case byRank
        /// Uniformly, with the dice of this seed.
        case uniform(seed: UInt64)
        /// One with a known answer: the first at or above a random point of the lottery.
        case gold(from: Int64)
    }

    private struct Place {
        var place: Double
        var item: Int64
    }

    let db: Database
    private let reviewer: String
    let rules: ClaimRules
    let now: Timestamp
    private let mediaFolder: String
    /// Numbers of the lines to take from.
    private let lines: [Int]
    private let given: QueueName?

    /// - throws: ``QueueError/usage(_:)`` where the named line is not there, or asks for a skill that the reviewer lacks.
    init(
        db: Database, reviewer: String, queue: QueueName?, rules: ClaimRules, now: Timestamp, mediaFolder: String
    ) throws {
        self.db = db
        self.reviewer = reviewer
        self.rules = rules
        self.now = now
        self.mediaFolder = mediaFolder
        given = queue
        if let queue {
            let known = try KnownLine.named(queue, in: db)
            try Self.check(known, suits: reviewer, in: db)
            lines = [known.code]
        } else {
            // What a rerouting that was cut short has left in a retired line is handed out all the same.
            let statement = try db.cachedStatement(
                sql: """
                    SELECT code FROM queue WHERE code <> \(QueueCode.restricted) AND NOT EXISTS (
                        SELECT 1 FROM json_each(skills) needed
                        WHERE needed.value NOT IN (SELECT skill FROM skill WHERE reviewer = ?))
                    ORDER BY position
                    """)
            lines = try Int.fetchAll(statement, arguments: [reviewer])
        }
    }

    private static func check(_ known: KnownLine, suits reviewer: String, in db: Database) throws {
        let skills = try QueueStore.skills(of: reviewer, in: db)
        guard let missing = known.line.skills.first(where: { !skills.contains($0) }) else { return }
        throw QueueError.usage(
            """
            The queue "\(known.line.name)" asks for the skill "\(Visible.text(missing))", which \
            \(Visible.text(reviewer)) does not have: reviewtui skills --reviewer NAME --set … says what somebody can do.
            """)
    }

    // MARK: - Choosing

    /// The next item, in the reviewer's hands; nil where nothing waits for this reviewer.
    ///
    /// - parameter heavy: What makes an item heavy, where a claim by rank is to bring a light one if it can.
    func leaseNext(_ draw: Draw, sparing heavy: HeavyPolicies? = nil) throws -> Claim? {
        switch draw {
        case .byRank: break
        case .uniform(let seed):
            if let item = try drawn(SplitMix64(seed: seed)) { return try lease(item, probability: rules.sampleShare) }
        case .gold(let point):
            if let item = try gold(from: point) { return try lease(item) }
        }
        let best = try best(afterSkipping: true) ?? best(afterSkipping: false)
        return try best.map { first in
            try lease(try heavy.flatMap { try lighter(than: first, under: $0) } ?? first)
        }
    }

    /// The first of all lines by rank. What the reviewer skipped comes last.
    private func best(afterSkipping: Bool) throws -> Int64? {
        var best: Place?
        for line in lines {
            for found in [try first(in: line, afterSkipping), try awaiting(in: line, afterSkipping)] {
                guard let found else { continue }
                if let known = best, (known.place, known.item) <= (found.place, found.item) { continue }
                best = found
            }
        }
        return best?.item
    }

    private func first(in line: Int, _ afterSkipping: Bool) throws -> Place? {
        try place(
            """
            SELECT place, item FROM work INDEXED BY work_pending
            WHERE queue = ? AND state = 0 \(afterSkipping ? Self.notSkipped : "") ORDER BY place, item LIMIT 1
            """, [line] + (afterSkipping ? skipArguments : []))
    }

    /// Of the items that wait for another verdict, the first that this reviewer has not judged. It looks at the first
    /// 256 only, so that a reviewer whose own verdicts wait there does not read them all for each claim; they are taken
    /// by the others, and what is behind moves up.
    private func awaiting(in line: Int, _ afterSkipping: Bool) throws -> Place? {
        try place(
            """
            SELECT place, item FROM (
                SELECT place, item FROM work INDEXED BY work_awaiting
                WHERE queue = ? AND state = \(WorkState.awaiting) ORDER BY place, item LIMIT 256) AS work
            WHERE \(Self.notJudged) \(afterSkipping ? Self.notSkipped : "") ORDER BY place, item LIMIT 1
            """, [line, reviewer] + (afterSkipping ? skipArguments : []))
    }

    /// A uniform draw over all lines together, of what the reviewer has not skipped.
    ///
    /// Rows are drawn at random until one of them waits, which needs no index that every claim would have to keep. Where
    /// hardly any do, those that wait are counted and one of them is drawn.
    private func drawn(_ generator: SplitMix64) throws -> Int64? {
        var generator = generator
        let waits = """
            queue IN (\(lines.map(String.init).joined(separator: ","))) AND state = \(WorkState.pending) \(Self.notSkipped)
            """
        let ends = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT (SELECT min(item) FROM work), (SELECT max(item) FROM work)"))
        guard let oldest = ends?[0] as Int64?, let newest = ends?[1] as Int64? else { return nil }
        let tried = try db.cachedStatement(sql: "SELECT item FROM work WHERE item = ? AND \(waits)")
        for _ in 0..<200 {
            let item = Int64.random(in: oldest...newest, using: &generator)
            let arguments = StatementArguments([item] + skipArguments)
            if let item = try Int64.fetchOne(tried, arguments: arguments) { return item }
        }
        let counted = try db.cachedStatement(sql: "SELECT count(*) FROM work INDEXED BY work_pending WHERE \(waits)")
        let count = try Int.fetchOne(counted, arguments: StatementArguments(skipArguments)) ?? 0
        guard count > 0 else { return nil }
        let chosen = try db.cachedStatement(
            sql: "SELECT item FROM work INDEXED BY work_pending WHERE \(waits) LIMIT 1 OFFSET ?")
        let offset = Int.random(in: 0..<count, using: &generator)
        return try Int64.fetchOne(chosen, arguments: StatementArguments(skipArguments + [offset]))
    }

    private func gold(from point: Int64) throws -> Int64? {
        for start in [point, 0] {
            for line in lines.shuffled() {
                let statement = try db.cachedStatement(
                    sql: """
                        SELECT item FROM work INDEXED BY work_gold
                        WHERE queue = ? AND state = \(WorkState.gold) AND lottery >= ? AND \(Self.notJudged)
                        ORDER BY lottery LIMIT 1
                        """)
                if let item = try Int64.fetchOne(statement, arguments: [line, start, reviewer]) { return item }
            }
        }
        return nil
    }

    private func place(_ sql: String, _ arguments: [any DatabaseValueConvertible]) throws -> Place? {
        let row = try Row.fetchOne(db.cachedStatement(sql: sql), arguments: StatementArguments(arguments))
        return row.map { Place(place: $0[0], item: $0[1]) }
    }

    static let notSkipped = """
        AND NOT EXISTS (SELECT 1 FROM skip k WHERE k.reviewer = ? AND k.item = work.item AND k.skipped_at > ?)
        """

    /// Nobody judges an item a second time, unless the first verdict was undone. An item has few decisions and a reviewer
    /// has all of a career's: left to itself SQLite looks through the latter for each item.
    private static let notJudged = """
        NOT EXISTS (
            SELECT 1 FROM decision d INDEXED BY decision_by_item
            WHERE d.item = work.item AND d.reviewer = ? AND d.verdict IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM decision undo WHERE undo.supersedes = d.seq AND undo.verdict IS NULL))
        """

    var skipArguments: [any DatabaseValueConvertible] {
        [reviewer, now.adding(seconds: -rules.skipMemory).milliseconds]
    }

    // MARK: - Taking

    func lease(named id: ItemID) throws -> Claim {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT work.item, work.state, work.queue, work.lease_reviewer, \(Self.notJudged) AS is_new
                FROM item i JOIN work ON work.item = i.seq WHERE i.id = ?
                """, arguments: [reviewer, id.rawValue])
        let shown = Visible.text(id.rawValue)
        guard let row else { throw QueueError.notFound("There is no item \"\(shown)\" in the queue.") }
        let code: Int = row["queue"]
        if !lines.contains(code) {
            let itsQueue = try KnownLine.name(ofCode: code, in: db)
            if given == nil, itsQueue != .restricted {
                try Self.check(KnownLine.named(itsQueue, in: db), suits: reviewer, in: db)
            }
            throw QueueError.usage("Item \"\(shown)\" waits in another queue: claim it with --queue \(itsQueue).")
        }
        switch row["state"] as Int {
        case WorkState.decided:
            throw QueueError.failed("Item \"\(shown)\" is decided already. Whoever decided it can undo that.")
        case WorkState.leased where !(row["lease_reviewer"] as String).utf8.elementsEqual(reviewer.utf8):
            throw QueueError.busy("Somebody else is reviewing item \"\(shown)\": try again later.")
        case WorkState.awaiting where !(row["is_new"] as Bool), WorkState.gold where !(row["is_new"] as Bool):
            throw QueueError.failed("Item \"\(shown)\" has your verdict and waits for somebody else's.")
        default: break
        }
        return try lease(row["item"])
    }

    /// Takes an item whatever it waits for and in whichever line; the caller has seen that nobody else holds it.
    ///
    /// - parameter probability: The share of uniform draws where this was one; an earlier draw's mark stays.
    func lease(_ seq: Int64, probability: Double? = nil) throws -> Claim {
        let token = LeaseToken.fresh()
        let expiry = now.adding(seconds: rules.lifetime)
        let statement = try db.cachedStatement(
            sql: """
                UPDATE work SET state = 1, lease_token = ?, lease_reviewer = ?, lease_expires = ?,
                    lease_probability = coalesce(?, lease_probability)
                WHERE item = ? RETURNING lease_probability, review, mined
                """)
        let row = try Row.fetchOne(
            statement, arguments: [token, reviewer, expiry.milliseconds, probability, seq])
        guard let row else { throw QueueError.notFound("The item is no longer in the queue.") }
        let stored = StoredItem(db: db, mediaFolder: mediaFolder)
        let item = try stored.item(seq)
        let appeal: Appeal? =
            switch ReviewRound(rawValue: row["review"]) {
            case .appeal: try Appeal.open(on: seq, in: db)
            case .escalated: try Appeal.escalation(of: seq, in: db)
            default: nil
            }
        let isPlainFirst = row["lease_probability"] == nil && row["review"] as Int == ReviewRound.first.rawValue
        return Claim(
            lease: Lease(token: token, expiresAt: expiry, item: item.id), item: item, scores: try stored.scores(seq),
            explanations: try stored.explanations(seq), sampledWithProbability: row["lease_probability"],
            mined: isPlainFirst ? (row["mined"] as String?).flatMap(MiningStrategy.init) : nil, appeal: appeal)
    }
}
