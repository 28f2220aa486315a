import Foundation
import GRDB

extension QueueStore {
    /// Erases items for good: their rows, their media files and the keys of what the chain says about them.
    ///
    /// A tombstone stays in place of the item, and the decisions on it stay without note, statement, scores and digest, so the
    /// chain still verifies and says nothing. A hundred items make one transaction, which is one event. Then the files
    /// are unlinked, the search index and the database are rewritten, and the journal is emptied: `secure_delete` that is
    /// switched on now leaves what page splits had left behind before (measured; see `docs/audit.md`).
    ///
    /// - parameter progress: Called with the items erased so far.
    /// - throws: ``QueueError/notFound(_:)`` where the item is not there, or where the author has none. What is left
    ///   alone, or still to be finished, throws nothing: see ``ErasureReport``.
    public func erase(
        _ scope: ErasureScope, rules: ErasureRules, progress: (Int) -> Void = { _ in }
    ) throws -> ErasureReport {
        try Self.check(rules)
        let erasure = Erasure(scope: scope, rules: rules, now: clock())
        let found = try findItems(of: erasure)
        if found.isEmpty {
            switch scope {
            case .item(let id): throw QueueError.notFound("There is no item \"\(Visible.text(id.rawValue))\".")
            case .author(let author): throw QueueError.notFound("No item has the author \"\(Visible.text(author))\".")
            case .untouched: break
            }
        }
        var report = ErasureReport()
        guard !rules.isDryRun else {
            for item in found { erasure.count(item, in: &report) }
            return report
        }
        try Self.reporting(path) {
            try database.writeWithoutTransaction { _ = try Int.fetchOne($0, sql: "PRAGMA secure_delete = ON") }
        }
        for start in stride(from: 0, to: found.count, by: Erasure.batchSize) {
            let batch = found[start..<min(start + Erasure.batchSize, found.count)]
            // Into a copy: a batch that fails has done nothing.
            report = try write { db in
                var next = report
                try erasure.erase(batch.map(\.seq), in: db, &next)
                return next
            }
            progress(report.erased)
        }
        // The rows of the hashes went with their items; what was read of them goes too.
        likenessIndex.withLock { $0 = LikenessIndex() }
        do {
            report.files = try finishErasure()
        } catch let error as QueueError {
            report.unfinished = "\(error)"
        }
        return report
    }

    private static func check(_ rules: ErasureRules) throws {
        try check(reviewer: rules.by)
        if let reason = rules.reason, reason.utf8.count > 200 || reason.utf8.contains(0) {
            throw QueueError.usage("A reason has at most 200 bytes: the number of the request is enough.")
        }
    }

    /// Ten thousand rows to a read, so that no writer waits for a scan.
    private func findItems(of erasure: Erasure) throws -> [Erasure.Found] {
        if case .item(let id) = erasure.scope {
            return try read { db in
                let seq = try Int64.fetchOne(db, sql: "SELECT seq FROM item WHERE id = ?", arguments: [id.rawValue])
                return try seq.map { try erasure.find(from: $0, to: $0, in: db) } ?? []
            }
        }
        let last = try read { try Int64.fetchOne($0, sql: "SELECT max(seq) FROM item") ?? 0 }
        var found: [Erasure.Found] = []
        for start in stride(from: Int64(1), through: last, by: 10_000) {
            found += try read { try erasure.find(from: start, to: start + 9_999, in: $0) }
        }
        return found
    }
}

/// One erasure: which items, under which rules.
struct Erasure {
    static let batchSize = 100
    /// `work.queue` of what is under legal hold.
    static let held = QueueCode.restricted

    let scope: ErasureScope
    let rules: ErasureRules
    let now: Timestamp

    struct Found {
        var seq: Int64
        var decisions: Int
        var isUnderReview: Bool
        var isOnHold: Bool
        var isUndecided: Bool
    }

    // MARK: - Finding

