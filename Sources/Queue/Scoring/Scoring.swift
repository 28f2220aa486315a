import Crypto
import Foundation
import GRDB

/// What one model made of one item, ready to be recorded.
public struct ScoredItem: Sendable, Hashable {
    public var item: ItemID
    /// Empty where the model has nothing to say; that too is recorded, so that the item does not come up again.
    public var scores: [Score]
    public var explanations: [Explanation]
    /// The model's embeddings of the item, for heads that are fitted later.
    public var embeddings: [StoredEmbedding]

    public init(
        item: ItemID, scores: [Score], explanations: [Explanation] = [], embeddings: [StoredEmbedding] = []
    ) {
        self.item = item
        self.scores = scores
        self.explanations = explanations
        self.embeddings = embeddings
    }

    /// With one embedding, of a text.
    public init(item: ItemID, scores: [Score], explanations: [Explanation] = [], embedding: [Float]?) {
        self.init(
            item: item, scores: scores, explanations: explanations,
            embeddings: embedding.map { [StoredEmbedding(vector: $0)] } ?? [])
    }
}

/// What a model made of one picture of an item, or of its text.
public struct StoredEmbedding: Sendable, Hashable {
    /// Which of the item's media; 0 for a text.
    public var position: Int
    /// As the network gave it: not of length 1.
    public var vector: [Float]
    /// The numbers the network computed with: `f32`, `bf16` …; nil where nobody knows any more.
    public var precision: String?

    public init(position: Int = 0, vector: [Float], precision: String? = nil) {
        self.position = position
        self.vector = vector
        self.precision = precision
    }
}

/// What an item must have for a model to look at it.
public enum Modality: Sendable { case text, media, any }

/// Some undecided items, and where to go on.
public struct ItemPage: Sendable, Hashable {
    public var items: [Item]
    /// Hand it to the next call; nil after the last page.
    public var next: Int64?
}

extension QueueStore {
    /// Undecided items that a model has not been over yet, or whose explanations are of a head that no longer scores
    /// them, in the order of ingestion.
    ///
    /// - parameter cursor: ``ItemPage/next`` of the page before; nil to start.
    public func unscored(
        model: String, needing modality: Modality = .any, after cursor: Int64? = nil, limit: Int = 32
    ) throws -> ItemPage {
        try read { db in
            let condition =
                switch modality {
                case .any: ""
                case .text: "AND (SELECT text IS NOT NULL FROM item WHERE seq = w.item)"
                case .media: "AND EXISTS (SELECT 1 FROM media WHERE item = w.item)"
                }
            let seqs = try Int64.fetchAll(
                db,
                sql: """
                    SELECT w.item FROM work w
                    WHERE w.item > ? AND w.state < 2 \(condition) AND NOT EXISTS (
                        SELECT 1 FROM scoring s WHERE s.item = w.item AND NOT s.stale
                        AND s.model = (SELECT seq FROM model WHERE name = ?))
                    ORDER BY w.item LIMIT ?
                    """, arguments: [cursor ?? 0, model, limit])
            let stored = StoredItem(db: db, mediaFolder: mediaFolder)
            return ItemPage(items: try seqs.map(stored.item), next: seqs.count == limit ? seqs.last : nil)
        }
    }

