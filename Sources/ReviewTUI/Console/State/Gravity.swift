import Queue

/// How grave an item is, as far as scores and reports tell: the gravest policy that it is shown for.
struct Gravity: Hashable, Sendable {
    var policy: PolicyID
    /// 1 (mild) to 4 (grave).
    var severity: Int

    /// Items of this severity or more are heavy.
    static let heavy = 3

    var isHeavy: Bool { severity >= Self.heavy }

    /// The topmost policy above it: what the exposure account counts by.
    var family: PolicyID { policy.ancestors.last ?? policy }

    /// - Parameter named: the policies that the item is shown for. Nil where the taxonomy knows none of them: a harmless item.
    init?(of named: Set<PolicyID>, taxonomy: [Policy]) {
        // Of two that are equally grave the first of the taxonomy.
        let known = taxonomy.filter { named.contains($0.id) }
        guard let gravest = known.max(by: { $0.severity < $1.severity }) else { return nil }
        policy = gravest.id
        severity = gravest.severity
    }
}
