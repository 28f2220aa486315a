import GRDB

/// An item in somebody's hands. It names no token: whoever has that can decide.
public struct HeldItem: Sendable, Hashable {
    public var item: ItemID
    public var reviewer: String
    public var queue: QueueName
    public var expiresAt: Timestamp
    /// Whether the lease has run out: the item is free, and the next claim returns it to its line.
    public var isExpired: Bool

    /// What `leases --json` prints.
    public var json: JSONValue {
        [
            "id": .string(item.rawValue), "reviewer": .string(reviewer), "queue": .string(queue.rawValue),
            "expires_at": .string(expiresAt.rfc3339), "expired": .bool(isExpired),
        ]
    }
}

extension QueueStore {
    /// Everything that is leased, the lease that ends soonest first.
    public func leases() throws -> [HeldItem] {
        try read { db in
            let now = clock()
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT i.id, w.lease_reviewer, w.queue, w.lease_expires
                    FROM work w INDEXED BY work_leased JOIN item i ON i.seq = w.item
                    WHERE w.state = 1 ORDER BY w.lease_expires
                    """)
            return try rows.map { row in
                let expiry = Timestamp(milliseconds: row["lease_expires"])
                return HeldItem(
                    item: ItemID(row["id"] as String), reviewer: row["lease_reviewer"],
                    queue: try KnownLine.name(ofCode: row["queue"], in: db), expiresAt: expiry,
                    isExpired: expiry.milliseconds <= now.milliseconds)
            }
        }
    }
}
