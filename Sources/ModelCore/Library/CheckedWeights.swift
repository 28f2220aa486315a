import Crypto
import Foundation
import Synchronization

/// Remembers the SHA-256 of large files, so that they are read in full only once.
///
/// A file counts as unchanged while device, inode, size and its times of modification and change (nanoseconds) are. A
/// program cannot set the last of these, so this guards against damage, mix-ups and a file that was written to behind
/// our back; not against somebody who is root, sets the clock, or can write to the cache file itself.
final class CheckedWeights: Sendable {
    private let file: String?
    private let known: Mutex<[String: String]>

    /// - Parameter file: JSON kept between runs; nil keeps nothing.
    init(file: String?) {
        self.file = file
        let data = file.flatMap { try? Data(contentsOf: URL(fileURLWithPath: $0)) }
        let read = data.flatMap { try? JSONDecoder().decode([String: String].self, from: $0) } ?? [:]
        // Keys of another form come from versions that looked at less.
        known = Mutex(read.filter { $0.key.hasPrefix(Self.form) })
    }

    /// 64 hex digits.
    ///
    /// - Parameter anew: reads the file whatever is remembered.
    /// - Throws: ``WeightsError/unreadable(path:reason:)`` or ``WeightsError/changed(path:)``.
    func sha256(of opened: OpenedFile, anew: Bool = false) throws(WeightsError) -> String {
        let key = Self.key(opened.identity)
        if !anew, let hash = known.withLock({ $0[key] }) { return hash }
        let hash = try Self.hash(opened)
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

    /// What stands for a checkpoint's weights in recipes, heads and scores: the SHA-256 of the file, or, of shards,
    /// that of what `sha256sum` prints for the index and its shards: `sha256sum NAME.index.json SHARD… | sha256sum`.
    ///
    /// - Throws: as ``sha256(of:anew:)-(OpenedFile,_)``.
    func sha256(of weights: WeightFiles, anew: Bool = false) throws(WeightsError) -> String {
        guard weights.index != nil, !weights.all.isEmpty else {
            return try sha256(of: weights.tensorFiles[0], anew: anew)
        }
        var hasher = SHA256()
        for opened in weights.all {
            let line = try sha256(of: opened, anew: anew) + "  " + opened.name + "\n"
            hasher.update(data: Array(line.utf8))
        }
        return hasher.finalize().hex
    }

    private static let form = "2|"

    private static func key(_ identity: FileIdentity) -> String {
        form + "\(identity.device)|\(identity.inode)|\(identity.byteCount)|\(identity.modified)|\(identity.changed)"
    }

    private static func hash(_ opened: OpenedFile) throws(WeightsError) -> String {
        var hasher = SHA256()
        try opened.eachChunk { hasher.update(bufferPointer: $0) }
        return hasher.finalize().hex
    }
}

extension Digest {
    /// Lower-case hex digits.
    var hex: String { map { String(format: "%02x", $0) }.joined() }
}
