import GRDB

extension QueueStore {
    /// Records that a reviewer looks at a restricted item's picture; call it before the picture is shown.
    ///
    /// The chain holds a commitment to who looked at what, keyed by the item, so that erasing the item leaves nothing.
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is no such item.
    public func recordReveal(of id: ItemID, reviewer: String) throws {
        try Self.check(reviewer: reviewer)
        try write { db in
            let item = try Int64.fetchOne(db, sql: "SELECT seq FROM item WHERE id = ?", arguments: [id.rawValue])
            guard let item, let key = try AuditChain.key(ofItem: item, in: db) else {
                throw QueueError.notFound("There is no item \"\(Visible.text(id.rawValue))\".")
            }
            let look: JSONValue = ["id": .string(id.rawValue), "reviewer": .string(reviewer)]
            let commitment = AuditChain.commitment(to: look.canonicalText, key: key)
            try AuditChain.append(
                kind: "reveal", body: ["commitment": .string(commitment.hex)], in: db, at: clock())
        }
    }
}
