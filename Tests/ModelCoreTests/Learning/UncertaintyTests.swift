import Foundation
import Testing

@testable import ModelCore

@Suite struct UncertaintyTests {
    @Test func `Entropy is a bit at one half and nothing at certainty`() {
        #expect(Uncertainty.entropy(0.5) == 1 && Uncertainty.entropy(0) == 0 && Uncertainty.entropy(1) == 0)
        // −¼·log₂¼ − ¾·log₂¾ = 2 − ¾·log₂3
        #expect(abs(Uncertainty.entropy(0.25) - (2 - 0.75 * log2(3))) < 1e-12)
    }

    @Test func `The margin is widest at the threshold and falls to nothing at both ends`() {
        #expect(Uncertainty.margin(0.5) == 1 && Uncertainty.margin(0) == 0 && Uncertainty.margin(1) == 0)
        #expect(abs(Uncertainty.margin(0.8) - 0.4) < 1e-12)
        #expect(Uncertainty.margin(0.2, threshold: 0.2) == 1)
        #expect(abs(Uncertainty.margin(0.6, threshold: 0.2) - 0.5) < 1e-12)
        #expect(abs(Uncertainty.margin(0.1, threshold: 0.2) - 0.5) < 1e-12)
        for threshold in [0.0, 1] {
            for p in [0.0, 0.3, 1] { #expect((0...1).contains(Uncertainty.margin(p, threshold: threshold))) }
        }
    }

    @Test func `Models disagree by a bit when they are sure of opposites, and not at all when they say one thing`() {
        #expect(Uncertainty.disagreement([0, 1]) == 1)
        #expect(Uncertainty.disagreement([0.5, 0.5]) == 0 && Uncertainty.disagreement([0.1]) == 0)
        #expect(Uncertainty.disagreement([]) == 0)
        let some = Uncertainty.disagreement([0.2, 0.6])
        #expect(
            abs(some - (Uncertainty.entropy(0.4) - (Uncertainty.entropy(0.2) + Uncertainty.entropy(0.6)) / 2)) < 1e-12)
        #expect(some > 0 && Uncertainty.disagreement([0.1, 0.9]) > some)
    }
}
