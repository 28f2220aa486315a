/// Which verdicts under a policy are asked about before they are recorded, since what follows from them cannot be taken
/// back: what happens then, in a sentence for each.
///
/// `asks = { escalate = "The legal team is told, and the account is locked at once." }`
public struct PolicyQuestion: Hashable, Sendable {
    public var sentences: [Verdict: String]

    public init(_ sentences: [Verdict: String]) { self.sentences = sentences }

    public subscript(verdict: Verdict) -> String? { sentences[verdict] }
}

extension PolicyQuestion {
    /// The verdicts that name policies; `allow` names none.
    static let verdicts: [Verdict] = [.remove, .restrict, .escalate]

    /// As it is stored with the taxonomy.
    var json: JSONValue {
        .object(Self.verdicts.compactMap { verdict in self[verdict].map { JSONMember(verdict.rawValue, .string($0)) } })
    }

    init(json: JSONValue) {
        sentences = Dictionary(
            Self.verdicts.compactMap { verdict in json[verdict.rawValue]?.string.map { (verdict, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}

extension Sequence<Policy> {
    /// What happens that cannot be taken back when a verdict falls under policies of this taxonomy, or those above them: a
    /// sentence each, in the taxonomy's order. Empty where the verdict need not be asked about.
    public func warnings(of verdict: Verdict, under chosen: Set<PolicyID>) -> [PolicyWarning] {
        let named = Set(chosen.flatMap { [$0] + $0.ancestors })
        return compactMap { policy in
            guard named.contains(policy.id), let sentence = policy.asks?[verdict] else { return nil }
            return PolicyWarning(policy: policy.id, sentence: sentence)
        }
    }
}

/// What cannot be taken back, and the policy that says so.
public struct PolicyWarning: Hashable, Sendable {
    public var policy: PolicyID
    public var sentence: String

    public init(policy: PolicyID, sentence: String) {
        self.policy = policy
        self.sentence = sentence
    }
}

/// Texts of a policy file that people read on one line or two.
enum PolicyText {
    static let lengthLimit = 300
    static let countLimit = 20

    /// Why a text cannot be shown to a moderator; nil where it can.
    static func fault(of text: String) -> String? {
        let scalars = text.unicodeScalars
        if scalars.allSatisfy({ $0 == " " }) || scalars.count > lengthLimit {
            return "a text has 1 to \(lengthLimit) characters"
        }
        if scalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "a text holds no control character"
        }
        return nil
    }
}
