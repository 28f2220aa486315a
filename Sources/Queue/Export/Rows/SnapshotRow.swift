import Crypto
import Foundation

/// A standing decision with its item, as every format but JSONL writes it.
struct SnapshotRow: Sendable {
    struct Medium: Sendable, Hashable {
        /// As the source wrote it: hostile, and nothing that can be opened.
        var path: String
        /// 64 hex digits.
        var sha256: String
        /// 64 hex digits, whatever the picture's quality; nil where nobody has looked at it, or nothing could be made of it.
        var pdq: String?
        var byteCount: Int64
        /// Where the bytes are now.
        var storedPath: String
    }

    struct ScoreCell: Sendable {
        var model: String
        var policy: PolicyID
        var value: Double
    }

    var decision: String
    var id: String
    var text: String?
    var language: String?
    var source: String?
    var media: [Medium]
    var verdict: Verdict
    var policies: [PolicyID]
    var labels: [StoredLabel]
    /// By everybody who judged the item; of a single reviewer, that one's labels.
    var softLabels: [Judgements.SoftLabel]
    /// How many judged the item without knowing each other's verdict.
    var reviewers: Int
    /// Nil where that is one.
    var agreement: Double?
    var severity: Int64?
    var note: String?
    /// A pseudonym.
    var reviewer: String
    /// Milliseconds since 1970 UTC.
    var decidedAt: Int64
    var duration: Int64?
    var split: Split?
    /// The share of uniform draws; nil where the item came otherwise.
    var sampled: Double?
    /// The strategy of a mining that chose the item; nil where it came otherwise.
    var mined: MiningStrategy?
    var review: Review
    var scores: [ScoreCell]
    /// The method of the explanation that was on the screen.
    var explanation: String?
    var isConfirmed: Bool?
    var rationales: [Rationale]
    var firstCall: DecisionDraft.FirstCall?
    /// Set where the verdict fell on a group of items at once.
    var group: GroupMark?
    var supersedes: String?
    /// Hash of the audit event, 64 hex digits.
    var hash: String
    /// By the model that was asked for; empty where none was, or it has not looked at the item.
    var embedding: [Float]
}

/// Makes rows of what ``SnapshotReader`` selects.
struct SnapshotRows: SnapshotPageMaker {
    /// Those of the number of the model in the queue, where its embeddings are wanted.
    let embedder: Int64?
    var furtherColumns: String {
        ", i.source"
            + (embedder.map {
                """
                , (SELECT vector FROM embedding e WHERE e.item = d.item AND e.model = \($0) ORDER BY e.position LIMIT 1)
                """
            } ?? "")
    }
    static let mediaQuery = """
        SELECT m.path, m.sha256, m.byte_count, m.original, l.hash
        FROM media m LEFT JOIN likeness l ON l.item = m.item AND l.position = m.position
        WHERE m.item = ? ORDER BY m.position
        """

    private let pseudonyms: Pseudonyms
    private let shared: SharedJudgements
    private let leastAgreement: Double?
    private let mediaFolder: String
    private(set) var counts = SnapshotCounts()

    init(
        pseudonyms: Pseudonyms, shared: SharedJudgements, leastAgreement: Double?, mediaFolder: String,
        embedder: Int64? = nil
    ) {
        self.embedder = embedder
        self.pseudonyms = pseudonyms
        self.shared = shared
        self.leastAgreement = leastAgreement
        self.mediaFolder = mediaFolder
    }

    mutating func page(of decisions: PreparedStatement, _ media: PreparedStatement) throws -> [SnapshotRow] {
        var rows: [SnapshotRow] = []
        while try decisions.next() {
            let judgements = shared.ofItem[decisions.integer(DecisionColumn.item)]
            let agreement = judgements?.agreement(
                of: decisions.bytes(DecisionColumn.verdict), decisions.bytes(DecisionColumn.policies))
            guard agreement ?? 1 >= leastAgreement ?? 0 else {
                counts.disputed += 1
                continue
            }
            media.bind(1, decisions.integer(DecisionColumn.item))
            guard var row = SnapshotRow(decisions, pseudonyms: pseudonyms) else { continue }
            if embedder != nil, !decisions.isNull(DecisionColumn.further + 1) {
                row.embedding = StoredRelevance.vector(Data(decisions.bytes(DecisionColumn.further + 1)))
            }
            while try media.next() { row.media.append(SnapshotRow.Medium(media, in: mediaFolder)) }
            if let judgements {
                (row.softLabels, row.reviewers, row.agreement) = (
                    judgements.softLabels, judgements.reviewers, agreement
                )
            }
            counts.add(
                verdict: decisions.bytes(DecisionColumn.verdict), labels: decisions.bytes(DecisionColumn.labels),
                split: row.split, sampling: row.sampling, isShared: judgements != nil)
            rows.append(row)
        }
        return rows
    }
}

