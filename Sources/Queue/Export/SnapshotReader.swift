import Crypto
import GRDB

/// Reads pages of a snapshot through a connection of its own and writes them as lines.
final class SnapshotReader {
    private let snapshot: Snapshot
    private let database: DatabaseQueue
    private var lines: SnapshotLines

    /// A page takes milliseconds: without WAL a writer waits that long for it.
    static let pageSize: Int64 = 1000

    /// - parameter key: Keys pseudonyms and splits.
    init(_ snapshot: Snapshot, path: String, key: SymmetricKey) throws {
        self.snapshot = snapshot
        database = try DurableDatabase.openToRead(path: path)
        lines = SnapshotLines(key: key)
    }

    /// Lines written so far.
    var rows: Int { lines.rows }

    var splits: [String: Int] { lines.splits }

    /// The lines of the verdicts on one page: those from a row of the record on, ``pageSize`` of them.
    func lines(from first: Int64) throws -> [UInt8] {
        try database.read { db in
            let page = try PreparedStatement(
                """
                SELECT d.item, i.id, i.text, i.language, d.verdict, d.policies, d.labels, d.severity, d.note,
                    d.reviewer, d.decided_at, d.duration_ms, d.sampled, d.scores, d.shown, d.id, e.hash,
                    CASE WHEN d.supersedes IS NULL THEN NULL ELSE
                        (SELECT CASE WHEN earlier.verdict IS NULL
                                     THEN (SELECT id FROM decision WHERE seq = earlier.supersedes) ELSE earlier.id END
                         FROM decision earlier WHERE earlier.seq = d.supersedes) END
                FROM decision d CROSS JOIN item i ON i.seq = d.item CROSS JOIN work w ON w.item = d.item
                    CROSS JOIN audit_event e ON e.seq = d.event
                WHERE d.seq >= ? AND d.seq < ? AND w.queue <> \(QueueCode.restricted) AND d.item_digest = i.digest
                    AND \(snapshot.condition)
                ORDER BY d.seq
                """, arguments: [first, first + Self.pageSize] + snapshot.arguments, in: db)
            let media = try PreparedStatement(
                """
                SELECT m.path, m.sha256, l.hash FROM media m
                    LEFT JOIN likeness l ON l.item = m.item AND l.position = m.position
                WHERE m.item = ? ORDER BY m.position
                """, in: db)
            return try lines.page(of: page, media)
        }
    }
}
