import Crypto
import Foundation
import GRDB

extension IngestSource {
    /// What a path on the command line means: `-` is standard input, a folder is one of media, `.csv` is CSV, all else
    /// is JSON Lines.
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is nothing.
    public static func detect(_ argument: String) throws -> IngestSource {
        if argument == "-" { return .standardInput }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) else {
            throw QueueError.notFound("There is no file or folder \(Visible.text(argument, limit: 400)).")
        }
        if isFolder.boolValue { return .folder(path: argument) }
        return (argument as NSString).pathExtension.lowercased() == "csv"
            ? .csv(path: argument) : .jsonLines(path: argument)
    }
}

extension QueueStore {
    /// Takes items in, five thousand to a transaction, each with one audit event.
    ///
    /// Refused lines are counted, told with number and reason, and written to ``IngestOptions/rejects``; the others are
    /// kept. Media are on the disk before the rows that name them. An interrupted ingestion can simply be run again:
    /// what is there already is unchanged. While one batch is written the next is read on another thread, and never
    /// more than these two are in memory.
    ///
    /// - parameter progress: Called after each transaction.
    /// - throws: ``QueueError/notFound(_:)`` where the source is not there. A refused line throws nothing.
    public func ingest(
        _ source: IngestSource, options: IngestOptions = IngestOptions(),
        progress: (IngestProgress) -> Void = { _ in }
    ) throws -> IngestReport {
        try Self.reporting(path) {
            let taxonomy = try taxonomy()
            let (items, folder, descriptor) = try Self.open(source, limit: options.lineLimit)
            defer { if let descriptor, descriptor != STDIN_FILENO { close(descriptor) } }
            let root = try (options.mediaRoot ?? folder).map { try Beneath(folder: $0) }
            let collector = FileCollector(
                beneath: root, shelf: MediaShelf(folder: mediaFolder), taxonomy: taxonomy, linking: options.link)
            let ingestion = Ingestion(
                store: self, options: options, taxonomy: taxonomy,
                rejects: try options.rejects.map { try RejectsFile(path: $0, besides: descriptor) })
            let reader = BatchReader(
                items: items, contract: ItemContract(taxonomy: taxonomy, now: clock()), collector: collector)
            defer { reader.finish() }
            try ingestion.run(reader, progress: progress)
            if let folder = items as? FolderItems { ingestion.report.ignored = folder.ignored }
            return ingestion.report
        }
    }

    /// The stream, the folder its paths are relative to, and the descriptor to close.
    private static func open(
        _ source: IngestSource, limit: Int
    ) throws -> (items: any RawItems, folder: String?, descriptor: Int32?) {
        func opened(_ path: String) throws -> (Int32, String) {
            (try openToRead(path), (absolute(path) as NSString).deletingLastPathComponent)
        }
        switch source {
        case .standardInput:
            let bytes = ByteSource(descriptor: STDIN_FILENO, name: "standard input")
            return (try JSONLineItems(source: bytes, limit: limit), nil, STDIN_FILENO)
        case .jsonLines(let path):
            let (descriptor, folder) = try opened(path)
            let bytes = ByteSource(descriptor: descriptor, name: Visible.text(path, limit: 400))
            return (try JSONLineItems(source: bytes, limit: limit), folder, descriptor)
        case .csv(let path):
            let (descriptor, folder) = try opened(path)
            let bytes = ByteSource(descriptor: descriptor, name: Visible.text(path, limit: 400))
            return (try CSVItems(source: bytes, limit: limit), folder, descriptor)
        case .folder(let path): return (try FolderItems(path: path), path, nil)
        }
    }
}

/// One run of `ingest`.
private final class Ingestion {
    let store: QueueStore
    let options: IngestOptions
    let taxonomy: Taxonomy
    let rejects: RejectsFile?
    var report = IngestReport()

    /// Leaves a strict run's transaction.
    private struct RolledBack: Error {}

    init(store: QueueStore, options: IngestOptions, taxonomy: Taxonomy, rejects: RejectsFile?) {
        self.store = store
        self.options = options
        self.taxonomy = taxonomy
        self.rejects = rejects
    }

    func run(_ reader: BatchReader, progress: (IngestProgress) -> Void) throws {
        guard options.strict else {
            while let batch = try reader.next() {
                try refuse(batch.refusals)
                // Lines that are all refused need no transaction.
                if !batch.items.isEmpty { try write(batch.items) }
                progress(batch.progress)
            }
            return
        }
        do {
            try store.database.write { db in
                while let batch = try reader.next() {
                    try refuse(batch.refusals)
                    // After a refusal the rest is only read, so that all refusals are told at once.
                    if report.rejected == 0 { try write(batch.items, in: db) }
                    progress(batch.progress)
                }
                if report.rejected > 0 { throw RolledBack() }
            }
        } catch is RolledBack {
            (report.added, report.updated, report.isRolledBack) = (0, 0, true)
        }
    }

    private func refuse(_ refusals: [(raw: RawItem, reason: String)]) throws {
        for (raw, reason) in refusals { try refuse(raw, reason) }
    }

    private func refuse(_ raw: RawItem, _ reason: String) throws {
        report.rejected += 1
        if report.rejections.count < 100 {
            report.rejections.append(IngestRejection(line: raw.line, reason: reason))
        }
        try rejects?.append(raw, reason: reason)
    }

    // MARK: - Writing

    /// Pages that a batch changes at random places are written once, not at each change: SQLite's 2 MB would spill
    /// in the middle of a transaction, and each spill waits for the disk.
    private static let cacheKiB = 65_536

    private func write(_ batch: [IncomingItem]) throws {
        try store.turnstile.passing {
            try store.database.writeWithoutTransaction { db in
                let usual = try Int.fetchOne(db, sql: "PRAGMA cache_size") ?? -2000
                try db.execute(sql: "PRAGMA cache_size = -\(Self.cacheKiB)")
                defer { try? db.execute(sql: "PRAGMA cache_size = \(usual)") }
                try db.inTransaction(.immediate) {
                    try write(batch, in: db)
                    return .commit
                }
            }
        }
    }

    private func write(_ batch: [IncomingItem], in db: Database) throws {
        try MediaShelf(folder: store.mediaFolder).confirm(batch.flatMap(\.media))
        let writer = try ItemWriter(db: db, taxonomy: taxonomy, now: store.clock())
        var digest = SHA256()
        var (added, updated) = (0, 0)
        for incoming in batch {
            switch try writer.put(incoming, replacing: options.update) {
            case .added(let commitment):
                added += 1
                commitment.withUnsafeBytes { digest.update(bufferPointer: $0) }
            case .updated(let commitment):
                updated += 1
                commitment.withUnsafeBytes { digest.update(bufferPointer: $0) }
            case .unchanged: report.unchanged += 1
            case .refused(let reason): try refuse(incoming.raw, reason)
            }
        }
        try writer.finish()
        report.added += added
        report.updated += updated
        guard added + updated > 0 else { return }
        try AuditChain.append(
            kind: "ingest",
            body: [
                "added": .integer(Int64(added)), "digest": .string(digest.finalize().hex),
                "updated": .integer(Int64(updated)),
            ], in: db, at: store.clock())
    }
}
