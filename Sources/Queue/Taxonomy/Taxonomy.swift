import Foundation

/// The policies in force, in the order in which a moderator sees them.
///
/// A queue keeps every taxonomy that was ever installed in it, so that an old decision can be read by the rules of its
/// day. Ids never change their meaning.
///
/// ```swift
/// let taxonomy = try Taxonomy.load(file: "policies/default.toml")
/// taxonomy["hate"]?.threshold  // 0.5
/// ```
public struct Taxonomy: Sendable, Hashable {
    public let name: String
    /// Counted up by whoever edits the file.
    public let version: Int
    public let policies: [Policy]
    private let positions: [PolicyID: Int]

    /// - throws: ``QueueError/usage(_:)`` for an empty list, an id twice, an id without its parent, or one that is not
    ///   lower-case words separated by `/`.
    public init(name: String, version: Int, policies: [Policy]) throws {
        var positions: [PolicyID: Int] = [:]
        for (position, policy) in policies.enumerated() {
            if let reason = Self.fault(of: policy, after: positions) { throw QueueError.usage(reason) }
            positions[policy.id] = position
        }
        guard !policies.isEmpty else { throw QueueError.usage("A taxonomy needs at least one policy.") }
        self.name = name
        self.version = version
        self.policies = policies
        self.positions = positions
    }

    /// The policy of that id; nil where the taxonomy has none.
    public subscript(id: PolicyID) -> Policy? { positions[id].map { policies[$0] } }

    /// What a score of this policy is held against: the model's own threshold, or else the policy's.
    public func threshold(for score: Score) -> Double { score.threshold(under: self[score.policy]) }

    /// Whether a score proposes its policy: a probability at or over its threshold.
    public func isProposed(by score: Score) -> Bool { score.proposes(self[score.policy]) }

    /// Whether the policy, or one above it, is handled in the restricted queue.
    public func isRestricted(_ id: PolicyID) -> Bool {
        ([id] + id.ancestors).contains { self[$0]?.restricted ?? false }
    }

    /// Why a policy cannot follow those already accepted; nil where it can.
    static func fault(of policy: Policy, after accepted: [PolicyID: Int]) -> String? {
        let id = policy.id.rawValue
        let shown = Visible.text(id)
        let parts = id.split(separator: "/", omittingEmptySubsequences: false)
        let isWord = { (part: Substring) in
            !part.isEmpty
                && part.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        }
        if !parts.allSatisfy(isWord) || id.utf8.count > 100 {
            return "id: \"\(shown)\" must be lower-case words (a-z, 0-9, -) separated by /"
        }
        if accepted[policy.id] != nil { return "id: \"\(shown)\" stands twice" }
        if let parent = policy.id.ancestors.first, accepted[parent] == nil {
            return "id: \"\(shown)\" must come after its parent \"\(parent)\""
        }
        if !(0...1).contains(policy.threshold) { return "threshold: it must lie in 0...1" }
        if !(1...4).contains(policy.severity) { return "severity: it must lie in 1...4" }
        if let reason = policy.prompts.flatMap(PolicyPrompts.fault) { return "prompts: \(reason)" }
        return PolicyStatement.fault(of: policy)
    }
}
