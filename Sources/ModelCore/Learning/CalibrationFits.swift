import Foundation

/// sigmoid(z/T): one number, which leaves the order and the even odds where they are (Guo et al. 2017, 4.2).
public enum TemperatureScaling {
    /// The T of least log loss, by Newton's method on 1/T, in which the loss is convex.
    ///
    /// - Parameter smoothing: takes Platt's targets for the labels (``PlattScaling``), without which a few rows that the
    ///   logits tell apart without a fault are taken for certainty. Guo et al. do not.
    /// - Returns: nil where there is no T above 0: no rows, all of one class, or logits that say the opposite.
    public static func fit(
        logits: [Double], targets labels: [Double], weights: [Double]? = nil, smoothing: Bool = true
    ) -> CalibrationCurve? {
        guard hasBothClasses(labels, weights) else { return nil }
        let targets = smoothing ? smoothed(labels, weights).targets : labels
        func slopes(_ inverse: Double) -> (first: Double, second: Double) {
            var (first, second) = (0.0, 0.0)
            for place in logits.indices {
                let (z, weight) = (logits[place], weights?[place] ?? 1)
                let p = sigmoid(inverse * z)
                first += weight * z * (p - targets[place])
                second += weight * z * z * p * (1 - p)
            }
            return (first, second)
        }
        // The loss falls to the left of its minimum and rises to the right: keep it between two bounds.
        var (low, high) = (0.0, 1.0)
        guard slopes(0).first < 0 else { return nil }
        while slopes(high).first < 0 {
            (low, high) = (high, 2 * high)
            // Logits that tell the classes apart without a fault: any sharpening lowers the loss.
            guard high < 1e3 else { return .temperature(1 / high) }
        }
        var inverse = (low + high) / 2
        for _ in 0..<200 {
            let (first, second) = slopes(inverse)
            if first < 0 { low = inverse } else { high = inverse }
            let newton = inverse - first / second
            let next = newton > low && newton < high ? newton : (low + high) / 2
            if abs(next - inverse) <= 1e-12 * inverse { break }
            inverse = next
        }
        return .temperature(1 / inverse)
    }
}

/// sigmoid(a·z + b) with Platt's targets (Platt 1999): of n₊ violating rows (n₊ + 1)/(n₊ + 2), of n₋ others 1/(n₋ + 2),
/// so that a few rows without a fault are not taken for certainty. By Newton's method with halved steps (Lin, Lin and
/// Weng 2007).
public enum PlattScaling {
    /// - Parameter targets: a soft one counts to both classes by its parts.
    /// - Returns: nil where one class is empty, or where a would not be above 0: logits that say the opposite of the labels
    ///   cannot be calibrated by a curve that never falls.
    public static func fit(logits: [Double], targets: [Double], weights: [Double]? = nil) -> CalibrationCurve? {
        guard hasBothClasses(targets, weights) else { return nil }
        let (smoothed, violating, sound) = smoothed(targets, weights)
        func loss(_ a: Double, _ b: Double) -> Double {
            var sum = 0.0
            for place in logits.indices {
                let z = a * logits[place] + b
                sum += (weights?[place] ?? 1) * (softplus(z) - smoothed[place] * z)
            }
            return sum
        }
        var (a, b) = (0.0, log((violating + 1) / (sound + 1)))
        var value = loss(a, b)
        for _ in 0..<100 {
            var (ga, gb, haa, hab, hbb) = (0.0, 0.0, 1e-12, 0.0, 1e-12)
            for place in logits.indices {
                let (z, weight) = (logits[place], weights?[place] ?? 1)
                let p = sigmoid(a * z + b)
                let (slope, curvature) = (weight * (p - smoothed[place]), weight * p * (1 - p))
                ga += slope * z
                gb += slope
                haa += curvature * z * z
                hab += curvature * z
                hbb += curvature
            }
            let determinant = haa * hbb - hab * hab
            guard determinant > 0 else { break }
            let (da, db) = (-(hbb * ga - hab * gb) / determinant, -(haa * gb - hab * ga) / determinant)
            let slope = ga * da + gb * db
            var (step, found) = (1.0, loss(a + da, b + db))
            while found > value + 1e-4 * step * slope, step > 1e-10 {
                step /= 2
                found = loss(a + step * da, b + step * db)
            }
            guard found < value else { break }
            (a, b, value) = (a + step * da, b + step * db, found)
            if abs(slope) < 1e-20 * max(1, abs(value)) { break }
        }
        guard a > 0, a.isFinite, b.isFinite else { return nil }
        return .platt(a: a, b: b)
    }
}

/// The never-falling steps of least squares, by pooling neighbours that fall (Ayer et al. 1955), with straight lines
/// between the steps: scikit-learn's `IsotonicRegression(out_of_bounds="clip")`.
public enum IsotonicRegression {
    /// - Returns: nil for no rows with weight.
    public static func fit(logits: [Double], targets: [Double], weights: [Double]? = nil) -> CalibrationCurve? {
        struct Block {
            var mean: Double
            var weight: Double
            var low: Double
            var high: Double
        }
        let order = logits.indices.filter { (weights?[$0] ?? 1) > 0 }.sorted { logits[$0] < logits[$1] }
        var blocks: [Block] = []
        var first = 0
        while first < order.count {
            let logit: Double = logits[order[first]]
            var row = Block(mean: 0, weight: 0, low: logit, high: logit)
            var next = first
            // Rows of one logit are one row.
            while next < order.count, logits[order[next]] == row.low {
                let weight: Double = weights?[order[next]] ?? 1
                row.mean += weight * targets[order[next]]
                row.weight += weight
                next += 1
            }
            row.mean /= row.weight
            while let last = blocks.last, last.mean >= row.mean {
                let weight = last.weight + row.weight
                row.mean = (last.weight * last.mean + row.weight * row.mean) / weight
                (row.weight, row.low) = (weight, last.low)
                blocks.removeLast()
            }
            blocks.append(row)
            first = next
        }
        guard !blocks.isEmpty else { return nil }
        var points: [(logit: Double, probability: Double)] = []
        for block in blocks {
            points.append((block.low, block.mean))
            if block.high > block.low { points.append((block.high, block.mean)) }
        }
        return .isotonic(logits: points.map(\.logit), probabilities: points.map(\.probability))
    }
}

