import Crypto
import Foundation

/// Writes standing decisions as lines of JSON.
///
/// A line is written straight from SQLite's memory: a tree of values for each costs several times the reading.
struct SnapshotLines {
    private let code: KeyedHash
    private(set) var rows = 0
    private(set) var splits = ["train": 0, "validation": 0, "test": 0]
    private var writer = JSONWriter()
    private var pseudonyms: [String: String] = [:]
    private var day = (number: Int64.min, text: "")

    /// - parameter key: Keys pseudonyms and splits.
    init(key: SymmetricKey) {
        code = key.withUnsafeBytes { KeyedHash(key: $0) }
    }

    /// Numbers of the columns that ``SnapshotReader`` selects.
    private enum Column {
        static let item: Int32 = 0, id: Int32 = 1, text: Int32 = 2, language: Int32 = 3, verdict: Int32 = 4
        static let policies: Int32 = 5, labels: Int32 = 6, severity: Int32 = 7, note: Int32 = 8, reviewer: Int32 = 9
        static let decidedAt: Int32 = 10, duration: Int32 = 11, sampled: Int32 = 12, scores: Int32 = 13
        static let shown: Int32 = 14, decision: Int32 = 15, hash: Int32 = 16, supersedes: Int32 = 17
    }

    /// The lines of all rows that a statement gives; `media` gives path, SHA-256 and PDQ hash (null where nobody has looked
    /// at it, or nothing could be made of it) of the item it is bound to.
    mutating func page(of decisions: PreparedStatement, _ media: PreparedStatement) throws -> [UInt8] {
        writer.removeAll()
        while try decisions.next() {
            media.bind(1, decisions.integer(Column.item))
            try append(decisions, media)
        }
        return writer.bytes
    }

    private mutating func append(_ row: PreparedStatement, _ media: PreparedStatement) throws {
        writer.append(raw: "{\"id\":")
        writer.append(utf8: row.bytes(Column.id))
        append(",\"text\":", text: Column.text, of: row)
        append(",\"lang\":", text: Column.language, of: row)
        writer.append(raw: ",\"media\":[")
        var content: [UInt8]?
        while try media.next() {
            if content != nil { writer.append(raw: ",") }
            let sha256 = media.bytes(1).hex
            writer.append(raw: "{\"path\":")
            writer.append(utf8: media.bytes(0))
            writer.append(raw: ",\"sha256\":\"\(sha256)\",\"pdq\":")
            writer.append(raw: media.isNull(2) ? "null}" : "\"\(media.bytes(2).hex)\"}")
            content = content ?? Array(sha256.utf8)
        }
        append("],\"verdict\":", text: Column.verdict, of: row)
        // What is stored as JSON was written by the same writer.
        writer.append(raw: ",\"policies\":")
        writer.append(raw: row.bytes(Column.policies))
        writer.append(raw: ",\"labels\":")
        writer.append(raw: row.bytes(Column.labels))
        append(",\"severity\":", integer: Column.severity, of: row)
        append(",\"note\":", text: Column.note, of: row)
        writer.append(raw: ",\"reviewer\":\"")
        writer.append(raw: pseudonym(of: String(decoding: row.bytes(Column.reviewer), as: UTF8.self)))
        writer.append(raw: "\",\"decided_at\":\"")
        append(time: row.integer(Column.decidedAt))
        append("\",\"duration_ms\":", integer: Column.duration, of: row)
        let split =
            content.map { $0.withUnsafeBufferPointer { self.split(of: $0) } }
            ?? self.split(of: row.bytes(row.isNull(Column.text) ? Column.id : Column.text))
        splits[split, default: 0] += 1
        rows += 1
        writer.append(raw: ",\"split\":\"")
        writer.append(raw: split)
        writer.append(raw: row.isNull(Column.sampled) ? "\",\"sampled\":null" : "\",\"sampled\":")
        if !row.isNull(Column.sampled) { writer.append(.number(row.double(Column.sampled))) }
        writer.append(raw: ",\"scores\":")
        writer.append(raw: row.bytes(Column.scores))
        writer.append(raw: ",\"explanation\":")
        append(explanation: row.bytes(Column.shown))
        append(",\"decision\":", text: Column.decision, of: row)
        append(",\"supersedes\":", text: Column.supersedes, of: row)
        writer.append(raw: ",\"hash\":\"")
        writer.append(hex: row.bytes(Column.hash))
        writer.append(raw: "\"}\n")
    }

