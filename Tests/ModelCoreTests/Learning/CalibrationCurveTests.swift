import Foundation
import Testing

@testable import ModelCore

@Suite struct CalibrationCurveTests {
    @Test func `Platt's curve is scikit-learn's, and temperature the minimum of the loss`() throws {
        for expected in try LearningFixture.shared.get().curves {
            let platt = PlattScaling.fit(
                logits: expected.logits.values, targets: expected.targets, weights: expected.weights)
            guard case .platt(let a, let b)? = platt else {
                Issue.record("\(expected.name): \(String(describing: platt))")
                continue
            }
            // Its own search stops at a slope of 1e-6 or so.
            #expect(abs(a - expected.platt[0]) < 1e-4 && abs(b - expected.platt[1]) < 1e-4, "\(expected.name)")
            let scaled = TemperatureScaling.fit(
                logits: expected.logits.values, targets: expected.targets, weights: expected.weights, smoothing: false)
            guard case .temperature(let temperature)? = scaled, let wanted = expected.temperature else {
                // Labels that the logits tell apart without a fault want no temperature at all.
                #expect(expected.temperature == nil)
                continue
            }
            #expect(abs(temperature - wanted) < 1e-8, "\(expected.name): \(temperature)")
        }
    }

    @Test func `The isotonic curve is scikit-learn's, between its points and beyond them`() throws {
        for expected in try LearningFixture.shared.get().curves {
            let curve = try #require(
                IsotonicRegression.fit(
                    logits: expected.logits.values, targets: expected.targets, weights: expected.weights))
            #expect(curve.fault == nil)
            for (logit, probability) in zip(expected.asked.values, expected.isotonic.values) {
                #expect(abs(curve.probability(ofLogit: logit) - probability) < 1e-9, "\(expected.name) at \(logit)")
            }
        }
    }

    @Test func `Curves never fall, and logits that say the opposite of the labels get none`() {
        let logits = (0..<40).map { Double($0) / 4 - 5 }
        let targets = logits.map { $0 > 0 ? 1.0 : 0 }
        for method in CalibrationCurve.Method.allCases {
            let curve = CalibrationCurve.chosen(logits: logits, targets: targets, method: method)
            let along = curve.map { curve in logits.map(curve.probability) } ?? []
            #expect(!along.isEmpty && zip(along, along.dropFirst()).allSatisfy(<=))
            #expect(along.allSatisfy { $0 > 0 && $0 < 1 }, "no number of rows is certainty: \(method)")
            #expect(CalibrationCurve.chosen(logits: logits, targets: targets.map { 1 - $0 }, method: method) == nil)
            #expect(CalibrationCurve.chosen(logits: logits, targets: targets.map { _ in 1 }, method: method) == nil)
        }
    }

    @Test func `What is chosen depends on what the rows can bear`() {
        func rows(_ count: Int, each: Int, bent: Bool) -> (logits: [Double], targets: [Double]) {
            var random = SeededGenerator(seed: 7)
            let logits = (0..<count).map { Double($0) / Double(count) * 8 - 4 }
            let targets = logits.map { logit in
                let p = bent ? (logit > -1 ? (logit > 2 ? 0.95 : 0.5) : 0.02) : sigmoid(1.5 * logit)
                return Double.random(in: 0..<1, using: &random) < p ? 1.0 : 0
            }
            return (logits, targets)
        }
        let few = rows(15, each: 1, bent: false)
        guard case .temperature? = CalibrationCurve.chosen(logits: few.logits, targets: few.targets) else {
            Issue.record("fifteen rows bear one number")
            return
        }
        let some = rows(300, each: 1, bent: true)
        guard case .platt? = CalibrationCurve.chosen(logits: some.logits, targets: some.targets) else {
            Issue.record("three hundred rows bear two numbers")
            return
        }
        let many = rows(3000, each: 1, bent: true)
        guard case .isotonic? = CalibrationCurve.chosen(logits: many.logits, targets: many.targets) else {
            Issue.record("three thousand rows of a bent curve bear steps")
            return
        }
        let straight = rows(3000, each: 1, bent: false)
        guard case .platt? = CalibrationCurve.chosen(logits: straight.logits, targets: straight.targets) else {
            Issue.record("three thousand rows of a straight curve need no steps")
            return
        }
    }

    @Test func `The straight line that stands in for a curve ascends, and cuts where the curve does`() throws {
        let curve = CalibrationCurve.isotonic(logits: [-2, -1, 0, 3], probabilities: [0, 0.2, 0.2, 1])
        let line = curve.line
        #expect(line.scale > 0)
        for threshold in [0.1, 0.5, 0.9] {
            let cut = curve.cut(atProbability: threshold)
            let logit = (cut - line.offset) / line.scale
            #expect(abs(curve.probability(ofLogit: logit) - threshold) < 1e-12)
        }
        let flat = CalibrationCurve.isotonic(logits: [-1, 1], probabilities: [0.3, 0.3])
        #expect(flat.line.scale > 0)
        #expect(flat.cut(atProbability: 0.4) == .infinity && flat.cut(atProbability: 0.3) == -.infinity)
        let platt = CalibrationCurve.platt(a: 2, b: -1)
        #expect(platt.line == (2, -1) && abs(platt.cut(atProbability: 0.5)) < 1e-12)
        let cooled = CalibrationCurve.temperature(2)
        #expect(cooled.line == (0.5, 0) && abs(cooled.probability(ofLogit: 2) - sigmoid(1)) < 1e-12)
    }
}
