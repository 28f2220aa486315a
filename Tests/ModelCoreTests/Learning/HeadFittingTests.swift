import Foundation
import Testing

@testable import ModelCore

@Suite struct HeadFittingTests {
    /// Items on a circle's neighbourhood: violating ones to the right, with noise; every tenth item is of two pictures.
    private static func material(
        _ count: Int, seed: UInt64, violating: Double = 0.3
    ) -> (table: EmbeddingTable, items: [LabelledItem]) {
        var generator = SeededGenerator(seed: seed)
        func normal() -> Float {
            let (u, v) = (Double.random(in: 1e-12...1, using: &generator), Double.random(in: 0...1, using: &generator))
            return Float((-2 * log(u)).squareRoot() * cos(2 * .pi * v))
        }
        var table = EmbeddingTable(width: 6)
        var items: [LabelledItem] = []
        for number in 0..<count {
            let isViolation = Double.random(in: 0...1, using: &generator) < violating
            let start = table.count
            for _ in 0..<(number % 10 == 0 ? 2 : 1) {
                table.append([isViolation ? 1.2 : -0.2, normal(), normal(), normal(), normal(), normal()])
            }
            items.append(
                LabelledItem(rows: start..<table.count, target: isViolation ? 1 : 0, cluster: Int64(number / 2)))
        }
        return (table, items)
    }

    @Test func `The direction is logistic regression's at the strength that was found, a picture of two weighing half`()
        throws
    {
        let (table, items) = Self.material(300, seed: 3)
        let fitted = try HeadFitting().fit("hate", table, training: items, validation: [])
        let rows = LabelledRows(
            rows: items.flatMap(\.rows), targets: items.flatMap { item in item.rows.map { _ in item.target } },
            weights: items.flatMap { item in item.rows.map { _ in 1 / Double(item.rows.count) } },
            clusters: items.flatMap { item in item.rows.map { _ in item.cluster } })
        let search = try #require(StrengthSearch.search(table, rows))
        #expect(fitted.strength == search.strength && fitted.trials == search.trials)
        let expected = LogisticRegression.fit(table, rows, strength: search.strength)
        #expect(fitted.direction == expected.direction && fitted.bias == expected.bias && fitted.isConverged)
        #expect(fitted.outOfFold.count == 300 && fitted.violating + fitted.others == 300)
        // The first item has two pictures.
        #expect(fitted.outOfFold[0] == search.logits[0..<2].max())
        #expect(HeadFitting().outOfFold(table, training: items) == fitted.outOfFold)
    }

    @Test func `Validation items calibrate where there are enough, and move nothing of the direction`() throws {
        let (table, items) = Self.material(400, seed: 5)
        let (training, validation) = (Array(items[..<300]), Array(items[300...]))
        let fitted = try HeadFitting().fit("hate", table, training: training, validation: validation)
        #expect(fitted.calibratedOn == .validation && fitted.validationViolating >= HeadFitting.validationNeeded)
        let turned = validation.map {
            LabelledItem(rows: $0.rows, target: 1 - $0.target, cluster: $0.cluster)
        }
        let other = try HeadFitting().fit("hate", table, training: training, validation: turned)
        #expect(other.direction == fitted.direction && other.curve != fitted.curve)
        let few = try HeadFitting().fit("hate", table, training: training, validation: Array(validation.prefix(9)))
        #expect(few.calibratedOn == .outOfFold && few.direction == fitted.direction)
        for fitted in [fitted, few] {
            #expect((fitted.threshold ?? 0) >= 0.1)
            // What is said of new items is about what is true of them.
            let (fresh, others) = Self.material(2000, seed: 99)
            let mean =
                others.reduce(0) {
                    $0 + fitted.probability(ofLogit: fitted.logit(of: $1, in: fresh))
                } / 2000
            #expect(abs(mean - 0.3) < 0.06, "\(mean)")
        }
    }

