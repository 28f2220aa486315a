/// The type of a column's values. Every type but a list has a null.
indirect enum ColumnType: Sendable, Hashable {
    case text, integer, number, flag
    /// A number of 32 bits.
    case single
    /// Milliseconds since 1970 UTC.
    case time
    /// Never null: one without elements is empty.
    case list(ColumnType)

    /// For the manifest: `text`, `list<number>`.
    var name: String {
        switch self {
        case .text: "text"
        case .integer: "integer"
        case .number: "number"
        case .single: "single"
        case .flag: "flag"
        case .time: "time"
        case .list(let element): "list<\(element.name)>"
        }
    }
}

/// A value of a column.
indirect enum ColumnValue: Sendable, Hashable {
    case null
    case text(String)
    case integer(Int64)
    case number(Double)
    case flag(Bool)
    case time(Int64)
    case list([ColumnValue])
    /// A list of ``ColumnType/single``, hundreds in every row.
    case singles([Float])

    static func optional(_ text: String?) -> ColumnValue { text.map { .text($0) } ?? .null }
    static func optional(_ integer: Int64?) -> ColumnValue { integer.map { .integer($0) } ?? .null }
    static func optional(_ number: Double?) -> ColumnValue { number.map { .number($0) } ?? .null }
    static func optional(_ flag: Bool?) -> ColumnValue { flag.map { .flag($0) } ?? .null }
    static func texts(_ texts: some Sequence<String>) -> ColumnValue { .list(texts.map { .text($0) }) }
    static func integers(_ integers: some Sequence<Int>) -> ColumnValue { .list(integers.map { .integer(Int64($0)) }) }
    static func numbers(_ numbers: some Sequence<Double>) -> ColumnValue { .list(numbers.map { .number($0) }) }
    static func flags(_ flags: some Sequence<Bool>) -> ColumnValue { .list(flags.map { .flag($0) }) }
}

/// A column of a snapshot: its name and type, and how a row gives its value.
struct SnapshotColumn: Sendable {
    var name: String
    var type: ColumnType
    /// Whether every row has a value.
    var isRequired = false
    var value: @Sendable (SnapshotRow) -> ColumnValue

    /// For the manifest.
    var json: JSONValue {
        ["name": .string(name), "type": .string(type.name), "nullable": .bool(!isRequired && !type.isList)]
    }
}

extension ColumnType {
    var isList: Bool { if case .list = self { true } else { false } }
}

// MARK: - The columns

extension SnapshotColumn {
    /// What every tabular format writes, in this order. Lists that belong together have the same length: `label_values` at
    /// a place is the label of the policy at that place of `label_policies`.
    static let all: [SnapshotColumn] = decision + labels + review + group + scores + evidence + record

    private static let decision = [
        SnapshotColumn(name: "id", type: .text, isRequired: true) { .text($0.id) },
        SnapshotColumn(name: "text", type: .text) { .optional($0.text) },
        SnapshotColumn(name: "lang", type: .text) { .optional($0.language) },
        SnapshotColumn(name: "source", type: .text) { .optional($0.source) },
        SnapshotColumn(name: "media_paths", type: .list(.text)) { .texts($0.media.map(\.path)) },
        SnapshotColumn(name: "media_sha256", type: .list(.text)) { .texts($0.media.map(\.sha256)) },
        SnapshotColumn(name: "media_pdq", type: .list(.text)) { .list($0.media.map { .optional($0.pdq) }) },
        SnapshotColumn(name: "verdict", type: .text, isRequired: true) { .text($0.verdict.rawValue) },
        SnapshotColumn(name: "policies", type: .list(.text)) { .texts($0.policies.map(\.rawValue)) },
        SnapshotColumn(name: "severity", type: .integer) { .optional($0.severity) },
        SnapshotColumn(name: "split", type: .text) { .optional($0.split?.name) },
        SnapshotColumn(name: "sampling", type: .text, isRequired: true) {
            .text($0.sampling.name)
        },
        SnapshotColumn(name: "sampled", type: .number) { .optional($0.sampled) },
        SnapshotColumn(name: "mined", type: .text) { .optional($0.mined?.rawValue) },
    ]

