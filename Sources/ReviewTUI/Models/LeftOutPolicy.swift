import Queue

/// What was neither fitted nor calibrated, and why.
struct LeftOutPolicy: Error, Sendable, Hashable {
    var model: String
    /// Nil where it is the whole model.
    var policy: PolicyID?
    var reason: String
    var isRestricted = false

    var sentence: String { "\(policy.map { "\($0.rawValue) by " } ?? "")\(model): \(reason)" }

    var json: JSONValue {
        ["model": .string(model), "policy": .optional(policy?.rawValue), "reason": .string(reason)]
    }
}

extension [LeftOutPolicy] {
    /// Ends a command with 65 where some were left out. That restricted items train nothing is no fault of anybody's, unless
    /// one was asked for.
    ///
    /// - Parameter done: what happened to the others: `fitted`.
    func end(done: String, areNamed: Bool) throws(CommandFailure) {
        let short = filter { !$0.isRestricted || areNamed }
        guard short.isEmpty else {
            throw CommandFailure(.rejected, "\(short.count) left out, the others were \(done).")
        }
    }
}
