/// Heads and calibrations that were fitted on a queue's decisions and are in use there. They come before what the program
/// ships, policy by policy.
///
///     let head = try Head(data: Data(document.utf8), file: id).keeping(["hate"])
///     let library = try ModelLibrary(recipes: "models", stores: stores, learnt: LearntHeads(heads: [head]))
public struct LearntHeads: Sendable, Hashable {
    /// Each with the policies alone that it is in use for; of one model, no policy twice.
    public var heads: [Head]
    public var calibrations: [Calibration]

    public init(heads: [Head] = [], calibrations: [Calibration] = []) {
        self.heads = heads
        self.calibrations = calibrations
    }

    /// The same without what was fitted on other weights than a model has, or for a model that is not there.
    ///
    /// - Parameter notes: gets what was left out and why.
    func usable(with recipes: [Recipe], notes: inout [String]) -> LearntHeads {
        func isUsable(_ file: String, _ model: String, _ weights: String) -> Bool {
            guard let recipe = recipes.first(where: { $0.id == model }) else {
                notes.append("\(printable(file)) of this queue is for \(printable(model)), which is not here.")
                return false
            }
            guard recipe.weightsSHA256 == weights else {
                notes.append(
                    """
                    \(printable(file)) of this queue was fitted on other weights of \(model) and is not used: fit it again, \
                    or take it out of use with `reviewtui head revert --model \(model)`.
                    """)
                return false
            }
            return true
        }
        return LearntHeads(
            heads: heads.filter { isUsable($0.id, $0.model, $0.weightsSHA256) },
            calibrations: calibrations.filter { isUsable($0.file, $0.model, $0.weightsSHA256) })
    }

    /// What is left to a shipped head, nil where that is nothing.
    func remainder(of shipped: Head) -> Head? {
        let taken = Set(heads.filter { $0.model == shipped.model }.flatMap { $0.policies.map(\.policy) })
        return shipped.keeping(shipped.policies.map(\.policy).filter { !taken.contains($0) })
    }

    /// Explained as the model's shipped head is, where they do not say how themselves: what was measured best for a model
    /// is so for its next head, and heads that are explained alike are explained in one pass.
    func explained(as shipped: [Head]) -> [Head] {
        heads.map { head in
            let explain = shipped.lazy.filter { $0.model == head.model }.compactMap(\.explain)
                .first { $0.contrast == .none }
            return head.explain == nil ? head.explained(by: explain) : head
        }
    }
}

extension Head {
    /// The same head for some of its policies; nil where it has none of them.
    public func keeping(_ policies: some Sequence<String>) -> Head? {
        let kept = Set(policies)
        var head = self
        head.policies.removeAll { !kept.contains($0.policy) }
        return head.policies.isEmpty ? nil : head
    }

    fileprivate func explained(by explain: Explain?) -> Head {
        var head = self
        head.explain = explain
        return head
    }
}

extension Calibration {
    /// The same for some of its policies; nil where it has none of them.
    public func keeping(_ policies: some Sequence<String>) -> Calibration? {
        let kept = Set(policies)
        var calibration = self
        calibration.entries.removeAll { !kept.contains($0.policy) }
        return calibration.entries.isEmpty ? nil : calibration
    }
}
