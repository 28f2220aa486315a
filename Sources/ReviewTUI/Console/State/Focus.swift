import Queue

/// The item before the reviewer, with everything that belongs to judging it.
struct Focus: Hashable, Sendable {
    enum Hold: Hashable, Sendable {
        /// Looked at, not claimed.
        case none
        /// The claim is on its way.
        case asked
        case held(Lease)
        /// Its verdict is being written.
        case recording(Lease)
    }

    let item: Item
    let scores: [Score]
    let explanations: [Explanation]
    let sampledWithProbability: Double?
    /// Set where a mining chose it for its first verdict.
    let mined: MiningStrategy?
    var hold: Hold
    var choice: PolicyChoice
    var note: String?
    /// What was said before scores and explanations were shown.
    var firstCall: DecisionDraft.FirstCall?
    /// The line that an escalation hands the item to, where the reviewer named one.
    var escalatesTo: QueueName?
    /// 1 (mild) to 4 (grave), where the reviewer said so.
    var severity: Int?
    /// Where the reviewer saw the evidence.
    var evidence = Evidence()
    /// Index into ``explained``.
    var explainedIndex: Int
    /// What can be explained: policies, most likely first; nil for attention that knows no policy.
    let explained: [PolicyID?]
    var mediaIndex = 0
    var textScroll = 0
    /// The policies that the item is shown for, with those above them: over their threshold, or named by a report.
    let named: Set<PolicyID>
    /// Nil where it is shown for no policy that is known: harmless, as far as anybody has said.
    let gravity: Gravity?
    /// What softens its pictures by policy, and which policies: a look without one of these goes on record.
    let softenedBy: [Softening: [PolicyID]]
    /// Softenings turned on or off by hand; the others are as policies and the reviewer's own settings have them.
    var turned: [Softening: Bool] = [:]
    /// Whether a restricted item's picture was asked for.
    var revealed = false
    let restricted: Bool
    /// When it was first painted, in milliseconds since 1970.
    var shownAt: Int64?
    /// Whether the terminal has been handed it since: a slow one takes its time.
    var isPainted = false
    let safeText: SafeText?
    let facts: [Fact]
    /// What an appeal says and what was decided before, a line each; raw. Empty where nobody appealed.
    let appeal: [String]
    let isEscalated: Bool
    /// Read after the item is on the screen: nothing waits for it.
    var twins = TwinLines.unknown

    /// A line of metadata: safe to show.
    struct Fact: Hashable, Sendable {
        var name: String
        var value: String
    }

    var id: ItemID { item.id }

    var lease: Lease? {
        switch hold {
        case .held(let lease), .recording(let lease): lease
        case .none, .asked: nil
        }
    }

    var isRecording: Bool { if case .recording = hold { true } else { false } }

    init(
        item: Item, scores: [Score], explanations: [Explanation], sampledWithProbability: Double? = nil,
        mined: MiningStrategy? = nil, hold: Hold, taxonomy: [Policy], ascii: Bool, appeal: Appeal? = nil
    ) {
        self.item = item
        self.scores = scores
        self.explanations = explanations
        self.sampledWithProbability = sampledWithProbability
        self.mined = mined
        self.hold = hold
        let choice = PolicyChoice(scores: scores, taxonomy: taxonomy)
        let explained = Self.explainable(explanations, choice)
        let top = choice.rows.first { $0.isOver && explained.contains($0.policy) }?.policy
        self.choice = choice
        self.explained = explained
        explainedIndex = explained.firstIndex { $0 == top } ?? 0
        let over = Set(choice.rows.filter(\.isOver).map(\.policy))
        let violated = over.union(item.reports.map { PolicyID($0.reason) })
        let named = violated.union(violated.flatMap(\.ancestors))
        self.named = named
        gravity = Gravity(of: named, taxonomy: taxonomy)
        softenedBy = taxonomy.softening(under: named)
        restricted = taxonomy.contains { $0.restricted && named.contains($0.id) }
        safeText = item.text.map { SafeText($0, ascii: ascii) }
        facts = ItemFacts.facts(of: item, ascii: ascii)
        self.appeal = appeal.map(Self.lines) ?? []
        isEscalated = appeal?.isEscalation ?? false
    }

    private static func lines(of appeal: Appeal) -> [String] {
        appeal.history.map { record in
            let policies = record.policies.map(\.rawValue).joined(separator: ", ")
            let verdict = record.verdict.map { "\($0)" } ?? "undo"
            return
                "\(record.decidedAt.rfc3339.prefix(10)) \(verdict)\(policies.isEmpty ? "" : ": \(policies)") by \(record.reviewer)"
        } + [
            appeal.note
                ?? (appeal.isEscalation
                    ? phrase("Handed on without a question.") : phrase("The appeal gives no reason."))
        ]
    }

    init(_ claim: Claim, taxonomy: [Policy], ascii: Bool) {
        self.init(
            item: claim.item, scores: claim.scores, explanations: claim.explanations,
            sampledWithProbability: claim.sampledWithProbability, mined: claim.mined, hold: .held(claim.lease),
            taxonomy: taxonomy, ascii: ascii, appeal: claim.appeal)
    }

    /// The policy whose explanation is shown; nil for plain attention or where there is nothing to explain.
    var explainedPolicy: PolicyID? { explained.indices.contains(explainedIndex) ? explained[explainedIndex] : nil }

    /// The grid over the present picture: of the explained policy, else attention that knows no policy.
    var gridExplanation: Explanation? {
        let grids = explanations.filter { explanation in
            if case .grid = explanation.relevance { explanation.mediaIndex == mediaIndex } else { false }
        }
        return grids.first { $0.policy == explainedPolicy } ?? grids.first { $0.policy == nil }
    }

    /// The spans over the text, of the explained policy only.
    var spanExplanation: Explanation? {
        explanations.first { explanation in
            if case .spans = explanation.relevance { explanation.policy == explainedPolicy } else { false }
        }
    }

    /// How strongly an explanation may glow, in [0, 1]: its policy's score, or fully where it knows no policy. One of a head
    /// that no longer scores, for a policy that nothing scores any more, explains nothing and does not glow.
    func strength(of explanation: Explanation) -> Double {
        guard let policy = explanation.policy else { return 1 }
        let own = scores.first { $0.policy == policy && $0.model == explanation.model }?.value
        return min(1, max(0, own ?? choice.score(of: policy) ?? (isStale(explanation) ? 0 : 1)))
    }

    /// Whether another head scores an explanation's policy by now.
    func isStale(_ explanation: Explanation) -> Bool { explanation.isStale(among: scores) }

    /// Policies by their score, then attention; attention first where no policy passes its threshold.
    private static func explainable(_ explanations: [Explanation], _ choice: PolicyChoice) -> [PolicyID?] {
        let policies = Set(explanations.compactMap(\.policy))
        let ordered: [PolicyID?] =
            choice.rows.map(\.policy).filter(policies.contains)
            + policies.subtracting(choice.rows.map(\.policy)).sorted()
        guard explanations.contains(where: { $0.policy == nil }) else { return ordered }
        let passes = choice.rows.contains { $0.isOver && policies.contains($0.policy) }
        return passes ? ordered + [nil] : [nil] + ordered
    }
}
