import Crypto
import Foundation
import GRDB

/// Which items have the same text, but for what normalisation takes away.
///
/// Keys are made behind ingestion, a page of items at a time, like the full-text index.
enum TextKey {
    /// A text in the form in which twins are compared: folded as for searching (NFKC, case, invisible characters), every
    /// run of white space one space, none at the ends. nil where nothing is left.
    static func normalised(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { normalisedASCII($0) } ?? normalisedScalars(text)
    }

    /// The same for plain ASCII, which most texts are, without looking every character up; nil where these are not, and
    /// where nothing is left.
    private static func normalisedASCII(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var words: [UInt8] = []
        words.reserveCapacity(text.count)
        var isBetween = false
        for byte in text {
            switch byte {
            case 0x09...0x0D, 0x20: isBetween = !words.isEmpty
            case 0, 0x80...: return nil
            default:
                if isBetween { words.append(0x20) }
                isBetween = false
                words.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
            }
        }
        return words.isEmpty ? nil : words
    }

    private static func normalisedScalars(_ text: String) -> [UInt8]? {
        var words: [UInt8] = []
        var isBetween = false
        for scalar in String(decoding: FoldedText.fold(text), as: UTF8.self).unicodeScalars {
            if scalar.properties.isWhitespace {
                isBetween = !words.isEmpty
                continue
            }
            if isBetween { words.append(0x20) }
            isBetween = false
            words.append(contentsOf: scalar.utf8)
        }
        return words.isEmpty ? nil : words
    }

    static func key(ofNormalised text: [UInt8]) -> Int64 {
        SHA256.hash(data: text).prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }

    /// Keeps the key of an item's present text, in place of an earlier one.
    static func put(item: Int64, text: String?, in db: Database) throws {
        guard let text = text.flatMap(normalised) else {
            try db.cachedStatement(sql: "DELETE FROM text_key WHERE item = ?").execute(arguments: [item])
            return
        }
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO text_key VALUES (?, ?)")
            .execute(arguments: [item, key(ofNormalised: text)])
    }

    /// Makes the keys of the next items in the caller's transaction.
    ///
    /// - returns: How many items were looked at; 0 when all have theirs.
    static func extend(in db: Database, limit: Int) throws -> Int {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT seq, CAST(text AS BLOB) FROM item WHERE seq > ? ORDER BY seq LIMIT ?"),
            arguments: [until(db), limit])
        for row in rows {
            let text: Data? = row[1]
            guard let text else { continue }
            try put(item: row[0], text: String(decoding: text, as: UTF8.self), in: db)
        }
        if let last: Int64 = rows.last?[0] {
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO setting VALUES ('twins_until', ?)")
                .execute(arguments: [last])
        }
        return rows.count
    }

    static func isBehind(_ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM item WHERE seq > ?)"), arguments: [until(db)])
            ?? false
    }

    private static func until(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT value FROM setting WHERE name = 'twins_until'")) ?? 0
    }
}
