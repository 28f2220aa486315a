import Crypto
import Foundation

/// Writes standing decisions as lines of JSON.
///
/// A line is written straight from SQLite's memory: a tree of values for each costs several times the reading.
struct SnapshotLines {
    private let known: Pseudonyms
    private let shared: SharedJudgements
    private let leastAgreement: Double?
    private(set) var counts = SnapshotCounts()
    private var writer = JSONWriter()
    private var pseudonyms: [String: String] = [:]
    private var day = (number: Int64.min, text: "")

    /// - parameter key: Keys pseudonyms.
    /// - parameter shared: What is known of items that several reviewers judged.
    /// - parameter leastAgreement: Leaves out rows of such items on which fewer agree.
    init(key: SymmetricKey, shared: SharedJudgements, leastAgreement: Double?) {
        known = Pseudonyms(key: key)
        self.shared = shared
        self.leastAgreement = leastAgreement
    }

    /// The lines of all rows that a statement gives; `media` gives path, SHA-256 and PDQ hash (null where nobody has looked
    /// at it, or nothing could be made of it) of the item it is bound to.
    mutating func page(of decisions: PreparedStatement, _ media: PreparedStatement) throws -> [UInt8] {
        writer.removeAll()
        while try decisions.next() {
            media.bind(1, decisions.integer(DecisionColumn.item))
            try append(decisions, media)
        }
        return writer.bytes
    }

    private mutating func append(_ row: PreparedStatement, _ media: PreparedStatement) throws {
        var judged: (judgements: Judgements, agreement: Double)?
        if let judgements = shared.ofItem[row.integer(DecisionColumn.item)] {
            let agreement = judgements.agreement(
                of: row.bytes(DecisionColumn.verdict), row.bytes(DecisionColumn.policies))
            guard agreement >= leastAgreement ?? 0 else {
                counts.disputed += 1
                return
            }
            judged = (judgements, agreement)
        }
        let sampling = Sampling(row)
        let split = row.isNull(DecisionColumn.split) ? nil : Split(rawValue: Int(row.integer(DecisionColumn.split)))
        counts.add(
            verdict: row.bytes(DecisionColumn.verdict), labels: row.bytes(DecisionColumn.labels), split: split,
            sampling: sampling, isShared: judged != nil)
        writer.append(raw: "{\"id\":")
        writer.append(utf8: row.bytes(DecisionColumn.id))
        append(",\"text\":", text: DecisionColumn.text, of: row)
        append(",\"lang\":", text: DecisionColumn.language, of: row)
        writer.append(raw: ",\"media\":[")
        var isFirst = true
        while try media.next() {
            writer.append(raw: isFirst ? "{\"path\":" : ",{\"path\":")
            isFirst = false
            writer.append(utf8: media.bytes(0))
            writer.append(raw: ",\"sha256\":\"")
            writer.append(hex: media.bytes(1))
            writer.append(raw: "\",\"pdq\":")
            writer.append(raw: media.isNull(2) ? "null}" : "\"\(media.bytes(2).hex)\"}")
        }
        append("],\"verdict\":", text: DecisionColumn.verdict, of: row)
        // What is stored as JSON was written by the same writer.
        writer.append(raw: ",\"policies\":")
        writer.append(raw: row.bytes(DecisionColumn.policies))
        writer.append(raw: ",\"labels\":")
        writer.append(raw: row.bytes(DecisionColumn.labels))
        append(",\"severity\":", integer: DecisionColumn.severity, of: row)
        append(",\"note\":", text: DecisionColumn.note, of: row)
        writer.append(raw: ",\"reviewer\":\"")
        writer.append(raw: pseudonym(of: String(decoding: row.bytes(DecisionColumn.reviewer), as: UTF8.self)))
        writer.append(raw: "\",\"decided_at\":\"")
        append(time: row.integer(DecisionColumn.decidedAt))
        append("\",\"duration_ms\":", integer: DecisionColumn.duration, of: row)
        writer.append(raw: split.map(Self.splitMember) ?? ",\"split\":null")
        switch sampling {
        case .rank: writer.append(raw: ",\"sampled\":null,\"sampling\":\"rank\"")
        case .mined(let strategy):
            writer.append(raw: ",\"sampled\":null,\"sampling\":\"mined\",\"mined\":\"\(strategy.rawValue)\"")
        case .uniform:
            writer.append(raw: ",\"sampled\":")
            writer.append(.number(row.double(DecisionColumn.sampled)))
            writer.append(raw: ",\"sampling\":\"uniform\"")
        }
        writer.append(
            raw: Self.reviewMember(row.isNull(DecisionColumn.review) ? 0 : row.integer(DecisionColumn.review)))
        writer.append(raw: ",\"scores\":")
        writer.append(raw: row.bytes(DecisionColumn.scores))
        writer.append(raw: ",\"explanation\":")
        append(explanation: row.bytes(DecisionColumn.shown))
        if let judged { append(judged.judgements, judged.agreement) }
        append(",\"decision\":", text: DecisionColumn.decision, of: row)
        append(",\"supersedes\":", text: DecisionColumn.supersedes, of: row)
        writer.append(raw: ",\"hash\":\"")
        writer.append(hex: row.bytes(DecisionColumn.hash))
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

    private mutating func pseudonym(of reviewer: String) -> String {
        if let known = pseudonyms[reviewer] { return known }
        let pseudonym = known.name(of: reviewer)
        pseudonyms[reviewer] = pseudonym
        return pseudonym
    }

    /// Only where several reviewers judged the item.
    private mutating func append(_ judgements: Judgements, _ agreement: Double) {
        writer.append(raw: ",\"reviewers\":\(judgements.reviewers),\"agreement\":")
        writer.append(.number(agreement))
        writer.append(raw: ",\"soft_labels\":")
        let soft = judgements.softLabels.map { label in
            JSONMember(
                label.policy.rawValue,
                ["fraction": .number(label.fraction), "count": .integer(Int64(label.count))])
        }
        writer.append(.object(soft))
    }

    private static func splitMember(_ split: Split) -> String {
        switch split {
        case .train: ",\"split\":\"train\""
        case .validation: ",\"split\":\"validation\""
        case .test: ",\"split\":\"test\""
        }
    }

    private static func reviewMember(_ round: Int64) -> String {
        if round == 0 { return ",\"review\":\"first\"" }
        let review = ReviewRound(rawValue: Int(round)).map { Review($0).rawValue }
        return ",\"review\":\"\(review ?? "first")\""
    }
}

extension Judgements {
    /// The same with the columns as they are stored.
    func agreement(of verdict: UnsafeBufferPointer<UInt8>, _ policies: UnsafeBufferPointer<UInt8>) -> Double {
        guard let verdict = Verdict(rawValue: String(decoding: verdict, as: UTF8.self)) else { return 0 }
        return agreement(with: verdict, PolicyID.list(String(decoding: policies, as: UTF8.self)))
    }
}

extension SnapshotLines: SnapshotPageMaker {
    var furtherColumns: String { "" }
    static let mediaQuery = """
        SELECT m.path, m.sha256, l.hash FROM media m LEFT JOIN likeness l ON l.item = m.item AND l.position = m.position
        WHERE m.item = ? ORDER BY m.position
        """
}
