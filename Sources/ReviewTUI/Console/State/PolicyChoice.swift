import Queue

/// The policies of one item: what the model thinks, what is chosen, and by whom.
struct PolicyChoice: Hashable, Sendable {
    struct Row: Hashable, Sendable {
        var policy: PolicyID
        var title: String
        /// The highest score of any model; nil for a policy that only a person chose.
        var score: Double?
        var threshold: Double
        /// Whether some model proposes the policy.
        var isOver: Bool
        /// Whether the score is a probability.
        var isCalibrated = true
    }

    /// By score, highest first, those that are no probabilities after those that are; policies without a score after
    /// them. The first nine answer to the digits.
    private(set) var rows: [Row] = []
    private(set) var chosen: Set<PolicyID> = []
    /// Over their threshold when the item came up.
    private(set) var preselected: Set<PolicyID> = []
    /// Chosen or dropped by hand.
    private(set) var touched: Set<PolicyID> = []

    /// - Parameter preselecting: what is over its threshold.
    init(scores: [Score], taxonomy: [Policy], preselecting: Bool = true) {
        let known = Dictionary(taxonomy.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var best: [PolicyID: Row] = [:]
        for score in scores {
            let policy = known[score.policy]
            let threshold = score.threshold(under: policy)
            let isOver = score.proposes(policy)
            if isOver, preselecting { preselected.insert(score.policy) }
            let row = Row(
                policy: score.policy, title: policy?.title ?? score.policy.rawValue, score: score.value,
                threshold: threshold, isOver: isOver, isCalibrated: score.isCalibrated)
            if let other = best[score.policy], other.weight >= row.weight { continue }
            best[score.policy] = row
        }
        rows = best.values.sorted { $0.rank == $1.rank ? $0.policy < $1.policy : $0.rank > $1.rank }
        chosen = preselected
    }

    func score(of policy: PolicyID) -> Double? { rows.first { $0.policy == policy }?.score }

    mutating func toggle(_ policy: PolicyID, taxonomy: [Policy] = []) {
        touched.insert(policy)
        if chosen.remove(policy) == nil {
            chosen.insert(policy)
            if !rows.contains(where: { $0.policy == policy }) {
                let known = taxonomy.first { $0.id == policy }
                rows.append(
                    Row(
                        policy: policy, title: known?.title ?? policy.rawValue, score: nil,
                        threshold: known?.threshold ?? 0.5, isOver: false))
            }
        }
    }

    /// Exactly these, each that differs as chosen or dropped by hand.
    mutating func choose(exactly policies: Set<PolicyID>, taxonomy: [Policy]) {
        for policy in chosen.symmetricDifference(policies).sorted() { toggle(policy, taxonomy: taxonomy) }
    }

    /// Preselected and left alone: what the model proposed and one key confirmed.
    var confirmed: Set<PolicyID> { chosen.intersection(preselected).subtracting(touched) }
    /// Preselected, or chosen before, and dropped by hand.
    var dropped: Set<PolicyID> { touched.subtracting(chosen) }
}

extension PolicyChoice.Row {
    /// What speaks first of several models' scores of one policy: the one that proposes it, a probability, the higher.
    fileprivate var weight: (Int, Int, Double) { (isOver ? 1 : 0, isCalibrated ? 1 : 0, score ?? 0) }
    /// Where a policy stands.
    fileprivate var rank: (Int, Double) { (isCalibrated ? 1 : 0, score ?? 0) }
}
