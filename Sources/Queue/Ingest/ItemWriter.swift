import Crypto
import Foundation
import GRDB

/// Turns the incoming items of one batch into rows.
final class ItemWriter {
    enum Outcome {
        /// With the commitment that the batch's audit event covers.
        case added(Data)
        case updated(Data)
        case unchanged
        case refused(String)
    }

    private let db: Database
    private let now: Timestamp
    private let results: ResultWriter
    private let insertItem: PreparedStatement
    private let insertWork: PreparedStatement
    private let insertScore: PreparedStatement
    /// New items of each queue that the tally does not know yet.
    private var added: [Int: Int] = [:]

    init(db: Database, taxonomy: Taxonomy, now: Timestamp) throws {
        self.db = db
        self.now = now
        results = try ResultWriter(db: db, taxonomy: taxonomy)
        insertItem = try PreparedStatement(
            """
            INSERT INTO item (id, digest, subject_key, text, language, source, author, created_at, flagged_at, due_at,
                ingested_at, priority, metadata, reports)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
            """, in: db)
        insertWork = try PreparedStatement(
            """
            INSERT INTO work (item, queue, state, place, lottery, top_score, top_policy, boost)
            VALUES (?, ?, 0, ?, ?, ?, ?, ?)
            """, in: db)
        insertScore = try PreparedStatement(
            "INSERT INTO score (item, model, policy, value, threshold) VALUES (?, ?, ?, ?, ?)", in: db)
    }

    func put(_ incoming: IncomingItem, replacing: Bool) throws -> Outcome {
        // One statement where nothing is known yet, which is the rule; the constraint says where something is.
        guard try insert(incoming) else { return try meet(incoming, replacing: replacing) }
        let seq = db.lastInsertedRowID
        try insertParts(of: incoming, item: seq)
        let top = ResultWriter.top(of: incoming.described.scores)
        let code = queue(of: incoming)
        insertWork.bind(1, seq)
        insertWork.bind(2, Int64(code))
        let boost = results.boost(of: incoming.described.scores)
        insertWork.bind(3, Self.place(of: incoming.described.item, boost: boost))
        insertWork.bind(4, incoming.lottery)
        insertWork.bind(5, top?.value)
        insertWork.bind(6, top?.policy.rawValue)
        insertWork.bind(7, boost)
        try insertWork.run()
        added[code, default: 0] += 1
        return .added(incoming.commitment)
    }

    /// Adds the new items to the tally; call it once, after the last.
    func finish() throws {
        for (queue, count) in added {
            try db.cachedStatement(
                sql: """
                    INSERT INTO tally VALUES (?1, 0, ?2) ON CONFLICT (queue, state) DO UPDATE SET items = items + ?2
                    """
            ).execute(arguments: [queue, count])
        }
        added = [:]
    }

    /// What becomes of a line whose id is there.
    private func meet(_ incoming: IncomingItem, replacing: Bool) throws -> Outcome {
        let id = incoming.described.item.id
        let known = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT seq, digest FROM item WHERE id = ?"), arguments: [id.rawValue])
        guard let known else { throw QueueError.failed("An item came and went while it was taken in: try again.") }
        if known["digest"] as Data == incoming.digest { return .unchanged }
        let shown = Visible.text(id.rawValue)
        guard replacing else {
            return .refused("\"\(shown)\" is there with other content: --update replaces it")
        }
        let seq: Int64 = known["seq"]
        if let reason = try reasonToKeep(seq) { return .refused("\"\(shown)\" \(reason)") }
        guard let key = try AuditChain.key(ofItem: seq, in: db) else { return .refused("\"\(shown)\" was erased") }
        // What this batch added must be in the tally before the trigger moves it.
        try finish()
        try update(seq, with: incoming)
        return .updated(key.withUnsafeBytes { AuditChain.commitment(to: incoming.digest, key: $0) })
    }

    /// Nothing may change under a reviewer, nor under a verdict.
    private func reasonToKeep(_ seq: Int64) throws -> String? {
        let statement = try db.cachedStatement(sql: "SELECT state, review, lease_expires FROM work WHERE item = ?")
        guard let row = try Row.fetchOne(statement, arguments: [seq]) else { return nil }
        switch row["state"] as Int {
        case WorkState.decided: return "is decided: undo the verdict first, or give the new content an id of its own"
        case WorkState.awaiting: return "waits for another verdict: give the new content an id of its own"
        case WorkState.gold: return "is a gold item: give the new content an id of its own"
        case WorkState.leased where (row["lease_expires"] as Int64? ?? 0) > now.milliseconds:
            return "is being reviewed: take it in again later"
        case WorkState.leased where row["review"] as Int != ReviewRound.first.rawValue:
            return "waits for another verdict: give the new content an id of its own"
        default: return nil
        }
    }

    // MARK: - Rows

