import Foundation
import GRDB

/// A query as an SQL condition over `item i` and `work w` of the same item, with every value bound.
struct ItemPredicate {
    var sql: String
    var arguments: [any DatabaseValueConvertible]
    /// An FTS5 query that every matching item's text answers, so that only those need a look; nil where there is none.
    var candidates: String?
    /// Whether the query asks for the restricted queue by name.
    var namesRestricted: Bool
    /// Whether it names single items, which an index finds.
    var namesItems: Bool
    /// The query with its views written out.
    var text: String
}

extension ItemQuery {
    /// The query for this database as it is now: views filled in, policies and queues looked up.
    ///
    /// - throws: ``QuerySyntaxError`` for a policy, queue or view that is not there.
    func predicate(in db: Database, taxonomy: Taxonomy, now: Timestamp) throws -> ItemPredicate {
        let root = try QueryResolver(db: db, taxonomy: taxonomy).resolve(self)
        var compiler = QueryCompiler(taxonomy: taxonomy, now: now)
        let sql = compiler.sql(root)
        return ItemPredicate(
            sql: sql, arguments: compiler.arguments, candidates: SearchCandidates.expression(of: root),
            namesRestricted: root.terms.contains { $0.condition.names(queue: .restricted) },
            namesItems: root.conjuncts.contains { $0.namesItems }, text: root.text)
    }
}

extension ItemQuery {
    /// Whether the full-text index could help: then bring it up to date first (``QueueStore/extendSearch(forSeconds:progress:)``).
    public var looksForText: Bool {
        root.terms.contains { term in
            switch term.condition {
            case .text, .view: true
            default: false
            }
        }
    }
}

extension QueryNode {
    /// Every term in it.
    var terms: [QueryTerm] {
        switch self {
        case .term(let term): [term]
        case .not(let node): node.terms
        case .and(let nodes), .or(let nodes): nodes.flatMap(\.terms)
        }
    }

    fileprivate var conjuncts: [QueryNode] { if case .and(let nodes) = self { nodes } else { [self] } }

    fileprivate var namesItems: Bool {
        guard case .term(let term) = self, case .field(.id, let patterns) = term.condition else { return false }
        return patterns.allSatisfy { !$0.isPrefix }
    }
}

extension QueryCondition {
    fileprivate func names(queue: QueueName) -> Bool {
        guard case .queue(let names) = self else { return false }
        return names.contains(queue.rawValue)
    }
}

/// Turns nodes into SQL. Chains are written as balanced trees: SQLite limits how deep an expression may be.
struct QueryCompiler {
    let taxonomy: Taxonomy
    let now: Timestamp
    private(set) var arguments: [any DatabaseValueConvertible] = []

    init(taxonomy: Taxonomy, now: Timestamp) {
        self.taxonomy = taxonomy
        self.now = now
    }

    mutating func sql(_ node: QueryNode) -> String {
        switch node {
        case .term(let term): return "(\(sql(term.condition))) IS TRUE"
        case .not(let node): return "NOT (\(sql(node)))"
        case .and(let nodes): return nodes.isEmpty ? "true" : chain(nodes[...], "AND") { $0.sql($1) }
        case .or(let nodes): return chain(nodes[...], "OR") { $0.sql($1) }
        }
    }

    /// In the order of the parts, so that the arguments come in that order too.
    private mutating func chain<Part>(
        _ parts: ArraySlice<Part>, _ word: String, _ sql: (inout QueryCompiler, Part) -> String
    ) -> String {
        if parts.count == 1, let part = parts.first { return sql(&self, part) }
        let middle = parts.startIndex + parts.count / 2
        let left = chain(parts[..<middle], word, sql)
        let right = chain(parts[middle...], word, sql)
        return "(\(left) \(word) \(right))"
    }

    private mutating func any<Part>(_ parts: [Part], _ sql: (inout QueryCompiler, Part) -> String) -> String {
        parts.isEmpty ? "false" : chain(parts[...], "OR", sql)
    }

    private mutating func bind(_ value: some DatabaseValueConvertible) -> String {
        arguments.append(value)
        return "?"
    }

