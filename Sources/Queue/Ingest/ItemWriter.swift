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

    /// How much an hour of waiting weighs against priority: after 25 hours an item overtakes a new one whose priority
    /// is higher by 1.
    static let ageingPerHour = 0.04

    private let db: Database
    private let taxonomy: Taxonomy
    private let now: Timestamp
    private let results: ResultWriter
    private let insertItem: PreparedStatement
    private let insertWork: PreparedStatement
    private let insertScore: PreparedStatement

    init(db: Database, taxonomy: Taxonomy, now: Timestamp) throws {
        self.db = db
        self.taxonomy = taxonomy
        self.now = now
        results = ResultWriter(db: db, taxonomy: taxonomy)
        insertItem = try PreparedStatement(
            """
            INSERT INTO item (id, digest, subject_key, text, language, source, author, created_at, flagged_at, due_at,
                ingested_at, priority, metadata, reports)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
            """, in: db)
        insertWork = try PreparedStatement(
            """
            INSERT INTO work (item, queue, state, place, lottery, top_score, top_policy) VALUES (?, ?, 0, ?, ?, ?, ?)
            """, in: db)
        insertScore = try PreparedStatement("INSERT INTO score VALUES (?, ?, ?, ?, ?)", in: db)
    }

    func put(_ incoming: IncomingItem, replacing: Bool) throws -> Outcome {
        // One statement where nothing is known yet, which is the rule; the constraint says where something is.
        guard try insert(incoming) else { return try meet(incoming, replacing: replacing) }
        let seq = db.lastInsertedRowID
        try insertParts(of: incoming, item: seq)
        let top = ResultWriter.top(of: incoming.described.scores)
        insertWork.bind(1, seq)
        insertWork.bind(2, Int64(queue(of: incoming).code))
        insertWork.bind(3, Self.place(of: incoming.described.item))
        insertWork.bind(4, incoming.lottery)
        insertWork.bind(5, top?.value)
        insertWork.bind(6, top?.policy.rawValue)
        try insertWork.run()
        return .added(incoming.commitment)
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
        try update(seq, with: incoming)
        return .updated(AuditChain.commitment(to: incoming.digest, key: SymmetricKey(data: key)))
    }

    /// Nothing may change under a reviewer, nor under a verdict.
    private func reasonToKeep(_ seq: Int64) throws -> String? {
        let statement = try db.cachedStatement(sql: "SELECT state, lease_expires FROM work WHERE item = ?")
        guard let row = try Row.fetchOne(statement, arguments: [seq]) else { return nil }
        switch row["state"] as Int {
        case WorkState.decided: return "is decided: undo the verdict first, or give the new content an id of its own"
        case WorkState.leased where (row["lease_expires"] as Int64? ?? 0) > now.milliseconds:
            return "is being reviewed: take it in again later"
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
        try db.cachedStatement(sql: "DELETE FROM media WHERE item = ?").execute(arguments: [seq])
        try insertParts(of: incoming, item: seq)
        let top = ResultWriter.top(of: incoming.described.scores)
        try db.cachedStatement(
            sql: """
                UPDATE work SET queue = max(queue, ?), place = ?, top_score = ?, top_policy = ? WHERE item = ?
                """
        ).execute(arguments: [
            queue(of: incoming).code, Self.place(of: item), top?.value, top?.policy.rawValue, seq,
        ])
    }

    private func insertParts(of incoming: IncomingItem, item: Int64) throws {
        for (position, medium) in incoming.media.enumerated() {
            try db.cachedStatement(sql: "INSERT INTO media VALUES (?, ?, ?, ?, ?, ?)").execute(
                arguments: [item, position, medium.path, medium.sha256, medium.byteCount, medium.original])
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

    private func queue(of incoming: IncomingItem) -> QueueName {
        ResultWriter.queue(
            scores: incoming.described.scores, reports: incoming.described.item.reports, taxonomy: taxonomy)
    }

    /// Minus the rank, which is priority − rate × flagged time: the smallest comes first.
    static func place(of item: Item) -> Double {
        ageingPerHour * Double(item.flaggedAt.milliseconds) / 3_600_000 - item.priority
    }
}
