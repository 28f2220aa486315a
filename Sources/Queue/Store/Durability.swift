import CSQLite
import Foundation
import GRDB

/// How the database survives a power cut, and why that way: `doctor` shows it.
public struct Durability: Sendable, Hashable {
    public enum Journal: String, Sendable { case wal, truncate }

    public var journal: Journal
    public var reason: String

    /// The journal that this SQLite can be trusted with.
    ///
    /// SQLite 3.7.0 to 3.51.2 can corrupt a database in WAL mode when the log is reset under a reader; fixed in 3.51.3
    /// and in the back-ports 3.44.6 and 3.50.7 (sqlite.org/wal.html, "walresetbug").
    ///
    /// - parameter version: `sqlite3_libversion_number()`, such as 3040001 for 3.40.1.
    public static func forSQLite(version: Int) -> Durability {
        let (major, minor, patch) = (version / 1_000_000, version / 1000 % 1000, version % 1000)
        let name = "SQLite \(major).\(minor).\(patch)"
        let isFixed =
            version >= 3_051_003 || (minor == 44 && patch >= 6 && major == 3)
            || (minor == 50 && patch >= 7 && major == 3)
        return isFixed
            ? Durability(journal: .wal, reason: "\(name) has the fix of the WAL-reset bug")
            : Durability(journal: .truncate, reason: "\(name) has the WAL-reset bug (fixed in 3.44.6, 3.50.7, 3.51.3)")
    }

    static var here: Durability { forSQLite(version: Int(Database.sqliteLibVersionNumber)) }
}

/// Opens connections that keep what they acknowledge.
enum DurableDatabase {
    /// Opens a database for writing with the journal of `durability` and `synchronous = FULL`, both read back.
    static func open(path: String, durability: Durability) throws -> any DatabaseWriter {
        var configuration = configuration
        configuration.prepareDatabase { db in
            if durability.journal == .truncate {
                // FULL keeps the data; EXTRA would add a directory sync that TRUNCATE does not need, since the
                // journal file stays.
                _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = TRUNCATE")
            }
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        let writer: any DatabaseWriter =
            switch durability.journal {
            case .wal: try DatabasePool(path: path, configuration: configuration)
            case .truncate: try DatabaseQueue(path: path, configuration: configuration)
            }
        try writer.writeWithoutTransaction { db in
            // DatabasePool sets NORMAL after prepareDatabase, and a NORMAL commit can be lost in a power cut.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode")
            guard synchronous == 2, journal == durability.journal.rawValue else {
                throw QueueError.failed(
                    """
                    SQLite did not take journal_mode=\(durability.journal) with synchronous=FULL (it has \
                    \(journal ?? "none"), \(synchronous ?? -1)): close other programs that use the queue and try again.
                    """)
            }
        }
        return writer
    }

    /// A connection that only reads, for what reads on several threads at once.
    static func openToRead(path: String) throws -> DatabaseQueue {
        var configuration = configuration
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    /// What every connection has, whatever it is for.
    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "queue"
        configuration.busyMode = .callback { waitsAgain(afterTries: $0) }
        configuration.prepareDatabase { db in
            if let connection = db.sqliteConnection { _ = csqlite_keep_plans(connection) }
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
            db.add(function: FoldedText.holds)
        }
        return configuration
    }

    /// GRDB fails at once by default. Random sleeps keep two waiting processes from meeting again and again; short ones
    /// first, since most transactions take a millisecond or two. Together they give up after about ten seconds.
    private static func waitsAgain(afterTries tries: Int) -> Bool {
        guard tries < 1000 else { return false }
        usleep(UInt32.random(in: tries < 40 ? 300...2_000 : 2_000...18_000))
        return true
    }
}
