import Crypto
import Foundation

/// A policy in words, for models that read language and that nobody has taught it.
///
///     ZeroShotPolicy(
///         policy: "violence/graphic", description: "Shows injury in graphic detail.", templates: ["a photo of {}."],
///         positive: ["a bleeding wound"], negative: ["a person with a bandage"], threshold: nil)
public struct ZeroShotPolicy: Sendable, Hashable {
    /// Its id.
    public let policy: String
    /// What the rule forbids, in a sentence or two; what models of texts are asked with first of all.
    public let description: String
    /// Sentences with `{}` where a prompt goes, for models of pictures; none leaves the prompts as they are.
    public let templates: [String]
    public let positive: [String]
    public let negative: [String]
    /// The policy's own; an uncalibrated score is held against no lower one.
    public let threshold: Double?

    public init(
        policy: String, description: String, templates: [String], positive: [String], negative: [String],
        threshold: Double?
    ) {
        self.policy = policy
        self.description = description
        self.templates = templates
        self.positive = positive
        self.negative = negative
        self.threshold = threshold
    }

    /// Of all its words, 64 hex digits: what makes one zero-shot direction another.
    public var sha256: String {
        let words = [[policy, description], templates, positive, negative]
        // Encoding arrays of strings cannot fail; lengths stand in the JSON, so no two lists run together.
        let data = (try? JSONEncoder().encode(words)) ?? Data()
        return SHA256.hash(data: data).hex
    }

    /// ``Head/id`` of the direction that these words make, whatever the model: `zero-shot@` and twelve hex digits.
    public var headID: String { "\(Head.zeroShotName)@\(sha256.prefix(12))" }

    /// Every prompt in every template.
    func filled(_ prompts: [String]) -> [String] {
        guard !templates.isEmpty else { return prompts }
        return prompts.flatMap { prompt in templates.map { $0.replacing("{}", with: prompt) } }
    }
}
