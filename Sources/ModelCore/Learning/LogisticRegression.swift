/// A direction and a bias: logit = direction·ê + bias (+ offset).
public struct LinearFit: Sendable, Hashable {
    public var direction: [Double]
    public var bias: Double
    /// Steps of L-BFGS.
    public var iterations: Int
    /// Whether the gradient fell below the tolerance.
    public var isConverged: Bool

    public init(direction: [Double], bias: Double, iterations: Int = 0, isConverged: Bool = true) {
        (self.direction, self.bias) = (direction, bias)
        (self.iterations, self.isConverged) = (iterations, isConverged)
    }
}

/// Logistic regression with a penalty on the direction's length: how a head is fitted.
///
///     let rows = LabelledRows(rows: [0, 1, 2, 3], targets: [1, 0, 1, 0])
///     let fit = LogisticRegression.fit(table, rows.balanced, strength: 1)
///
/// Minimises, with z = x·d + b + offset,
///
///     C·Σ w·(−t·log σ(z) − (1 − t)·log(1 − σ(z))) + ½‖d‖²
///
/// the bias unpenalised: the objective of scikit-learn's `LogisticRegression(C=…, solver="lbfgs")`, which takes neither
/// offsets nor soft targets. A target t of weight w is the same as two rows, one of either class, of weights w·t and
/// w·(1 − t).
public enum LogisticRegression {
    /// When a search for the minimum has come near enough.
    public enum Tolerance: Sendable, Hashable {
        /// The largest part of the gradient, of the objective divided by C·Σw (as scikit-learn's `tol`), is 1e-9: the
        /// coefficients are good to six digits or more.
        case tight
        /// What is left to gain is a hundred-thousandth of the objective, by the curvature known, or with fewer than eight
        /// rows a column the largest part of the gradient is 1e-6: good enough to tell which strength is best
        /// (`StrengthSearchTests` compares it with ``tight``), and not to be kept.
        case loose

        /// Of the largest part of the gradient.
        var gradient: Double {
            switch self {
            case .tight: 1e-9
            case .loose: 1e-6
            }
        }

        /// Of what is left to gain, as a share.
        var gain: Double {
            switch self {
            case .tight: 0
            case .loose: 1e-5
            }
        }
    }

    /// Fits one policy.
    ///
    /// Takes the processor for its whole time: from asynchronous code call it on a thread of its own.
    ///
    /// - Parameters:
    ///   - strength: C; the larger, the less the penalty counts.
    ///   - startingFrom: of the table's width; a fit that is near saves steps and changes nothing else.
    /// - Returns: where all targets are of one class there is no minimum, and what comes back is the start (zero by
    ///   default) with ``LinearFit/isConverged`` false.
    public static func fit(
        _ table: EmbeddingTable, _ rows: LabelledRows, strength: Double, startingFrom start: LinearFit? = nil,
        tolerance: Tolerance = .tight
    ) -> LinearFit {
        let start = start.flatMap { $0.direction.count == table.width ? $0 : nil }
        guard rows.hasBothClasses else {
            return LinearFit(
                direction: start?.direction ?? [Double](repeating: 0, count: table.width), bias: start?.bias ?? 0,
                isConverged: false)
        }
        var search = LogisticSearch(LogisticObjective(table, rows))
        let rough = search.minimum(from: [start], leavingOut: [nil], strength: strength, .loose)[0]
        guard tolerance == .tight else { return rough }
        var fine = search.minimum(from: [rough], leavingOut: [nil], strength: strength, .tight)[0]
        fine.iterations += rough.iterations
        return fine
    }
}

/// Minima of one objective, one strength after another, with what is learnt of its curvature on the way.
struct LogisticSearch {
    let objective: LogisticObjective
    private var curvature: Curvature?
    /// Steps of the last search, the most of any problem.
    private var steps = 0

    /// Most steps of one search: far more than any fit of embeddings takes.
    private static let stepLimit = 1000
    /// Rows a column from which what is left to gain tells how far a fit is from its end: with fewer, strong fits of much the
    /// same objective judge rows they have not seen quite differently.
    private static let manyRows = 8
    /// Curvature is found again when a search from it takes more steps than that.
    private static let manySteps = 8

    init(_ objective: LogisticObjective) { self.objective = objective }

    /// Several problems over the same rows side by side, so that each row is read once for all of them.
    ///
    /// - Parameters:
    ///   - starts: nil for zero.
    ///   - folds: that each problem leaves out.
    mutating func minimum(
        from starts: [LinearFit?], leavingOut folds: [Int?], strength: Double,
        _ tolerance: LogisticRegression.Tolerance
    ) -> [LinearFit] {
        let columns = objective.width + 1
        // With fewer rows than columns a pass over them costs less than the factorisation of their curvature.
        let isCurved = objective.count >= columns
        let gain = objective.count >= Self.manyRows * columns ? tolerance.gain : 0
        let centre = isCurved ? curvedCentre(starts, strength: strength) : Self.flatCentre
        var searches = starts.map { start in
            QuasiNewton(
                start: start.map { $0.direction + [$0.bias] } ?? [Double](repeating: 0, count: columns),
                tolerance: tolerance.gradient, gain: gain, limit: Self.stepLimit, centre: centre)
        }
        while true {
            let open = searches.indices.filter { !searches[$0].isDone }
            guard !open.isEmpty else { break }
            let found = objective.evaluate(
                open.map { searches[$0].point }, leavingOut: open.map { folds[$0] }, strength: strength)
            for (index, found) in zip(open, found) {
                searches[index].take(value: found.value, gradient: found.gradient)
            }
        }
        steps = searches.map(\.iterations).max() ?? 0
        return searches.map { search in
            LinearFit(
                direction: Array(search.best.dropLast()), bias: search.best.last ?? 0, iterations: search.iterations,
                isConverged: search.status == .converged)
        }
    }

    /// The loss bends by a quarter at most where rows have length 1.
    private static var flatCentre: @Sendable ([Double]) -> [Double] { { gradient in gradient.map { 4 * $0 } } }

    private mutating func curvedCentre(
        _ starts: [LinearFit?], strength: Double
    ) -> @Sendable ([Double]) -> [Double] {
        if curvature == nil || steps > Self.manySteps {
            let known = starts.compactMap { $0 }
            var mean = [Double](repeating: 0, count: objective.width + 1)
            for fit in known {
                for (column, value) in (fit.direction + [fit.bias]).enumerated() {
                    mean[column] += value / Double(known.count)
                }
            }
            curvature = objective.curvature(at: mean, rows: 4 * (objective.width + 1))
        }
        guard var factored = curvature else { return { $0 } }
        factored.factor(penalty: 1 / (strength * objective.weight(without: nil)))
        return { [factored] gradient in factored.solve(gradient) }
    }
}