    func find(from first: Int64, to last: Int64, in db: Database) throws -> [Found] {
        let condition: String
        var arguments: StatementArguments = [now.milliseconds, Self.held, first, last]
        switch scope {
        case .item: condition = "true"
        case .author(let author):
            condition = "i.author = ?"
            arguments += [author]
        case .untouched(let since, _):
            condition = """
                i.ingested_at < ?
                AND coalesce((SELECT max(decided_at) FROM decision WHERE item = i.seq), 0) < ?
                """
            arguments += [since.milliseconds, since.milliseconds]
        }
        let statement = try db.cachedStatement(
            sql: """
                SELECT i.seq, w.state <> \(WorkState.decided) AS undecided,
                    w.lease_expires IS NOT NULL AND w.lease_expires > ? AS leased, w.queue = ? AS held,
                    (SELECT count(*) FROM decision WHERE item = i.seq) AS decisions
                FROM item i JOIN work w ON w.item = i.seq
                WHERE i.seq BETWEEN ? AND ? AND \(condition) ORDER BY i.seq
                """)
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            Found(
                seq: row["seq"], decisions: row["decisions"], isUnderReview: row["leased"], isOnHold: row["held"],
                isUndecided: row["undecided"])
        }
    }

    /// Whether an item is to be erased; counts it either way.
    @discardableResult
    func count(_ found: Found, in report: inout ErasureReport) -> Bool {
        if found.isOnHold, !rules.despiteHold {
            report.onHold += 1
        } else if case .untouched(_, includingUndecided: false) = scope, found.isUndecided {
            report.undecided += 1
        } else if found.isUnderReview, !rules.endingLeases {
            report.underReview += 1
        } else {
            report.erased += 1
            report.decisions += found.decisions
            return true
        }
        return false
    }

    // MARK: - Erasing

    /// Erases some items in the caller's transaction, as far as they are still to be erased.
    func erase(_ seqs: [Int64], in db: Database, _ report: inout ErasureReport) throws {
        var items: [Int64] = []
        for seq in seqs {
            for found in try find(from: seq, to: seq, in: db) where count(found, in: &report) { items.append(seq) }
        }
        guard !items.isEmpty else { return }
        for item in items { try db.execute(sql: "INSERT INTO erasing VALUES (?)", arguments: [item]) }
        try HoldingExports.add(of: db, to: &report)
        try FittedHeads.add(of: db, to: &report)
        try HoldingExports.forgetHashes(in: db)
        try SearchIndex.forget(items: items, in: db)
        try noteMedia(in: db, &report)
        try deleteParts(in: db)
        try db.execute(
            sql: """
                UPDATE decision SET note = NULL, statement = NULL, scores = '[]', item_digest = zeroblob(32)
                WHERE item IN (SELECT item FROM erasing)
                """)
        try db.execute(
            sql: """
                UPDATE item SET id = 'erased-' || lower(hex(randomblob(16))), digest = zeroblob(32), subject_key = NULL,
                    text = NULL, language = NULL, source = NULL, author = NULL, created_at = NULL, flagged_at = 0,
                    due_at = NULL, priority = 0, metadata = '{}', reports = '[]'
                WHERE seq IN (SELECT item FROM erasing)
                """)
        try append(items, in: db)
        try db.execute(sql: "DELETE FROM erasing")
        try db.execute(
            sql: """
                INSERT INTO setting VALUES ('erasure_unfinished', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1
                """)
    }

    /// Lists the files that are to go: those on the shelf that no other item shows.
    private func noteMedia(in db: Database, _ report: inout ErasureReport) throws {
        try db.execute(
            sql: """
                INSERT OR IGNORE INTO erased_media SELECT m.sha256 FROM media m JOIN erasing e ON e.item = m.item
                WHERE m.original IS NULL
                """)
        report.linkedOriginals += try String.fetchAll(
            db,
            sql: """
                SELECT DISTINCT m.original FROM media m JOIN erasing e ON e.item = m.item WHERE m.original IS NOT NULL
                """)
    }

    /// Deletes every row that belongs to an item, whichever table it is in. Decisions stay.
    private func deleteParts(in db: Database) throws {
        let parts = try Row.fetchAll(
            db,
            sql: """
                SELECT m.name, k."from" AS reference FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k
                WHERE m.type = 'table' AND k."table" = 'item' AND m.name <> 'decision' ORDER BY m.name
                """)
        for part in parts {
            let (table, column): (String, String) = (part["name"], part["reference"])
            try db.execute(
                sql: "DELETE FROM \"\(table)\" WHERE \"\(column)\" IN (SELECT item FROM erasing)")
        }
    }

    private func append(_ items: [Int64], in db: Database) throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT \(DecisionRow.columns), d.seq FROM decision d JOIN item i ON i.seq = d.item
                WHERE d.item IN (SELECT item FROM erasing) ORDER BY d.seq
                """)
        let isPurge = if case .untouched = scope { true } else { false }
        try AuditChain.append(
            kind: isPurge ? "purge" : "erase",
            body: [
                "items": .array(items.map { .integer($0) }),
                "decisions": ErasedDecisions.json(rows.map { ($0["seq"], DecisionRow($0)) }),
                "by": .string(rules.by), "reason": .optional(rules.reason),
            ], in: db, at: now)
    }
}

/// Earlier exports that hold the items of the erasure under way.
enum HoldingExports {
    /// The hash of a small export could be guessed from one text; the event about it says nothing without its key.
    static func forgetHashes(in db: Database) throws {
        try db.execute(
            sql: """
                UPDATE snapshot SET sha256 = zeroblob(32), key = NULL WHERE EXISTS (
                    SELECT 1 FROM erasing e JOIN decision d ON d.item = e.item
                    WHERE d.verdict IS NOT NULL AND d.event <= snapshot.last_event)
                """)
    }

    static func add(of db: Database, to report: inout ErasureReport) throws {
        // Standing when the export was made. A row of `work` must still be there: it tells what is restricted.
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT s.folder, s.exported_at, count(DISTINCT d.item) AS items,
                    s.filter IS NULL AND s.format IN ('jsonl', 'csv', 'parquet') AND max(w.queue = ?) = 0 AS certain
                FROM snapshot s CROSS JOIN erasing e CROSS JOIN decision d ON d.item = e.item
                    JOIN work w ON w.item = e.item
                WHERE d.verdict IS NOT NULL AND d.event <= s.last_event
                    AND d.review IS NOT \(ReviewRound.gold.rawValue)
                    AND (s.format <> 'dsa' OR d.verdict IN ('remove', 'restrict'))
                    AND NOT EXISTS (
                        SELECT 1 FROM decision later WHERE later.supersedes = d.seq AND later.event <= s.last_event)
                GROUP BY s.seq ORDER BY s.seq
                """, arguments: [Erasure.held])
        for row in rows {
            let export = ErasureReport.HoldingExport(
                folder: row["folder"], exportedAt: Timestamp(milliseconds: row["exported_at"]), items: row["items"],
                isCertain: row["certain"])
            let known = report.exports.firstIndex {
                $0.folder == export.folder && $0.exportedAt == export.exportedAt
            }
            guard let known else {
                report.exports.append(export)
                continue
            }
            report.exports[known].items += export.items
            report.exports[known].isCertain = report.exports[known].isCertain && export.isCertain
        }
    }
}
