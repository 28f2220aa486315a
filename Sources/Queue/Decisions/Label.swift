/// What a decision teaches about one policy.
public struct Label: Sendable, Hashable {
    /// Whether the item violates the policy.
    public var isViolation: Bool
    public var origin: LabelOrigin

    public init(isViolation: Bool, origin: LabelOrigin) {
        self.isViolation = isViolation
        self.origin = origin
    }

    /// The labels of a decision; a policy that is not in the result stays unknown.
    ///
    /// * `allow` clears every policy that was shown with a score. Where the model was under its threshold, or the
    ///   reviewer left it alone, that agrees with the model at the cost of one key, so the origin is `model`; where
    ///   the reviewer overruled it, or had said the same before the model was shown, `person`.
    /// * `remove` and `restrict` confirm the chosen policies with their ancestors and clear those deselected by hand.
    /// * `escalate` teaches nothing.
    ///
    /// - parameter overThreshold: Policies that some score of the item preselects.
    /// - parameter scored: Policies for which the item has any score.
    static func labels(
        of draft: DecisionDraft, scored: Set<PolicyID>, overThreshold: Set<PolicyID>
    ) -> [PolicyID: Label] {
        var labels: [PolicyID: Label] = [:]
        switch draft.verdict {
        case .escalate: break
        case .allow:
            for policy in draft.shownScores.intersection(scored) {
                let isPersonal =
                    overThreshold.contains(policy) || draft.deselected.contains(policy)
                    || draft.firstCall?.verdict == .allow
                labels[policy] = Label(isViolation: false, origin: isPersonal ? .person : .model)
            }
        case .remove, .restrict:
            for policy in draft.deselected { labels[policy] = Label(isViolation: false, origin: .person) }
            for policy in draft.policies {
                let origin: LabelOrigin = draft.preselected.contains(policy) ? .model : .person
                for violated in [policy] + policy.ancestors {
                    let isPersonal = origin == .person || labels[violated] == Label(isViolation: true, origin: .person)
                    labels[violated] = Label(isViolation: true, origin: isPersonal ? .person : .model)
                }
            }
        }
        return labels
    }
}
