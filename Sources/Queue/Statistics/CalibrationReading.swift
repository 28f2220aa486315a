import GRDB

/// What scores are worth, measured on items that nobody's priorities have chosen: those that were drawn uniformly, and
/// those with a known answer.
///
/// An item counts once, with the scores that stood when its standing verdict fell and with what that verdict teaches
/// (``Label``); a policy that it says nothing about is left out. Drawn items weigh by one over the share of claims that was
/// drawn at the time (Horvitz and Thompson 1952, "A generalization of sampling without replacement from a finite
/// universe"); items with a known answer were chosen and stand for themselves alone, with weight 1.
public struct CalibrationReading: Sendable, Hashable {
    /// One model's scores for one policy.
    public struct Subject: Sendable, Hashable {
        public var policy: PolicyID
        public var model: String
        /// What the latest of the scores is held against: the model's own threshold, or the policy's.
        public var threshold: Double
        public var evaluation: ScoreEvaluation
        /// Rows of ``evaluation`` that were drawn uniformly; the others have known answers.
        public var drawn: Int
        /// Judged items with a score, whose verdict says nothing about this policy.
        public var unlabelled: Int
        /// Scores of the waiting items that were looked at, highest first.
        public var waitingScores: [Double]

        public var known: Int { evaluation.rows.count - drawn }
    }

    public var readAt: Timestamp
    /// In the order of the taxonomy, then of the models' names.
    public var subjects: [Subject]
    /// Waiting items outside the restricted line, which uniform draws never come from, and how many of them were looked at.
    public var waiting: Int
    public var waitingLooked: Int
    public var waitingIsWhole: Bool
    /// Whether there are drawn items beyond the latest ``mostItems``.
    public var isCut: Bool
    /// Scores that are no probabilities, and left out.
    public var uncalibrated: Int

    /// The share of waiting items whose score is at or over a threshold; nil where nothing waits.
    public func waiting(over threshold: Double, for subject: Subject) -> Proportion? {
        Proportion(hits: subject.waitingScores.prefix { $0 >= threshold }.count, of: waitingLooked)
    }

    /// The latest drawn items that are read. A share of that many is known to ± 1 point.
    public static let mostItems = 10_000
}

extension QueueStore {
    /// Reads what scores are worth, a few hundred items at a time.
    public func calibrationReading() throws -> CalibrationReading {
        var generator = SystemRandomNumberGenerator()
        return try calibrationReading(using: &generator)
    }

    /// The same with the dice in the caller's hand.
    func calibrationReading(using generator: inout some RandomNumberGenerator) throws -> CalibrationReading {
        let now = clock()
        var reading = CalibrationRows(taxonomy: try taxonomy())
        while try read({ try reading.readDrawn(in: $0) }) {}
        while try read({ try reading.readKnown(in: $0) }) {}
        let sample = try WaitingSample.read(from: self, includingRestricted: false, using: &generator)
        for start in stride(from: 0, to: sample.items.count, by: 500) {
            let ids = sample.items[start..<min(sample.items.count, start + 500)].map(\.item)
            try read { try reading.readWaiting(ids, in: $0) }
        }
        return CalibrationReading(
            readAt: now, subjects: reading.subjects(), waiting: sample.total, waitingLooked: sample.items.count,
            waitingIsWhole: sample.isWhole, isCut: reading.isCut, uncalibrated: reading.uncalibrated)
    }
}

/// Gathers rows by model and policy.
private struct CalibrationRows {
    private struct Key: Hashable {
        var policy: PolicyID
        var model: String
    }

    private struct Gathered {
        var rows: [ScoredLabel] = []
        var drawn = 0
        var unlabelled = 0
        var threshold: Double?
        var waiting: [Double] = []
    }

    let taxonomy: Taxonomy
    private var gathered: [Key: Gathered] = [:]
    private var items: Set<Int64> = []
    private var lastDrawn = Int64.max
    private var lastKnown = Int64.min
    private(set) var isCut = false
    private(set) var uncalibrated = 0

    private static let pageLength = 500

    init(taxonomy: Taxonomy) { self.taxonomy = taxonomy }

