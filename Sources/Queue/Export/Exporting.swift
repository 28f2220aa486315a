import Crypto
import Foundation
import GRDB

/// What an export wrote.
public struct ExportReport: Sendable, Hashable {
    public var rows: Int
    /// Standing decisions on restricted items, which are never exported.
    public var leftOut: Int
    /// Rows left out because too few reviewers agree; 0 where that was not asked for.
    public var disputed = 0
    /// Verdicts of the earlier snapshot that no longer stand; nil where there is no earlier one.
    public var retractions: Int?
    /// Rows in each split; `none` are those between clusters of several.
    public var splits: [String: Int]
    /// SHA-256 of the data file, or of the lines `sha256sum` would write where there are several, 64 hex digits.
    public var sha256: String
    /// The snapshot holds the verdicts and undos up to this event of the chain.
    public var lastEvent: Int64

    /// What `export --json` prints.
    public var json: JSONValue {
        [
            "rows": .integer(Int64(rows)), "left_out": .integer(Int64(leftOut)),
            "disputed": .integer(Int64(disputed)), "retractions": .optional(retractions),
            "splits": .object(splits.sorted { $0.key < $1.key }.map { JSONMember($0.key, .integer(Int64($0.value))) }),
            "sha256": .string(sha256), "last_event": .integer(lastEvent),
        ]
    }
}

extension QueueStore {
    /// Writes the standing decisions as a snapshot: data files, `README.md`, which says what they are, `croissant.json`,
    /// which says it to programs of others, and `manifest.json`, which comes last and so marks a whole one.
    ///
    /// The snapshot is bounded by the last verdict or undo at the start, so those that fall meanwhile are in none of
    /// it; the same verdicts on media that were hashed alike give the same bytes. Media are named by path, SHA-256 and PDQ
    /// hash (64 hex digits, whatever the picture's quality; null until `score` has looked at it). Every item has its split
    /// for good (see ``SplitGraph``). The table `snapshot` and the audit chain remember the export once it is whole.
    ///
    /// - parameter folder: Made if it is not there; must be empty.
    /// - parameter progress: Called with the rows written so far.
    /// - throws: ``QueueError/usage(_:)`` where the folder holds something, the query names what is not there, or the
    ///   earlier snapshot is no such snapshot of this queue.
    public func export(
        to folder: String, rules: ExportRules = ExportRules(), progress: (Int) -> Void = { _ in }
    ) throws -> ExportReport {
        var filter: ExportFilter?
        if !rules.query.isEmpty {
            let predicate = try read { try self.predicate(of: rules.query, in: $0) }
            filter = ExportFilter(
                sql: predicate.sql, arguments: StatementArguments(predicate.arguments), text: predicate.text)
        }
        return try export(to: folder, rules: rules, where: filter, progress: progress)
    }

    /// The same, of the items that a filter lets through.
    func export(
        to folder: String, rules: ExportRules = ExportRules(), where filter: ExportFilter?,
        progress: (Int) -> Void = { _ in }
    ) throws -> ExportReport {
        try Self.reporting(path) {
            try rules.check()
            let parent = try rules.since.map { try self.parent(at: $0, filter: filter?.text, rules: rules) }
            try Self.makeEmpty(folder)
            let bound = try exportBound(goingOnFrom: parent?.lastEvent ?? 0)
            let snapshot = Snapshot(firstEvent: parent?.lastEvent ?? 0, lastEvent: bound.event, filter: filter)
            let last = try read { try snapshot.lastDecision(in: $0) }
            try assignSplits(upTo: last)
            let shared = try SharedJudgements(upTo: bound.event, store: self)
            var description = SnapshotDescription(
                rules: rules, filter: filter?.text, bound: bound, parent: parent,
                departures: try read { try Departures(in: $0) }, taxonomy: try taxonomy(), shared: shared,
                clusters: try read { try ClusterFacts(in: $0) })
            var files = try write(
                snapshot, upTo: last, shared: shared, to: folder, describing: &description, progress: progress)
            let (counts, sha256) = (description.counts, SnapshotEntry.sha256(of: files))
            var report = ExportReport(
                rows: counts.rows, leftOut: try read { try snapshot.restrictedCount(in: $0) },
                disputed: counts.disputed, splits: counts.splits, sha256: sha256.hex, lastEvent: bound.event)
            if let parent {
                let retractions = try self.retractions(since: parent, upTo: bound.event)
                files.append(try Retraction.write(retractions, to: folder))
                report.retractions = retractions.count
            }
            description.report = report
            files.append(try description.writeCard(to: folder))
            let croissant = Croissant(
                format: rules.format, description: description.what, bound: bound, columns: description.columns,
                files: files)
            files.append(try croissant.write(to: folder))
            let limits = [
                filter?.text, rules.leastAgreement.map { "agreement of at least \($0)" },
                parent.map { "since event \($0.lastEvent)" },
            ].compactMap { $0 }
            try remember(
                report, folder: folder, format: rules.format.rawValue,
                filter: limits.isEmpty ? nil : limits.joined(separator: " "), sha256: sha256, since: bound)
            try Self.writeManifest(description.manifest(of: files), to: folder)
            return report
        }
    }

