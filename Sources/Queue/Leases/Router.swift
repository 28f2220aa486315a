import GRDB

/// Tells which line an item belongs to. Good for one transaction: lines can change between two.
struct Router {
    private let db: Database
    private let taxonomy: Taxonomy
    private let lines: [KnownLine]

    init(db: Database, taxonomy: Taxonomy) throws {
        self.db = db
        self.taxonomy = taxonomy
        // What is escalated comes into its line by a reviewer's hand alone.
        let byHand: Set<QueueName> = [.default, .restricted, .escalations]
        lines = try KnownLine.all(in: db).filter { !byHand.contains($0.line.name) }
    }

    /// Whether a score of a restricted policy reaches its threshold, or a report names such a policy.
    func isRestricted(scores: [Score], reports: [Report]) -> Bool {
        scores.contains { taxonomy.isRestricted($0.policy) && $0.value >= taxonomy.threshold(for: $0) }
            || reports.contains { taxonomy.isRestricted(PolicyID($0.reason)) }
    }

    /// The line's number for an item with these facts.
    func code(scores: [Score], reports: [Report], source: String?, language: String?) -> Int {
        if isRestricted(scores: scores, reports: reports) { return QueueCode.restricted }
        guard !lines.isEmpty else { return QueueCode.default }
        var found = Set(scores.filter(taxonomy.isProposed).map(\.policy))
        found.formUnion(reports.map { PolicyID($0.reason) })
        for policy in found { found.formUnion(policy.ancestors) }
        let taker = lines.first { known in
            let line = known.line
            return (line.policies.isEmpty || line.policies.contains(where: found.contains))
                && (line.sources.isEmpty || source.map { line.sources.contains(exactly: $0) } ?? false)
                && (line.languages.isEmpty
                    || language.map { tag in line.languages.contains { Self.covers($0, tag) } } ?? false)
        }
        return taker?.code ?? QueueCode.default
    }

    /// The same for an item that is there, as it stands. What is restricted stays so: a lower second opinion must not
    /// bring such an item before everyone. What was escalated stays where a reviewer put it.
    ///
    /// - parameter scores: The item's, where the caller has read them.
    func code(ofStored item: Int64, scores: [Score]? = nil) throws -> Int {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT w.queue, i.source, i.language, w.review FROM work w JOIN item i ON i.seq = w.item
                    WHERE w.item = ?
                    """), arguments: [item])
        guard let row, row["queue"] as Int != QueueCode.restricted else { return QueueCode.restricted }
        guard row["review"] as Int != ReviewRound.escalated.rawValue else { return row["queue"] }
        let stored = StoredItem(db: db, mediaFolder: "")
        return code(
            scores: try scores ?? stored.scores(item), reports: try stored.reports(of: item), source: row["source"],
            language: row["language"])
    }

    /// Whether a language range covers a tag, as RFC 4647 has it: `de` covers `de-AT`.
    private static func covers(_ range: String, _ tag: String) -> Bool {
        let (range, tag) = (range.lowercased(), tag.lowercased())
        return tag == range || tag.hasPrefix(range + "-")
    }
}

extension [String] {
    /// Whether one of them has the very bytes: Swift takes canonically equivalent texts for equal.
    fileprivate func contains(exactly word: String) -> Bool { contains { $0.utf8.elementsEqual(word.utf8) } }
}
