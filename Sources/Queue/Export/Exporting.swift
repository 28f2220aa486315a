import Crypto
import Foundation
import GRDB

/// What an export wrote.
public struct ExportReport: Sendable, Hashable {
    public var rows: Int
    /// Standing decisions on restricted items, which are never exported.
    public var leftOut: Int
    /// Rows in each split.
    public var splits: [String: Int]
    /// SHA-256 of `decisions.jsonl`, 64 hex digits.
    public var sha256: String
    /// The snapshot holds the verdicts and undos up to this event of the chain.
    public var lastEvent: Int64

    /// What `export --json` prints.
    public var json: JSONValue {
        [
            "rows": .integer(Int64(rows)), "left_out": .integer(Int64(leftOut)),
            "splits": .object(splits.sorted { $0.key < $1.key }.map { JSONMember($0.key, .integer(Int64($0.value))) }),
            "sha256": .string(sha256), "last_event": .integer(lastEvent),
        ]
    }
}

extension QueueStore {
    /// Writes the standing decisions as a snapshot: `decisions.jsonl`, one a line, and `manifest.json`, which comes
    /// last and so marks a complete one.
    ///
    /// The snapshot is bounded by the last verdict or undo at the start, so those that fall meanwhile are in none of
    /// it; the same verdicts on media that were hashed alike give the same bytes. Media stay where they are and are named
    /// by path, SHA-256 and PDQ hash (64 hex digits, whatever the picture's quality; null until `score` has looked at it).
    /// The table `snapshot` and the audit chain remember the export once it is whole.
    ///
    /// - parameter folder: Made if it is not there; must be empty.
    /// - parameter progress: Called with the rows written so far.
    /// - throws: ``QueueError/usage(_:)`` where the folder holds something.
    public func export(to folder: String, progress: (Int) -> Void = { _ in }) throws -> ExportReport {
        try export(to: folder, where: nil, progress: progress)
    }

    /// The same, of the items that a filter lets through.
    func export(
        to folder: String, where filter: ExportFilter?, progress: (Int) -> Void = { _ in }
    ) throws -> ExportReport {
        try Self.reporting(path) {
            try Self.makeEmpty(folder)
            let bound = try exportBound()
            let (taxonomy, _) = try read { try taxonomyInForce($0) }
            let snapshot = Snapshot(lastEvent: bound.event, filter: filter)
            let file = try SnapshotFile(folder: folder, name: "decisions.jsonl")
            let writer = try SnapshotWriter(snapshot, path: path, key: queueKey, file: file)
            try writer.write(upTo: read { try snapshot.lastDecision(in: $0) }, progress: progress)
            let (sha256, byteCount) = try file.finish()
            let report = ExportReport(
                rows: writer.rows, leftOut: try read { try snapshot.restrictedCount(in: $0) }, splits: writer.splits,
                sha256: sha256.hex, lastEvent: bound.event)
            var manifest: JSONValue = [
                "format": "reviewtui-snapshot", "version": 1,
                "as_of": .string(bound.time.rfc3339), "audit": bound.json(first: 1),
                "taxonomy": ["name": .string(taxonomy.name), "version": .integer(Int64(taxonomy.version))],
                "rows": .integer(Int64(report.rows)), "left_out_restricted": .integer(Int64(report.leftOut)),
                "splits": report.json["splits"] ?? .null,
                "files": [
                    [
                        "name": "decisions.jsonl", "sha256": .string(sha256.hex), "bytes": .integer(byteCount),
                        "rows": .integer(Int64(report.rows)),
                    ]
                ],
            ]
            if case .object(let members) = manifest, let filter {
                manifest = .object(members + [JSONMember("filter", .string(filter.text))])
            }
            try remember(report, folder: folder, format: "jsonl", filter: filter?.text, sha256: sha256, since: bound)
            try Self.writeManifest(manifest, to: folder)
            return report
        }
    }

    /// Where the chain stands now, for an export that begins.
    ///
    /// - parameter first: Where an earlier export that this one goes on from ended.
    func exportBound(goingOnFrom first: Int64 = 0) throws -> ExportBound {
        let row = try read { db in
            // Not the last event of any kind: this export's own event must not change the next one's bytes.
            try Row.fetchOne(
                db,
                sql: """
                    SELECT seq, time, hash, (SELECT max(seq) FROM audit_event) AS begun FROM audit_event
                    WHERE seq = max(ifnull((SELECT max(event) FROM decision), 1), ?)
                    """, arguments: [first])
        }
        guard let row else { throw QueueError.failed("This queue has no policies: run reviewtui init.") }
        return ExportBound(
            event: row["seq"], time: Timestamp(milliseconds: row["time"]), hash: row["hash"], begun: row["begun"])
    }

