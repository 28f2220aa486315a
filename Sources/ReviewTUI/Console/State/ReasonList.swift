import Queue

/// Short reasons from the policy file, open over the item.
struct ReasonList: Hashable, Sendable {
    var index = 0
    let reasons: [Reason]

    struct Reason: Hashable, Sendable {
        var policy: PolicyID
        /// Safe to show.
        var text: String
    }

    /// What the reasons answer to, in their order: digits, then the letters that neither move nor leave.
    static let keys: [Character] = Array("123456789abcdefghilmnoprstuvwxyz")
}

extension ConsoleState {
    /// Reasons of the policies that are chosen, the likeliest first, then of those above them. Where none is chosen, of
    /// those that the item was reported for.
    var reasons: [ReasonList.Reason] {
        guard let focus else { return [] }
        let chosen = focus.choice.rows.map(\.policy).filter(focus.choice.chosen.contains)
        let reported = focus.item.reports.map { PolicyID($0.reason) }
        let first = chosen.isEmpty ? reported : chosen
        var seen: Set<String> = []
        var found: [ReasonList.Reason] = []
        for id in first + first.flatMap(\.ancestors) {
            guard let policy = taxonomy.first(where: { $0.id == id }) else { continue }
            for text in policy.reasons where seen.insert(text).inserted {
                found.append(ReasonList.Reason(policy: id, text: SafeText.line(text, limit: 300)))
            }
        }
        return Array(found.prefix(ReasonList.keys.count))
    }
}
