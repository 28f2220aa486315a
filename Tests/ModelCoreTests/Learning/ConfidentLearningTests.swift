import Testing

@testable import ModelCore

@Suite struct ConfidentLearningTests {
    @Test func `Likely wrong labels, their order and the joint are cleanlab's`() throws {
        let cases = try LearningFixture.shared.get().issues
        #expect(cases.count == 6 && cases.contains { $0.noiseRate.count > 10 })
        for expected in cases {
            let rate = ConfidentLearning.issues(labels: expected.labels, probabilities: expected.probabilities.values)
            #expect(rate.issues == expected.noiseRate, "\(expected.name)")
            #expect(rate.joint == expected.joint, "\(expected.name)")
            let confident = ConfidentLearning.issues(
                labels: expected.labels, probabilities: expected.probabilities.values, filter: .confident)
            #expect(confident.issues == expected.confident, "\(expected.name)")
        }
    }

    @Test func `Labels of one class, and none at all, have no issues`() {
        for labels in [[], [true], [false, false, false]] as [[Bool]] {
            for filter in [ConfidentLearning.Filter.noiseRate, .confident] {
                let found = ConfidentLearning.issues(
                    labels: labels, probabilities: labels.map { _ in 0.4 }, filter: filter)
                #expect(found.issues.isEmpty && found.noise == 0)
            }
        }
    }
}
