import GRDB

extension QueueStore {
    /// How long a reviewer's account is kept, in days.
    public static let exposureDays = 30

    /// Adds to a reviewer's account of a day, and forgets what is older than ``exposureDays``.
    ///
    /// No event goes into the chain: the account is the reviewer's own, and can be deleted.
    ///
    /// - parameter day: `2026-11-26`; so is `oldest`, the first day that is kept.
    public func add(_ exposure: Exposure, to day: String, keepingFrom oldest: String, reviewer: String) throws {
        try Self.check(reviewer: reviewer)
        try write { db in
            for (family, part) in exposure.families {
                try db.execute(
                    sql: """
                        INSERT INTO exposure (reviewer, day, family, shown, weighted, items) VALUES (?, ?, ?, ?, ?, ?)
                        ON CONFLICT DO UPDATE SET shown = shown + excluded.shown,
                            weighted = weighted + excluded.weighted, items = items + excluded.items
                        """,
                    arguments: [reviewer, day, family.rawValue, part.shown, part.weighted, part.items])
            }
            try db.execute(
                sql: """
                    INSERT INTO attendance (reviewer, day, present, items, pauses, paused) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET present = present + excluded.present, items = items + excluded.items,
                        pauses = pauses + excluded.pauses, paused = paused + excluded.paused
                    """,
                arguments: [reviewer, day, exposure.present, exposure.items, exposure.pauses, exposure.paused])
            for table in ["exposure", "attendance"] {
                // Everybody's: whoever has left the team keeps no account.
                try db.execute(sql: "DELETE FROM \(table) WHERE day < ?", arguments: [oldest])
            }
        }
    }

    /// A reviewer's account from a day on, by day; days without work are not in it.
    public func exposure(of reviewer: String, from day: String) throws -> [ExposureDay] {
        try read { db in
            var days: [String: Exposure] = [:]
            let attendance = try Row.fetchAll(
                db,
                sql: "SELECT day, present, items, pauses, paused FROM attendance WHERE reviewer = ? AND day >= ?",
                arguments: [reviewer, day])
            for row in attendance {
                var exposure = Exposure()
                exposure.present = row["present"]
                exposure.items = row["items"]
                exposure.pauses = row["pauses"]
                exposure.paused = row["paused"]
                days[row["day"]] = exposure
            }
            let families = try Row.fetchAll(
                db,
                sql: "SELECT day, family, shown, weighted, items FROM exposure WHERE reviewer = ? AND day >= ?",
                arguments: [reviewer, day])
            for row in families {
                days[row["day"], default: Exposure()].families[PolicyID(row["family"])] = Exposure.Family(
                    shown: row["shown"], weighted: row["weighted"], items: row["items"])
            }
            return days.sorted { $0.key < $1.key }.map { ExposureDay(day: $0.key, exposure: $0.value) }
        }
    }

    /// Forgets a reviewer's whole account.
    public func forgetExposure(of reviewer: String) throws {
        try write { db in
            for table in ["exposure", "attendance"] {
                try db.execute(sql: "DELETE FROM \(table) WHERE reviewer = ?", arguments: [reviewer])
            }
        }
    }
}
