import Crypto
import Foundation

/// The content-addressed folder beside the database: `ab/cdef…`, named by the SHA-256 of the bytes.
///
/// What is shown, decided and exported lies here, so that nobody can change it under a reviewer. A file is complete and
/// on the disk before a row names it: write with ``keep(_:)``, then ``settle()``, then commit the rows.
final class MediaShelf {
    let folder: String
    /// Folders with new names in them (or without old ones) that are not on the disk yet.
    var unsettled: Set<String> = []

    init(folder: String) { self.folder = folder }

    static func path(of sha256: String, in folder: String) -> String {
        "\(folder)/\(sha256.prefix(2))/\(sha256.dropFirst(2))"
    }

    /// Copies an open file onto the shelf unless it is there, and tells its SHA-256.
    ///
    /// - parameter linking: Only compute the hash.
    func keep(_ descriptor: Int32, size: Int64, linking: Bool) throws -> (sha256: Data, byteCount: Int64) {
        let (digest, byteCount) = try Self.pass(over: descriptor, into: nil)
        if linking { return (digest, byteCount) }
        let path = Self.path(of: digest.hex, in: folder)
        var status = stat()
        if stat(path, &status) == 0, status.st_size == byteCount { return (digest, byteCount) }

        let subfolder = (path as NSString).deletingLastPathComponent
        if stat(subfolder, &status) != 0 {
            try FileManager.default.createDirectory(
                atPath: subfolder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            unsettled.formUnion([folder, (folder as NSString).deletingLastPathComponent])
        }
        let partial = "\(subfolder)/.\(LeaseToken.fresh()).partial"
        let copy = Foundation.open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o400)
        guard copy >= 0 else { throw Self.failure("Cannot write into \(Visible.text(folder, limit: 400))") }
        defer { close(copy) }
        do {
            guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw Self.failure("Cannot read a media file again") }
            let (copied, _) = try Self.pass(over: descriptor, into: copy)
            guard copied == digest else { throw Refusal("the file changed while it was read") }
            guard fsync(copy) == 0, rename(partial, path) == 0 else {
                throw Self.failure("Cannot keep a media file in \(Visible.text(folder, limit: 400))")
            }
        } catch {
            unlink(partial)
            throw error
        }
        unsettled.insert(subfolder)
        return (digest, byteCount)
    }

    /// Waits until the names of all that was kept are on the disk.
    func settle() throws {
        for folder in unsettled {
            let descriptor = Foundation.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Self.failure("Cannot open \(Visible.text(folder, limit: 400))") }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else { throw Self.failure("The disk failed under the media folder") }
        }
        unsettled = []
    }

    /// Reads a descriptor to its end, hashing, and writes what it reads to another where there is one.
    private static func pass(over source: Int32, into target: Int32?) throws -> (digest: Data, byteCount: Int64) {
        var hash = SHA256()
        var total: Int64 = 0
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = piece.withUnsafeMutableBytes { Foundation.read(source, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Refusal("the file cannot be read: \(systemError())") }
            if count == 0 { break }
            hash.update(data: piece[..<count])
            total += Int64(count)
            if let target { try write(piece[..<count], to: target) }
        }
        return (Data(hash.finalize()), total)
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to target: Int32) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(target, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("Cannot write into the media folder") }
            rest = rest.dropFirst(count)
        }
    }

    private static func failure(_ what: String) -> QueueError { .failed("\(what): \(systemError()).") }
}
