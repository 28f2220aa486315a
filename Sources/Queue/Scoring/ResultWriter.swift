import Foundation
import GRDB

/// Writes scores and explanations into their tables, and what follows from them into `work`.
final class ResultWriter {
    let db: Database
    let router: Router
    private let order: RankOrder
    private var meter: HardnessMeter?
    private var models: [String: Int64] = [:]
    private var computations: [Score.Provenance: Int64] = [:]

    init(db: Database, taxonomy: Taxonomy) throws {
        self.db = db
        router = try Router(db: db, taxonomy: taxonomy)
        order = try RankOrder.read(in: db)
        meter = order.meter(under: taxonomy)
    }

    /// The number of a model, known or new.
    func model(named name: String, weights: String? = nil) throws -> Int64 {
        if let known = models[name] { return known }
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO model (name, weights) VALUES (?, ?)")
            .execute(arguments: [name, weights])
        let statement = try db.cachedStatement(sql: "SELECT seq, weights FROM model WHERE name = ?")
        guard let row = try Row.fetchOne(statement, arguments: [name]) else {
            throw QueueError.failed("The model \(Visible.text(name)) could not be recorded.")
        }
        let seq: Int64 = row["seq"]
        if let weights {
            if let known = row["weights"] as String?, known != weights {
                throw QueueError.usage(
                    """
                    The model \(Visible.text(name)) has other weights than when it scored before: give it a new \
                    version.
                    """)
            }
            try db.execute(sql: "UPDATE model SET weights = ? WHERE seq = ?", arguments: [weights, seq])
        }
        models[name] = seq
        return seq
    }

    /// The number of a head, a precision and whether they give probabilities, known or new; the weights stand with the model.
    func computation(_ provenance: Score.Provenance?) throws -> Int64? {
        guard let provenance else { return nil }
        if let known = computations[provenance] { return known }
        let parts: StatementArguments = [provenance.head ?? "", provenance.precision, provenance.isCalibrated]
        try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO computation (head, precision, calibrated) VALUES (?, ?, ?)"
        ).execute(arguments: parts)
        let seq = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT seq FROM computation WHERE head = ? AND precision = ? AND calibrated = ?"),
            arguments: parts)
        computations[provenance] = seq
        return seq
    }

    func clear(item: Int64, model: Int64) throws {
        for table in ["score", "explanation", "embedding"] {
            try db.cachedStatement(sql: "DELETE FROM \(table) WHERE item = ? AND model = ?")
                .execute(arguments: [item, model])
        }
    }

    func clear(item: Int64) throws {
        for table in ["score", "explanation", "embedding", "scoring", "score_as_leased"] {
            try db.cachedStatement(sql: "DELETE FROM \(table) WHERE item = ?").execute(arguments: [item])
        }
    }

    func insert(
        scores: [Score], explanations: [Explanation], item: Int64, at time: Timestamp, model: (String) throws -> Int64
    ) throws {
        for score in scores {
            let columns = "item, model, policy, value, threshold, computation"
            try db.cachedStatement(sql: "INSERT INTO score (\(columns)) VALUES (?, ?, ?, ?, ?, ?)").execute(
                arguments: [
                    item, try model(score.model), score.policy.rawValue, score.value, score.threshold,
                    try computation(score.provenance),
                ])
        }
        for (position, explanation) in explanations.enumerated() {
            var grid: (rows: Int, columns: Int)?
            if case .grid(let rows, let columns, _) = explanation.relevance { grid = (rows, columns) }
            let columns =
                "item, model, position, policy, method, media, signed, grid_rows, grid_columns, relevance, head"
            try db.cachedStatement(sql: "INSERT INTO explanation (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .execute(arguments: [
                    item, try model(explanation.model), position, explanation.policy?.rawValue, explanation.method,
                    explanation.mediaIndex, explanation.signed, grid?.rows, grid?.columns,
                    StoredRelevance.encode(explanation.relevance), explanation.head,
                ])
        }
    }

    func insert(embeddings: [StoredEmbedding], item: Int64, model: Int64) throws {
        for embedding in embeddings {
            try db.cachedStatement(
                sql: "INSERT INTO embedding (item, model, position, vector, precision) VALUES (?, ?, ?, ?, ?)"
            ).execute(arguments: [
                item, model, embedding.position, StoredRelevance.floats(embedding.vector), embedding.precision,
            ])
        }
    }

    /// - parameter uncalibrated: Whether policies in their own words were asked about though nobody calibrated the answers.
    func markScored(item: Int64, model: Int64, uncalibrated: Bool, at time: Timestamp) throws {
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO scoring (item, model, scored_at, uncalibrated) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [item, model, time.milliseconds, uncalibrated])
    }

    /// What the queue's order adds to the rank of an item with these scores.
    func boost(of scores: [Score]) -> Double {
        guard order.basis != .priority else { return 0 }
        return order.weight * (meter?.reading(of: scores)?.value ?? 0)
    }

    /// Brings the top score of an item up to date, and moves it to the line and the rank where its scores lead. A decided
    /// item stays in its line, unless it turns out to be restricted. A mined one keeps its rank.
    func refreshTop(item: Int64) throws {
        let scores = try StoredItem(db: db, mediaFolder: "").scores(item)
        let top = Self.top(of: scores)
        try db.cachedStatement(
            sql: """
                UPDATE work SET top_score = ?1, top_policy = ?2,
                    queue = CASE WHEN state = \(WorkState.decided) AND ?3 <> \(QueueCode.restricted) THEN queue ELSE ?3 END
                WHERE item = ?4
                """
        ).execute(arguments: [top?.value, top?.policy.rawValue, try router.code(ofStored: item, scores: scores), item])
        // By priority alone no rank depends on scores.
        if order.basis != .priority { try StoredRank.set(boost: boost(of: scores), of: item, in: db) }
    }

    /// Brings the rank of an item up to date that was out of the line for a while.
    func refreshRank(item: Int64) throws {
        let scores = order.basis == .priority ? [] : try StoredItem(db: db, mediaFolder: "").scores(item)
        try StoredRank.set(boost: boost(of: scores), of: item, in: db)
    }

    /// The highest probability; numbers that are none do not stand for an item.
    static func top(of scores: [Score]) -> Score? {
        scores.filter(\.isCalibrated).max { ($0.value, $1.policy) < ($1.value, $0.policy) }
    }
}

extension Score {
    /// Whether it is an uncalibrated answer to a policy in its own words.
    var isInWords: Bool {
        !isCalibrated && provenance?.head?.hasPrefix(HeadDraft.reservedName + "@") ?? false
    }
}
