import Foundation
import Testing

@testable import ModelCore

@Suite struct LogisticRegressionTests {
    @Test func `Directions and probabilities are scikit-learn's: plain, weighted, balanced, soft, with offsets`() throws
    {
        let fixture = try LearningFixture.shared.get()
        #expect(fixture.fits.count == 30)
        for expected in fixture.fits {
            let table = try fixture.table(expected.table)
            let fit = LogisticRegression.fit(table, expected.rows, strength: expected.strength)
            #expect(fit.isConverged, "\(expected.name)")
            let coefficients = zip(fit.direction + [fit.bias], expected.direction.values + [expected.bias])
            let furthest = coefficients.map { abs($0 - $1) }.max() ?? .infinity
            #expect(furthest < 1e-5, "\(expected.name): \(furthest)")
            let probabilities = expected.targets.indices.map {
                sigmoid(table.projection(of: $0, on: fit) + (expected.offsets?[$0] ?? 0))
            }
            let widest = zip(probabilities, expected.probabilities.values).map { abs($0 - $1) }.max() ?? .infinity
            #expect(widest < 1e-6, "\(expected.name): \(widest)")
        }
    }

    @Test func `A start nearby saves steps and changes nothing else`() throws {
        let fixture = try LearningFixture.shared.get()
        let known = try #require(fixture.fits.first { $0.name == "rare, plain, C 30" })
        let table = try fixture.table(known.table)
        let cold = LogisticRegression.fit(table, known.rows, strength: 30)
        let warm = LogisticRegression.fit(
            table, known.rows, strength: 30,
            startingFrom: LogisticRegression.fit(table, known.rows, strength: 25))
        #expect(warm.iterations < cold.iterations)
        #expect(zip(warm.direction, cold.direction).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func `The order of rows and a row said twice instead of weighed twice make no difference`() throws {
        let fixture = try LearningFixture.shared.get()
        let known = try #require(fixture.fits.first { $0.name == "small, plain, C 1" })
        let table = try fixture.table(known.table)
        var weighed = known.rows
        weighed.weights[3] = 2
        weighed.weights[5] = 0
        let places = ([3] + Array(weighed.targets.indices.filter { $0 != 5 })).reversed()
        let said = LabelledRows(rows: Array(places), targets: places.map { known.targets[$0] })
        let fits = [weighed, said].map { LogisticRegression.fit(table, $0, strength: 1) }
        #expect(zip(fits[0].direction, fits[1].direction).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(fits[0].direction.contains { abs($0) > 0.1 })
    }

    @Test func `Of one class alone nothing is learnt, and it says so`() {
        var table = EmbeddingTable(width: 2)
        for _ in 0..<4 { table.append([1, 0.5]) }
        for target in [0.0, 1.0] {
            let fit = LogisticRegression.fit(
                table, LabelledRows(rows: [0, 1, 2, 3], targets: [target, target, target, target]), strength: 1)
            #expect(!fit.isConverged && fit.direction == [0, 0] && fit.bias == 0)
        }
    }

    @Test func `Balanced weights put the same total on both classes`() {
        let rows = LabelledRows(rows: [0, 1, 2, 3, 4], targets: [1, 0, 0, 0, 0.5], weights: [1, 1, 2, 1, 2]).balanced
        let violating = zip(rows.targets, rows.weights).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(rows.weights.reduce(0, +) - 7) < 1e-12)
        #expect(abs(violating - 3.5) < 1e-12)
    }

    @Test func `Rows are scaled to length 1, and one that is not a row of the table is refused`() {
        var table = EmbeddingTable(width: 2)
        #expect(table.append([3, 4]) == 0)
        #expect(Array(table.row(0)) == [0.6, 0.8])
        #expect(table.append([1]) == nil && table.append([.nan, 1]) == nil && table.append([.infinity, 1]) == nil)
        #expect(table.append([0, 0]) == 1 && table.count == 2)
    }
}