    /// Writes the file that marks an export as whole; it comes last.
    static func writeManifest(_ manifest: JSONValue, to folder: String) throws {
        let file = try SnapshotFile(folder: folder, name: "manifest.json")
        try file.append(Array((manifest.text + "\n").utf8))
        _ = try file.finish()
    }

    /// Notes a snapshot in its table and in the chain; the manifest, which makes it whole, comes after. So whatever is
    /// whole is known to an erasure.
    ///
    /// The event holds a commitment under a key of its own: a snapshot of one short text could be guessed from its
    /// hash, and the chain must say nothing once the row has been blanked.
    func remember(
        _ report: ExportReport, folder: String, format: String, filter: String?, sha256: Data, since bound: ExportBound
    ) throws {
        try write { db in
            let isErased = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM audit_event WHERE seq > ? AND kind IN ('erase', 'purge'))",
                arguments: [bound.begun])
            guard isErased != true else {
                throw QueueError.busy(
                    """
                    Items were erased while this was exported: delete \(Visible.text(folder, limit: 400)) and export again.
                    """)
            }
            let now = clock()
            let key = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
            let folder = Self.absolute(folder)
            let row: JSONValue = [
                "folder": .string(folder), "format": .string(format), "filter": .optional(filter),
                "last_event": .integer(report.lastEvent), "rows": .integer(Int64(report.rows)),
                "sha256": .string(report.sha256), "exported_at": .integer(now.milliseconds),
            ]
            let commitment = AuditChain.commitment(to: row.canonicalText, key: key)
            let event = try AuditChain.append(
                kind: "export",
                body: [
                    "commitment": .string(commitment.hex), "last_event": .integer(report.lastEvent),
                    "rows": .integer(Int64(report.rows)),
                ], in: db, at: now)
            try db.execute(
                sql: """
                    INSERT INTO snapshot (folder, format, filter, last_event, rows, sha256, exported_at, event, key)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    folder, format, filter, report.lastEvent, report.rows, sha256, now.milliseconds, event.seq, key,
                ])
        }
    }

    static func makeEmpty(_ folder: String) throws {
        let shown = Visible.text(folder, limit: 400)
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) {
            guard isFolder.boolValue else { throw QueueError.usage("\(shown) is a file: name a folder to export to.") }
            guard try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty else {
                throw QueueError.usage("\(shown) is not empty: a snapshot never changes, so export to a new folder.")
            }
        } else {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }
}

/// The end of the chain as an export sees it.
struct ExportBound {
    /// The last verdict or undo: what comes later is in none of the export.
    var event: Int64
    var time: Timestamp
    var hash: Data
    /// The last event of any kind when the export began.
    var begun: Int64

    /// For the manifest.
    func json(first: Int64) -> JSONValue {
        ["first": .integer(first), "last": .integer(event), "hash": .string(hash.hex)]
    }
}

/// Which items an export takes: an SQL condition over the aliases `i` (item) and `w` (work) with its arguments.
struct ExportFilter {
    var sql: String
    var arguments: StatementArguments
    /// What the user wrote, for the manifest and the table of snapshots.
    var text: String
}

/// A file that appears under its name only when it is whole and on the disk.
final class SnapshotFile {
    private let partial: String
    private let path: String
    private let folder: String
    private let file: FileHandle
    private var hash = SHA256()
    private var byteCount: Int64 = 0

    init(folder: String, name: String) throws {
        self.folder = folder
        path = "\(folder)/\(name)"
        partial = "\(folder)/.\(name).partial"
        let descriptor = Foundation.open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw QueueError.failed("Cannot write into \(Visible.text(folder, limit: 400)): \(systemError()).")
        }
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func append(_ bytes: [UInt8]) throws {
        hash.update(data: bytes)
        byteCount += Int64(bytes.count)
        do {
            try file.write(contentsOf: Data(bytes))
        } catch {
            throw QueueError.failed("Writing into \(Visible.text(folder, limit: 400)) failed: is the disk full?")
        }
    }

    func finish() throws -> (sha256: Data, byteCount: Int64) {
        let directory = Foundation.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if directory >= 0 { close(directory) } }
        guard fsync(file.fileDescriptor) == 0, rename(partial, path) == 0, directory >= 0, fsync(directory) == 0 else {
            throw QueueError.failed("Writing into \(Visible.text(folder, limit: 400)) failed: \(systemError()).")
        }
        return (Data(hash.finalize()), byteCount)
    }
}
