import GRDB

/// A model that has made embeddings of this queue's items.
public struct EmbeddingModel: Sendable, Hashable {
    /// `name@version`.
    public var name: String
    /// SHA-256 of its weights, 64 hex digits.
    public var weights: String
}

/// Some of the items that could be brought forward, with what a model made of each one's text or first picture.
public struct EmbeddedCandidates: Sendable {
    /// As the network gave them: not of length 1.
    public var items: [(item: ItemID, embedding: [Float])]
    /// How many there are in all.
    public var total: Int
}

extension QueueStore {
    /// The models that have made embeddings, by name.
    public func embeddingModels() throws -> [EmbeddingModel] {
        try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT m.name, m.weights FROM model m WHERE m.weights IS NOT NULL
                        AND EXISTS (SELECT 1 FROM embedding e WHERE e.model = m.seq) ORDER BY m.name
                    """
            ).map { EmbeddingModel(name: $0[0], weights: $0[1]) }
        }
    }

    /// Items that a mining by this strategy could bring forward and of which a model has made an embedding: a uniform draw
    /// where there are more than `limit`.
    ///
    /// - parameter generator: Draws.
    public func embeddedCandidates(
        for strategy: MiningStrategy, model: String, limit: Int, using generator: inout some RandomNumberGenerator
    ) throws -> EmbeddedCandidates {
        let number = try modelNumber(named: model)
        var drawn: [Int64] = []
        var total = 0
        var cursor: Int64? = 0
        // Reservoir sampling (Vitter 1985, algorithm R): a million numbers go by and `limit` of them are kept.
        while let after = cursor {
            let page = try read { db in
                try Int64.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT w.item FROM work w WHERE w.item > ? AND \(BringingForward.eligible(for: strategy, at: clock()))
                                AND EXISTS (SELECT 1 FROM embedding e WHERE e.item = w.item AND e.model = ?)
                            ORDER BY w.item LIMIT 20000
                            """), arguments: [after, number])
            }
            cursor = page.last
            for item in page {
                total += 1
                if drawn.count < limit {
                    drawn.append(item)
                } else {
                    let place = Int.random(in: 0..<total, using: &generator)
                    if place < limit { drawn[place] = item }
                }
            }
        }
        var found = EmbeddedCandidates(items: [], total: total)
        for start in stride(from: 0, to: drawn.count, by: 500) {
            let part = "[" + drawn[start...].prefix(500).map(String.init).joined(separator: ",") + "]"
            found.items += try read { db in
                try Row.fetchAll(
                    db.cachedStatement(
                        sql: """
                            SELECT i.id, e.vector FROM json_each(?) wanted CROSS JOIN item i ON i.seq = wanted.value
                                JOIN embedding e ON e.item = i.seq AND e.model = ? AND e.position = (
                                    SELECT min(position) FROM embedding f WHERE f.item = i.seq AND f.model = e.model)
                            """), arguments: [part, number]
                ).map { row in
                    (ItemID(row[0] as String), StoredRelevance.words(row[1]).map { Float(bitPattern: $0) })
                }
            }
        }
        return found
    }
}
