import Queue

/// What the side column says about an item's twins.
enum TwinLines: Hashable, Sendable {
    /// Nobody has asked.
    case unknown
    case asked
    /// A line each, safe to show; empty where there are none.
    case known([String])

    var lines: [String] { if case .known(let lines) = self { lines } else { [] } }

    init(_ group: TwinGroup?) {
        guard let group, !group.twins.isEmpty else {
            self = .known([])
            return
        }
        self = .known([Self.count(group)] + Self.verdicts(group))
    }

    /// "3 look alike, 1 has the same text".
    private static func count(_ group: TwinGroup) -> String {
        let alike = group.twins.count { $0.distance != nil }
        let texts = group.twins.count { $0.hasSameText && $0.distance == nil }
        let more = group.isCut ? phrase("more than ") : ""
        var parts: [String] = []
        if alike > 0 { parts.append(phrase("\(more)\(alike) \(alike == 1 ? phrase("looks") : phrase("look")) alike")) }
        if texts > 0 {
            parts.append(phrase("\(more)\(texts) \(texts == 1 ? phrase("has") : phrase("have")) the same text"))
        }
        return parts.joined(separator: ", ")
    }

    /// "removed twice as hate, by two people", a line for each kind of verdict.
    private static func verdicts(_ group: TwinGroup) -> [String] {
        guard !group.verdicts.isEmpty else { return [phrase("none of them is decided")] }
        return group.verdicts.map { decided in
            let policies = decided.policies.map { SafeText.line($0.rawValue, limit: 60) }.joined(separator: ", ")
            let reason = policies.isEmpty ? "" : phrase(" as \(policies)")
            return
                phrase(
                    "\(decided.verdict.pastWithin) \(times(decided.items))\(reason), by \(people(decided.reviewers))"
                )
        }
    }

    private static func times(_ count: Int) -> String {
        switch count {
        case 1: phrase("once")
        case 2: phrase("twice")
        default: phrase("\(count) times")
        }
    }

    private static func people(_ count: Int) -> String {
        switch count {
        case 1: phrase("one person")
        case 2: phrase("two people")
        default: phrase("\(count) people")
        }
    }
}
