import GRDB

/// How well the clusters of a queue can be trusted, for the data card.
struct ClusterFacts: Sendable, Hashable {
    /// Items that have been given a split.
    var items: Int
    /// Of the largest cluster.
    var largest: Int
    /// Media of these items that nobody has hashed: what looks like them is not known.
    var unhashed: Int

    init(in db: Database) throws {
        items = try Int.fetchOne(db, sql: "SELECT count(*) FROM split_member") ?? 0
        largest =
            try Int.fetchOne(
                db, sql: "SELECT max(n) FROM (SELECT count(*) AS n FROM split_member GROUP BY cluster)") ?? 0
        unhashed =
            try Int.fetchOne(
                db,
                sql: """
                    SELECT count(*) FROM media m JOIN split_member s ON s.item = m.item
                    WHERE NOT EXISTS (SELECT 1 FROM likeness l WHERE l.item = m.item AND l.position = m.position)
                    """) ?? 0
    }

    /// A sentence more, with a space before it; empty where nothing was left unhashed.
    var warning: String {
        guard unhashed > 0 else { return "" }
        return """
             \(unhashed) of their media have never been hashed, so what looks like them may lie in another split: run \
            `reviewtui score --only-twins` before the first export of a queue.
            """
    }
}
