import Foundation
import GRDB

/// One row of the record: a verdict, or an undo of one.
public struct DecisionRecord: Sendable, Hashable {
    public var decision: String
    public var item: ItemID
    /// Nil for an undo.
    public var verdict: Verdict?
    public var policies: [PolicyID]
    public var labels: [PolicyID: Label]
    public var severity: Int?
    public var note: String?
    public var reviewer: String
    public var decidedAt: Timestamp
    public var durationMilliseconds: Int64?
    /// The scores that stood when the verdict fell.
    public var scores: [Score]
    public var shownExplanation: DecisionDraft.ShownExplanation?
    public var rationales: [Rationale] = []
    public var firstCall: DecisionDraft.FirstCall?
    /// Set where the verdict fell on a whole group at once.
    public var group: GroupMark?
    /// Set where the claim had been drawn uniformly: the share of claims so drawn.
    public var sampledWithProbability: Double?
    /// Set where a mining had chosen the item for this verdict, and it was not drawn uniformly.
    public var mined: MiningStrategy?
    /// The statement of reasons of a restriction, in the attributes of the DSA Transparency Database.
    public var statement: JSONValue?
    /// The id of the row about the same item that this one takes the place of.
    public var supersedes: String?
    /// Which verdict on the item it is.
    public var review: Review
    /// Whether nothing has superseded it. An undo never stands for a verdict, so this is false for one.
    public var isStanding: Bool
    /// Hash of its audit event, 64 hex digits.
    public var hash: String
}

/// Which verdict on an item a decision is.
public enum Review: String, Sendable {
    /// The one that every item gets.
    case first
    /// By another reviewer who did not know the first.
    case second
    /// Where the first two disagree: it stands.
    case third
    /// On an appeal.
    case appeal
    /// On an item with a known answer: it measures the reviewer and does not stand for the item.
    case gold
    /// On an item that somebody handed on.
    case escalated

    init(_ round: ReviewRound) {
        switch round {
        case .first: self = .first
        case .second: self = .second
        case .third: self = .third
        case .appeal: self = .appeal
        case .gold: self = .gold
        case .escalated: self = .escalated
        }
    }
}

/// A row of `decision` as it is stored, and the text that its audit event commits to.
struct DecisionRow {
    var id: String
    var item: Int64
    var itemID: String
    var itemDigest: Data
    var reviewer: String
    var decidedAt: Int64
    var verdict: String?
    var policies: String = "[]"
    var labels: String = "{}"
    var severity: Int?
    var note: String?
    var duration: Int64?
    var scores: String = "[]"
    var shown: String = "{}"
    var sampled: Double?
    var taxonomy: Int64
    var supersedes: Int64?
    /// Null in the database for the first verdict, as in rows that were written when there was no other.
    var review = ReviewRound.first
    /// The statement of reasons, canonical; nil where the verdict restricts nothing, and in rows from before there were
    /// any.
    var statement: String?
    /// The strategy of a mining that had chosen the item for this verdict.
    var mined: String?

    /// Every column that says something, canonical: what the event's HMAC covers.
    var canonicalText: String {
        let value: JSONValue = [
            "id": .string(id), "item": .string(itemID), "item_digest": .string(itemDigest.hex),
            "reviewer": .string(reviewer), "decided_at": .integer(decidedAt), "verdict": .optional(verdict),
            "policies": .string(policies), "labels": .string(labels), "severity": .optional(severity),
            "note": .optional(note), "duration_ms": .optional(duration), "scores": .string(scores),
            "shown": .string(shown), "sampled": .optional(sampled), "taxonomy": .integer(taxonomy),
            "supersedes": .optional(supersedes),
        ]
        guard case .object(var members) = value else { return value.canonicalText }
        // Only where they say something: the chain of a queue from before them must hold as it was written.
        if review != .first { members.append(JSONMember("review", .integer(Int64(review.rawValue)))) }
        if let statement { members.append(JSONMember("statement", .string(statement))) }
        if let mined { members.append(JSONMember("mined", .string(mined))) }
        return JSONValue.object(members).canonicalText
    }

    /// Writes the row with its event in the caller's transaction.
    func record(in db: Database, at time: Timestamp) throws -> (seq: Int64, hash: Data) {
        guard let key = try AuditChain.key(ofItem: item, in: db) else {
            throw QueueError.failed("The item was erased: there is nothing to decide any more.")
        }
        let commitment = AuditChain.commitment(to: canonicalText, key: key)
        let event = try AuditChain.append(
            kind: verdict == nil ? "undo" : "decision",
            body: ["commitment": .string(commitment.hex), "decision": .string(id)], in: db, at: time)
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO decision (id, item, item_digest, reviewer, decided_at, verdict, policies, labels, severity,
                    note, duration_ms, scores, shown, sampled, taxonomy, supersedes, event, review, statement,
                    mined)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            id, item, itemDigest, reviewer, decidedAt, verdict, policies, labels, severity, note, duration, scores,
            shown, sampled, taxonomy, supersedes, event.seq, review == .first ? nil : review.rawValue,
            self.statement, mined,
        ])
        return (db.lastInsertedRowID, event.hash)
    }

    /// Columns for ``init(_:)``, of `decision d JOIN item i`.
    static let columns = """
        d.id, d.item, i.id AS item_id, d.item_digest, d.reviewer, d.decided_at, d.verdict, d.policies, d.labels,
        d.severity, d.note, d.duration_ms, d.scores, d.shown, d.sampled, d.taxonomy, d.supersedes,
        d.review, d.statement, d.mined
        """
}

