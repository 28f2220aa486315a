import Crypto
import Foundation
import GRDB

/// Reads standing decisions by key and writes them as lines.
///
/// A line is written straight from SQLite's memory: a tree of values for each costs several times the reading.
struct Snapshot {
    let lastEvent: Int64
    let filter: ExportFilter?
    private(set) var rows = 0
    private(set) var splits = ["train": 0, "validation": 0, "test": 0]
    private let code: HMAC<SHA256>
    private var lastSeq: Int64 = 0
    private var writer = JSONWriter()
    private var pseudonyms: [String: String] = [:]
    private var day = (number: Int64.min, text: "")

    /// A page takes milliseconds: without WAL a writer waits that long for it.
    private static let pageSize = 1000

    /// - parameter key: Keys pseudonyms and splits.
    init(lastEvent: Int64, filter: ExportFilter?, key: SymmetricKey) {
        self.lastEvent = lastEvent
        self.filter = filter
        code = HMAC<SHA256>(key: key)
    }

    // MARK: - Reading

    /// Standing as of `lastEvent`: an undo that came later is as if it had not been. Where it has let the content be
    /// replaced as well, the verdict no longer belongs to what is there.
    private static let standing = """
        d.verdict IS NOT NULL AND d.event <= ?
        AND NOT EXISTS (SELECT 1 FROM decision later WHERE later.supersedes = d.seq AND later.event <= ?)
        """

    private var chosen: String { filter.map { "AND (\($0.sql))" } ?? "" }

    /// Numbers of the page's columns.
    private enum Column {
        static let seq: Int32 = 0, item: Int32 = 1, id: Int32 = 2, text: Int32 = 3, language: Int32 = 4
        static let verdict: Int32 = 5, policies: Int32 = 6, labels: Int32 = 7, severity: Int32 = 8, note: Int32 = 9
        static let reviewer: Int32 = 10, decidedAt: Int32 = 11, duration: Int32 = 12, sampled: Int32 = 13
        static let scores: Int32 = 14, shown: Int32 = 15, decision: Int32 = 16, hash: Int32 = 17
        static let supersedes: Int32 = 18
    }

    /// False after the last page.
    mutating func readPage(in db: Database) throws -> Bool {
        let page = try PreparedStatement(
            """
            SELECT d.seq, d.item, i.id, i.text, i.language, d.verdict, d.policies, d.labels, d.severity, d.note,
                d.reviewer, d.decided_at, d.duration_ms, d.sampled, d.scores, d.shown, d.id, e.hash,
                CASE WHEN d.supersedes IS NULL THEN NULL ELSE
                    (SELECT CASE WHEN earlier.verdict IS NULL
                                 THEN (SELECT id FROM decision WHERE seq = earlier.supersedes) ELSE earlier.id END
                     FROM decision earlier WHERE earlier.seq = d.supersedes) END
            FROM decision d CROSS JOIN item i ON i.seq = d.item CROSS JOIN work w ON w.item = d.item
                CROSS JOIN audit_event e ON e.seq = d.event
            WHERE d.seq > ? AND w.queue = 0 AND d.item_digest = i.digest AND \(Self.standing) \(chosen)
            ORDER BY d.seq LIMIT \(Self.pageSize)
            """, arguments: [lastSeq, lastEvent, lastEvent] + (filter?.arguments ?? []), in: db)
        let media = try PreparedStatement("SELECT path, sha256 FROM media WHERE item = ? ORDER BY position", in: db)
        var count = 0
        while try page.next() {
            count += 1
            lastSeq = page.integer(Column.seq)
            media.bind(1, page.integer(Column.item))
            try append(page, media)
        }
        return count == Self.pageSize
    }

    mutating func takeLines() -> [UInt8] {
        defer { writer.removeAll() }
        return writer.bytes
    }

    func restrictedCount(in db: Database) throws -> Int {
        try Int.fetchOne(
            db,
            sql: """
                SELECT count(*) FROM work w INDEXED BY work_decided CROSS JOIN item i ON i.seq = w.item
                    CROSS JOIN decision d ON d.item = w.item
                WHERE w.queue <> 0 AND w.state = 2 AND \(Self.standing) \(chosen)
                """, arguments: [lastEvent, lastEvent] + (filter?.arguments ?? [])) ?? 0
    }

    // MARK: - Writing

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
            writer.append(raw: ",\"sha256\":\"\(sha256)\",\"pdq\":null}")
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

    /// What `decision.shown` says of the explanation; most verdicts fall without one.
    private mutating func append(explanation shown: UnsafeBufferPointer<UInt8>) {
        let none = "\"explanation\":null}".utf8
        if shown.count >= none.count, shown[(shown.count - none.count)...].elementsEqual(none) {
            return writer.append(raw: "{\"shown\":false,\"method\":null,\"confirmed\":null}")
        }
        let explanation = (try? JSONValue(parsing: Array(shown)))?["explanation"]
        let method = explanation?["method"]?.string
        var confirmed: JSONValue = .null
        if method != nil, let answer = explanation?["confirmed"], answer != .null {
            confirmed = .bool(answer == .bool(true))
        }
        writer.append(["shown": .bool(method != nil), "method": .optional(method), "confirmed": confirmed])
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
        var code = code
        code.update(data: Data("reviewer\0\(reviewer)".utf8))
        let pseudonym = "r-\(code.finalize().prefix(4).hex)"
        pseudonyms[reviewer] = pseudonym
        return pseudonym
    }

    /// Eight tenths train, one validation, one test. What decides is the content (the first medium's SHA-256, or else
    /// the text), so that two posts of one picture (or of one text) never stand on both sides.
    private func split(of content: UnsafeBufferPointer<UInt8>) -> String {
        var code = code
        code.update(data: Self.splitHead)
        code.update(data: UnsafeRawBufferPointer(content))
        let number = code.finalize().withUnsafeBytes { $0.loadUnaligned(as: UInt32.self).bigEndian }
        let draw = Double(number) / 4_294_967_296
        return draw < 0.8 ? "train" : draw < 0.9 ? "validation" : "test"
    }

    private static let splitHead = Data("split\0".utf8)
}
