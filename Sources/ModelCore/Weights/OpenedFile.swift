import Foundation

/// What tells one state of a file from another without reading it.
///
/// The change time is part of it: a program can set a file's modification time back, but not the time of that change.
struct FileIdentity: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
    let byteCount: Int
    /// Nanoseconds since 1970 UTC.
    let modified: Int
    /// Nanoseconds since 1970 UTC of the last change to content, permissions or links.
    let changed: Int

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        byteCount = Int(status.st_size)
        modified = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        changed = status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec
    }
}

/// A regular file held open for reading, so that whatever is hashed, checked and mapped is one and the same file,
/// whoever renames what at its path meanwhile.
final class OpenedFile: Sendable {
    let path: String
    let descriptor: Int32
    /// As it was when it was opened.
    let identity: FileIdentity

    /// - Throws: ``WeightsError/unreadable(path:reason:)``.
    init(path: String) throws(WeightsError) {
        // Not blocking: the name may be that of a pipe.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: Self.lastReason) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable(path: path, reason: "not a regular file")
        }
        self.path = path
        self.descriptor = descriptor
        identity = FileIdentity(status)
    }

    /// A file without a name that is gone with this object.
    ///
    /// - Throws: ``WeightsError/unreadable(path:reason:)`` where the temporary folder has no room.
    init(holding bytes: [UInt8]) throws(WeightsError) {
        path = NSTemporaryDirectory() + "/reviewtui-tensors"
        var name = Array((path + ".XXXXXX").utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: Self.lastReason) }
        unlink(name)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = Self.lastReason
                close(descriptor)
                throw .unreadable(path: path, reason: reason)
            }
            rest = rest.dropFirst(count)
        }
        var status = stat()
        fstat(descriptor, &status)
        self.descriptor = descriptor
        identity = FileIdentity(status)
    }

    deinit { close(descriptor) }

    var byteCount: Int { identity.byteCount }
    /// The last part of the path.
    var name: String { (path as NSString).lastPathComponent }

    /// Whether nobody has written to the file or cut it short since it was opened. Renaming, linking and unlinking
    /// leave the content alone and do not count.
    var isUnchanged: Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        let now = FileIdentity(status)
        return now.byteCount == identity.byteCount && now.modified == identity.modified
    }

    /// Reads the whole file in order. Not through a mapping, which a file cut short meanwhile would turn into a crash.
    ///
    /// - Throws: ``WeightsError/unreadable(path:reason:)``; ``WeightsError/changed(path:)`` where somebody wrote to the
    ///   file meanwhile; and what `body` throws.
    func eachChunk(_ body: (UnsafeRawBufferPointer) throws(WeightsError) -> Void) throws(WeightsError) {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { chunk.deallocate() }
        var offset = 0
        while offset < byteCount {
            let count = pread(descriptor, chunk.baseAddress, min(chunk.count, byteCount - offset), off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path: path, reason: Self.lastReason) }
            guard count > 0 else { throw .changed(path: path) }
            try body(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
            offset += count
        }
        guard isUnchanged else { throw .changed(path: path) }
    }

    static var lastReason: String { String(cString: strerror(errno)) }
}