    /// How many undecided items ``unscored(model:needing:after:limit:)`` would give: the total of a progress bar.
    public func unscoredCount(model: String, needing modality: Modality = .any) throws -> Int {
        try read { db in
            let condition =
                switch modality {
                case .any: ""
                case .text: "AND (SELECT text IS NOT NULL FROM item WHERE seq = w.item)"
                case .media: "AND EXISTS (SELECT 1 FROM media WHERE item = w.item)"
                }
            return try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM work w WHERE w.state < 2 \(condition) AND NOT EXISTS (
                        SELECT 1 FROM scoring s WHERE s.item = w.item AND NOT s.stale
                        AND s.model = (SELECT seq FROM model WHERE name = ?))
                    """, arguments: [model]) ?? 0
        }
    }

    /// Records what a model made of a batch of items, in one transaction with one audit event.
    ///
    /// What the same model had said about them before is replaced. Items that have gone meanwhile are passed over.
    ///
    /// - parameter model: `name@version`; every score and explanation must carry the same name.
    /// - parameter weights: SHA-256 of the model's weights, hex; held against that of earlier runs.
    /// - parameter adoption: ``HeadsInUse/adoption(of:)`` of the heads that made the scores. Where others are in use
    ///   meanwhile, what waits is re-scored once more (``needsRescoring(model:)``).
    /// - throws: ``QueueError/usage(_:)`` for a score out of [0, 1], an unknown policy, a grid or span that does not
    ///   fit, or a known model name with other weights.
    public func record(
        _ batch: [ScoredItem], model: String, weights: String? = nil, adoption: Int64? = nil
    ) throws {
        for scored in batch
        where !scored.scores.allSatisfy({ $0.model == model })
            || !scored.explanations.allSatisfy({ $0.model == model })
        {
            throw QueueError.usage("A batch of \(Visible.text(model)) carries results of another model.")
        }
        try write { db in
            let taxonomy = try taxonomyInForce(db).taxonomy
            let results = try ResultWriter(db: db, taxonomy: taxonomy)
            let modelSeq = try results.model(named: model, weights: weights)
            var digest = SHA256()
            var count = 0
            for scored in batch {
                guard
                    let seq = try Int64.fetchOne(
                        db.cachedStatement(sql: "SELECT seq FROM item WHERE id = ?"), arguments: [scored.item.rawValue])
                else { continue }
                try check(scored, seq: seq, taxonomy: taxonomy, in: db)
                try results.clear(item: seq, model: modelSeq)
                try results.insert(
                    scores: scored.scores, explanations: scored.explanations, item: seq, at: clock()
                ) { _ in modelSeq }
                try results.markScored(
                    item: seq, model: modelSeq, uncalibrated: scored.scores.contains(where: \.isInWords), at: clock())
                try results.insert(embeddings: scored.embeddings, item: seq, model: modelSeq)
                try results.refreshTop(item: seq)
                if let key = try AuditChain.key(ofItem: seq, in: db) {
                    let text = JSONValue.array(scored.scores.map(\.json)).canonicalText
                    digest.update(data: AuditChain.commitment(to: text, key: key))
                }
                count += 1
            }
            guard count > 0 else { return }
            if let adoption, try Adoption.latest(model: model, in: db) > adoption {
                try db.execute(
                    sql: "UPDATE model SET rescored = min(rescored, ?) WHERE seq = ?", arguments: [adoption, modelSeq])
            }
            try AuditChain.append(
                kind: "scores",
                body: [
                    "count": .integer(Int64(count)), "digest": .string(digest.finalize().hex), "model": .string(model),
                    "weights": .optional(weights),
                ], in: db, at: clock())
        }
    }

    /// Decided items without an embedding by a model, in the order of ingestion: imported decisions, and what was decided
    /// before the model was there. Restricted ones train nothing and are not among them.
    ///
    /// - parameter cursor: ``ItemPage/next`` of the page before; nil to start.
    public func decidedWithoutEmbedding(
        model: String, needing modality: Modality, after cursor: Int64? = nil, limit: Int = 32
    ) throws -> ItemPage {
        try read { db in
            let seqs = try Int64.fetchAll(
                db, sql: "SELECT w.item \(Self.withoutEmbedding(modality)) AND w.item > ? ORDER BY w.item LIMIT ?",
                arguments: [model, cursor ?? 0, limit])
            let stored = StoredItem(db: db, mediaFolder: mediaFolder)
            return ItemPage(items: try seqs.map(stored.item), next: seqs.count == limit ? seqs.last : nil)
        }
    }

    /// How many decided items have no embedding by a model: the total of a progress bar.
    public func decidedWithoutEmbeddingCount(model: String, needing modality: Modality) throws -> Int {
        try read { db in
            try Int.fetchOne(
                db, sql: "SELECT count(*) \(Self.withoutEmbedding(modality))", arguments: [model]) ?? 0
        }
    }

    private static func withoutEmbedding(_ modality: Modality) -> String {
        let condition =
            switch modality {
            case .any: ""
            case .text: "AND (SELECT text IS NOT NULL FROM item WHERE seq = w.item)"
            case .media: "AND EXISTS (SELECT 1 FROM media WHERE item = w.item)"
            }
        return """
            FROM work w WHERE w.state >= \(WorkState.decided) AND w.queue <> \(QueueCode.restricted) \(condition)
                AND NOT EXISTS (SELECT 1 FROM embedding e WHERE e.item = w.item
                    AND e.model = (SELECT seq FROM model WHERE name = ?))
            """
    }

    /// Records a model's embeddings of items, and nothing else: scores and decisions stay as they are. Items that have
    /// embeddings by it, or have gone meanwhile, are passed over.
    ///
    /// - throws: ``QueueError/usage(_:)`` for a known model name with other weights.
    public func record(embeddings batch: [ScoredItem], model: String, weights: String) throws {
        try write { db in
            let results = try ResultWriter(db: db, taxonomy: taxonomyInForce(db).taxonomy)
            let number = try results.model(named: model, weights: weights)
            for scored in batch {
                let seq = try Int64.fetchOne(
                    db.cachedStatement(
                        sql: """
                            SELECT seq FROM item WHERE id = ? AND subject_key IS NOT NULL AND NOT EXISTS (
                                SELECT 1 FROM embedding WHERE item = item.seq AND model = ?)
                            """), arguments: [scored.item.rawValue, number])
                guard let seq else { continue }
                try results.insert(embeddings: scored.embeddings, item: seq, model: number)
            }
        }
    }

    private func check(_ scored: ScoredItem, seq: Int64, taxonomy: Taxonomy, in db: Database) throws {
        var contract = ResultContract(taxonomy: taxonomy)
        if scored.explanations.contains(where: { if case .spans = $0.relevance { true } else { false } }) {
            contract.scalarCount = try StoredItem(db: db, mediaFolder: mediaFolder).item(seq).text?.unicodeScalars.count
        }
        contract.mediaCount =
            try Int.fetchOne(db, sql: "SELECT count(*) FROM media WHERE item = ?", arguments: [seq]) ?? 0
        if let reason = contract.fault(scores: scored.scores) ?? contract.fault(explanations: scored.explanations) {
            throw QueueError.usage("Results for item \"\(Visible.text(scored.item.rawValue))\": \(reason)")
        }
    }

    /// The embeddings that a model recorded for an item, in the order of its pictures.
    public func embeddings(of item: ItemID, model: String) throws -> [StoredEmbedding] {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT e.position, e.vector, e.precision FROM embedding e
                        JOIN item i ON i.seq = e.item JOIN model m ON m.seq = e.model
                    WHERE i.id = ? AND m.name = ? ORDER BY e.position
                    """, arguments: [item.rawValue, model])
            return rows.map {
                StoredEmbedding(position: $0[0], vector: StoredRelevance.vector($0[1]), precision: $0[2])
            }
        }
    }
}