extension CalibrationCurve {
    public enum Method: String, Sendable, CaseIterable {
        case temperature, platt, isotonic
    }

    /// Rows of the rarer class from which Platt's two numbers are fitted; below, temperature's one.
    public static let plattRows = 10
    /// Rows from which isotonic regression is tried: it takes the lead over Platt's curve from about a thousand
    /// (Niculescu-Mizil and Caruana 2005, section 5).
    public static let isotonicRows = 1000
    /// And rows of the rarer class, so that a step rests on more than a handful of violations.
    public static let isotonicRarer = 100

    /// The curve that a number of rows can bear.
    ///
    /// Isotonic from ``isotonicRows`` rows with ``isotonicRarer`` of the rarer class, and only where it has the lower log
    /// loss in five-fold cross-validation; else Platt from ``plattRows`` of the rarer class; else temperature. An isotonic
    /// curve that is chosen keeps 1/(n + 2) away from 0 and 1 (Laplace's rule of succession), since no number of rows is
    /// certainty.
    ///
    /// - Parameters:
    ///   - logits: of rows that the fit of the direction never saw, or out-of-fold logits.
    ///   - method: to have one whatever the number of rows; nil chooses.
    /// - Returns: nil where nothing can be fitted: one class is empty, or the logits say the opposite of the labels.
    public static func chosen(
        logits: [Double], targets: [Double], weights: [Double]? = nil, method: Method? = nil
    ) -> CalibrationCurve? {
        let violating = targets.count { $0 >= 0.5 }
        let rarer = min(violating, targets.count - violating)
        switch method {
        case .temperature: return TemperatureScaling.fit(logits: logits, targets: targets, weights: weights)
        case .platt: return PlattScaling.fit(logits: logits, targets: targets, weights: weights)
        case .isotonic: return boundedIsotonic(logits, targets, weights)
        case nil: break
        }
        guard rarer >= plattRows else {
            return TemperatureScaling.fit(logits: logits, targets: targets, weights: weights)
        }
        let platt = PlattScaling.fit(logits: logits, targets: targets, weights: weights)
        guard targets.count >= isotonicRows, rarer >= isotonicRarer else { return platt }
        let losses = [Method.platt, .isotonic].map { crossValidatedLoss($0, logits, targets, weights) }
        return losses[1] < losses[0] ? boundedIsotonic(logits, targets, weights) : platt
    }

    private static func boundedIsotonic(
        _ logits: [Double], _ targets: [Double], _ weights: [Double]?
    ) -> CalibrationCurve? {
        guard hasBothClasses(targets, weights),
            case .isotonic(let points, let probabilities)? = IsotonicRegression.fit(
                logits: logits, targets: targets, weights: weights),
            probabilities.first ?? 0 < probabilities.last ?? 0
        else { return nil }
        let bound = 1 / Double(logits.count + 2)
        return .isotonic(logits: points, probabilities: probabilities.map { min(max($0, bound), 1 - bound) })
    }

    /// Mean log loss of rows that the curve was not fitted on; every fifth row of the order of logits is a fold, so that
    /// the folds span the same range.
    private static func crossValidatedLoss(
        _ method: Method, _ logits: [Double], _ targets: [Double], _ weights: [Double]?
    ) -> Double {
        let order = logits.indices.sorted { logits[$0] < logits[$1] }
        var (held, found) = ([Int](), [Double]())
        for fold in 0..<5 {
            let rest = order.indices.filter { $0 % 5 != fold }.map { order[$0] }
            let curve = chosen(
                logits: rest.map { logits[$0] }, targets: rest.map { targets[$0] },
                weights: weights.map { weights in rest.map { weights[$0] } }, method: method)
            guard let curve else { return .infinity }
            let left = order.indices.filter { $0 % 5 == fold }.map { order[$0] }
            held += left
            found += left.map { curve.probability(ofLogit: logits[$0]) }
        }
        return LogLoss.mean(
            probabilities: found, held.map { targets[$0] }, weights.map { weights in held.map { weights[$0] } })
    }
}

/// Platt's targets, and the weight of either class.
private func smoothed(
    _ targets: [Double], _ weights: [Double]?
) -> (targets: [Double], violating: Double, sound: Double) {
    var (violating, sound) = (0.0, 0.0)
    for place in targets.indices {
        violating += (weights?[place] ?? 1) * targets[place]
        sound += (weights?[place] ?? 1) * (1 - targets[place])
    }
    let (high, low) = ((violating + 1) / (violating + 2), 1 / (sound + 2))
    return (targets.map { $0 * high + (1 - $0) * low }, violating, sound)
}

private func hasBothClasses(_ targets: [Double], _ weights: [Double]?) -> Bool {
    LabelledRows(rows: Array(targets.indices), targets: targets, weights: weights).hasBothClasses
}
