/// Names one policy, as a path in the taxonomy: `violence/graphic` is a child of `violence`.
public struct PolicyID: Hashable, Sendable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let rawValue: String

    public init(_ rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }

    public var description: String { rawValue }
    public static func < (a: PolicyID, b: PolicyID) -> Bool { a.rawValue < b.rawValue }

    /// The policies above this one, nearest first: `a/b/c` has `a/b` and `a`.
    public var ancestors: [PolicyID] {
        var parts = rawValue.split(separator: "/", omittingEmptySubsequences: false)
        var found: [PolicyID] = []
        while parts.count > 1 {
            parts.removeLast()
            found.append(PolicyID(parts.joined(separator: "/")))
        }
        return found
    }
}

/// A rule of the taxonomy that an item can violate.
public struct Policy: Hashable, Sendable {
    public let id: PolicyID
    /// The name a moderator reads, in a few words.
    public var title: String
    /// What the rule forbids, in a sentence or two.
    public var summary: String
    /// A score at or above this preselects the policy where the model brings no threshold of its own. In [0, 1].
    public var threshold: Double
    /// Severity proposed for a violation, 1 (mild) to 4 (grave).
    public var severity: Int
    /// Handled in a queue of its own, preview off until asked, never exported (`sexual/minors`).
    public var restricted: Bool
    /// How previews under this policy start.
    public var soften: Set<Softening>
    /// Short reasons that a reviewer can put into the note with one key.
    public var reasons: [String]
    /// Verdicts under this policy that cannot be undone downstream, and so are asked about; nil where there are none.
    public var asks: PolicyQuestion?
    /// What other taxonomies call it: `["openai": "hate/threatening"]`; `dsa` is a category of statements of reasons.
    public var mappings: [String: String]
    /// What else statements of reasons under it say.
    public var statement: PolicyStatement?
    /// How a model that nobody has taught it is asked about it; nil where none is to be.
    public var prompts: PolicyPrompts?

    public init(
        id: PolicyID, title: String, summary: String = "", threshold: Double = 0.5, severity: Int = 2,
        restricted: Bool = false, soften: Set<Softening> = [], reasons: [String] = [], asks: PolicyQuestion? = nil,
        mappings: [String: String] = [:], statement: PolicyStatement? = nil, prompts: PolicyPrompts? = nil
    ) {
        self.id = id
        self.title = title
        self.summary = summary
        self.threshold = threshold
        self.severity = severity
        self.restricted = restricted
        self.soften = soften
        self.reasons = reasons
        self.asks = asks
        self.mappings = mappings
        self.statement = statement
        self.prompts = prompts
    }
}
