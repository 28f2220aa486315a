import Foundation
import GRDB

/// An item that waits, with what a model once made of it and what its heads say of it now.
public struct EmbeddedItem: Sendable, Hashable {
    let seq: Int64
    /// When the model looked at it: content that is replaced is looked at again.
    let scoredAt: Int64
    public var embeddings: [StoredEmbedding]
    /// The scores of this model that the queue holds, in the order of their policies.
    public var scores: [Score]
    /// Whether policies in their own words were asked about though nobody calibrated the answers.
    public var admitsUncalibrated: Bool
}

/// Some of them, and where to go on.
public struct EmbeddedPage: Sendable, Hashable {
    public var items: [EmbeddedItem]
    /// SHA-256 of the model's weights as the queue knows them; nil where it knows none.
    public var weights: String?
    /// Hand it to the next call; nil after the last page. A page can be empty and not be the last.
    public var next: Int64?
    /// How far along the queue this page reaches, in [0, 1].
    public var fraction: Double
}

extension QueueStore {
    /// Pending and leased items that a model has made embeddings of, in the order of ingestion.
    ///
    /// Items that wait for a second verdict are not among them, as they are not among ``unscored(model:needing:after:limit:)``:
    /// both reviewers are to see the same.
    ///
    /// - parameter cursor: ``EmbeddedPage/next`` of the page before; nil to start.
    public func pendingEmbeddings(
        model: String, after cursor: Int64? = nil, limit: Int = 500
    ) throws -> EmbeddedPage {
        try read { db in
            let row = try Row.fetchOne(
                db.cachedStatement(
                    sql: "SELECT seq, weights, (SELECT max(item) FROM work) FROM model WHERE name = ?"),
                arguments: [model])
            guard let number = row?[0] as Int64?, let newest = row?[2] as Int64? else {
                return EmbeddedPage(items: [], weights: row?[1], next: nil, fraction: 1)
            }
            let first = cursor ?? 0
            let found = try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT w.item, g.scored_at, g.uncalibrated FROM work w JOIN scoring g ON g.item = w.item AND g.model = ?
                        WHERE w.item > ? AND w.item <= ? AND w.state < \(WorkState.decided)
                            AND EXISTS (SELECT 1 FROM embedding e WHERE e.item = w.item AND e.model = g.model)
                        ORDER BY w.item LIMIT ?
                        """), arguments: [number, first, first + Self.rowsToLookThrough, limit])
            let stored = StoredItem(db: db, mediaFolder: "")
            let items = try found.map { row in
                EmbeddedItem(
                    seq: row[0], scoredAt: row[1], embeddings: try stored.embeddings(row[0], model: number),
                    scores: try stored.scores(row[0], model: number), admitsUncalibrated: row[2])
            }
            let reached = items.count == limit ? items.last?.seq ?? newest : first + Self.rowsToLookThrough
            return EmbeddedPage(
                items: items, weights: row?[1], next: reached < newest ? reached : nil,
                fraction: newest > 0 ? min(1, Double(reached) / Double(newest)) : 1)
        }
    }

    /// How many numbers an embedding of a model has; nil where no recent item has one.
    public func embeddingWidth(model: String) throws -> Int? {
        try read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT length(e.vector) / 4 FROM model m
                        CROSS JOIN work w ON w.item > (SELECT max(item) FROM work) - \(Self.rowsToLookThrough)
                        CROSS JOIN embedding e ON e.item = w.item AND e.model = m.seq
                    WHERE m.name = ? ORDER BY w.item DESC LIMIT 1
                    """, arguments: [model])
        }
    }

    /// How many items that wait have explanations by a model that are of a head which no longer scores them.
    public func staleCount(model: String) throws -> Int {
        try read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM scoring g JOIN work w ON w.item = g.item
                    WHERE g.stale AND g.model = (SELECT seq FROM model WHERE name = ?) AND w.state < \(WorkState.decided)
                    """, arguments: [model]) ?? 0
        }
    }

    /// Where most items are decided, a page looks at no more rows than this: without WAL a writer waits for it.
    private static let rowsToLookThrough: Int64 = 20_000
}