/// Names for reviewers: the same for one in every snapshot of this queue, and in no other queue.
struct Pseudonyms: Sendable {
    private let code: KeyedHash

    init(key: SymmetricKey) { code = key.withUnsafeBytes { KeyedHash(key: $0) } }

    func name(of reviewer: String) -> String {
        "r-\(code.code { $0.update(data: Data("reviewer\0\(reviewer)".utf8)) }.prefix(4).hex)"
    }
}

extension SnapshotRow {
    /// Media are still to be read. Nil for a row that holds no verdict.
    fileprivate init?(_ row: PreparedStatement, pseudonyms: Pseudonyms) {
        func text(_ column: Int32) -> String { String(decoding: row.bytes(column), as: UTF8.self) }
        func optional(_ column: Int32) -> String? { row.isNull(column) ? nil : text(column) }
        func integer(_ column: Int32) -> Int64? { row.isNull(column) ? nil : row.integer(column) }
        guard let verdict = Verdict(rawValue: text(DecisionColumn.verdict)) else { return nil }
        let shown = try? JSONValue(parsing: Array(row.bytes(DecisionColumn.shown)))
        let explanation = shown?["explanation"]
        let scores = (try? JSONValue(parsing: Array(row.bytes(DecisionColumn.scores))))?.array ?? []
        let labels = StoredLabel.list(text(DecisionColumn.labels))
        decision = text(DecisionColumn.decision)
        id = text(DecisionColumn.id)
        self.text = optional(DecisionColumn.text)
        language = optional(DecisionColumn.language)
        source = optional(DecisionColumn.further)
        media = []
        self.verdict = verdict
        policies = PolicyID.list(text(DecisionColumn.policies))
        self.labels = labels
        softLabels = labels.map { Judgements.SoftLabel(policy: $0.policy, fraction: $0.isViolation ? 1 : 0, count: 1) }
        reviewers = 1
        severity = integer(DecisionColumn.severity)
        note = optional(DecisionColumn.note)
        reviewer = pseudonyms.name(of: text(DecisionColumn.reviewer))
        decidedAt = row.integer(DecisionColumn.decidedAt)
        duration = integer(DecisionColumn.duration)
        split = integer(DecisionColumn.split).flatMap { Split(rawValue: Int($0)) }
        sampled = row.isNull(DecisionColumn.sampled) ? nil : row.double(DecisionColumn.sampled)
        mined = optional(DecisionColumn.mined).flatMap(MiningStrategy.init)
        review = integer(DecisionColumn.review).flatMap { ReviewRound(rawValue: Int($0)) }.map { Review($0) } ?? .first
        self.scores = scores.map { score in
            ScoreCell(
                model: score["model"]?.string ?? "", policy: PolicyID(score["policy"]?.string ?? ""),
                value: score["score"]?.double ?? 0)
        }
        self.explanation = explanation?["method"]?.string
        isConfirmed = explanation?["confirmed"].flatMap { $0 == .null ? nil : $0 == .bool(true) }
        rationales = (shown?["rationales"]?.array ?? []).compactMap { try? Rationale($0) }
        firstCall = shown?["first_call"].flatMap { DecisionDraft.FirstCall($0) }
        group = shown?["group"].flatMap { GroupMark($0) }
        supersedes = optional(DecisionColumn.supersedes)
        hash = row.bytes(DecisionColumn.hash).hex
        embedding = []
    }
}

extension SnapshotRow.Medium {
    fileprivate init(_ media: PreparedStatement, in folder: String) {
        path = String(decoding: media.bytes(0), as: UTF8.self)
        sha256 = media.bytes(1).hex
        byteCount = media.integer(2)
        storedPath =
            media.isNull(3)
            ? MediaShelf.path(of: sha256, in: folder) : String(decoding: media.bytes(3), as: UTF8.self)
        pdq = media.isNull(4) ? nil : media.bytes(4).hex
    }
}
