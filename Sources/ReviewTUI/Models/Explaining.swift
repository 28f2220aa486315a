import Foundation
import Media
import ModelCore
import Queue

/// One input assessed by every model that takes its kind: what `explain` shows.
struct Explained: Sendable {
    /// Which methods explain.
    enum Choice: Sendable, Hashable {
        /// What each model's head or recipe says.
        case usual
        case method(ExplanationMethod)
        /// All that say something true of the model, side by side.
        case all
    }

    var scores: [Score] = []
    var explanations: [Explanation] = []
    /// Policies that were asked for and that no model can score yet.
    var untrained: [PolicyID] = []
    var notes: [String] = []
    /// Method that a model explains by where nobody chooses, by model.
    var usual: [String: String] = [:]

    /// A text, by all text models.
    ///
    /// - Throws: a ``CommandFailure`` where the chosen method applies to none of them; what scoring throws.
    static func text(
        _ text: String, policies: [PolicyID], scorer: Scorer, by choice: Choice = .usual
    ) async throws -> Explained {
        var found = Explained()
        for model in scorer.textModels {
            try await found.add(model, choice, scorer) { method in
                try await scorer.assess(texts: [text], model: model, explain: ExplainRequest(policies), by: method)
            }
        }
        return try found.naming(policies, choice)
    }

    /// A picture, by all image models; each gets it in the size it wants.
    ///
    /// - Throws: as ``text(_:policies:scorer:by:)``.
    static func image(
        path: String, policies: [PolicyID], scorer: Scorer, decoder: MediaDecoder, by choice: Choice = .usual
    ) async throws -> Explained {
        var found = Explained()
        for input in scorer.imageInputs {
            let pixels = try await decoder.decode(path: path, for: input)
            try await found.add(input.model, choice, scorer) { method in
                try await scorer.assess(
                    images: [pixels], model: input.model, explain: ExplainRequest(policies), by: method)
            }
        }
        return try found.naming(policies, choice)
    }

    /// One model's word, by each method that was chosen.
    ///
    /// - Parameter assess: nil stands for the usual method.
    private mutating func add(
        _ model: String, _ choice: Choice, _ scorer: Scorer,
        _ assess: (ExplanationMethod?) async throws -> [Assessment]
    ) async throws {
        switch choice {
        case .usual: add(try await assess(nil))
        case .method(let method):
            do {
                add(try await assess(method))
            } catch let error as ExplanationError {
                notes.append("\(model): \(error)")
            }
        case .all:
            let plain = try await assess(nil)
            usual[model] = plain.first?.explanations.first?.method
            scores += plain.flatMap(\.queueScores)
            notes += plain.flatMap(\.notes)
            for kind in try await scorer.methods(of: model) {
                explanations += try await assess(ExplanationMethod(kind)).flatMap { $0.queueExplanations() }
            }
        }
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

    private func naming(_ policies: [PolicyID], _ choice: Choice) throws -> Explained {
        if case .method(let method) = choice, explanations.isEmpty {
            let reason =
                notes.isEmpty
                ? "no model has a head that \(method.kind.rawValue) could explain." : notes.joined(separator: "\n")
            throw CommandFailure(.usage, "Nothing was explained: \(reason)")
        }
        var named = self
        named.untrained = policies.filter { policy in !scores.contains { $0.policy == policy } }
        named.scores.sort { ($1.value, $0.policy) < ($0.value, $1.policy) }
        return named
    }

    var json: JSONValue {
        [
            "scores": .array(scores.map(ContractJSON.score)),
            "explanations": .array(explanations.map { ContractJSON.explanation($0) }),
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
