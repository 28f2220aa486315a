import Foundation
import GRDB

extension QueueStore {
    /// Does what is left to do after rows were erased: unlinks media files, rewrites the search index and the database,
    /// and empties the journal. ``erase(_:rules:progress:)`` calls it; after a crash or a full disk, call it again.
    ///
    /// Rewriting the database (`VACUUM`) takes as long as copying it, needs its size again on the disk, and writers
    /// wait meanwhile.
    ///
    /// - returns: How many media files were deleted.
    /// - throws: ``QueueError/busy(_:)`` where another process is in the way, ``QueueError/failed(_:)`` where the disk
    ///   is full: what is erased stays erased.
    @discardableResult
    public func finishErasure() throws -> Int {
        try Self.reporting(path) {
            // Counts batches: another erasure may commit one while this one rewrites.
            let batches = try database.read { db in
                try Int.fetchOne(db, sql: "SELECT value FROM setting WHERE name = 'erasure_unfinished'")
            }
            guard let batches else { return 0 }
            let files = try unlinkErasedMedia()
            try database.writeWithoutTransaction { _ = try Int.fetchOne($0, sql: "PRAGMA secure_delete = ON") }
            try database.write { try SearchIndex.scrub(in: $0) }
            try database.vacuum()
            try emptyJournal()
            let isFinished = try database.write { db in
                try db.execute(
                    sql: "DELETE FROM setting WHERE name = 'erasure_unfinished' AND value = ?", arguments: [batches])
                return db.changesCount == 1
            }
            guard isFinished else {
                throw QueueError.busy(
                    "Another erasure came in between: run reviewtui erase --finish when nobody else erases.")
            }
            return files
        }
    }

    /// Whether an erasure was cut short, so that traces may be left in the files.
    public func erasureIsUnfinished() throws -> Bool {
        try read(Self.erasureIsUnfinished)
    }

    private static func erasureIsUnfinished(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM setting WHERE name = 'erasure_unfinished')") ?? false
    }

    private func unlinkErasedMedia() throws -> Int {
        let shelf = MediaShelf(folder: mediaFolder)
        var count = 0
        while true {
            // Under the write lock, so that no ingestion can take a file for granted that goes.
            let (done, unlinked) = try database.write { db in
                let contents = try Data.fetchAll(db, sql: "SELECT sha256 FROM erased_media LIMIT 100")
                var unlinked = 0
                for content in contents {
                    let isShown = try Bool.fetchOne(
                        db, sql: "SELECT EXISTS (SELECT 1 FROM media WHERE sha256 = ? AND original IS NULL)",
                        arguments: [content])
                    if isShown != true {
                        try shelf.remove(content)
                        unlinked += 1
                    }
                    try db.execute(sql: "DELETE FROM erased_media WHERE sha256 = ?", arguments: [content])
                }
                // The names are gone from the disk before the list of them is.
                try shelf.settle()
                return (contents.isEmpty, unlinked)
            }
            count += unlinked
            if done { return count }
        }
    }

    private func emptyJournal() throws {
        if durability.journal == .wal {
            let busy = try database.writeWithoutTransaction { db in
                try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)").map { $0[0] as Int } ?? 1
            }
            guard busy == 0 else {
                throw QueueError.busy(
                    "Another process is reading the queue, so the journal still holds old pages: close it, then run "
                        + "reviewtui erase --finish.")
            }
        }
        let journal = path + (durability.journal == .wal ? "-wal" : "-journal")
        let size = (try? FileManager.default.attributesOfItem(atPath: journal)[.size] as? Int) ?? 0
        guard size == 0 else {
            throw QueueError.busy("The journal is still in use: run reviewtui erase --finish when nobody else is.")
        }
    }
}
