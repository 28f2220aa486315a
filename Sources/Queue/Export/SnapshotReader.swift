import Crypto
import GRDB

/// Reads pages of a snapshot through a connection of its own and makes something of them.
///
/// - Note: `Maker` is ``SnapshotLines`` for lines of JSON, or what makes typed rows.
final class SnapshotReader<Maker: SnapshotPageMaker> {
    private let snapshot: Snapshot
    private let database: DatabaseQueue
    private(set) var maker: Maker

    init(_ snapshot: Snapshot, path: String, maker: Maker) throws {
        self.snapshot = snapshot
        database = try DurableDatabase.openToRead(path: path)
        self.maker = maker
    }

    /// The verdicts on one page: those from a row of the record on, ``SnapshotPages/size`` of them.
    func page(from first: Int64) throws -> Maker.Page {
        try database.read { db in
            let page = try PreparedStatement(
                """
                SELECT d.item, i.id, i.text, i.language, d.verdict, d.policies, d.labels, d.severity, d.note,
                    d.reviewer, d.decided_at, d.duration_ms, \(Snapshot.sampled), d.scores, d.shown, d.id, e.hash,
                    CASE WHEN d.supersedes IS NULL THEN NULL ELSE
                        (SELECT CASE WHEN earlier.verdict IS NULL
                                     THEN (SELECT id FROM decision WHERE seq = earlier.supersedes) ELSE earlier.id END
                         FROM decision earlier WHERE earlier.seq = d.supersedes) END,
                    s.split, d.review, d.mined\(maker.furtherColumns)
                FROM decision d CROSS JOIN item i ON i.seq = d.item CROSS JOIN work w ON w.item = d.item
                    CROSS JOIN audit_event e ON e.seq = d.event LEFT JOIN split_member s ON s.item = d.item
                WHERE d.seq >= ? AND d.seq < ? AND w.queue <> \(QueueCode.restricted) AND d.item_digest = i.digest
                    AND \(snapshot.condition)
                ORDER BY d.seq
                """, arguments: [first, first + SnapshotPages.size] + snapshot.arguments, in: db)
            let media = try PreparedStatement(Maker.mediaQuery, in: db)
            return try maker.page(of: page, media)
        }
    }
}

/// Makes something of the rows that ``SnapshotReader`` selects.
protocol SnapshotPageMaker {
    associatedtype Page: Sendable

    /// What else it reads, each with a comma before it.
    var furtherColumns: String { get }
    /// The media of the item that it is bound to; path and SHA-256 come first.
    static var mediaQuery: String { get }

    /// What was in the pages so far.
    var counts: SnapshotCounts { get }

    /// - parameter media: ``mediaQuery``, to be bound to each row's item.
    mutating func page(of decisions: PreparedStatement, _ media: PreparedStatement) throws -> Page
}

enum SnapshotPages {
    /// Rows of the record. A page takes milliseconds: without WAL a writer waits that long for it.
    static let size: Int64 = 1000
}

/// Numbers of the columns that ``SnapshotReader`` selects; further ones follow.
enum DecisionColumn {
    static let item: Int32 = 0, id: Int32 = 1, text: Int32 = 2, language: Int32 = 3, verdict: Int32 = 4
    static let policies: Int32 = 5, labels: Int32 = 6, severity: Int32 = 7, note: Int32 = 8, reviewer: Int32 = 9
    static let decidedAt: Int32 = 10, duration: Int32 = 11, sampled: Int32 = 12, scores: Int32 = 13
    static let shown: Int32 = 14, decision: Int32 = 15, hash: Int32 = 16, supersedes: Int32 = 17
    static let split: Int32 = 18, review: Int32 = 19, mined: Int32 = 20, further: Int32 = 21
}
