import Testing

@testable import ModelCore

@Suite struct RankingTests {
    @Test func `Average precision and AUROC are scikit-learn's, ties and weights included`() throws {
        let cases = try LearningFixture.shared.get().rankings
        #expect(cases.count == 3)
        for expected in cases {
            let precision = try #require(
                Ranking.averagePrecision(scores: expected.scores, labels: expected.labels, weights: expected.weights))
            #expect(abs(precision - expected.averagePrecision) < 1e-12, "\(expected.name)")
            let area = try #require(
                Ranking.auroc(scores: expected.scores, labels: expected.labels, weights: expected.weights))
            #expect(abs(area - expected.auroc) < 1e-12, "\(expected.name)")
        }
    }

    @Test func `Without rows of a class there is no figure`() {
        #expect(Ranking.averagePrecision(scores: [0.5], labels: [false]) == nil)
        #expect(Ranking.averagePrecision(scores: [0.5], labels: [true]) == 1)
        #expect(Ranking.auroc(scores: [0.5], labels: [true]) == nil)
        #expect(Ranking.auroc(scores: [], labels: []) == nil)
    }
}
