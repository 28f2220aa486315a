import Foundation

/// Opens files beneath one folder and nowhere else: an ingest file must not be able to export `/etc`.
///
/// Every component is opened relative to the one before it and none may be a symbolic link, so what was checked is what
/// is read, whatever is renamed meanwhile.
final class Beneath {
    /// The folder, absolute.
    let folder: String
    private let descriptor: Int32

    /// - throws: ``QueueError/notFound(_:)`` where there is no such folder.
    init(folder: String) throws {
        self.folder = QueueStore.absolute(folder)
        descriptor = Foundation.open(self.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw QueueError.notFound("Cannot read the folder \(Visible.text(folder, limit: 400)): \(systemError()).")
        }
    }

    deinit { close(descriptor) }

    /// Opens a regular file for reading; the caller closes the descriptor.
    ///
    /// - returns: The descriptor and the file's size in bytes, which is not 0.
    func open(_ path: String) throws(Refusal) -> (descriptor: Int32, size: Int64) {
        let shown = Visible.text(path, limit: 200)
        guard !path.isEmpty, path.utf8.count <= 4096, !path.utf8.contains(0) else {
            throw Refusal("\"\(shown)\" is no usable path")
        }
        // Bytes, not Characters: a slash with a combining mark after it is one Character that is no slash to Swift, and
        // is one to the system.
        guard path.utf8.first != UInt8(ascii: "/") else {
            throw Refusal("\(shown) is outside the folder of the items: paths must be relative to it")
        }
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
            .filter { $0 != "." }
        guard !parts.contains("..") else { throw Refusal("\(shown) leads outside the folder of the items") }
        guard let last = parts.last else { throw Refusal("\(shown) is a directory, not a file") }

        var current = descriptor
        defer { if current != descriptor { close(current) } }
        for part in parts.dropLast() {
            let next = openat(current, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else { throw refusal(shown, part: part, in: current) }
            if current != descriptor { close(current) }
            current = next
        }
        // Without O_NONBLOCK, a pipe that nobody writes to would hold the ingestion for ever.
        let file = openat(current, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else { throw refusal(shown, part: last, in: current) }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            close(file)
            throw Refusal("\(shown) cannot be read: \(systemError())")
        }
        if let reason = Self.fault(of: status) {
            close(file)
            throw Refusal("\(shown) \(reason)")
        }
        return (file, Int64(status.st_size))
    }

    private static func fault(of status: stat) -> String? {
        switch status.st_mode & S_IFMT {
        case S_IFDIR: "is a directory, not a file"
        case S_IFREG: status.st_size == 0 ? "is empty" : nil
        default: "is not a regular file but a pipe, a socket or a device"
        }
    }

    private func refusal(_ shown: String, part: String, in folder: Int32) -> Refusal {
        let error = errno
        var status = stat()
        let isLink =
            fstatat(folder, part, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFLNK
        if isLink { return Refusal("\(shown) goes through a symbolic link, which is not followed") }
        switch error {
        case ENOENT: return Refusal("\(shown) is not there")
        case ENOTDIR: return Refusal("\(shown) is not there: \(Visible.text(part)) is not a folder")
        case ENXIO: return Refusal("\(shown) is not a regular file but a pipe, a socket or a device")
        default: return Refusal("\(shown) cannot be read: \(String(cString: strerror(error)))")
        }
    }
}