    /// Writes the data files, and notes what the format says of itself in the description.
    private func write(
        _ snapshot: Snapshot, upTo last: Int64, shared: SharedJudgements, to folder: String,
        describing description: inout SnapshotDescription, progress: (Int) -> Void
    ) throws -> [SnapshotEntry] {
        let rules = description.rules
        guard rules.format != .jsonl else {
            let file = try SnapshotFile(folder: folder, name: "decisions.jsonl")
            let lines = SnapshotLines(key: queueKey, shared: shared, leastAgreement: rules.leastAgreement)
            let writer = try SnapshotWriter(snapshot, path: path, maker: lines) { try file.append($0) }
            try writer.write(upTo: last, progress: progress)
            description.counts = writer.counts
            return [try file.finish(rows: writer.counts.rows)]
        }
        let sink = try sink(rules, taxonomy: description.taxonomy, folder: folder)
        let rows = SnapshotRows(
            pseudonyms: Pseudonyms(key: queueKey), shared: shared, leastAgreement: rules.leastAgreement,
            mediaFolder: mediaFolder, embedder: try rules.embeddings.map { try read(number(ofEmbedder: $0)) })
        let writer = try SnapshotWriter(snapshot, path: path, maker: rows) { try sink.append($0) }
        try writer.write(upTo: last, progress: progress)
        let files = try sink.finish()
        description.counts = writer.counts
        description.columns = sink.columns
        description.formatLeftOut = sink.leftOut
        return files
    }

    private func sink(_ rules: ExportRules, taxonomy: Taxonomy, folder: String) throws -> any SnapshotSink {
        func pictures() throws -> Pictures { Pictures(restricted: try RestrictedMedia(of: self)) }
        let policies = taxonomy.policies.map(\.id)
        return switch rules.format {
        case .jsonl, .csv: try CSVSink(folder: folder, isSpreadsheetSafe: rules.isSpreadsheetSafe)
        case .parquet: try ParquetSink(folder: folder, hasEmbeddings: rules.embeddings != nil)
        case .webdataset: WebDatasetSink(folder: folder, policies: policies, pictures: try pictures())
        case .imagefolder: ImageFolderSink(folder: folder, pictures: try pictures())
        case .labelstudio: try LabelStudioSink(folder: folder, policies: policies, pictures: try pictures())
        case .prodigy: try ProdigySink(folder: folder, taxonomy: taxonomy, pictures: try pictures())
        }
    }

    /// - throws: ``QueueError/usage(_:)`` with the models that have embeddings in the queue, where this has none.
    private func number(ofEmbedder model: String) -> (Database) throws -> Int64 {
        { db in
            let known = try Row.fetchAll(
                db,
                sql: """
                    SELECT seq, name FROM model m WHERE EXISTS (SELECT 1 FROM embedding WHERE model = m.seq) ORDER BY name
                    """)
            if let row = known.first(where: { $0["name"] == model }) { return row["seq"] }
            let names = known.map { Visible.text($0["name"] as String) }.joined(separator: ", ")
            throw QueueError.usage(
                "\(Visible.text(model)) has made no embeddings here. "
                    + (names.isEmpty ? "Run reviewtui score first." : "There are those of \(names)."))
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
