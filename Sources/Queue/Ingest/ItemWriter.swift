import Crypto
import Foundation
import GRDB

/// Turns incoming items into rows.
struct ItemWriter {
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
    /// An item that is due ranks as one of this priority that was flagged when it is due: it goes before whatever comes
    /// in by then with less, and a day earlier before whatever comes in with a priority under 1.
    static let dueLift = 2.0

    private let db: Database
    private let now: Timestamp
    private let results: ResultWriter

    init(db: Database, taxonomy: Taxonomy, now: Timestamp) throws {
        self.db = db
        self.now = now
        results = try ResultWriter(db: db, taxonomy: taxonomy)
    }

    func put(_ incoming: IncomingItem, replacing: Bool) throws -> Outcome {
        let id = incoming.described.item.id
        let known = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT seq, digest FROM item WHERE id = ?"), arguments: [id.rawValue])
        guard let known else {
            let key = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
            try insert(incoming, key: key)
            return .added(Data(HMAC<SHA256>.authenticationCode(for: incoming.digest, using: SymmetricKey(data: key))))
        }
        if known["digest"] as Data == incoming.digest { return .unchanged }
        let shown = Visible.text(id.rawValue)
        guard replacing else {
            return .refused("\"\(shown)\" is there with other content: --update replaces it")
        }
        let seq: Int64 = known["seq"]
        if let reason = try reasonToKeep(seq) { return .refused("\"\(shown)\" \(reason)") }
        guard let key = try AuditChain.key(ofItem: seq, in: db) else { return .refused("\"\(shown)\" was erased") }
        try update(seq, with: incoming)
        return .updated(Data(HMAC<SHA256>.authenticationCode(for: incoming.digest, using: SymmetricKey(data: key))))
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

    private func insert(_ incoming: IncomingItem, key: Data) throws {
        let item = incoming.described.item
        // CAST from a blob: GRDB binds text as a C string, which ends at the first NUL, and a post may hold one.
        try db.cachedStatement(
            sql: """
                INSERT INTO item (id, digest, subject_key, text, language, source, author, created_at, flagged_at,
                    due_at, ingested_at, priority, metadata, reports)
                VALUES (?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            item.id.rawValue, incoming.digest, key, item.text.map { Data($0.utf8) }, item.language, item.source,
            item.author, item.createdAt?.milliseconds, item.flaggedAt.milliseconds, item.dueAt?.milliseconds,
            now.milliseconds, item.priority, item.metadata, reports(of: item),
        ])
        let seq = db.lastInsertedRowID
        try insertParts(of: incoming, item: seq)
        let top = ResultWriter.top(of: incoming.described.scores)
        try db.cachedStatement(
            sql: """
                INSERT INTO work (item, queue, state, place, lottery, top_score, top_policy)
                VALUES (?, ?, 0, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            seq, queue(of: incoming), Self.place(of: item), Int64.random(in: 0...Int64.max), top?.value,
            top?.policy.rawValue,
        ])
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
        try db.cachedStatement(sql: "DELETE FROM media WHERE item = ?").execute(arguments: [seq])
        try insertParts(of: incoming, item: seq)
        let top = ResultWriter.top(of: incoming.described.scores)
        try db.cachedStatement(
            sql: """
                UPDATE work SET queue = CASE queue WHEN \(QueueCode.restricted) THEN queue ELSE ? END, place = ?, top_score = ?, top_policy = ? WHERE item = ?
                """
        ).execute(arguments: [
            queue(of: incoming), Self.place(of: item), top?.value, top?.policy.rawValue, seq,
        ])
    }

    private func insertParts(of incoming: IncomingItem, item: Int64) throws {
        for (position, medium) in incoming.media.enumerated() {
            try db.cachedStatement(sql: "INSERT INTO media VALUES (?, ?, ?, ?, ?, ?)").execute(
                arguments: [item, position, medium.path, medium.sha256, medium.byteCount, medium.original])
        }
        try results.insert(
            scores: incoming.described.scores, explanations: incoming.described.explanations, item: item, at: now
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

    /// Minus the rank: the smallest comes first. The rank is priority − rate × flagged time, or, where that is more,
    /// ``dueLift`` − rate × due time. Both age alike, so the order never changes with time.
    static func place(of item: Item) -> Double {
        let aged = { (time: Timestamp) in ageingPerHour * Double(time.milliseconds) / 3_600_000 }
        let place = aged(item.flaggedAt) - item.priority
        return item.dueAt.map { min(place, aged($0) - dueLift) } ?? place
    }
}
