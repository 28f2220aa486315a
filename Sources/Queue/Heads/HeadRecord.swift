import Crypto
import Foundation
import GRDB

/// What a row of `head` is.
public enum HeadKind: String, Sendable {
    /// Directions, with a calibration each where they have one.
    case head
    /// Calibrations and thresholds for directions of other heads, fitted after them.
    case calibration
}

/// A head, or a calibration, to be recorded. Recording it scores nothing: see ``QueueStore/adopt(_:policies:by:because:)``.
public struct HeadDraft: Sendable, Hashable {
    public var kind: HeadKind
    /// Letters, digits, `.`, `_` and `-`; the same as in the document where that has one.
    public var name: String
    /// `name@version` of the model whose embeddings it projects.
    public var model: String
    /// SHA-256 of the weights it was fitted on, 64 hex digits.
    public var weights: String
    public var policies: [PolicyID]
    /// The document, byte for byte as a file of it would be.
    public var body: String
    /// Figures and the rows they were worked out on, for people: a JSON object.
    public var facts: JSONValue
    /// ``TrainingExtent/lastDecision`` of the rows it was fitted on; nil for one that came from outside.
    public var lastDecision: Int64?
    /// Who proposes it.
    public var by: String

    public init(
        kind: HeadKind = .head, name: String, model: String, weights: String, policies: [PolicyID], body: String,
        facts: JSONValue = [:], lastDecision: Int64? = nil, by: String
    ) {
        self.kind = kind
        self.name = name
        self.model = model
        self.weights = weights
        self.policies = policies
        self.body = body
        self.facts = facts
        self.lastDecision = lastDecision
        self.by = by
    }

    /// Name and the first twelve hex digits of the SHA-256 of the document: what scores name.
    public var id: String { "\(name)@\(SHA256.hash(data: Data(body.utf8)).hex.prefix(12))" }

    /// - throws: ``QueueError/usage(_:)``.
    func check(against taxonomy: Taxonomy) throws {
        let isPlain = name.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
        }
        guard isPlain, (1...100).contains(name.utf8.count), name != Self.reservedName else {
            throw QueueError.usage(
                """
                "\(Visible.text(name))" is no name for a head: use 1 to 100 letters, digits, dots, dashes and underscores \
                (\(Self.reservedName) stands for policies in their own words).
                """)
        }
        guard weights.utf8.count == 64, Data(hex: weights[...]) != nil else {
            throw QueueError.usage("A head names the SHA-256 of its model's weights: 64 hex digits.")
        }
        guard !model.isEmpty, model.utf8.count <= 200, !body.utf8.contains(0), body.utf8.count <= Self.mostBytes,
            case .object = facts
        else {
            throw QueueError.usage(
                "A head names its model, is of at most \(Self.mostBytes / 1_000_000) MB of text, and its facts are an object."
            )
        }
        guard !policies.isEmpty, Set(policies).count == policies.count else {
            throw QueueError.usage("A head is for one policy or more, each named once.")
        }
        if let unknown = policies.first(where: { taxonomy[$0] == nil }) {
            throw QueueError.usage(
                """
                The head is for "\(Visible.text(unknown.rawValue))", which is no policy here: reviewtui policy list shows \
                those there are.
                """)
        }
    }

    /// Scores of policies in their own words name it.
    static let reservedName = "zero-shot"
    private static let mostBytes = 64_000_000
}

/// A head, or a calibration, as it was recorded. Nothing of it ever changes.
public struct HeadRecord: Sendable, Hashable {
    public var id: String
    public var kind: HeadKind
    public var model: String
    public var weights: String
    public var policies: [PolicyID]
    public var facts: JSONValue
    /// The last row of the record that it may have been fitted on; nil where it came from outside.
    public var lastDecision: Int64?
    public var createdAt: Timestamp
    public var by: String
    /// The policies that it scores now, in the order of their ids.
    public var inUse: [PolicyID]

    /// What `head list --json` prints.
    public var json: JSONValue {
        [
            "id": .string(id), "kind": .string(kind.rawValue), "model": .string(model),
            "weights_sha256": .string(weights), "policies": .array(policies.map { .string($0.rawValue) }),
            "in_use": .array(inUse.map { .string($0.rawValue) }), "facts": facts,
            "last_decision": .optional(lastDecision), "created_at": .string(createdAt.rfc3339), "by": .string(by),
        ]
    }
}

/// A row of `head` as it is stored, and the text that its event commits to.
struct HeadRow {
    var id: String
    var kind: String
    var model: String
    var weights: String
    var policies: String
    var body: String
    var facts: String
    var lastDecision: Int64?
    var createdAt: Int64
    var by: String

    init(_ draft: HeadDraft, at time: Timestamp) {
        id = draft.id
        kind = draft.kind.rawValue
        model = draft.model
        weights = draft.weights.lowercased()
        policies = JSONValue.array(draft.policies.map { .string($0.rawValue) }).text
        body = draft.body
        facts = draft.facts.canonicalText
        lastDecision = draft.lastDecision
        createdAt = time.milliseconds
        by = draft.by
    }

    /// Columns for ``init(_:)``. Texts as blobs: read as C strings, what was put behind a NUL would not be seen.
    static let columns = """
        CAST(id AS BLOB), CAST(kind AS BLOB), CAST(model AS BLOB), CAST(weights AS BLOB), CAST(policies AS BLOB),
        CAST(body AS BLOB), CAST(facts AS BLOB), last_decision, created_at, CAST(created_by AS BLOB)
        """

    init(_ row: Row) {
        func text(_ column: Int) -> String { String(decoding: row[column] as Data, as: UTF8.self) }
        id = text(0)
        kind = text(1)
        model = text(2)
        weights = text(3)
        policies = text(4)
        body = text(5)
        facts = text(6)
        lastDecision = row[7]
        createdAt = row[8]
        by = text(9)
    }

    /// SHA-256 of every column that says something, hex: what the event holds. None is about an item, so no key is needed.
    var digest: String {
        let value: JSONValue = [
            "id": .string(id), "kind": .string(kind), "model": .string(model), "weights": .string(weights),
            "policies": .string(policies), "body": .string(body), "facts": .string(facts),
            "last_decision": .optional(lastDecision), "created_at": .integer(createdAt), "by": .string(by),
        ]
        return SHA256.hash(data: Data(value.canonicalText.utf8)).hex
    }

    /// Nil for a kind that this version does not know.
    func record(inUse: [PolicyID]) -> HeadRecord? {
        HeadKind(rawValue: kind).map { kind in
            HeadRecord(
                id: id, kind: kind, model: model, weights: weights, policies: PolicyID.list(policies),
                facts: (try? JSONValue(parsing: facts)) ?? [:], lastDecision: lastDecision,
                createdAt: Timestamp(milliseconds: createdAt), by: by, inUse: inUse)
        }
    }
}
