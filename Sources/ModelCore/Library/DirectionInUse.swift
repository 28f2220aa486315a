/// What a model scores one policy by, as it stands: direction, calibration, threshold.
public struct DirectionInUse: Sendable, Hashable {
    /// ``Head/id``, which its scores name.
    public let head: String
    public let direction: Head.PolicyDirection
    /// Whether it was fitted, and not made of words.
    public let isFitted: Bool
}

extension ModelLibrary {
    /// What scores a policy by a model now; nil where nothing does that anybody has calibrated.
    ///
    /// - Parameter words: of ``Scorer/wordHeads(for:model:)``, which count where no fitted head knows the policy and
    ///   somebody has calibrated them.
    public func inUse(_ policy: String, model: String, words: [Head] = []) -> DirectionInUse? {
        directions(model: model, words: words).first {
            $0.direction.policy == policy && ($0.isFitted || $0.direction.isCalibrated)
        }
    }

    /// Everything that can score by a model's embeddings, one for each policy, fitted ones first; uncalibrated ones too.
    public func directions(model: String, words: [Head] = []) -> [DirectionInUse] {
        guard let recipe = try? recipe(model) else { return [] }
        var known: Set<String> = []
        return (heads(of: recipe) + words).flatMap { head -> [DirectionInUse] in
            head.calibrated(by: calibrations).policies.compactMap { direction in
                guard known.insert(direction.policy).inserted else { return nil }
                return DirectionInUse(head: head.id, direction: direction, isFitted: head.origin == .fitted)
            }
        }
    }

    /// How a model's heads are explained: as its first fitted head that says so. A new head inherits it.
    public func explanation(ofHeadsFor model: String) -> (explain: Head.Explain, neutral: [Float]?)? {
        guard let recipe = try? recipe(model) else { return nil }
        return heads(of: recipe).lazy.compactMap { head in head.explain.map { ($0, head.neutral) } }.first
    }
}
