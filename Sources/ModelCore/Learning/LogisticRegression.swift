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
    /// How small the largest part of the gradient must be, of the objective divided by C·Σw (as scikit-learn's `tol`).
    public enum Tolerance: Sendable, Hashable {
        /// 1e-9, in double precision: the coefficients are good to six digits or more.
        case tight
        /// 1e-4, scikit-learn's own default, in single precision: good enough to tell which strength is best
        /// (`StrengthSearchTests` compares it with ``tight``), and not to be kept.
        case loose

        var gradient: Double {
            switch self {
            case .tight: 1e-9
            case .loose: 1e-4
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
        let rough = minimum(
            LogisticObjective<Float>(table, rows), from: [start], leavingOut: [nil], strength: strength, .loose)[0]
        guard tolerance == .tight else { return rough }
        var fine = minimum(
            LogisticObjective<Double>(table, rows), from: [rough], leavingOut: [nil], strength: strength, .tight)[0]
        fine.iterations += rough.iterations
        return fine
    }

    /// Most steps of one search: far more than any fit of embeddings takes.
    static let stepLimit = 1000

    /// Several problems over the same rows side by side, so that each row is read once for all of them.
    static func minimum<Scalar>(
        _ objective: LogisticObjective<Scalar>, from starts: [LinearFit?], leavingOut folds: [Int?], strength: Double,
        _ tolerance: Tolerance
    ) -> [LinearFit] {
        var searches = starts.map { start in
            QuasiNewton(
                start: start.map { $0.direction + [$0.bias] } ?? [Double](repeating: 0, count: objective.width + 1),
                tolerance: tolerance.gradient, limit: stepLimit
            ) { gradient in gradient.map { 4 * $0 } }
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
        return searches.map { search in
            LinearFit(
                direction: Array(search.best.dropLast()), bias: search.best.last ?? 0, iterations: search.iterations,
                isConverged: search.status == .converged)
        }
    }
}
