import Foundation
import GRDB

/// What an export of statements wrote.
public struct StatementExportReport: Sendable, Hashable {
    public var statements: Int
    /// Calls to the database's `statements` endpoint.
    public var batches: Int
    /// Standing `remove` and `restrict` decisions without a statement: they fell before the queue kept any, or their
    /// item was erased.
    public var withoutStatement: Int
    /// SHA-256 of `statements.jsonl`, 64 hex digits.
    public var sha256: String
    /// The snapshot holds the decisions that the chain held up to this event.
    public var lastEvent: Int64

    /// What `export --format dsa --json` prints.
    public var json: JSONValue {
        [
            "rows": .integer(Int64(statements)), "batches": .integer(Int64(batches)),
            "without_statement": .integer(Int64(withoutStatement)), "sha256": .string(sha256),
            "last_event": .integer(lastEvent),
        ]
    }
}

extension QueueStore {
    /// Writes the statements of reasons of standing restrictions as a snapshot: `statements.jsonl`, one a line,
    /// `batches.jsonl`, the same as bodies `{"statements":[…]}` of at most 100 each, and `manifest.json`, which comes
    /// last and so marks a complete one.
    ///
    /// Restricted items are among them: the duty to report knows no exception, and a statement names nothing of an item
    /// but its kind, its language and its day. The same decisions give the same bytes. The table `snapshot` and the
    /// audit chain remember the export once it is whole.
    ///
    /// - parameter folder: Made if it is not there; must be empty.
    /// - parameter snapshot: The folder of an earlier one, for only what was decided since: the database refuses a whole
    ///   batch for one statement that it has already.
    /// - throws: ``QueueError/usage(_:)`` where the folder holds something, or the earlier one is no such snapshot of
    ///   this queue.
    public func exportStatements(
        to folder: String, since snapshot: String? = nil, progress: (Int) -> Void = { _ in }
    ) throws -> StatementExportReport {
        try Self.reporting(path) {
            let first = try snapshot.map { try lastEvent(ofSnapshot: $0) } ?? 0
            try Self.makeEmpty(folder)
            let bound = try exportBound(goingOnFrom: first)
            var reading = StatementReading(firstEvent: first, lastEvent: bound.event)
            let lines = try SnapshotFile(folder: folder, name: "statements.jsonl")
            let batches = try SnapshotFile(folder: folder, name: "batches.jsonl")
            while case let page = try read({ try reading.readPage(in: $0) }), !page.isEmpty {
                try lines.append(Array(page.map { $0 + "\n" }.joined().utf8))
                try batches.append(Array("{\"statements\":[\(page.joined(separator: ","))]}\n".utf8))
                progress(reading.statements)
            }
            let (sha256, byteCount) = try lines.finish()
            let (batchesSHA256, batchesByteCount) = try batches.finish()
            let report = StatementExportReport(
                statements: reading.statements, batches: reading.pages,
                withoutStatement: try read { try reading.countWithoutStatement(in: $0) }, sha256: sha256.hex,
                lastEvent: bound.event)
            let manifest: JSONValue = [
                "format": "reviewtui-statements", "version": 1, "schema": "DSA Transparency Database, 1 July 2025",
                "as_of": .string(bound.time.rfc3339), "audit": bound.json(first: first + 1),
                "rows": .integer(Int64(report.statements)),
                "without_statement": .integer(Int64(report.withoutStatement)),
                "files": [
                    [
                        "name": "statements.jsonl", "sha256": .string(sha256.hex), "bytes": .integer(byteCount),
                        "rows": .integer(Int64(report.statements)),
                    ],
                    [
                        "name": "batches.jsonl", "sha256": .string(batchesSHA256.hex),
                        "bytes": .integer(batchesByteCount), "rows": .integer(Int64(report.batches)),
                    ],
                ],
            ]
            let summary = ExportReport(
                rows: report.statements, leftOut: 0, splits: [:], sha256: report.sha256, lastEvent: report.lastEvent)
            try remember(summary, folder: folder, format: "dsa", filter: nil, sha256: sha256, since: bound)
            try Self.writeManifest(manifest, to: folder)
            return report
        }
    }

    /// Up to where an earlier snapshot of statements went, held against this queue's chain.
    private func lastEvent(ofSnapshot folder: String) throws -> Int64 {
        let shown = Visible.text(folder, limit: 400)
        let manifest = FileManager.default.contents(atPath: folder + "/manifest.json")
            .flatMap { try? JSONValue(parsing: Array($0)) }
        guard let manifest, manifest["format"] == "reviewtui-statements", let last = manifest["audit"]?["last"]?.int64
        else { throw QueueError.usage("\(shown) is no snapshot of statements: name a folder that export wrote.") }
        let hash = try read { db in
            try Data.fetchOne(db, sql: "SELECT hash FROM audit_event WHERE seq = ?", arguments: [last])
        }
        guard let hash, manifest["audit"]?["hash"] == .string(hash.hex) else {
            throw QueueError.usage("\(shown) was exported from another queue: name a snapshot of this one.")
        }
        return last
    }
}

/// Reads statements of standing restrictions by key, a batch at a time.
private struct StatementReading {
    let firstEvent: Int64
    let lastEvent: Int64
    private(set) var statements = 0
    private(set) var pages = 0
    private var lastSeq: Int64 = 0

    /// As many as one call to the database takes.
    private static let pageSize = 100

    init(firstEvent: Int64, lastEvent: Int64) {
        self.firstEvent = firstEvent
        self.lastEvent = lastEvent
    }

    private static let standing = """
        d.verdict IN ('remove', 'restrict') AND d.review IS NOT \(ReviewRound.gold.rawValue) AND d.event > ? AND d.event <= ?
        AND NOT EXISTS (SELECT 1 FROM decision later WHERE later.supersedes = d.seq AND later.event <= ?)
        """

    /// The next statements as they are stored; none at the end.
    mutating func readPage(in db: Database) throws -> [String] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT d.seq, d.statement FROM decision d JOIN work w ON w.item = d.item
                WHERE d.seq > ? AND d.statement IS NOT NULL AND \(Self.standing)
                ORDER BY d.seq LIMIT \(Self.pageSize)
                """, arguments: [lastSeq, firstEvent, lastEvent, lastEvent])
        guard let last = rows.last else { return [] }
        lastSeq = last["seq"]
        statements += rows.count
        pages += 1
        return rows.map { $0["statement"] }
    }

    func countWithoutStatement(in db: Database) throws -> Int {
        try Int.fetchOne(
            db, sql: "SELECT count(*) FROM decision d WHERE d.statement IS NULL AND \(Self.standing)",
            arguments: [firstEvent, lastEvent, lastEvent]) ?? 0
    }
}
