/// A tar archive in the USTAR format (IEEE Std 1003.1-1990): regular files of nobody, from 1970, so that equal content gives
/// equal bytes.
final class TarShard {
    private let file: SnapshotFile

    init(_ file: SnapshotFile) { self.file = file }

    var byteCount: Int64 { file.byteCount }

    /// - parameter name: At most 100 bytes.
    func add(_ name: String, _ bytes: [UInt8]) throws {
        try file.append(Self.header(name, count: bytes.count))
        try file.append(bytes)
        let rest = bytes.count % 512
        if rest > 0 { try file.append([UInt8](repeating: 0, count: 512 - rest)) }
    }

    /// - parameter rows: Samples in it.
    func finish(rows: Int) throws -> SnapshotEntry {
        try file.append([UInt8](repeating: 0, count: 1024))
        return try file.finish(rows: rows)
    }

    private static func header(_ name: String, count: Int) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
        }
        func octal(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, at: 0)
        put(octal(0o644, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(count, 11), at: 124)
        put(octal(0, 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar\u{0}00", at: 257)
        // Of all bytes, the sum's own field as spaces.
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", at: 148)
        return header
    }
}