    /// False where an item of that id is there.
    private func insert(_ incoming: IncomingItem) throws -> Bool {
        let item = incoming.described.item
        insertItem.bind(1, item.id.rawValue)
        incoming.digest.withUnsafeBytes { insertItem.bind(2, blob: $0) }
        incoming.key.withUnsafeBytes { insertItem.bind(3, blob: $0) }
        insertItem.bind(4, item.text)
        insertItem.bind(5, item.language)
        insertItem.bind(6, item.source)
        insertItem.bind(7, item.author)
        insertItem.bind(8, item.createdAt?.milliseconds)
        insertItem.bind(9, item.flaggedAt.milliseconds)
        insertItem.bind(10, item.dueAt?.milliseconds)
        insertItem.bind(11, now.milliseconds)
        insertItem.bind(12, item.priority)
        insertItem.bind(13, item.metadata)
        insertItem.bind(14, reports(of: item))
        return try insertItem.run() == 1
    }

    private func update(_ seq: Int64, with incoming: IncomingItem) throws {
        let item = incoming.described.item
        try SearchIndex.forget(items: [seq], in: db)
        try db.cachedStatement(
            sql: """
                UPDATE item SET digest = ?, text = CAST(? AS TEXT), language = ?, source = ?, author = ?,
                    created_at = ?, flagged_at = ?, due_at = ?, ingested_at = ?, priority = ?, metadata = ?, reports = ?
                WHERE seq = ?
                """
        ).execute(arguments: [
            incoming.digest, item.text.map { Data($0.utf8) }, item.language, item.source, item.author,
            item.createdAt?.milliseconds, item.flaggedAt.milliseconds, item.dueAt?.milliseconds, now.milliseconds,
            item.priority, item.metadata, reports(of: item), seq,
        ])
        // What models said was about the old content.
        try results.clear(item: seq)
        // No row names the earlier files any more; the next erasure takes those that nothing else shows.
        try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO erased_media SELECT sha256 FROM media WHERE item = ? AND original IS NULL"
        ).execute(arguments: [seq])
        try db.cachedStatement(sql: "DELETE FROM media WHERE item = ?").execute(arguments: [seq])
        try db.cachedStatement(sql: "DELETE FROM likeness WHERE item = ?").execute(arguments: [seq])
        try TextKey.put(item: seq, text: item.text, in: db)
        // Other content, other near-duplicates: the next snapshot that holds it gives it a side.
        try db.cachedStatement(sql: "DELETE FROM split_member WHERE item = ?").execute(arguments: [seq])
        try insertParts(of: incoming, item: seq)
        let top = ResultWriter.top(of: incoming.described.scores)
        let boost = results.boost(of: incoming.described.scores)
        // Whatever it was mined for was about the old content.
        try db.cachedStatement(
            sql: """
                UPDATE work SET queue = CASE queue WHEN \(QueueCode.restricted) THEN queue ELSE ? END, place = ?,
                    boost = ?, mined = NULL, top_score = ?, top_policy = ?
                WHERE item = ?
                """
        ).execute(arguments: [
            queue(of: incoming), Self.place(of: item, boost: boost), boost, top?.value, top?.policy.rawValue, seq,
        ])
    }

    private func insertParts(of incoming: IncomingItem, item: Int64) throws {
        for (position, medium) in incoming.media.enumerated() {
            try db.cachedStatement(sql: "INSERT INTO media VALUES (?, ?, ?, ?, ?, ?)").execute(
                arguments: [item, position, medium.path, medium.sha256, medium.byteCount, medium.original])
            if medium.original == nil {
                try KnownLikeness.copy(to: item, position: position, sha256: medium.sha256, in: db)
            }
        }
        for score in incoming.described.scores {
            insertScore.bind(1, item)
            insertScore.bind(2, try results.model(named: score.model))
            insertScore.bind(3, score.policy.rawValue)
            insertScore.bind(4, score.value)
            insertScore.bind(5, score.threshold)
            try insertScore.run()
        }
        guard !incoming.described.explanations.isEmpty else { return }
        try results.insert(
            scores: [], explanations: incoming.described.explanations, item: item, at: now
        ) { try results.model(named: $0) }
    }

    private func reports(of item: Item) -> String {
        guard !item.reports.isEmpty else { return "[]" }
        return JSONValue.array(
            item.reports.map { ["reason": .string($0.reason), "reporter": .optional($0.reporter)] }
        ).text
    }

    private func queue(of incoming: IncomingItem) -> Int {
        let item = incoming.described.item
        return results.router.code(
            scores: incoming.described.scores, reports: item.reports, source: item.source, language: item.language)
    }

    private static func place(of item: Item, boost: Double) -> Double {
        Rank.place(flaggedAt: item.flaggedAt, dueAt: item.dueAt, priority: item.priority, boost: boost)
    }
}