    private mutating func sql(_ condition: QueryCondition) -> String {
        switch condition {
        case .text(let words):
            return "text_holds(CAST(i.text AS BLOB), \(bind(Data(FoldedText.fold(words)))))"
        case .policy(let policies): return any(policies) { $0.sql(policy: $1) }
        case .score(nil, let range): return sql("w.top_score", range)
        case .score(let policy?, let range):
            let highest =
                "(SELECT max(s.value) FROM score s WHERE s.item = i.seq AND \(sql("s.policy", isOrUnder: policy)))"
            return sql(highest, range)
        case .field(.reviewer, let patterns):
            return any(patterns) { compiler, pattern in
                let holds = compiler.sql("w.lease_reviewer", pattern)
                let expiry = compiler.bind(compiler.now.milliseconds)
                let judged = compiler.sql("d.reviewer", pattern)
                return """
                    (w.state = 1 AND \(holds) AND w.lease_expires > \(expiry) \
                    OR EXISTS (SELECT 1 FROM \(Self.standing) AND \(judged)))
                    """
            }
        case .field(let field, let patterns): return any(patterns) { $0.sql("i.\(field.rawValue)", $1) }
        case .language(let tags):
            return any(tags) { compiler, tag in
                let whole = compiler.bind(tag)
                let start = compiler.bind(tag + "-")
                let length = compiler.bind(tag.unicodeScalars.count + 1)
                return "(i.language = \(whole) COLLATE NOCASE "
                    + "OR \(start) = substr(i.language, 1, \(length)) COLLATE NOCASE)"
            }
        case .state(let states): return any(states) { $0.sql(state: $1) }
        case .verdict(let verdicts):
            let values = verdicts.map { bind($0.rawValue) }.joined(separator: ", ")
            return "EXISTS (SELECT 1 FROM \(Self.standing) AND d.verdict IN (\(values)))"
        case .queue(let names):
            // Retired lines too: items may still wait there.
            let values = names.map { bind($0) }.joined(separator: ", ")
            return "w.queue IN (SELECT code FROM queue WHERE name IN (\(values)))"
        case .age(let range):
            let sql = sql("(\(bind(now.milliseconds)) - i.flagged_at)", range)
            return sql
        case .flagged(let from, let before):
            let parts = [from.map { "i.flagged_at >= \(bind($0))" }, before.map { "i.flagged_at < \(bind($0))" }]
            return parts.compactMap { $0 }.joined(separator: " AND ")
        case .has(let parts): return any(parts) { $0.sql(part: $1) }
        case .mined(let strategies):
            let values = strategies.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            // Not what waits for an independent verdict: whoever is given it must not know.
            return """
                (w.mined IN (\(values)) AND w.review = \(ReviewRound.first.rawValue) \
                OR EXISTS (SELECT 1 FROM \(Self.standing) AND d.mined IN (\(values))))
                """
        // Views were filled in before: see QueryResolver.
        case .view: return "false"
        }
    }

    private static let standing = """
        decision d WHERE d.item = i.seq AND d.verdict IS NOT NULL \
        AND d.review IS NOT \(ReviewRound.gold.rawValue) \
        AND NOT EXISTS (SELECT 1 FROM decision later WHERE later.supersedes = d.seq)
        """

    private mutating func sql(_ value: String, _ range: QueryRange) -> String {
        switch (range.lower, range.upper) {
        case (let lower?, let upper?): "\(value) BETWEEN \(bind(lower)) AND \(bind(upper))"
        case (let lower?, nil): "\(value) \(range.isClosed ? ">=" : ">") \(bind(lower))"
        case (nil, let upper?): "\(value) \(range.isClosed ? "<=" : "<") \(bind(upper))"
        case (nil, nil): "true"
        }
    }

    private mutating func sql(_ column: String, _ pattern: QueryPattern) -> String {
        guard pattern.isPrefix else { return "\(column) = \(bind(pattern.text))" }
        let length = bind(pattern.text.unicodeScalars.count)
        return "substr(\(column), 1, \(length)) = \(bind(pattern.text))"
    }

