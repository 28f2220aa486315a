import Crypto
import Foundation

/// A file that appears under its name only when it is whole and on the disk.
final class SnapshotFile {
    private let name: String
    private let partial: String
    private let path: String
    private let folder: String
    private let file: FileHandle
    private var hash = SHA256()
    private(set) var byteCount: Int64 = 0

    /// - parameter name: May lie in a folder, which is made.
    init(folder: String, name: String) throws {
        self.name = name
        path = "\(folder)/\(name)"
        self.folder = (path as NSString).deletingLastPathComponent
        partial = "\(self.folder)/.\((path as NSString).lastPathComponent).partial"
        if name.utf8.contains(UInt8(ascii: "/")) {
            try FileManager.default.createDirectory(
                atPath: self.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
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

    func append(_ text: String) throws { try append(Array(text.utf8)) }

    func finish() throws -> (sha256: Data, byteCount: Int64) {
        let directory = Foundation.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if directory >= 0 { close(directory) } }
        guard fsync(file.fileDescriptor) == 0, rename(partial, path) == 0, directory >= 0, fsync(directory) == 0 else {
            throw QueueError.failed("Writing into \(Visible.text(folder, limit: 400)) failed: \(systemError()).")
        }
        return (Data(hash.finalize()), byteCount)
    }

    /// - parameter rows: How many it holds, where it holds rows.
    func finish(rows: Int?) throws -> SnapshotEntry {
        let (sha256, byteCount) = try finish()
        return SnapshotEntry(name: name, sha256: sha256, byteCount: byteCount, rows: rows)
    }
}

/// A file of a snapshot, as its manifest names it.
struct SnapshotEntry {
    var name: String
    var sha256: Data
    var byteCount: Int64
    /// Nil where it holds none.
    var rows: Int?

    var json: JSONValue {
        let members = [
            JSONMember("name", .string(name)), JSONMember("sha256", .string(sha256.hex)),
            JSONMember("bytes", .integer(byteCount)),
        ]
        return .object(members + (rows.map { [JSONMember("rows", .optional($0))] } ?? []))
    }

    /// One for all: that of the only file, or of the lines that `sha256sum` would write.
    static func sha256(of files: [SnapshotEntry]) -> Data {
        if files.count == 1 { return files[0].sha256 }
        return Data(SHA256.hash(data: Data(files.map { "\($0.sha256.hex)  \($0.name)\n" }.joined().utf8)))
    }

    static func digest(of bytes: Data) -> Data { Data(SHA256.hash(data: bytes)) }
}