extension DecisionRow {
    init(_ row: Row) {
        id = row["id"]
        item = row["item"]
        itemID = row["item_id"]
        itemDigest = row["item_digest"]
        reviewer = row["reviewer"]
        decidedAt = row["decided_at"]
        verdict = row["verdict"]
        policies = row["policies"]
        labels = row["labels"]
        severity = row["severity"]
        note = row["note"]
        duration = row["duration_ms"]
        scores = row["scores"]
        shown = row["shown"]
        sampled = row["sampled"]
        taxonomy = row["taxonomy"]
        supersedes = row["supersedes"]
        review = (row["review"] as Int?).flatMap(ReviewRound.init) ?? .first
        statement = row["statement"]
        mined = row["mined"]
    }

    func decoded(supersedes: String?, isStanding: Bool, hash: Data) -> DecisionRecord {
        let shown = try? JSONValue(parsing: shown)
        let explanation = shown?["explanation"]
        return DecisionRecord(
            decision: id, item: ItemID(itemID), verdict: verdict.flatMap(Verdict.init), policies: decodedPolicies,
            labels: decodedLabels, severity: severity, note: note, reviewer: reviewer,
            decidedAt: Timestamp(milliseconds: decidedAt), durationMilliseconds: duration, scores: decodedScores,
            shownExplanation: explanation.flatMap { explanation in
                explanation["method"]?.string.map { method in
                    DecisionDraft.ShownExplanation(
                        method: method, policy: explanation["policy"]?.string.map { PolicyID($0) },
                        confirmed: explanation["confirmed"].flatMap { $0 == .null ? nil : $0 == .bool(true) })
                }
            },
            rationales: (shown?["rationales"]?.array ?? []).compactMap { try? Rationale($0) },
            firstCall: shown?["first_call"].flatMap(DecisionDraft.FirstCall.init),
            group: shown?["group"].flatMap(GroupMark.init), sampledWithProbability: sampled,
            mined: mined.flatMap(MiningStrategy.init), statement: statement.flatMap { try? JSONValue(parsing: $0) },
            supersedes: supersedes,
            review: Review(review),
            isStanding: isStanding, hash: hash.hex)
    }

    private var decodedPolicies: [PolicyID] { PolicyID.list(policies) }

    private var decodedLabels: [PolicyID: Label] { Self.labels(labels) }

    private var decodedScores: [Score] { Self.scores(scores) }

    /// From the column's text.
    static func labels(_ labels: String) -> [PolicyID: Label] {
        guard case .object(let members)? = try? JSONValue(parsing: labels) else { return [:] }
        var decoded: [PolicyID: Label] = [:]
        for member in members {
            guard let origin = member.value["origin"]?.string.flatMap(LabelOrigin.init) else { continue }
            decoded[PolicyID(member.key)] = Label(isViolation: member.value["value"] == .integer(1), origin: origin)
        }
        return decoded
    }

    /// From the column's text.
    static func scores(_ scores: String) -> [Score] {
        ((try? JSONValue(parsing: scores))?.array ?? []).map { score in
            Score(
                model: score["model"]?.string ?? "", policy: PolicyID(score["policy"]?.string ?? ""),
                value: score["score"]?.double ?? 0, threshold: score["threshold"]?.double,
                provenance: Score.Provenance(in: score))
        }
    }
}

extension DecisionDraft.FirstCall {
    init?(_ json: JSONValue) {
        guard let verdict = json["verdict"]?.string.flatMap(Verdict.init) else { return nil }
        self.init(
            verdict: verdict, policies: Set((json["policies"]?.array ?? []).compactMap(\.string).map { PolicyID($0) }))
    }
}

/// A ULID: 48 bits of milliseconds and 80 random ones in Crockford's base 32, so that ids sort by time.
enum ULID {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    static func fresh(at time: Timestamp) -> String {
        var generator = SystemRandomNumberGenerator()
        var digits: [UInt8] = []
        for shift in stride(from: 45, through: 0, by: -5) {
            digits.append(alphabet[Int(time.milliseconds >> shift & 31)])
        }
        for word in [generator.next(), generator.next()] as [UInt64] {
            for shift in stride(from: 35, through: 0, by: -5) { digits.append(alphabet[Int(word >> shift & 31)]) }
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