    private mutating func sql(state: ItemDetail.State) -> String {
        // A lease that has run out is none: the item is where it was. A gold item passes for a decided one.
        let lapsed = "w.state = \(WorkState.leased) AND coalesce(w.lease_expires, 0) <= ?"
        func waiting(_ states: [Int], _ rounds: [ReviewRound]) -> String {
            arguments.append(now.milliseconds)
            let (states, rounds) = (states.map { "\($0)" }, rounds.map { "\($0.rawValue)" })
            return "(w.state IN (\(states.joined(separator: ", "))) "
                + "OR \(lapsed) AND w.review IN (\(rounds.joined(separator: ", "))))"
        }
        switch state {
        case .pending: return waiting([WorkState.pending], [.first])
        case .leased: return "(w.state = 1 AND w.lease_expires > \(bind(now.milliseconds)))"
        case .awaiting: return waiting([WorkState.awaiting], [.second, .third, .appeal, .escalated])
        case .decided, .gold: return waiting([WorkState.decided, WorkState.gold], [.gold])
        }
    }

    private mutating func sql(part: QueryPart) -> String {
        switch part {
        case .media: "EXISTS (SELECT 1 FROM media m WHERE m.item = i.seq)"
        case .text: "i.text IS NOT NULL"
        case .note: "EXISTS (SELECT 1 FROM \(Self.standing) AND d.note IS NOT NULL)"
        }
    }

    // MARK: - Policies

    private mutating func sql(policy: PolicyID) -> String {
        let scored = sql("s.policy", isOrUnder: policy)
        let threshold = threshold(under: policy)
        let reported = sql("json_extract(r.value, '$.reason')", isOrUnder: policy)
        let decided = sql("p.value", isOrUnder: policy)
        return """
            (EXISTS (SELECT 1 FROM score s WHERE s.item = i.seq AND \(scored) \
            AND s.value >= coalesce(s.threshold, \(threshold))) \
            OR EXISTS (SELECT 1 FROM json_each(i.reports) r WHERE \(reported)) \
            OR EXISTS (SELECT 1 FROM json_each(d.policies) p, \(Self.standing) AND \(decided)))
            """
    }

    /// What a score is held against whose model brings no threshold.
    private mutating func threshold(under policy: PolicyID) -> String {
        let own = taxonomy.policies.filter {
            ($0.id == policy || $0.id.ancestors.contains(policy)) && $0.threshold != 0.5
        }
        guard !own.isEmpty else { return "0.5" }
        let cases = own.map { "WHEN \(bind($0.id.rawValue)) THEN \(bind($0.threshold))" }
        return "CASE s.policy \(cases.joined(separator: " ")) ELSE 0.5 END"
    }

    /// `/` is followed by `0` in ASCII: what begins with "hate/" lies between the two.
    private mutating func sql(_ value: String, isOrUnder policy: PolicyID) -> String {
        let name = policy.rawValue
        return "(\(value) = \(bind(name)) OR \(value) >= \(bind(name + "/")) AND \(value) < \(bind(name + "0")))"
    }
}

/// The part of a query that the full-text index can answer.
enum SearchCandidates {
    /// Trigrams of one text that are asked for; the item's own text is looked at anyway.
    private static let trigramLimit = 16

    /// Every item that matches the node has a text that answers this; nil where no trigram is certain.
    static func expression(of node: QueryNode) -> String? {
        switch node {
        case .term(let term):
            guard case .text(let words) = term.condition else { return nil }
            return expression(of: String(decoding: FoldedText.fold(words), as: UTF8.self))
        case .not: return nil
        case .and(let nodes):
            let parts = nodes.compactMap { expression(of: $0) }
            return parts.isEmpty ? nil : parts.map { "(\($0))" }.joined(separator: " AND ")
        case .or(let nodes):
            let parts = nodes.compactMap { expression(of: $0) }
            return parts.count == nodes.count ? parts.map { "(\($0))" }.joined(separator: " OR ") : nil
        }
    }

    /// All trigrams of a short text, some of a long one. Two characters have none: FTS5 would silently find nothing.
    private static func expression(of folded: String) -> String? {
        let scalars = Array(folded.unicodeScalars)
        guard scalars.count >= 3 else { return nil }
        let starts = 0...(scalars.count - 3)
        let step = max(1, starts.count / trigramLimit)
        let trigrams = stride(from: 0, to: starts.count, by: step).prefix(trigramLimit).map { start in
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[start..<start + 3])
            return "\"" + String(view).replacing("\"", with: "\"\"") + "\""
        }
        return trigrams.joined(separator: " AND ")
    }
}
