import Foundation
import GRDB

/// What happens to leases, in the chain: `lease`, `renew`, `release`, `skip` and `expire`, one event to a transaction.
///
/// The event holds a commitment to each item, its reviewer and the lease's end, under the item's key.
enum LeaseEvent {
    static func append(_ kind: String, _ leases: [(Lease, String)], in db: Database, at time: Timestamp) throws {
        guard !leases.isEmpty else { return }
        var commitments: [JSONValue] = []
        let statement = try db.cachedStatement(sql: "SELECT subject_key FROM item WHERE id = ?")
        for (lease, reviewer) in leases {
            guard let key = try Data.fetchOne(statement, arguments: [lease.item.rawValue]) else { continue }
            let text: JSONValue = [
                "expires_at": .integer(lease.expiresAt.milliseconds), "item": .string(lease.item.rawValue),
                "reviewer": .string(reviewer),
            ]
            commitments.append(.string(AuditChain.commitment(to: text.canonicalText, key: key).hex))
        }
        try AuditChain.append(kind: kind, body: ["commitments": .array(commitments)], in: db, at: time)
    }
}
