import Foundation
import GRDB

extension QueueStore {
    /// Records a head or a calibration. It scores nothing until somebody adopts it.
    ///
    /// ```swift
    /// let head = try store.propose(HeadDraft(name: "spam", model: "minilm-l6@1", weights: …, policies: ["spam"], body: …, by: "ann"))
    /// try store.adopt(head.id, by: "ann", because: "average precision 0.71 against 0.55")
    /// ```
    ///
    /// - returns: The record; of a document that is there already, the earlier one.
    /// - throws: ``QueueError/usage(_:)`` for an unknown policy, or a name that is none.
    @discardableResult
    public func propose(_ draft: HeadDraft) throws -> HeadRecord {
        try Self.check(reviewer: draft.by)
        return try write { db in
            try draft.check(against: taxonomyInForce(db).taxonomy)
            if let known = try Self.heads(where: "id = ?", [draft.id], in: db).first { return known }
            let now = clock()
            let row = HeadRow(draft, at: now)
            let event = try AuditChain.append(
                kind: "head",
                body: [
                    "head": .string(row.id), "kind": .string(row.kind), "model": .string(row.model),
                    "policies": .array(draft.policies.map { .string($0.rawValue) }), "digest": .string(row.digest),
                ], in: db, at: now)
            try db.execute(
                sql: """
                    INSERT INTO head (id, kind, model, weights, policies, body, facts, last_decision, created_at,
                        created_by, event)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    row.id, row.kind, row.model, row.weights, row.policies, row.body, row.facts, row.lastDecision,
                    row.createdAt, row.by, event.seq,
                ])
            guard let record = row.record(inUse: []) else { throw QueueError.failed("The head could not be recorded.") }
            return record
        }
    }

    /// All that were ever recorded, newest first, each with the policies that it scores now.
    public func heads() throws -> [HeadRecord] {
        try read { try Self.heads(where: "true", [], in: $0) }
    }

    /// One by its id, or by its name where only one has that name.
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is none, ``QueueError/usage(_:)`` where several have the name.
    public func head(_ id: String) throws -> HeadRecord {
        try read { try Self.head(id, in: $0) }
    }

    /// The document of a head or a calibration, as its file would hold it.
    ///
    /// - parameter id: As it was recorded.
    public func document(ofHead id: String) throws -> String {
        try read { try Self.row(ofHead: id, in: $0).row.body }
    }

    static func head(_ id: String, in db: Database) throws -> HeadRecord {
        if let known = try heads(where: "id = ?", [id], in: db).first { return known }
        let named = try heads(where: "substr(id, 1, length(id) - 13) = ?", [id], in: db)
        guard named.count < 2 else {
            throw QueueError.usage(
                "Several heads have the name \"\(Visible.text(id))\": name one of \(named.map(\.id).joined(separator: ", "))."
            )
        }
        guard let only = named.first else {
            throw QueueError.notFound(
                "There is no head \"\(Visible.text(id))\": reviewtui head list shows those there are.")
        }
        return only
    }

    static func row(ofHead id: String, in db: Database) throws -> (seq: Int64, row: HeadRow) {
        let statement = try db.cachedStatement(sql: "SELECT \(HeadRow.columns), seq FROM head WHERE id = ?")
        guard let row = try Row.fetchOne(statement, arguments: [id]) else {
            throw QueueError.notFound(
                "There is no head \"\(Visible.text(id))\": reviewtui head list shows those there are.")
        }
        return (row["seq"], HeadRow(row))
    }

    private static func heads(
        where condition: String, _ arguments: StatementArguments, in db: Database
    ) throws -> [HeadRecord] {
        // A list shows no documents, so none is read.
        let columns = HeadRow.columns.replacing("CAST(body AS BLOB)", with: "x''")
        let rows = try Row.fetchAll(
            db, sql: "SELECT \(columns), seq FROM head WHERE \(condition) ORDER BY seq DESC", arguments: arguments)
        let uses = try PolicyUse.all(in: db)
        return rows.compactMap { row in
            let seq: Int64 = row["seq"]
            let policies = uses.filter { $0.state.head == seq || $0.state.calibration == seq }.map(\.policy).sorted()
            return HeadRow(row).record(inUse: policies)
        }
    }
}
