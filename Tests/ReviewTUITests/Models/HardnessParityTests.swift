import ModelCore
import Testing

@testable import Queue

/// The queue and the models may not know each other, and mean the same by uncertainty.
@Suite struct HardnessParityTests {
    @Test("Queue and ModelCore work out the same numbers")
    func same() {
        let grid = stride(from: 0, through: 1, by: 0.05).map { min($0, 1) }
        for p in grid {
            #expect(abs(Hardness.entropy(p) - Uncertainty.entropy(p)) < 1e-12)
            for q in grid {
                #expect(
                    abs(Hardness.margin(p, threshold: q) - Uncertainty.margin(p, threshold: q)) < 1e-12, "\(p) \(q)")
                let committee = [p, q, 0.3]
                #expect(abs(Hardness.disagreement(committee) - Uncertainty.disagreement(committee)) < 1e-12)
            }
        }
    }
}
