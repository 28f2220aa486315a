import Crypto
import Foundation
import Synchronization

/// Remembers the SHA-256 of large files, so that they are read in full only once.
///
/// A file counts as unchanged while path, size, modification time (nanoseconds) and inode are. This guards against
/// damage and mix-ups, not against somebody who can write to the store and set times.
final class CheckedWeights: Sendable {
    private let file: String?
    private let known: Mutex<[String: String]>

    /// - Parameter file: JSON kept between runs; nil keeps nothing.
    init(file: String?) {
        self.file = file
        let data = file.flatMap { try? Data(contentsOf: URL(fileURLWithPath: $0)) }
        known = Mutex(data.flatMap { try? JSONDecoder().decode([String: String].self, from: $0) } ?? [:])
    }

    /// 64 hex digits, or nil where the file cannot be read.
    func sha256(of path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let modified = status.st_mtim
        let key = "\(path)|\(status.st_size)|\(modified.tv_sec).\(modified.tv_nsec)|\(status.st_ino)"
        if let hash = known.withLock({ $0[key] }) { return hash }
        guard let mapped = try? MappedFile(path: path) else { return nil }
        let digest = SHA256.hash(data: mapped.bytes.prefix(mapped.fileByteCount))
        let hash = digest.map { String(format: "%02x", $0) }.joined()
        known.withLock { known in
            known[key] = hash
            guard let file, let data = try? JSONEncoder().encode(known) else { return }
            let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
            // Without the memory the next run hashes again; nothing else depends on it.
            try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try? data.write(to: URL(fileURLWithPath: file), options: .atomic)
        }
        return hash
    }
}
