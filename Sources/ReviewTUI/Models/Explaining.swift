import Foundation
import Media
import ModelCore
import Queue

/// One input assessed by every model that takes its kind: what `explain` shows.
struct Explained: Sendable {
    var scores: [Score] = []
    var explanations: [Explanation] = []
    /// Policies that were asked for and that no model can score yet.
    var untrained: [PolicyID] = []
    var notes: [String] = []

    /// A text, by all text models.
    static func text(_ text: String, policies: [PolicyID], scorer: Scorer) async throws -> Explained {
        var found = Explained()
        for model in scorer.textModels {
            let request = ExplainRequest(policies)
            found.add(try await scorer.assess(texts: [text], model: model, explain: request))
        }
        return found.naming(policies)
    }

    /// A picture, by all image models; each gets it in the size it wants.
    static func image(
        path: String, policies: [PolicyID], scorer: Scorer, decoder: MediaDecoder
    ) async throws -> Explained {
        var found = Explained()
        for input in scorer.imageInputs {
            let pixels = try await decoder.decode(path: path, for: input)
            found.add(try await scorer.assess(images: [pixels], model: input.model, explain: ExplainRequest(policies)))
        }
        return found.naming(policies)
    }

    private mutating func add(_ assessments: [Assessment]) {
        for assessment in assessments {
            scores += assessment.queueScores
            explanations += assessment.queueExplanations()
            notes += assessment.notes
            let uncalibrated = assessment.scores.filter { !$0.isCalibrated }.map(\.policy)
            if !uncalibrated.isEmpty {
                notes.append("\(assessment.model)'s scores of \(uncalibrated.joined(separator: ", ")) are uncalibrated")
            }
        }
    }

    private func naming(_ policies: [PolicyID]) -> Explained {
        var named = self
        named.untrained = policies.filter { policy in !scores.contains { $0.policy == policy } }
        named.scores.sort { ($1.value, $0.policy) < ($0.value, $1.policy) }
        return named
    }

    var json: JSONValue {
        [
            "scores": .array(scores.map(ContractJSON.score)),
            "explanations": .array(explanations.map(ContractJSON.explanation)),
            "untrained": .array(untrained.map { .string($0.rawValue) }),
            "notes": .array(notes.map { .string($0) }),
        ]
    }
}

extension ExplainRequest {
    /// These policies, or those that stand out where none is named.
    init(_ policies: [PolicyID]) {
        self = policies.isEmpty ? .flagged : .policies(policies.map(\.rawValue))
    }
}
