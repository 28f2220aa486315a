import Foundation

/// Every image and video beneath a folder, in the order of their paths. Links and hidden files are passed over.
struct FolderItems: RawItems {
    private let files: [Result<String, Refusal>]
    private var index = 0
    let ignored: Int

    static let extensions: Set<String> = [
        "png", "jpg", "jpeg", "jpe", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "mp4", "m4v", "mov", "webm",
        "mkv", "avi",
    ]

    init(path: String) throws {
        var walk = Walk(root: path)
        try walk.visit("")
        files = walk.files
        ignored = walk.ignored
    }

    var bytesRead: Int64 { 0 }
    var totalBytes: Int64? { nil }

    mutating func next() -> RawItem? {
        guard index < files.count else { return nil }
        index += 1
        let file = files[index - 1]
        let input = (try? file.get()).map { Array($0.utf8) } ?? []
        return RawItem(
            line: index, input: input,
            content: RawItem.Content(file.map { path in ["id": .string(path), "media": [["path": .string(path)]]] }))
    }

    private struct Walk {
        let root: String
        var files: [Result<String, Refusal>] = []
        var ignored = 0

        mutating func visit(_ relative: String) throws {
            guard let folder = opendir(relative.isEmpty ? root : "\(root)/\(relative)") else {
                if relative.isEmpty {
                    throw QueueError.failed(
                        "Cannot read the folder \(Visible.text(root, limit: 400)): \(systemError()).")
                }
                files.append(.failure(Refusal("the folder \(Visible.text(relative)) cannot be read")))
                return
            }
            defer { closedir(folder) }
            var entries: [(name: String, kind: UInt8)] = []
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
                guard name.first != UInt8(ascii: ".") else { continue }
                guard let text = String(validating: name, as: UTF8.self) else {
                    let shown = Visible.text(String(decoding: name, as: UTF8.self))
                    files.append(.failure(Refusal("the file name \(shown) is not UTF-8: rename it")))
                    continue
                }
                entries.append((text, entry.pointee.d_type))
            }
            for (name, kind) in entries.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
                let path = relative.isEmpty ? name : "\(relative)/\(name)"
                switch try self.kind(of: path, hint: kind) {
                case S_IFDIR: try visit(path)
                case S_IFREG where FolderItems.extensions.contains((name as NSString).pathExtension.lowercased()):
                    files.append(.success(path))
                default: ignored += 1
                }
            }
        }

        /// Some file systems leave the kind out of their directories.
        private func kind(of path: String, hint: UInt8) throws -> mode_t {
            switch Int(hint) {
            case Int(DT_DIR): return S_IFDIR
            case Int(DT_REG): return S_IFREG
            case Int(DT_UNKNOWN):
                var status = stat()
                return lstat("\(root)/\(path)", &status) == 0 ? status.st_mode & S_IFMT : 0
            default: return 0
            }
        }
    }
}
