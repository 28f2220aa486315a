import Foundation
import Testing

@testable import Queue

@Suite struct HardnessTests {
    @Test(
        "Entropy is that of a coin, in bits",
        arguments: [
            // scipy.stats.entropy([p, 1 - p], base=2)
            (0.5, 1.0), (0.1, 0.4689955935892812), (0.9, 0.4689955935892812), (0.25, 0.8112781244591328),
            (0.999, 0.011407757737461145), (0, 0), (1, 0),
        ])
    func entropy(p: Double, bits: Double) {
        #expect(abs(Hardness.entropy(p) - bits) < 1e-12)
    }

    @Test(
        "Margin is 1 at the threshold and falls linearly to 0 on both sides, whatever the threshold",
        arguments: [
            (0.5, 0.5, 1.0), (0.75, 0.5, 0.5), (0.2, 0.5, 0.4), (0.1, 0.1, 1), (0.05, 0.1, 0.5), (0.55, 0.1, 0.5),
            (1, 0.1, 0), (0, 0.1, 0), (0, 0, 1), (0.25, 0, 0.75), (1, 1, 1), (0.25, 1, 0.25),
        ])
    func margin(p: Double, threshold: Double, value: Double) {
        #expect(abs(Hardness.margin(p, threshold: threshold) - value) < 1e-12)
    }

    @Test("Disagreement is the range, and none of one model or of none")
    func disagreement() {
        #expect(Hardness.disagreement([0.25, 0.75, 0.5]) == 0.5)
        #expect(Hardness.disagreement([0.7]) == 0 && Hardness.disagreement([]) == 0)
    }

    private func score(_ model: String, _ policy: PolicyID, _ value: Double, _ threshold: Double? = nil) -> Score {
        Score(model: model, policy: policy, value: value, threshold: threshold)
    }

    private func reading(
        _ measure: HardnessMeter.Measure, _ scores: [Score], policy: PolicyID? = nil
    ) throws -> HardnessMeter.Reading? {
        var meter = HardnessMeter(measure, policy: policy, taxonomy: try TestQueue.defaultTaxonomy())
        // What is read of one item must not be left for the next.
        _ = meter.reading(of: [score("x@1", "spam", 0.5), score("y@1", "spam", 0.1)])
        return meter.reading(of: scores)
    }

    @Test("An item's value is the largest of its policies and models, with what made it")
    func largest() throws {
        let scores = [
            score("a@1", "hate", 0.99), score("a@1", "violence/graphic", 0.4), score("b@1", "hate", 0.6, 0.6),
        ]
        let entropy = try #require(try reading(.entropy, scores))
        #expect(entropy.policy == "violence/graphic" && entropy.probability == 0.4)
        #expect(entropy.value == Hardness.entropy(0.4))
        let margin = try #require(try reading(.margin, scores))
        #expect(margin.policy == "hate" && margin.probability == 0.6 && margin.value == 1)
        let highest = try #require(try reading(.score, scores))
        #expect(highest.value == 0.99 && highest.policy == "hate")
        let spread = try #require(try reading(.disagreement, scores))
        #expect(spread.policy == "hate" && spread.least == 0.6 && spread.probability == 0.99)
        #expect(spread.value == Hardness.disagreement([0.99, 0.6]))
    }

    @Test("A policy counts with those beneath it, and others not at all")
    func policy() throws {
        let scores = [score("a@1", "hate", 0.5), score("a@1", "violence/graphic", 0.4)]
        #expect(try reading(.entropy, scores, policy: "violence")?.policy == "violence/graphic")
        #expect(try reading(.entropy, scores, policy: "spam") == nil)
    }

    @Test("Numbers that are no probabilities count for nothing")
    func uncalibrated() throws {
        var raw = score("a@1", "hate", 0.5)
        raw.provenance = Score.Provenance(weights: "00", head: nil, precision: "f32", isCalibrated: false)
        #expect(try reading(.entropy, [raw]) == nil)
        #expect(try reading(.entropy, [raw, score("b@1", "hate", 0.1)])?.probability == 0.1)
    }
}