    private static let labels = [
        SnapshotColumn(name: "label_policies", type: .list(.text)) { .texts($0.labels.map(\.policy.rawValue)) },
        SnapshotColumn(name: "label_values", type: .list(.integer)) {
            .integers($0.labels.map { $0.isViolation ? 1 : 0 })
        },
        SnapshotColumn(name: "label_origins", type: .list(.text)) { .texts($0.labels.map(\.origin.rawValue)) },
        SnapshotColumn(name: "soft_policies", type: .list(.text)) { .texts($0.softLabels.map(\.policy.rawValue)) },
        SnapshotColumn(name: "soft_fractions", type: .list(.number)) { .numbers($0.softLabels.map(\.fraction)) },
        SnapshotColumn(name: "soft_counts", type: .list(.integer)) { .integers($0.softLabels.map(\.count)) },
    ]

    private static let review = [
        SnapshotColumn(name: "reviewer", type: .text, isRequired: true) { .text($0.reviewer) },
        SnapshotColumn(name: "review", type: .text, isRequired: true) { .text($0.review.rawValue) },
        SnapshotColumn(name: "reviewers", type: .integer, isRequired: true) { .integer(Int64($0.reviewers)) },
        SnapshotColumn(name: "agreement", type: .number) { .optional($0.agreement) },
        SnapshotColumn(name: "decided_at", type: .time, isRequired: true) { .time($0.decidedAt) },
        SnapshotColumn(name: "duration_ms", type: .integer) { .optional($0.duration) },
        SnapshotColumn(name: "note", type: .text) { .optional($0.note) },
        SnapshotColumn(name: "first_call_verdict", type: .text) { .optional($0.firstCall?.verdict.rawValue) },
        SnapshotColumn(name: "first_call_policies", type: .list(.text)) {
            .texts(($0.firstCall?.policies ?? []).sorted().map(\.rawValue))
        },
    ]

    private static let group = [
        // A verdict on many at once: all that was seen of a member with a lead is a small picture, or the first words.
        SnapshotColumn(name: "group_size", type: .integer) { .optional($0.group.map { Int64($0.size) }) },
        SnapshotColumn(name: "group_lead", type: .text) { .optional($0.group?.lead) },
    ]

    private static let scores = [
        SnapshotColumn(name: "score_models", type: .list(.text)) { .texts($0.scores.map(\.model)) },
        SnapshotColumn(name: "score_policies", type: .list(.text)) { .texts($0.scores.map(\.policy.rawValue)) },
        SnapshotColumn(name: "score_values", type: .list(.number)) { .numbers($0.scores.map(\.value)) },
    ]

