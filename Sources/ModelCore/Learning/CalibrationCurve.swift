import Foundation

/// From a logit to a probability. Never falls.
public enum CalibrationCurve: Sendable, Hashable {
    /// sigmoid(z)
    case identity
    /// sigmoid(z/T), T > 0 (Guo et al. 2017).
    case temperature(Double)
    /// sigmoid(a·z + b), a > 0 (Platt 1999).
    case platt(a: Double, b: Double)
    /// Straight lines between points, flat outside them (Zadrozny and Elkan 2002). Logits ascend, probabilities never
    /// fall; both are of one length, at least 1. Items between two points of one probability tie: their order is lost.
    case isotonic(logits: [Double], probabilities: [Double])

    public func probability(ofLogit logit: Double) -> Double {
        switch self {
        case .identity: sigmoid(logit)
        case .temperature(let temperature): sigmoid(logit / temperature)
        case .platt(let a, let b): sigmoid(a * logit + b)
        case .isotonic(let logits, let probabilities): Self.interpolated(logit, logits, probabilities)
        }
    }

    /// What is wrong with it: a reason that follows the name of a field; nil where it is sound.
    var fault: (field: String, reason: String)? {
        switch self {
        case .identity: return nil
        case .temperature(let temperature):
            return temperature.isFinite && temperature > 0
                ? nil : ("temperature", "is not above 0: it would turn the scores round")
        case .platt(let a, let b):
            guard a.isFinite, a > 0 else { return ("a", "is not above 0: it would turn the scores round") }
            return b.isFinite ? nil : ("b", "is not finite")
        case .isotonic(let logits, let probabilities):
            guard !logits.isEmpty, logits.allSatisfy(\.isFinite), zip(logits, logits.dropFirst()).allSatisfy(<) else {
                return ("logits", "are not at least one number, ascending")
            }
            guard probabilities.count == logits.count else { return ("probabilities", "are not as many as the logits") }
            guard probabilities.allSatisfy((0...1).contains),
                zip(probabilities, probabilities.dropFirst()).allSatisfy(<=)
            else { return ("probabilities", "are not from 0 to 1 and never falling") }
            return nil
        }
    }

    private static func interpolated(_ logit: Double, _ logits: [Double], _ probabilities: [Double]) -> Double {
        guard let first = probabilities.first, let last = probabilities.last else { return sigmoid(logit) }
        // The first point above.
        var (low, high) = (0, logits.count)
        while low < high {
            let middle = (low + high) / 2
            if logits[middle] > logit { high = middle } else { low = middle + 1 }
        }
        guard low > 0 else { return first }
        guard low < logits.count else { return last }
        let share = (logit - logits[low - 1]) / (logits[low] - logits[low - 1])
        return probabilities[low - 1] + share * (probabilities[low] - probabilities[low - 1])
    }
}

// MARK: Where only straight lines are understood

extension CalibrationCurve {
    /// scale·z + offset, that orders logits as the curve does and comes near log(p/(1 − p)); exact but for an isotonic
    /// curve, of which it is the line of least squares through the points (at least nearly flat, so that it ascends).
    ///
    /// For graphs that compare directions before their scores are known. What comes out of them is held against the
    /// scores.
    var line: (scale: Double, offset: Double) {
        switch self {
        case .identity: return (1, 0)
        case .temperature(let temperature): return (1 / temperature, 0)
        case .platt(let a, let b): return (a, b)
        case .isotonic(let logits, let probabilities):
            // A probability of 0 or 1 is no more certain than the items it was made of.
            let odds = probabilities.map { p in
                let kept = min(max(p, 0.001), 0.999)
                return log(kept / (1 - kept))
            }
            let count = Double(max(1, logits.count))
            let mean = (logits.reduce(0, +) / count, odds.reduce(0, +) / count)
            var (along, across) = (0.0, 0.0)
            for (logit, odd) in zip(logits, odds) {
                along += (logit - mean.0) * (logit - mean.0)
                across += (logit - mean.0) * (odd - mean.1)
            }
            let scale = along > 0 ? max(across / along, 1e-3) : 1
            return (scale, mean.1 - scale * mean.0)
        }
    }

    /// What ``line`` comes to where the curve reaches a probability: at or above it the policy is flagged.
    func cut(atProbability probability: Double) -> Double {
        guard case .isotonic(let logits, let probabilities) = self else { return log(probability / (1 - probability)) }
        guard let above = probabilities.firstIndex(where: { $0 >= probability }) else { return .infinity }
        guard above > 0 else { return -.infinity }
        let (low, high) = (probabilities[above - 1], probabilities[above])
        let share = (probability - low) / (high - low)
        let logit = logits[above - 1] + share * (logits[above] - logits[above - 1])
        return line.scale * logit + line.offset
    }
}

// MARK: In files

extension CalibrationCurve {
    /// `{"kind":"platt","a":1.5,"b":-0.25}`, `{"kind":"temperature","temperature":1.8}`,
    /// `{"kind":"isotonic","logits":[…],"probabilities":[…]}`, `{"kind":"identity"}`.
    struct Fields: Codable {
        var kind: String?
        var a: Double?
        var b: Double?
        var temperature: Double?
        var logits: [Double]?
        var probabilities: [Double]?

        /// - Throws: ``CalibrationCurve/FieldFault``.
        func curve() throws(FieldFault) -> CalibrationCurve {
            func missing(_ field: String) -> FieldFault { FieldFault(field: field, reason: "is not there") }
            let curve: CalibrationCurve
            switch kind ?? "platt" {
            case "identity": curve = .identity
            case "temperature":
                guard let temperature else { throw missing("temperature") }
                curve = .temperature(temperature)
            case "platt":
                guard let a else { throw missing("a") }
                guard let b else { throw missing("b") }
                curve = .platt(a: a, b: b)
            case "isotonic":
                guard let logits else { throw missing("logits") }
                guard let probabilities else { throw missing("probabilities") }
                curve = .isotonic(logits: logits, probabilities: probabilities)
            default: throw FieldFault(field: "kind", reason: "is none of identity, temperature, platt, isotonic")
            }
            if let fault = curve.fault { throw FieldFault(field: fault.field, reason: fault.reason) }
            return curve
        }
    }

    struct FieldFault: Error {
        let field: String
        let reason: String
    }

    /// Its fields as JSON, without the braces.
    var jsonFields: String {
        switch self {
        case .identity: #""kind":"identity""#
        case .temperature(let temperature): #""kind":"temperature","temperature":\#(temperature)"#
        case .platt(let a, let b): #""kind":"platt","a":\#(a),"b":\#(b)"#
        case .isotonic(let logits, let probabilities):
            #""kind":"isotonic","logits":\#(logits.jsonList),"probabilities":\#(probabilities.jsonList)"#
        }
    }
}

extension Array where Element: CustomStringConvertible {
    /// Numbers as Swift writes them: the shortest digits that read back as the same number, so bytes never differ.
    var jsonList: String { "[" + map(\.description).joined(separator: ",") + "]" }
}
