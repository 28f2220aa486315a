import GRDB

extension QueueStore {
    /// How items are handed out in this queue: the defaults, with the queue's own shares of uniform draws and of items
    /// with a known answer.
    public func claimRules() throws -> ClaimRules {
        var rules = ClaimRules()
        try read { db in
            let share = try Double.fetchOne(db, sql: "SELECT value FROM setting WHERE name = 'sample_share'")
            rules.sampleShare = share ?? rules.sampleShare
            rules.goldShare = try ReviewSettings.read(in: db).goldShare
        }
        return rules
    }

    /// Sets the share of claims that is drawn uniformly instead of by rank, for every reviewer of this queue.
    ///
    /// - parameter share: In [0, 1]; with 0 no later figure about the queue can be corrected for its order.
    /// - throws: ``QueueError/usage(_:)`` outside that range.
    public func setSampleShare(_ share: Double) throws {
        guard (0...1).contains(share) else { throw QueueError.usage("The sample share lies from 0 to 1.") }
        try write { db in
            try db.execute(sql: "INSERT OR REPLACE INTO setting VALUES ('sample_share', ?)", arguments: [share])
            try AuditChain.append(kind: "sample_share", body: ["share": .number(share)], in: db, at: clock())
        }
    }
}
