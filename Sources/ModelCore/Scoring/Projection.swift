import Foundation

/// What a model's heads make of its embeddings: scores, and the choice of what to explain.
struct Projection: Sendable {
    let model: String
    let heads: [Head]

    /// Scales a vector to length 1; zero stays zero.
    static func unit(_ vector: [Float]) -> [Float] {
        let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return length > 0 ? vector.map { Float(Double($0) / length) } : vector
    }

    /// - Parameter unit: an embedding of length 1, as long as the direction.
    static func dot(_ direction: [Float], _ unit: [Float]) -> Float {
        Float(zip(direction, unit).reduce(0.0) { $0 + Double($1.0) * Double($1.1) })
    }

    /// - Throws: ``ScorerError/unfitHead(file:width:embedding:)``.
    func scores(of embedding: [Float]) throws(ScorerError) -> [Assessment.PolicyScore] {
        let unit = Self.unit(embedding)
        var scores: [Assessment.PolicyScore] = []
        for head in heads {
            for direction in head.policies {
                guard direction.direction.count == embedding.count else {
                    throw .unfitHead(file: head.file, width: direction.direction.count, embedding: embedding.count)
                }
                scores.append(
                    Assessment.PolicyScore(
                        policy: direction.policy, probability: direction.probability(of: unit),
                        threshold: direction.threshold, head: head.id, isCalibrated: direction.isCalibrated))
            }
        }
        return scores
    }

    /// Policies to explain out of those that were scored.
    static func wanted(_ request: ExplainRequest, among scores: [Assessment.PolicyScore]) -> [String] {
        switch request {
        case .none: return []
        case .policies(let policies): return scores.map(\.policy).filter(policies.contains)
        case .flagged:
            let over = scores.filter { $0.probability >= ($0.threshold ?? 0.5) }
            // An uncalibrated number says little beside a probability.
            let calibrated = scores.filter(\.isCalibrated)
            let highest = (calibrated.isEmpty ? scores : calibrated).max { $0.probability < $1.probability }
            return (over.isEmpty ? highest.map { [$0] } ?? [] : over).map(\.policy)
        }
    }

    /// Asked-for policies that no head knows.
    static func untrained(_ request: ExplainRequest, scores: [Assessment.PolicyScore]) -> [String] {
        guard case .policies(let policies) = request else { return [] }
        return policies.filter { policy in !scores.contains { $0.policy == policy } }
    }
}

/// The contrast of a policy's relevance with what is relevant to everything.
enum RelevanceContrast {
    /// - Parameters:
    ///   - maps: one row a direction, all of one length.
    ///   - neutral: index of the row that is taken off the others; nil takes off the mean of all rows.
    /// - Returns: the rows, negative rests dropped.
    static func applied(_ contrast: Head.Explain.Contrast, to maps: [[Float]], neutral: Int?) -> [[Float]] {
        let reference: [Float]
        switch contrast {
        case .none: return maps
        case .neutral:
            guard let neutral else { return maps }
            reference = maps[neutral]
        case .mean:
            let count = Float(maps.count)
            reference = (maps.first ?? []).indices.map { i in maps.reduce(0) { $0 + $1[i] } / count }
        }
        return maps.map { zip($0, reference).map { max(0, $0 - $1) } }
    }

    /// A text's token relevances, [CLS] first and [SEP] last, less the mean over the tokens between.
    ///
    /// A single token has nothing to stand out from and is left as it is.
    static func floored(_ floor: Head.Explain.Floor, _ map: [Float]) -> [Float] {
        let tokens = map.dropFirst().dropLast()
        guard floor == .textMean, tokens.count > 1 else { return map }
        let mean = tokens.reduce(0, +) / Float(tokens.count)
        return map.map { max(0, $0 - mean) }
    }

    /// A text's token relevances times the root of the attention each token receives.
    static func weighted(_ weight: Head.Explain.Weight, _ map: [Float], received: [Float]) -> [Float] {
        guard weight == .receivedAttention, received.count == map.count else { return map }
        return zip(map, received).map { $0 * max(0, $1).squareRoot() }
    }
}
