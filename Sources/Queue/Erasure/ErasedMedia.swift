import Foundation
import GRDB

extension MediaShelf {
    /// Makes sure that what was kept is still there; call it in the transaction that writes the rows.
    ///
    /// An erasure takes a file off the shelf when no row names it, under the same lock: so either the row comes first
    /// and the file stays, or the file went first and this says so.
    ///
    /// - throws: ``QueueError/busy(_:)`` where a file has gone.
    func confirm(_ media: [IncomingItem.Medium]) throws {
        var status = stat()
        for medium in media where medium.original == nil {
            guard stat(Self.path(of: medium.sha256.hex, in: folder), &status) == 0 else {
                throw QueueError.busy(
                    "An erasure took a media file away meanwhile: ingest again, what is there already stays as it is.")
            }
        }
    }

    /// Takes a file off the shelf, and what crashes left of copying it.
    func remove(_ sha256: Data) throws {
        let path = Self.path(of: sha256.hex, in: folder)
        let subfolder = (path as NSString).deletingLastPathComponent
        let names = (try? FileManager.default.contentsOfDirectory(atPath: subfolder)) ?? []
        for name in names where name.hasSuffix(".partial") {
            let partial = "\(subfolder)/\(name)"
            // Somebody else may be copying other content right now.
            if Self.isBeginning(partial, of: path) { unlink(partial) }
        }
        if unlink(path) == 0 {
            unsettled.insert(subfolder)
        } else if errno != ENOENT {
            throw QueueError.failed(
                "Cannot delete a media file in \(Visible.text(folder, limit: 400)): \(systemError()). Mend that, then "
                    + "run reviewtui erase --finish.")
        }
    }

    private static func isBeginning(_ partial: String, of path: String) -> Bool {
        guard let start = FileHandle(forReadingAtPath: partial), let whole = FileHandle(forReadingAtPath: path) else {
            return false
        }
        defer {
            try? start.close()
            try? whole.close()
        }
        var isEmpty = true
        while let piece = try? start.read(upToCount: 1 << 18), !piece.isEmpty {
            guard let other = try? whole.read(upToCount: piece.count), other == piece else { return false }
            isEmpty = false
        }
        return !isEmpty
    }
}
