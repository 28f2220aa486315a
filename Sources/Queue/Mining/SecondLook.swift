/// Which decided items may be sent to a second reviewer.
enum SecondLook {
    /// Over the aliases `w` and `d`, the decision that `w.decision` names.
    ///
    /// The first verdict stands: so nobody has looked at it again, no appeal or escalation has settled it, and none is open.
    /// An escalation asks a question and answers none. A statement of reasons stands as its verdict does, until another takes
    /// its place.
    static let eligible = """
        w.state = \(WorkState.decided) AND w.queue <> \(QueueCode.restricted) AND d.review IS NULL
        AND d.verdict IN ('allow', 'remove', 'restrict')
        """
}

extension Verdict {
    /// Whether it finds a violation; nil where it says neither.
    var findsViolation: Bool? {
        switch self {
        case .allow: false
        case .remove, .restrict: true
        case .escalate: nil
        }
    }
}