    @Test func `Labels that are trusted less move the direction and make no violation likelier`() throws {
        let (table, items) = Self.material(600, seed: 11)
        let doubted = items.map { item in
            LabelledItem(
                rows: item.rows, target: item.target, weight: item.target == 0 ? 0.1 : 1, cluster: item.cluster)
        }
        let (plain, trusting) = (
            try HeadFitting().fit("hate", table, training: items, validation: []),
            try HeadFitting().fit("hate", table, training: doubted, validation: [])
        )
        #expect(trusting.direction != plain.direction && trusting.bias > plain.bias + 1)
        func mean(_ fitted: HeadFitting.Fitted) -> Double {
            items.reduce(0) { $0 + fitted.probability(ofLogit: fitted.logit(of: $1, in: table)) } / 600
        }
        #expect(abs(mean(plain) - mean(trusting)) < 0.03, "\(mean(plain)) \(mean(trusting))")
        let dropped = items.map {
            LabelledItem(rows: $0.rows, target: $0.target, weight: $0.target == 0 ? 0 : 1, cluster: $0.cluster)
        }
        #expect(throws: HeadFitting.TooFew(violating: plain.violating, others: 0, needed: 5)) {
            try HeadFitting().fit("hate", table, training: dropped, validation: [])
        }
    }

    @Test func `A direction of words is scaled, added, and left out where it says the opposite`() throws {
        let (table, items) = Self.material(60, seed: 7)
        let words = LinearFit(direction: [40, 0, 0, 0, 0, 0], bias: -20)
        let fitted = try HeadFitting().fit("hate", table, training: items, validation: [], startingFrom: words)
        #expect(fitted.startsFromWords)
        guard
            case .platt(let a, let b)? = PlattScaling.fit(
                logits: items.flatMap { item in item.rows.map { table.projection(of: $0, on: words) } },
                targets: items.flatMap { item in item.rows.map { _ in item.target } },
                weights: items.flatMap { item in item.rows.map { _ in 1 / Double(item.rows.count) } })
        else { return #expect(Bool(false), "no scale") }
        // What is left of it when the words are taken off again is a fit with their logits as offsets.
        let scaled = LinearFit(direction: words.direction.map { a * $0 }, bias: a * words.bias + b)
        let rows = HeadFitting.rows(of: items, table, scaled)
        let rest = LogisticRegression.fit(table, rows, strength: fitted.strength)
        for column in 0..<6 {
            #expect(abs(fitted.direction[column] - rest.direction[column] - scaled.direction[column]) < 1e-12)
        }
        #expect(abs(fitted.bias - rest.bias - scaled.bias) < 1e-12)
        for wrong in [LinearFit(direction: [-40, 0, 0, 0, 0, 0], bias: 0), LinearFit(direction: [1], bias: 0)] {
            let without = try HeadFitting().fit("hate", table, training: items, validation: [], startingFrom: wrong)
            let plain = try HeadFitting().fit("hate", table, training: items, validation: [])
            #expect(!without.startsFromWords && without == plain)
        }
    }

    @Test func `Too few of either kind are not fitted, and are said with what is needed`() {
        let (table, items) = Self.material(40, seed: 13)
        let violating = items.filter { $0.target == 1 }
        #expect(throws: HeadFitting.TooFew(violating: violating.count, others: 0, needed: 5)) {
            try HeadFitting().fit("hate", table, training: violating, validation: [])
        }
    }

    @Test func `The threshold of the highest F1 lies between the last item it flags and the next`() throws {
        let items = [1, 1, 0, 1, 0].map { LabelledItem(rows: 0..<1, target: $0, cluster: 0) }
        let threshold = try #require(HeadFitting.bestThreshold([0.9, 0.8, 0.7, 0.6, 0.1], items))
        #expect(abs(threshold - 0.35) < 1e-12)
        #expect(HeadFitting.bestThreshold([0.5], [LabelledItem(rows: 0..<1, target: 0, cluster: 0)]) == nil)
    }
}
