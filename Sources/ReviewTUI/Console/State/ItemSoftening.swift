import Queue

extension [Policy] {
    /// What softens pictures under policies, and which of them ask for it, in the taxonomy's order.
    ///
    /// - Parameter named: the policies that an item is shown for, those above them included.
    func softening(under named: Set<PolicyID>) -> [Softening: [PolicyID]] {
        var found: [Softening: [PolicyID]] = [:]
        for policy in self where named.contains(policy.id) {
            for softening in policy.soften { found[softening, default: []].append(policy.id) }
        }
        return found
    }
}

extension ConsoleState {
    /// What an item's pictures are softened by: what its policies ask for and what the reviewer always wants, but for what
    /// was turned on or off by hand.
    func softening(of focus: Focus) -> Set<Softening> {
        Set(
            Softening.allCases.filter { softening in
                focus.turned[softening] ?? (focus.softenedBy[softening] != nil || wellbeing.soften.contains(softening))
            })
    }
}
