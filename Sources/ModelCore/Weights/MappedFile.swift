import Foundation

/// Files in memory, one after another, read-only and shared with every other process that maps them, with optional
/// bytes of our own behind.
///
/// The room behind the files is what lets a network's small constants (axes, shapes, scalars) lie in the same buffer as
/// its weights, which OpenVINO's IR demands, without copying the weights. For the same reason the shards of one
/// checkpoint lie in one buffer: each starts on a page of its own.
///
/// Trap: a file that is cut short while it is mapped kills the process with SIGBUS on the next read, and one that is
/// written to changes under the reader. ``changedFile`` says so afterwards; what else holds is in
/// docs/model-trust.md.
public final class MappedFile: @unchecked Sendable {
    // @unchecked: the pages are written only in `init`.
    private let base: UnsafeMutableRawPointer
    private let mappedByteCount: Int
    private let files: [OpenedFile]

    /// Where each file lies, in bytes from the start.
    let ranges: [Range<Int>]
    /// Where the bytes behind the files start: the end of the last one rounded up to whole pages.
    public let tailOffset: Int

    /// Maps a file and puts `tail` behind it.
    ///
    /// - Throws: ``WeightsError/unreadable(path:reason:)``.
    public convenience init(path: String, tail: [UInt8] = []) throws(WeightsError) {
        try self.init([try OpenedFile(path: path)], tail: tail)
    }

    /// - Parameter files: at least one, in the order in which they are to lie.
    init(_ files: [OpenedFile], tail: [UInt8] = []) throws(WeightsError) {
        self.files = files
        var ranges: [Range<Int>] = []
        var end = 0
        for file in files {
            let start = Self.wholePages(end)
            let (sum, overflow) = start.addingReportingOverflow(file.byteCount)
            guard !overflow else { throw .unreadable(path: file.path, reason: "larger than memory can be") }
            end = sum
            ranges.append(start..<end)
        }
        self.ranges = ranges
        tailOffset = Self.wholePages(end)
        mappedByteCount = max(tailOffset + tail.count, Self.pageSize)

        // Reserve everything first, then lay the files over the start, so that the tail is adjacent whatever the
        // kernel's idea of a good address.
        let path = files.first?.path ?? ""
        let reserved = mmap(nil, mappedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let reserved, reserved != MAP_FAILED else {
            throw .unreadable(path: path, reason: OpenedFile.lastReason)
        }
        for (file, range) in zip(files, ranges) where !range.isEmpty {
            let laid = mmap(
                reserved + range.lowerBound, range.count, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.descriptor, 0)
            guard laid != MAP_FAILED else {
                let reason = OpenedFile.lastReason
                munmap(reserved, mappedByteCount)
                throw .unreadable(path: file.path, reason: reason)
            }
        }
        base = reserved
        let room = UnsafeMutableRawBufferPointer(start: reserved + tailOffset, count: tail.count)
        tail.withUnsafeBytes { room.copyMemory(from: $0) }
    }

    deinit { munmap(base, mappedByteCount) }

    /// The same files, not opened anew, with other bytes behind.
    func mapped(tail: [UInt8]) throws(WeightsError) -> MappedFile { try MappedFile(files, tail: tail) }

    /// The same files with bytes of our own behind them as one file more, so that networks share them.
    ///
    /// - Returns: and where those bytes start.
    func followed(by bytes: [UInt8]) throws(WeightsError) -> (file: MappedFile, start: Int) {
        let file = try MappedFile(files + [try OpenedFile(holding: bytes)])
        return (file, file.ranges[files.count].lowerBound)
    }

    /// Everything mapped: the files, zeros up to ``tailOffset``, the tail. Valid as long as this object lives.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: mappedByteCount) }

    /// The bytes of one file.
    func bytes(ofFile index: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[ranges[index]]) }

    /// The path of a file that was written to or cut short since it was opened; nil where all are as they were. What
    /// was computed from a changed file is worth nothing.
    public var changedFile: String? { files.first { !$0.isUnchanged }?.path }

    private static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    private static func wholePages(_ byteCount: Int) -> Int { (byteCount + pageSize - 1) / pageSize * pageSize }
}
