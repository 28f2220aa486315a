import GRDB

/// A query under a name, for `view:NAME` in other queries.
public struct SavedView: Sendable, Hashable {
    public var name: String
    /// In canonical form.
    public var query: String
    public var savedAt: Timestamp

    static func query(named name: String, in db: Database) throws -> String? {
        try String.fetchOne(
            db.cachedStatement(sql: "SELECT query FROM saved_view WHERE name = ?"), arguments: [name])
    }
}

extension QueueStore {
    /// Saves a query under a name; one that was saved under it before is replaced.
    ///
    /// Other views that use the name mean the new query from now on.
    ///
    /// - throws: ``QueueError/usage(_:)`` for a name that is none, and for a query that names what is not there or
    ///   would contain itself through other views.
    public func saveView(_ name: String, query: ItemQuery) throws {
        let isPlain = name.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_".unicodeScalars.contains($0)
        }
        guard !name.isEmpty, name.unicodeScalars.count <= 60, isPlain else {
            throw QueueError.usage("A view's name has 1 to 60 letters, digits, hyphens and underscores.")
        }
        try write { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO saved_view VALUES (?, ?, ?)",
                arguments: [name, query.canonicalText, clock().milliseconds])
            // Looked at with the view in place: only then a circle through it is one.
            let taxonomy = try taxonomyInForce(db).taxonomy
            try Self.sayingUsage {
                let resolver = QueryResolver(db: db, taxonomy: taxonomy)
                _ = try resolver.resolve(query)
                _ = try resolver.resolve(ItemQuery(root: .term(QueryTerm(condition: .view(name), offset: 0))))
            }
        }
    }

    /// Every saved view, by name.
    public func views() throws -> [SavedView] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT name, query, saved_at FROM saved_view ORDER BY name").map {
                SavedView(name: $0[0], query: $0[1], savedAt: Timestamp(milliseconds: $0[2]))
            }
        }
    }

    /// Forgets a view. Queries that use it say so when they run.
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is none of that name.
    public func removeView(_ name: String) throws {
        try write { db in
            try db.execute(sql: "DELETE FROM saved_view WHERE name = ?", arguments: [name])
            guard db.changesCount == 1 else {
                throw QueueError.notFound("There is no view “\(Visible.text(name, limit: 60))”: view list shows them.")
            }
        }
    }

    /// Looks up what a query names, before it runs.
    ///
    /// - throws: ``QuerySyntaxError``, which points at the character, for a policy, queue or view that is not there;
    ///   ``QueueError`` where the queue cannot be read.
    public func check(_ query: ItemQuery, of text: String) throws {
        let failure: QuerySyntaxError? = try read { db in
            let taxonomy = try taxonomyInForce(db).taxonomy
            do {
                _ = try QueryResolver(db: db, taxonomy: taxonomy).resolve(query)
                return nil
            } catch let error as QuerySyntaxError { return error }
        }
        if var failure {
            failure.query = text
            throw failure
        }
    }

    /// What a query has wrong, as an error of the queue: for those who did not ``check(_:of:)`` it.
    static func sayingUsage<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as QuerySyntaxError { throw QueueError.usage(error.sentence) }
    }
}
