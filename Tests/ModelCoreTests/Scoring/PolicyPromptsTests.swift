import Foundation
import Testing

@testable import ModelCore

/// How prompts become a policy's score.
@Suite struct PolicyPromptsTests {
    private static let policy = ZeroShotPolicy(
        policy: "x", description: "", templates: ["a photo of {}", "{} at night"], positive: ["blood", "a wound"],
        negative: ["paint", "a bandage"], threshold: 0.95)
    private static let matching = Recipe.Prompts(by: .matching, maximumTokens: 16)
    private static let question = Recipe.Prompts(by: .question(Recipe.Prompts.Question()), maximumTokens: 16)

    @Test func `The best prompt decides, after the mean over templates`() throws {
        let prompts = PolicyPrompts([Self.policy], way: Self.matching)
        #expect(
            prompts.texts == [
                "a photo of blood", "blood at night", "a photo of a wound", "a wound at night", "a photo of paint",
                "paint at night", "a photo of a bandage", "a bandage at night",
            ])
        let asked = try #require(prompts.asked.first)
        // Means: blood 2, a wound 2.5; paint 0, a bandage −1.
        let reading = PolicyPrompts.reading(of: asked, odds: [4, 0, 2, 3, 1, -1, -4, 2])
        #expect(reading.logit == 2.5)
        #expect(reading.positive.words == "a wound" && reading.negative?.words == "paint")
        let score = PolicyPrompts.score(of: asked, reading)
        #expect(abs(score.probability - 1 / (1 + exp(-2.5))) < 1e-12)
        #expect(score.threshold == 0.95 && !score.isCalibrated)
    }

    @Test func `Without negative prompts the score of a prompt is the model's own probability`() throws {
        let alone = ZeroShotPolicy(
            policy: "x", description: "", templates: [], positive: ["blood"], negative: [], threshold: nil)
        let prompts = PolicyPrompts([alone], way: Self.matching)
        let asked = try #require(prompts.asked.first)
        let reading = PolicyPrompts.reading(of: asked, odds: [-1.25])
        #expect(reading.logit == -1.25 && reading.negative == nil)
        #expect(abs(PolicyPrompts.score(of: asked, reading).probability - 1 / (1 + exp(1.25))) < 1e-12)
    }

    @Test func `A question takes the prompts without templates, and texts that policies share are put once`() {
        let other = ZeroShotPolicy(
            policy: "y", description: "", templates: ["{}!"], positive: ["fire"], negative: ["paint"], threshold: nil)
        let prompts = PolicyPrompts([Self.policy, other], way: Self.question)
        #expect(prompts.texts.count == 5)
        #expect(prompts.texts[0] == "Question: does this picture show blood? Answer:")
        #expect(prompts.asked[0].negative[0].texts == prompts.asked[1].negative[0].texts)
    }

    @Test func `Another question is another head, so that no calibration of one is taken for the other`() {
        let other = Recipe.Prompts(
            by: .question(Recipe.Prompts.Question(wording: "Is there {}? Answer:")), maximumTokens: 16)
        let heads = [Self.matching, Self.question, other].map { $0.headID(of: Self.policy) }
        #expect(Set(heads).count == 3)
        #expect(heads[0].hasPrefix("matching@") && heads[1].hasPrefix("question@") && heads[2].hasPrefix("question@"))
    }
}