    private static let evidence = [
        SnapshotColumn(name: "explanation_shown", type: .flag, isRequired: true) { .flag($0.explanation != nil) },
        SnapshotColumn(name: "explanation_method", type: .text) { .optional($0.explanation) },
        SnapshotColumn(name: "explanation_confirmed", type: .flag) {
            .optional($0.explanation == nil ? nil : $0.isConfirmed)
        },
        // Words: half-open ranges of Unicode scalars.
        SnapshotColumn(name: "span_policies", type: .list(.text)) {
            .list($0.spans.map { .optional($0.about.policy?.rawValue) })
        },
        SnapshotColumn(name: "span_starts", type: .list(.integer)) { .integers($0.spans.map(\.part.lowerBound)) },
        SnapshotColumn(name: "span_ends", type: .list(.integer)) { .integers($0.spans.map(\.part.upperBound)) },
        SnapshotColumn(name: "span_origins", type: .list(.text)) { .texts($0.spans.map(\.about.origin.rawValue)) },
        SnapshotColumn(name: "span_rejected", type: .list(.flag)) { .flags($0.spans.map(\.about.isRejected)) },
        // Regions: fractions of the picture's width and height.
        SnapshotColumn(name: "box_policies", type: .list(.text)) {
            .list($0.boxes.map { .optional($0.about.policy?.rawValue) })
        },
        SnapshotColumn(name: "box_media", type: .list(.integer)) { .integers($0.boxes.map(\.media)) },
        SnapshotColumn(name: "box_x", type: .list(.number)) { .numbers($0.boxes.map(\.part.x)) },
        SnapshotColumn(name: "box_y", type: .list(.number)) { .numbers($0.boxes.map(\.part.y)) },
        SnapshotColumn(name: "box_width", type: .list(.number)) { .numbers($0.boxes.map(\.part.width)) },
        SnapshotColumn(name: "box_height", type: .list(.number)) { .numbers($0.boxes.map(\.part.height)) },
        SnapshotColumn(name: "box_origins", type: .list(.text)) { .texts($0.boxes.map(\.about.origin.rawValue)) },
        SnapshotColumn(name: "box_rejected", type: .list(.flag)) { .flags($0.boxes.map(\.about.isRejected)) },
        // Patches of a grid over the picture: an element for each patch.
        SnapshotColumn(name: "patch_policies", type: .list(.text)) {
            .list($0.patches.map { .optional($0.about.policy?.rawValue) })
        },
        SnapshotColumn(name: "patch_media", type: .list(.integer)) { .integers($0.patches.map(\.media)) },
        SnapshotColumn(name: "patch_rows", type: .list(.integer)) { .integers($0.patches.map(\.rows)) },
        SnapshotColumn(name: "patch_columns", type: .list(.integer)) { .integers($0.patches.map(\.columns)) },
        SnapshotColumn(name: "patch_indices", type: .list(.integer)) { .integers($0.patches.map(\.part)) },
        SnapshotColumn(name: "patch_origins", type: .list(.text)) { .texts($0.patches.map(\.about.origin.rawValue)) },
        SnapshotColumn(name: "patch_rejected", type: .list(.flag)) { .flags($0.patches.map(\.about.isRejected)) },
    ]

    private static let record = [
        SnapshotColumn(name: "decision", type: .text, isRequired: true) { .text($0.decision) },
        SnapshotColumn(name: "supersedes", type: .text) { .optional($0.supersedes) },
        SnapshotColumn(name: "hash", type: .text, isRequired: true) { .text($0.hash) },
    ]
}

// MARK: - Embeddings

extension SnapshotColumn {
    /// What a model made of the item: of its text, or of the first of its pictures that could be read. As the network gave it,
    /// not of length 1; empty where it made nothing.
    static let embedding = SnapshotColumn(name: "embedding", type: .list(.single)) { .singles($0.embedding) }
}

// MARK: - Rationales, one part at a time

extension SnapshotRow {
    struct Marked<Part> {
        var about: Rationale
        var part: Part
        var media = 0
        var rows = 0
        var columns = 0
    }

    var spans: [Marked<Range<Int>>] {
        rationales.flatMap { rationale -> [Marked<Range<Int>>] in
            guard case .spans(let spans) = rationale.evidence else { return [] }
            return spans.map { Marked(about: rationale, part: $0) }
        }
    }

    var boxes: [Marked<Rationale.Box>] {
        rationales.flatMap { rationale -> [Marked<Rationale.Box>] in
            guard case .boxes(let boxes, let media) = rationale.evidence else { return [] }
            return boxes.map { Marked(about: rationale, part: $0, media: media) }
        }
    }

    var patches: [Marked<Int>] {
        rationales.flatMap { rationale -> [Marked<Int>] in
            guard case .patches(let patches, let rows, let columns, let media) = rationale.evidence else { return [] }
            return patches.map { Marked(about: rationale, part: $0, media: media, rows: rows, columns: columns) }
        }
    }
}
