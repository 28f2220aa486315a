/// One flagged post under review: text, media, or both, with what came along.
///
/// Everything in it but ``id`` and the times is hostile input. It is stored and exported unchanged; whoever shows it
/// must derive a safe form first.
public struct Item: Sendable, Hashable {
    public var id: ItemID
    public var text: String?
    /// BCP 47 tag as the source gave it.
    public var language: String?
    public var media: [MediaReference]
    public var source: String?
    public var author: String?
    public var createdAt: Timestamp?
    /// When it was flagged; the time of ingestion where the source does not say. Waiting time counts from here.
    public var flaggedAt: Timestamp
    public var dueAt: Timestamp?
    /// Larger is more urgent. 0 where the source gave none.
    public var priority: Double
    /// A JSON object: `metadata` of the ingested line with its unknown keys, canonical (sorted keys, no spaces).
    public var metadata: String
    public var reports: [Report]

    public init(
        id: ItemID, text: String? = nil, language: String? = nil, media: [MediaReference] = [], source: String? = nil,
        author: String? = nil, createdAt: Timestamp? = nil, flaggedAt: Timestamp, dueAt: Timestamp? = nil,
        priority: Double = 0, metadata: String = "{}", reports: [Report] = []
    ) {
        self.id = id
        self.text = text
        self.language = language
        self.media = media
        self.source = source
        self.author = author
        self.createdAt = createdAt
        self.flaggedAt = flaggedAt
        self.dueAt = dueAt
        self.priority = priority
        self.metadata = metadata
        self.reports = reports
    }
}

/// One file of an item, as the queue keeps it.
public struct MediaReference: Sendable, Hashable {
    /// The path as the source wrote it: hostile, for showing (made safe) and exporting only; never opened.
    public var path: String
    /// SHA-256 of the bytes, 64 hex digits.
    public var sha256: String
    /// Size in bytes.
    public var byteCount: Int64
    /// Where the bytes are now: an absolute path in the content-addressed folder, or the original under `--link`.
    public var storedPath: String

    public init(path: String, sha256: String, byteCount: Int64, storedPath: String) {
        self.path = path
        self.sha256 = sha256
        self.byteCount = byteCount
        self.storedPath = storedPath
    }
}

/// Why a user reported the item.
public struct Report: Sendable, Hashable {
    public var reason: String
    public var reporter: String?

    public init(reason: String, reporter: String? = nil) {
        self.reason = reason
        self.reporter = reporter
    }
}

/// Calibrated probability that an item violates a policy, by one model version.
///
/// A queue that was asked to (`score --uncalibrated`) also holds numbers that only have its form: they are marked, stand
/// for no item in a list, and preselect nothing.
public struct Score: Sendable, Hashable {
    /// `name@version`.
    public var model: String
    public var policy: PolicyID
    /// In [0, 1].
    public var value: Double
    /// The model's own threshold; the policy's holds where this is nil.
    public var threshold: Double?
    /// What it was computed with; nil for a score that came in with its item, of which nobody here knows.
    public var provenance: Provenance?

    /// What a score was computed with, beside the model that it names.
    public struct Provenance: Sendable, Hashable {
        /// SHA-256 of the model's weights, 64 hex digits.
        public var weights: String
        /// Name of the head and the first digits of the SHA-256 of its file; nil where the model scores by itself.
        public var head: String?
        /// The numbers the network computed with: `f32`, `bf16` …
        public var precision: String
        /// Whether the number is a probability, or only in the form of one.
        public var isCalibrated: Bool

        public init(weights: String, head: String?, precision: String, isCalibrated: Bool = true) {
            self.weights = weights
            self.head = head
            self.precision = precision
            self.isCalibrated = isCalibrated
        }
    }

    /// Scores that came in with their item are taken for what their source says they are.
    public var isCalibrated: Bool { provenance?.isCalibrated ?? true }

    /// What it is held against: the model's own threshold, or else the policy's.
    ///
    /// - parameter policy: The score's; nil where no taxonomy knows it.
    public func threshold(under policy: Policy?) -> Double { threshold ?? policy?.threshold ?? 0.5 }

    /// Whether it proposes its policy: a probability at or over the threshold.
    public func proposes(_ policy: Policy?) -> Bool { isCalibrated && value >= threshold(under: policy) }

    public init(
        model: String, policy: PolicyID, value: Double, threshold: Double? = nil, provenance: Provenance? = nil
    ) {
        self.model = model
        self.policy = policy
        self.value = value
        self.threshold = threshold
        self.provenance = provenance
    }
}

/// Relevance of image patches or text spans to one direction, with the method that made it.
public struct Explanation: Sendable, Hashable {
    public enum Relevance: Sendable, Hashable {
        /// Row-major, `rows * columns` values, over the whole image.
        case grid(rows: Int, columns: Int, values: [Float])
        case spans([Span])
    }

    /// Half-open range of Unicode scalars of the item's text, with its weight.
    public struct Span: Sendable, Hashable {
        public var start: Int
        public var end: Int
        public var weight: Float

        public init(start: Int, end: Int, weight: Float) {
            self.start = start
            self.end = end
            self.weight = weight
        }
    }

    public var model: String
    /// The policy whose direction was explained; nil where the method knows no direction (plain attention).
    public var policy: PolicyID?
    /// `legrad`, `legrad-pooled`, `attention`, `cam` …
    public var method: String
    /// Which of the item's media a grid lies over. 0 for text.
    public var mediaIndex: Int
    /// Whether negative values mean evidence against.
    public var signed: Bool
    public var relevance: Relevance
    /// The head whose direction was explained; nil where the method knows no direction, and where nobody here made it.
    public var head: String?

    public init(
        model: String, policy: PolicyID?, method: String, mediaIndex: Int = 0, signed: Bool = false,
        relevance: Relevance, head: String? = nil
    ) {
        self.model = model
        self.policy = policy
        self.method = method
        self.mediaIndex = mediaIndex
        self.signed = signed
        self.relevance = relevance
        self.head = head
    }

    /// Whether another direction scores its policy by now, or none: what it shows is not what the score follows from.
    ///
    /// - parameter scores: The item's.
    public func isStale(among scores: [Score]) -> Bool {
        guard let head, let policy else { return false }
        let score = scores.first { $0.policy == policy && $0.model == model }
        return score?.provenance?.head != head
    }

    /// The largest magnitude of any value. 0 is legal: nothing was relevant.
    public var max: Float {
        switch relevance {
        case .grid(_, _, let values): values.reduce(0) { Swift.max($0, abs($1)) }
        case .spans(let spans): spans.reduce(0) { Swift.max($0, abs($1.weight)) }
        }
    }
}
