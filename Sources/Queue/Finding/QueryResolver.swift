import GRDB

/// Looks up what a query names: views become what was saved under them; policies and queues must be there.
struct QueryResolver {
    /// Views within views, and terms in all: a few saved views could otherwise stand for millions of terms.
    static let depthLimit = 8
    static let termLimit = 400

    let db: Database
    let taxonomy: Taxonomy

    func resolve(_ query: ItemQuery) throws -> QueryNode {
        let root = try resolve(query.root, query: query, within: [])
        guard root.terms.count <= Self.termLimit else {
            throw QuerySyntaxError(
                sentence: "With its views this query has more than \(Self.termLimit) terms: make it shorter.",
                query: query.canonicalText, offset: 0)
        }
        return root
    }

    private func resolve(_ node: QueryNode, query: ItemQuery, within views: [String]) throws -> QueryNode {
        switch node {
        case .not(let inner): return .not(try resolve(inner, query: query, within: views))
        case .and(let nodes): return .all(try nodes.map { try resolve($0, query: query, within: views) })
        case .or(let nodes): return .any(try nodes.map { try resolve($0, query: query, within: views) })
        case .term(let term):
            func fail(_ sentence: String) -> QuerySyntaxError {
                // A place in a view's text means nothing to whoever typed the view's name.
                guard let view = views.last else {
                    return QuerySyntaxError(sentence: sentence, query: "", offset: term.offset)
                }
                return QuerySyntaxError(
                    sentence: "In the view “\(Visible.text(view, limit: 40))”: \(sentence)", query: "", offset: 0)
            }
            switch term.condition {
            case .view(let name): return try expand(name, within: views, fail)
            case .policy(let policies): for policy in policies { try check(policy, fail) }
            case .score(let policy?, _): try check(policy, fail)
            case .queue(let names):
                for name in names where try !isQueue(name) {
                    throw fail("There is no queue “\(Visible.text(name, limit: 40))”.")
                }
            default: break
            }
            return node
        }
    }

    private func isQueue(_ name: String) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM queue WHERE name = ?)")
        return try Bool.fetchOne(statement, arguments: [name]) ?? false
    }

    private func check(_ policy: PolicyID, _ fail: (String) -> QuerySyntaxError) throws {
        let isKnown = taxonomy.policies.contains { $0.id == policy || $0.id.ancestors.contains(policy) }
        guard isKnown else {
            throw fail("There is no policy “\(Visible.text(policy.rawValue, limit: 40))”: policy list shows them.")
        }
    }

    private func expand(
        _ name: String, within views: [String], _ fail: (String) -> QuerySyntaxError
    ) throws -> QueryNode {
        let shown = Visible.text(name, limit: 40)
        guard !views.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else {
            throw fail("The view “\(shown)” would contain itself.")
        }
        guard views.count < Self.depthLimit else {
            throw fail("More than \(Self.depthLimit) views stand within each other: make it flatter.")
        }
        guard let text = try SavedView.query(named: name, in: db) else {
            throw fail("There is no view “\(shown)”: view list shows them.")
        }
        let query = try ItemQuery(text)
        let root = try resolve(query.root, query: query, within: views + [name])
        guard root.terms.count <= Self.termLimit else { throw fail("The view “\(shown)” has too many terms.") }
        return root
    }
}