    /// The sample is one of items: where somebody has judged one again since, it is that verdict that stands for it.
    mutating func readDrawn(in db: Database) throws -> Bool {
        let page = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT s.seq, s.item, s.sampled, d.labels, d.scores
                    FROM decision s INDEXED BY decision_sampled JOIN work w ON w.item = s.item
                        LEFT JOIN decision d ON d.seq = w.decision AND d.verdict IS NOT NULL
                    WHERE s.sampled IS NOT NULL AND s.seq < ? ORDER BY s.seq DESC LIMIT \(Self.pageLength)
                    """), arguments: [lastDrawn])
        for row in page {
            guard items.count < CalibrationReading.mostItems else {
                isCut = true
                return false
            }
            let probability: Double = row["sampled"]
            guard let labels: String = row["labels"], probability > 0, items.insert(row["item"]).inserted else {
                continue
            }
            let judged = DecisionRow.labels(labels)
            for score in DecisionRow.scores(row["scores"]) {
                take(score, judged[score.policy]?.isViolation, weight: 1 / probability, isDrawn: true)
            }
        }
        lastDrawn = page.last?["seq"] ?? lastDrawn
        return page.count == Self.pageLength
    }

    mutating func readKnown(in db: Database) throws -> Bool {
        let page = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT item, verdict, policies FROM gold WHERE item > ? ORDER BY item LIMIT \(Self.pageLength)
                    """), arguments: [lastKnown])
        let scores = try Self.scores(of: page.map { $0["item"] }, in: db)
        for row in page where !items.contains(row["item"]) {
            let named = PolicyID.list(row["policies"])
            let violated = Set(named + named.flatMap(\.ancestors))
            for score in scores[row["item"]] ?? [] {
                let isViolation: Bool? =
                    switch Verdict(rawValue: row["verdict"]) {
                    case .allow: false
                    case .remove, .restrict: violated.contains(score.policy) ? true : nil
                    case .escalate, nil: nil
                    }
                take(score, isViolation, weight: 1, isDrawn: false)
            }
        }
        lastKnown = page.last?["item"] ?? lastKnown
        return page.count == Self.pageLength
    }

    mutating func readWaiting(_ ids: [Int64], in db: Database) throws {
        for score in try Self.scores(of: ids, in: db).values.joined() where score.isCalibrated {
            gathered[Key(policy: score.policy, model: score.model), default: Gathered()].waiting.append(score.value)
            note(score)
        }
    }

    private mutating func take(_ score: Score, _ isViolation: Bool?, weight: Double, isDrawn: Bool) {
        guard score.isCalibrated else {
            uncalibrated += 1
            return
        }
        note(score)
        let key = Key(policy: score.policy, model: score.model)
        guard let isViolation else {
            gathered[key]?.unlabelled += 1
            return
        }
        gathered[key]?.rows.append(ScoredLabel(score: score.value, isViolation: isViolation, weight: weight))
        gathered[key]?.drawn += isDrawn ? 1 : 0
    }

    /// The first that comes is the latest.
    private mutating func note(_ score: Score) {
        let key = Key(policy: score.policy, model: score.model)
        if gathered[key, default: Gathered()].threshold == nil {
            gathered[key, default: Gathered()].threshold = score.threshold(under: taxonomy[score.policy])
        }
    }

    private static func scores(of ids: [Int64], in db: Database) throws -> [Int64: [Score]] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT s.item, m.name, s.policy, s.value, s.threshold, coalesce(c.calibrated, 1)
                    FROM json_each(?) wanted CROSS JOIN score s ON s.item = wanted.value JOIN model m ON m.seq = s.model
                        LEFT JOIN computation c ON c.seq = s.computation
                    """), arguments: [WaitingSample.list(ids)])
        return Dictionary(grouping: rows) { $0[0] as Int64 }.mapValues { rows in
            rows.map { row in
                Score(
                    model: row[1], policy: PolicyID(row[2] as String), value: row[3], threshold: row[4],
                    provenance: row[5]
                        ? nil : Score.Provenance(weights: "", head: nil, precision: "", isCalibrated: false))
            }
        }
    }

    func subjects() -> [CalibrationReading.Subject] {
        let order = Dictionary(
            taxonomy.policies.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        return gathered.map { key, found in
            CalibrationReading.Subject(
                policy: key.policy, model: key.model, threshold: found.threshold ?? 0.5,
                evaluation: ScoreEvaluation(rows: found.rows), drawn: found.drawn, unlabelled: found.unlabelled,
                waitingScores: found.waiting.sorted(by: >))
        }.sorted {
            (order[$0.policy] ?? .max, $0.policy.rawValue, $0.model) < (
                order[$1.policy] ?? .max, $1.policy.rawValue, $1.model
            )
        }
    }
}
