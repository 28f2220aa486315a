/// Where a label comes from: a person who judged, or the model whose preselection a person confirmed with one key.
public enum LabelOrigin: String, Sendable, Codable {
    case person, model
}

/// What a reviewer was shown and did, as it goes into the record. Build one, then `QueueStore.decide`.
public struct DecisionDraft: Sendable, Hashable {
    public var verdict: Verdict
    /// Violated policies, chosen or confirmed.
    public var policies: Set<PolicyID>
    /// Policies among ``policies`` that the model preselected and the reviewer did not touch.
    public var preselected: Set<PolicyID>
    /// Policies the reviewer deselected by hand.
    public var deselected: Set<PolicyID>
    /// 1 (mild) to 4 (grave); nil where not judged.
    public var severity: Int?
    public var note: String?
    /// From the item's first paint to the verdict key, in milliseconds.
    public var durationMilliseconds: Int64?
    /// Policies whose scores were on the screen (or in the claim) when the verdict fell.
    public var shownScores: Set<PolicyID>
    /// The explanation on the screen when the verdict fell; nil if none was shown.
    public var shownExplanation: ShownExplanation?
    /// Where the reviewer saw the evidence.
    public var rationales: [Rationale]
    /// What the reviewer said before any score or explanation was shown; nil where they were shown from the start.
    public var firstCall: FirstCall?
    /// The line that an `escalate` hands the item to; nil for ``QueueName/escalations``, where there is such a line.
    public var escalatesTo: QueueName?
    /// Set where the verdict fell on a whole group at once.
    public var group: GroupMark?
    /// What the statement of reasons of a `remove` or `restrict` says other than what follows from policy and item.
    public var statement: StatementDraft?

    public struct ShownExplanation: Sendable, Hashable {
        public var method: String
        public var policy: PolicyID?
        /// Whether the reviewer confirmed (true) or rejected (false) the highlighted evidence; nil if not asked.
        public var confirmed: Bool?

        public init(method: String, policy: PolicyID?, confirmed: Bool? = nil) {
            self.method = method
            self.policy = policy
            self.confirmed = confirmed
        }
    }

    /// A judgement without the model's.
    public struct FirstCall: Sendable, Hashable {
        public var verdict: Verdict
        public var policies: Set<PolicyID>

        public init(verdict: Verdict, policies: Set<PolicyID>) {
            self.verdict = verdict
            self.policies = policies
        }
    }

    public init(
        verdict: Verdict, policies: Set<PolicyID> = [], preselected: Set<PolicyID> = [],
        deselected: Set<PolicyID> = [], severity: Int? = nil, note: String? = nil,
        durationMilliseconds: Int64? = nil, shownScores: Set<PolicyID> = [], shownExplanation: ShownExplanation? = nil,
        rationales: [Rationale] = [], firstCall: FirstCall? = nil, escalatesTo: QueueName? = nil,
        group: GroupMark? = nil, statement: StatementDraft? = nil
    ) {
        self.verdict = verdict
        self.policies = policies
        self.preselected = preselected
        self.deselected = deselected
        self.severity = severity
        self.note = note
        self.durationMilliseconds = durationMilliseconds
        self.shownScores = shownScores
        self.shownExplanation = shownExplanation
        self.rationales = rationales
        self.firstCall = firstCall
        self.escalatesTo = escalatesTo
        self.group = group
        self.statement = statement
    }
}

/// The acknowledgement of a durable decision.
public struct DecisionReceipt: Sendable, Hashable {
    /// The decision's id: a ULID, so that ids sort by time.
    public var decision: String
    /// Hash of its audit event, 64 hex digits.
    public var hash: String
    public var item: ItemID
    public var verdict: Verdict

    public init(decision: String, hash: String, item: ItemID, verdict: Verdict) {
        self.decision = decision
        self.hash = hash
        self.item = item
        self.verdict = verdict
    }
}

/// A reviewer's time-limited, exclusive claim on an item.
public struct Lease: Sendable, Hashable {
    /// Unguessable, hex.
    public var token: String
    public var expiresAt: Timestamp
    public var item: ItemID

    public init(token: String, expiresAt: Timestamp, item: ItemID) {
        self.token = token
        self.expiresAt = expiresAt
        self.item = item
    }
}

/// A leased item with everything a reviewer needs in order to judge it.
public struct Claim: Sendable, Hashable {
    public var lease: Lease
    public var item: Item
    public var scores: [Score]
    public var explanations: [Explanation]
    /// Set where the claim was drawn uniformly instead of by rank: the share of claims so drawn, in (0, 1].
    public var sampledWithProbability: Double?
    /// Set where a mining chose the item for its first verdict, and the claim was not drawn uniformly. Of later verdicts
    /// it is not told.
    public var mined: MiningStrategy?
    /// What the reviewer must know where an appeal brought the item back; nil otherwise. That an item is a second review
    /// or has a known answer is not told.
    public var appeal: Appeal?

    public init(
        lease: Lease, item: Item, scores: [Score], explanations: [Explanation], sampledWithProbability: Double? = nil,
        mined: MiningStrategy? = nil, appeal: Appeal? = nil
    ) {
        self.lease = lease
        self.item = item
        self.scores = scores
        self.explanations = explanations
        self.sampledWithProbability = sampledWithProbability
        self.mined = mined
        self.appeal = appeal
    }
}
