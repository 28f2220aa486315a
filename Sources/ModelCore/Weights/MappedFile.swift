import Foundation

/// A file in memory, read-only and shared with every other process that maps it, with optional bytes of our own behind.
///
/// The room behind the file is what lets a network's small constants (axes, shapes, scalars) lie in the same buffer as
/// its weights, which OpenVINO's IR demands, without copying the weights.
///
/// Trap: a file that is cut short while it is mapped kills the process with SIGBUS on the next read. Model files are
/// replaced by renaming, never rewritten in place.
public final class MappedFile: @unchecked Sendable {
    // @unchecked: the pages are written only in `init`.
    private let base: UnsafeMutableRawPointer
    private let mappedByteCount: Int

    /// Size of the file in bytes.
    public let fileByteCount: Int
    /// Where the bytes behind the file start: the file's size rounded up to whole pages.
    public let tailOffset: Int

    /// Maps a file and puts `tail` behind it.
    ///
    /// - Throws: ``WeightsError/unreadable(path:reason:)``.
    public init(path: String, tail: [UInt8] = []) throws(WeightsError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: Self.lastReason) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, reason: Self.lastReason) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path: path, reason: "not a regular file") }

        fileByteCount = Int(status.st_size)
        tailOffset = Self.tailOffset(behind: fileByteCount)
        mappedByteCount = max(tailOffset + tail.count, Self.pageSize)

        // Reserve everything first, then lay the file over the start, so that the tail is adjacent whatever the
        // kernel's idea of a good address.
        let reserved = mmap(nil, mappedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let reserved, reserved != MAP_FAILED else { throw .unreadable(path: path, reason: Self.lastReason) }
        if fileByteCount > 0 {
            let laid = mmap(reserved, fileByteCount, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0)
            guard laid != MAP_FAILED else {
                let reason = Self.lastReason
                munmap(reserved, mappedByteCount)
                throw .unreadable(path: path, reason: reason)
            }
        }
        base = reserved
        let room = UnsafeMutableRawBufferPointer(start: reserved + tailOffset, count: tail.count)
        tail.withUnsafeBytes { room.copyMemory(from: $0) }
    }

    deinit { munmap(base, mappedByteCount) }

    /// Where the tail would start behind a file of this size.
    static func tailOffset(behind fileByteCount: Int) -> Int { (fileByteCount + pageSize - 1) / pageSize * pageSize }

    /// Everything mapped: the file, zeros up to ``tailOffset``, the tail. Valid as long as this object lives.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: mappedByteCount) }

    private static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    private static var lastReason: String { String(cString: strerror(errno)) }
}
