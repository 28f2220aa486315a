import Foundation
import GRDB
import GRDBSQLite

/// A statement stepped through SQLite's own interface, for what runs once for every line of an ingestion or export.
///
/// GRDB's `Statement` costs an array of boxed arguments and a `Row` each time: more than SQLite needs for the row
/// itself. Prepare one for a batch, inside the transaction, and let go of it before the transaction ends.
///
/// ```swift
/// let insert = try PreparedStatement("INSERT INTO score (item, model, policy, value) VALUES (?, ?, ?, ?)", in: db)
/// insert.bind(1, item)
/// try insert.run()
/// ```
final class PreparedStatement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer
    /// Who finalizes the handle, where that is not this.
    private let owner: Statement?

    init(_ sql: String, in db: Database) throws {
        guard let connection = db.sqliteConnection else { throw QueueError.failed("The queue is closed.") }
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v2(connection, sql, -1, &handle, nil)
        guard code == SQLITE_OK, let handle else { throw Self.error(code, connection) }
        (self.handle, self.connection) = (handle, connection)
        owner = nil
    }

    /// The same with all its arguments, whatever their types.
    init(_ sql: String, arguments: StatementArguments, in db: Database) throws {
        guard let connection = db.sqliteConnection else { throw QueueError.failed("The queue is closed.") }
        let statement = try db.makeStatement(sql: sql)
        try statement.setArguments(arguments)
        (handle, self.connection) = (statement.sqliteStatement, connection)
        owner = statement
    }

    deinit {
        if owner == nil { sqlite3_finalize(handle) } else { sqlite3_reset(handle) }
    }

    private static func error(_ code: Int32, _ connection: OpaquePointer) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(connection)))
    }

    // MARK: - Arguments, counted from 1

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { sqlite3_bind_int64(handle, index, value) } else { sqlite3_bind_null(handle, index) }
    }

    func bind(_ index: Int32, _ value: Double?) {
        if let value { sqlite3_bind_double(handle, index, value) } else { sqlite3_bind_null(handle, index) }
    }

    /// The whole text, NULs included: the length is given, so nothing ends it early.
    func bind(_ index: Int32, _ value: String?) {
        guard var value else {
            sqlite3_bind_null(handle, index)
            return
        }
        value.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { text in
                // A nil pointer would bind NULL for an empty text.
                _ = sqlite3_bind_text(handle, index, text.baseAddress ?? Self.empty, Int32(text.count), Self.copying)
            }
        }
    }

    func bind(_ index: Int32, blob bytes: UnsafeRawBufferPointer) {
        _ = sqlite3_bind_blob(handle, index, bytes.baseAddress ?? Self.empty.raw, Int32(bytes.count), Self.copying)
    }

    private static let copying = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    nonisolated(unsafe) private static let empty: UnsafePointer<CChar> = {
        let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        pointer.initialize(to: 0)
        return UnsafePointer(pointer)
    }()

    // MARK: - Stepping

    /// Runs a statement that gives no rows, and makes it ready for the next arguments.
    ///
    /// - returns: Rows changed.
    @discardableResult
    func run() throws -> Int {
        let code = sqlite3_step(handle)
        guard code == SQLITE_DONE else {
            let error = Self.error(code, connection)
            sqlite3_reset(handle)
            throw error
        }
        sqlite3_reset(handle)
        return Int(sqlite3_changes(connection))
    }

    /// Goes to the next row; false after the last, when the statement is ready for other arguments.
    func next() throws -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        let error = code == SQLITE_DONE ? nil : Self.error(code, connection)
        sqlite3_reset(handle)
        if let error { throw error }
        return false
    }

    // MARK: - Columns of the row, counted from 0

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func double(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

    /// The bytes of a text or blob, valid until the next step; empty where it is null.
    func bytes(_ column: Int32) -> UnsafeBufferPointer<UInt8> {
        let start = sqlite3_column_blob(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        return UnsafeBufferPointer(start: start?.assumingMemoryBound(to: UInt8.self), count: start == nil ? 0 : count)
    }
}

extension UnsafePointer<CChar> {
    fileprivate var raw: UnsafeRawPointer { UnsafeRawPointer(self) }
}
