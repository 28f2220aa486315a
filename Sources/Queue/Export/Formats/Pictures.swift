import Crypto
import Foundation
import GRDB

/// A picture of an item with its bytes, as it may leave.
struct Picture {
    /// Which of the item's media.
    var index: Int
    var medium: SnapshotRow.Medium
    /// `png`, `jpg` …, by its first bytes: what a source calls a file says nothing.
    var kind: String
    var bytes: [UInt8]
}

/// Gives the pictures of rows to the formats that carry them.
///
/// A row goes with all of its media or not at all: a label without what it was given for would teach the wrong thing.
/// What an item in the restricted queue shows as well never leaves, nor what looks like it.
final class Pictures {
    private let restricted: RestrictedMedia
    private var missing = 0
    private var withheld = 0
    private var otherKinds = 0

    init(restricted: RestrictedMedia) { self.restricted = restricted }

    /// All media of a row; nil where one of them cannot leave as a picture.
    func all(of row: SnapshotRow) -> [Picture]? {
        var pictures: [Picture] = []
        for (index, medium) in row.media.enumerated() {
            if restricted.holds(medium) {
                withheld += 1
                return nil
            }
            guard let bytes = Self.bytes(of: medium) else {
                missing += 1
                return nil
            }
            guard let kind = Self.kind(of: bytes) else {
                otherKinds += 1
                return nil
            }
            pictures.append(Picture(index: index, medium: medium, kind: kind, bytes: bytes))
        }
        return pictures
    }

    var leftOut: [LeftOut] {
        [
            LeftOut(
                name: "left_out_restricted_media",
                what: "rows with a picture that a restricted item shows as well, or one that looks like it",
                count: withheld),
            LeftOut(
                name: "left_out_missing_media", what: "rows with a file that is gone or was changed since",
                count: missing),
            LeftOut(name: "left_out_other_media", what: "rows with a file that is no picture", count: otherKinds),
        ]
    }

    /// The bytes that were ingested; nil where the file has gone, or holds others now (`--link`).
    private static func bytes(of medium: SnapshotRow.Medium) -> [UInt8]? {
        guard let file = FileHandle(forReadingAtPath: medium.storedPath) else { return nil }
        defer { try? file.close() }
        guard let bytes = try? file.read(upToCount: Int(medium.byteCount) + 1),
            SHA256.hash(data: bytes).hex == medium.sha256
        else { return nil }
        return Array(bytes)
    }

    private static func kind(of bytes: [UInt8]) -> String? {
        func starts(_ magic: [UInt8], at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: magic) }
        if starts([0x89] + Array("PNG\r\n\u{1A}\n".utf8)) { return "png" }
        if starts([0xFF, 0xD8, 0xFF]) { return "jpg" }
        if starts(Array("GIF8".utf8)) { return "gif" }
        if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) { return "webp" }
        if starts(Array("BM".utf8)) { return "bmp" }
        if starts([0x49, 0x49, 0x2A, 0]) || starts([0x4D, 0x4D, 0, 0x2A]) { return "tiff" }
        return nil
    }
}

/// The files of restricted items, by content and by look.
struct RestrictedMedia {
    private var contents: Set<String> = []
    private var looks = HashIndex()

    init(of store: QueueStore) throws {
        let rows = try store.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT m.sha256, l.hash, l.turns, l.quality FROM work w JOIN media m ON m.item = w.item
                        LEFT JOIN likeness l ON l.item = m.item AND l.position = m.position
                    WHERE w.queue = \(QueueCode.restricted)
                    """)
        }
        for row in rows {
            contents.insert((row["sha256"] as Data).hex)
            guard (row["quality"] as Int?) ?? 0 >= Likeness.leastQuality else { continue }
            for hash in LikenessIndex.hashes(row["hash"]) + LikenessIndex.hashes(row["turns"]) { looks.append(hash) }
        }
    }

    /// Whether no restricted item shows anything.
    var isEmpty: Bool { contents.isEmpty }

    func holds(_ medium: SnapshotRow.Medium) -> Bool { holds(sha256: medium.sha256, pdq: medium.pdq) }

    /// - parameters:
    ///   - sha256: Of the file, 64 hex digits.
    ///   - pdq: Of the picture, 64 hex digits; nil where there is none.
    func holds(sha256: String, pdq: String?) -> Bool {
        if contents.contains(sha256) { return true }
        guard let hash = pdq.flatMap(PerceptualHash.init(hex:)) else { return false }
        return !looks.matches(of: hash, within: PerceptualHash.matchDistance).isEmpty
    }
}

extension PerceptualHash {
    /// - parameter hex: 64 digits.
    fileprivate init?(hex: String) {
        let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue.map(UInt8.init) }
        guard digits.count == 2 * Self.byteCount else { return nil }
        self.init(bytes: stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
    }
}
