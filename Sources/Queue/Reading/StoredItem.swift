import Foundation
import GRDB

/// Reads an item and what the models said about it back from its rows.
///
/// Text goes through `CAST(… AS BLOB)`: GRDB hands TEXT over as a C string, which ends at the first NUL, and a post may
/// hold one.
struct StoredItem {
    let db: Database
    let mediaFolder: String

    func item(_ seq: Int64) throws -> Item {
        let statement = try db.cachedStatement(
            sql: """
                SELECT id, CAST(text AS BLOB), language, source, author, created_at, flagged_at, due_at, priority,
                    metadata, CAST(reports AS BLOB)
                FROM item WHERE seq = ?
                """)
        guard let row = try Row.fetchOne(statement, arguments: [seq]) else {
            throw QueueError.notFound("An item has gone from the queue: it was erased.")
        }
        // By number: looking a column up by its name costs more than reading it.
        let text: Data? = row[1]
        let time = { (column: Int) in (row[column] as Int64?).map { Timestamp(milliseconds: $0) } }
        return Item(
            id: ItemID(row[0] as String), text: text.map { String(decoding: $0, as: UTF8.self) }, language: row[2],
            media: try media(seq), source: row[3], author: row[4], createdAt: time(5),
            flaggedAt: Timestamp(milliseconds: row[6]), dueAt: time(7), priority: row[8], metadata: row[9],
            reports: try reports(row[10]))
    }

    private func media(_ seq: Int64) throws -> [MediaReference] {
        let statement = try db.cachedStatement(
            sql: "SELECT path, sha256, byte_count, original FROM media WHERE item = ? ORDER BY position")
        return try Row.fetchAll(statement, arguments: [seq]).map { row in
            let sha256 = (row["sha256"] as Data).hex
            return MediaReference(
                path: row["path"], sha256: sha256, byteCount: row["byte_count"],
                storedPath: row["original"] ?? MediaShelf.path(of: sha256, in: mediaFolder))
        }
    }

    func reports(of seq: Int64) throws -> [Report] {
        let statement = try db.cachedStatement(sql: "SELECT CAST(reports AS BLOB) FROM item WHERE seq = ?")
        return try Data.fetchOne(statement, arguments: [seq]).map(reports) ?? []
    }

    private func reports(_ json: Data) throws -> [Report] {
        guard let reports = try? JSONValue(parsing: Array(json)).array else { return [] }
        return reports.map { Report(reason: $0["reason"]?.string ?? "", reporter: $0["reporter"]?.string) }
    }

    /// The highest first.
    func scores(_ seq: Int64) throws -> [Score] {
        try scores(where: "s.item = ? ORDER BY s.value DESC, s.policy, s.model", [seq])
    }

    /// One model's, in the order of their policies.
    func scores(_ seq: Int64, model: Int64) throws -> [Score] {
        try scores(where: "s.item = ? AND s.model = ? ORDER BY s.policy", [seq, model])
    }

    /// What one model made of the item, in the order of its pictures.
    func embeddings(_ seq: Int64, model: Int64) throws -> [StoredEmbedding] {
        let statement = try db.cachedStatement(
            sql: "SELECT position, vector, precision FROM embedding WHERE item = ? AND model = ? ORDER BY position")
        return try Row.fetchAll(statement, arguments: [seq, model]).map {
            StoredEmbedding(position: $0[0], vector: StoredRelevance.vector($0[1]), precision: $0[2])
        }
    }

    private func scores(where condition: String, _ arguments: StatementArguments) throws -> [Score] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT m.name, s.policy, s.value, s.threshold, m.weights, c.head, c.precision, c.calibrated
                FROM score s JOIN model m ON m.seq = s.model LEFT JOIN computation c ON c.seq = s.computation
                WHERE \(condition)
                """)
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            var score = Score(model: row[0], policy: PolicyID(row[1] as String), value: row[2], threshold: row[3])
            // The weights are those of the model's own runs: a score that came in under its name knows none.
            if let precision: String = row[6], let head: String = row[5], let weights: String = row[4] {
                score.provenance = Score.Provenance(
                    weights: weights, head: head.isEmpty ? nil : head, precision: precision, isCalibrated: row[7])
            }
            return score
        }
    }

    func explanations(_ seq: Int64) throws -> [Explanation] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT m.name, e.policy, e.method, e.media, e.signed, e.grid_rows, e.grid_columns, e.relevance, e.head
                FROM explanation e JOIN model m ON m.seq = e.model WHERE e.item = ? ORDER BY e.model, e.position
                """)
        return try Row.fetchAll(statement, arguments: [seq]).map { row in
            Explanation(
                model: row[0], policy: (row[1] as String?).map { PolicyID($0) }, method: row[2], mediaIndex: row[3],
                signed: row[4],
                relevance: StoredRelevance.decode(rows: row[5], columns: row[6], bytes: row[7]), head: row[8])
        }
    }
}

/// The bytes of `explanation.relevance` (see the schema).
enum StoredRelevance {
    static func encode(_ relevance: Explanation.Relevance) -> Data {
        switch relevance {
        case .grid(_, _, let values): return floats(values)
        case .spans(let spans):
            let words = spans.flatMap { span in
                [UInt32(span.start), UInt32(span.end), span.weight.bitPattern].map(\.littleEndian)
            }
            return words.withUnsafeBytes { Data($0) }
        }
    }

    static func decode(rows: Int?, columns: Int?, bytes: Data) -> Explanation.Relevance {
        let words = words(bytes)
        if let rows, let columns {
            return .grid(rows: rows, columns: columns, values: words.map { Float(bitPattern: $0) })
        }
        let spans = stride(from: 0, to: words.count - words.count % 3, by: 3).map { index in
            Explanation.Span(
                start: Int(words[index]), end: Int(words[index + 1]), weight: Float(bitPattern: words[index + 2]))
        }
        return .spans(spans)
    }

    static func floats(_ values: [Float]) -> Data {
        values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
    }

    static func vector(_ bytes: Data) -> [Float] { words(bytes).map { Float(bitPattern: $0) } }

    static func words(_ bytes: Data) -> [UInt32] {
        bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map {
                UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
            }
        }
    }
}
