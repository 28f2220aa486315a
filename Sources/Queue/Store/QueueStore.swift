import Crypto
import Foundation
import GRDB
import Synchronization

/// The queue: items, leases, decisions, scores and the audit chain in one SQLite file.
///
/// ```swift
/// let store = try QueueStore.open(at: path)
/// if let claim = try store.claim(reviewer: "ann").first {
///     let draft = DecisionDraft(verdict: .remove, policies: ["hate"])
///     let receipt = try store.decide(token: claim.lease.token, draft: draft)  // durable when this returns
/// }
/// ```
///
/// Every method blocks on the disk: call none on the main actor. All throw ``QueueError`` and nothing else. Several
/// processes may use one file at once.
public final class QueueStore: Sendable {
    /// Where the database is, as it was given.
    public let path: String
    public let durability: Durability
    let database: any DatabaseWriter
    let turnstile: Turnstile
    let clock: @Sendable () -> Timestamp
    /// Keys pseudonyms and splits; 32 random bytes that never leave the database.
    let queueKey: SymmetricKey
    let knownTaxonomy = Mutex<KnownTaxonomy?>(nil)
    /// Filled by the first search for twins.
    let likenessIndex = Mutex(LikenessIndex())

    /// Content-addressed media lie here: `<db dir>/<db name>.media`.
    public var mediaFolder: String { Self.mediaFolder(of: path) }

    private init(
        path: String, durability: Durability, database: any DatabaseWriter, queueKey: SymmetricKey,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.path = path
        self.durability = durability
        self.database = database
        turnstile = Turnstile(database: path)
        self.queueKey = queueKey
        self.clock = clock
    }

    // MARK: - Construction

    /// Makes a queue and installs its policies; in one that exists already, installs them where they differ from
    /// those in force.
    ///
    /// Folders on the way are made. The file is readable by its owner only, as are the media beside it.
    ///
    /// - throws: ``QueueError/failed(_:)`` where the path holds something else.
    public static func create(
        at path: String, taxonomy: Taxonomy, clock: @escaping @Sendable () -> Timestamp = { .now }
    ) throws -> QueueStore {
        try create(at: path, taxonomy: taxonomy, durability: .here, clock: clock)
    }

    /// The same with the journal of one's choice, for tests of both.
    static func create(
        at path: String, taxonomy: Taxonomy, durability: Durability, clock: @escaping @Sendable () -> Timestamp
    ) throws -> QueueStore {
        try reporting(path) {
            let folder = (absolute(path) as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let descriptor = Foundation.open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw QueueError.failed("Cannot write \(Visible.text(path, limit: 400)): \(systemError()).")
            }
            close(descriptor)
            // Looked at before SQLite opens it: opening would change another program's journal mode.
            guard isEmpty(path) || isQueue(path) || isUnfinished(path) else { throw notAQueue(path) }
            let database = try DurableDatabase.open(path: path, durability: durability)
            try upgrade(database)
            try database.write { db in
                let key = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
                try db.execute(sql: "INSERT OR IGNORE INTO setting VALUES ('queue_key', ?)", arguments: [key])
                try install(taxonomy, in: db, at: clock())
            }
            return try make(path: path, durability: durability, database: database, clock: clock)
        }
    }

    /// Opens a queue that `init` made.
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is none, ``QueueError/failed(_:)`` where the file is something
    ///   else or was made by a newer version.
    public static func open(
        at path: String, clock: @escaping @Sendable () -> Timestamp = { .now }
    ) throws -> QueueStore {
        try open(at: path, durability: .here, clock: clock)
    }