    private mutating func append(_ head: String, text column: Int32, of row: PreparedStatement) {
        writer.append(raw: head)
        if row.isNull(column) { writer.append(raw: "null") } else { writer.append(utf8: row.bytes(column)) }
    }

    private mutating func append(_ head: String, integer column: Int32, of row: PreparedStatement) {
        writer.append(raw: head)
        writer.append(raw: row.isNull(column) ? "null" : String(row.integer(column)))
    }

    /// What `decision.shown` says of the explanation, and behind it the rationales, the first call of a blind-first review and
    /// the group that the verdict fell on; most verdicts fall without any.
    private mutating func append(explanation shown: UnsafeBufferPointer<UInt8>) {
        let none = "],\"explanation\":null}".utf8
        if shown.count >= none.count, shown[(shown.count - none.count)...].elementsEqual(none) {
            return writer.append(raw: "{\"shown\":false,\"method\":null,\"confirmed\":null}")
        }
        let shown = try? JSONValue(parsing: Array(shown))
        let explanation = shown?["explanation"]
        let method = explanation?["method"]?.string
        var confirmed: JSONValue = .null
        if method != nil, let answer = explanation?["confirmed"], answer != .null {
            confirmed = .bool(answer == .bool(true))
        }
        writer.append(["shown": .bool(method != nil), "method": .optional(method), "confirmed": confirmed])
        for name in ["rationales", "first_call", "group"] {
            guard let said = shown?[name], said != .null else { continue }
            writer.append(raw: ",\"\(name)\":")
            writer.append(said)
        }
    }

    /// RFC 3339 in UTC; the date is worked out once a day.
    private mutating func append(time milliseconds: Int64) {
        let number = milliseconds >= 0 ? milliseconds / 86_400_000 : -1
        guard number >= 0 else { return writer.append(raw: Timestamp(milliseconds: milliseconds).rfc3339) }
        if day.number != number {
            day = (number, String(Timestamp(milliseconds: number * 86_400_000).rfc3339.prefix { $0 != "T" }))
        }
        writer.append(raw: day.text)
        let rest = milliseconds % 86_400_000
        writer.append(raw: "T")
        writer.append(twoDigits: rest / 3_600_000)
        writer.append(raw: ":")
        writer.append(twoDigits: rest / 60_000 % 60)
        writer.append(raw: ":")
        writer.append(twoDigits: rest / 1000 % 60)
        let fraction = rest % 1000
        if fraction > 0 {
            writer.append(raw: ".")
            writer.append(raw: String(fraction / 100))
            writer.append(twoDigits: fraction % 100)
        }
        writer.append(raw: "Z")
    }

    /// The same for one reviewer in every snapshot of this queue, and in no other queue.
    private mutating func pseudonym(of reviewer: String) -> String {
        if let known = pseudonyms[reviewer] { return known }
        let digest = code.code { $0.update(data: Data("reviewer\0\(reviewer)".utf8)) }
        let pseudonym = "r-\(digest.prefix(4).hex)"
        pseudonyms[reviewer] = pseudonym
        return pseudonym
    }

    /// Eight tenths train, one validation, one test. What decides is the content (the first medium's SHA-256, or else
    /// the text), so that two posts of one picture (or of one text) never stand on both sides.
    private mutating func split(of content: UnsafeBufferPointer<UInt8>) -> String {
        let digest = code.code { hash in
            Self.splitHead.withUnsafeBytes { hash.update(bufferPointer: $0) }
            hash.update(bufferPointer: UnsafeRawBufferPointer(content))
        }
        let number = digest.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self).bigEndian }
        let draw = Double(number) / 4_294_967_296
        return draw < 0.8 ? "train" : draw < 0.9 ? "validation" : "test"
    }

    private static let splitHead = Array("split\0".utf8)
}