    static func open(
        at path: String, durability: Durability, clock: @escaping @Sendable () -> Timestamp
    ) throws -> QueueStore {
        try reporting(path) {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
                throw QueueError.notFound(
                    "There is no queue at \(Visible.text(path, limit: 400)). Make one with: reviewtui init")
            }
            guard isQueue(path) else { throw notAQueue(path) }
            let database = try DurableDatabase.open(path: path, durability: durability)
            try upgrade(database)
            return try make(path: path, durability: durability, database: database, clock: clock)
        }
    }

    private static func make(
        path: String, durability: Durability, database: any DatabaseWriter,
        clock: @escaping @Sendable () -> Timestamp
    ) throws -> QueueStore {
        let key = try database.read { try Data.fetchOne($0, sql: "SELECT value FROM setting WHERE name = 'queue_key'") }
        guard let key else { throw notAQueue(path) }
        return QueueStore(
            path: path, durability: durability, database: database, queueKey: SymmetricKey(data: key), clock: clock)
    }

    private static func upgrade(_ database: any DatabaseWriter) throws {
        let isNewer = try database.read { try Schema.migrator.hasBeenSuperseded($0) }
        guard !isNewer else {
            throw QueueError.failed("A newer reviewtui has upgraded this queue: use that version. Nothing was changed.")
        }
        try Schema.migrator.migrate(database)
    }

    /// Whether an `init` was killed, or lost its power, before its tables were on the disk: SQLite's file is begun and
    /// holds nothing. Looking rolls back what was half done, as any program that opens such a file would.
    private static func isUnfinished(_ path: String) -> Bool {
        let holdsNothing = try? DatabaseQueue(path: path).read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT (SELECT count(*) FROM sqlite_master WHERE name NOT LIKE '%grdb_migrations%') = 0
                        AND (SELECT application_id FROM pragma_application_id) = 0
                    """) == 1
        }
        return holdsNothing ?? false
    }

    private static func isEmpty(_ path: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) == 0
    }

    /// Reads the application id where SQLite's file format has it, bytes 68 to 71, big-endian, or else in the
    /// write-ahead log, where a queue that is in use may have it only.
    private static func isQueue(_ path: String) -> Bool {
        if let file = FileHandle(forReadingAtPath: path), let header = try? file.read(upToCount: 100),
            header.count == 100, header.starts(with: "SQLite format 3\0".utf8),
            header[68..<72].reduce(0, { $0 << 8 | Int32($1) }) == Schema.applicationID
        {
            return true
        }
        guard FileManager.default.fileExists(atPath: path + "-wal") else { return false }
        var configuration = Configuration()
        configuration.readonly = true
        let id = try? DatabaseQueue(path: path, configuration: configuration).read { db in
            try Int32.fetchOne(db, sql: "PRAGMA application_id")
        }
        return id == Schema.applicationID
    }

    private static func notAQueue(_ path: String) -> QueueError {
        .failed("\(Visible.text(path, limit: 400)) is not a queue of reviewtui: choose another path.")
    }

    static func mediaFolder(of path: String) -> String { absolute(path) + ".media" }

    static func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.path
    }

    // MARK: - Transactions

    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.reporting(path) { try database.read(body) }
    }

    /// One immediate transaction: when this returns, what it wrote is on the disk.
    func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.reporting(path) { try turnstile.passing { try database.write(body) } }
    }

    /// A number that changes whenever another connection has changed the database; poll it, it costs microseconds.
    ///
    /// Changes through this store do not move it.
    public func dataVersion() throws -> Int {
        try Self.reporting(path) {
            try database.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA data_version") ?? 0 }
        }
    }

    /// Turns what SQLite says into what the user can do.
    static func reporting<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as QueueError {
            throw error
        } catch let error as DatabaseError {
            throw queueError(error, path: Visible.text(path, limit: 400))
        } catch {
            throw QueueError.failed(
                "The queue could not be used: \(Visible.text(String(describing: error), limit: 300))")
        }
    }

    private static let diskIsFull = QueueError.failed(
        "The disk is full: nothing was recorded. Make room and try again.")

    private static func queueError(_ error: DatabaseError, path: String) -> QueueError {
        // In WAL mode a full disk is met first by the index of the log, which holds nothing of its own.
        if error.extendedResultCode == .SQLITE_IOERR_SHMSIZE { return diskIsFull }
        return switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: .busy("Another process is writing to \(path): try again.")
        case .SQLITE_NOTADB: .failed("\(path) is not a queue of reviewtui: choose another path.")
        case .SQLITE_CANTOPEN: .failed("Cannot open \(path): check that it and its folder can be read and written.")
        case .SQLITE_READONLY:
            .failed("\(path) is read-only: nothing was recorded. Check its permissions and those of its folder.")
        case .SQLITE_FULL: diskIsFull
        case .SQLITE_IOERR:
            // A sync that fails after the commit point leaves a transaction that a restart may find or not.
            .failed(
                """
                The disk failed while using \(path): this may have been recorded or not, but never in part. Check the \
                disk, then see what is there before you do it again.
                """)
        case .SQLITE_CORRUPT:
            .failed("\(path) is damaged: nothing was recorded. Work on no further and restore it from a backup.")
        default: .failed("The database refused: \(Visible.text(error.message ?? "no reason given", limit: 300))")
        }
    }
}

/// The reason of the last failed system call.
func systemError() -> String { String(cString: strerror(errno)) }

/// Opens a file that the user named.
///
/// - throws: ``QueueError/notFound(_:)`` where there is none, ``QueueError/failed(_:)`` with the system's reason.
func openToRead(_ path: String) throws -> Int32 {
    let shown = Visible.text(path, limit: 400)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw errno == ENOENT
            ? QueueError.notFound("There is no file \(shown).")
            : QueueError.failed("Cannot read \(shown): \(systemError()).")
    }
    return descriptor
}
