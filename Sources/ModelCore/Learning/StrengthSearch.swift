import Foundation

/// The strength of a fit by cross-validation, with what each row's label was predicted to be by a fit that never saw it.
///
///     if let found = StrengthSearch.search(table, rows) {
///         let fit = LogisticRegression.fit(table, rows, strength: found.strength)
///         let calibration = CalibrationCurve.chosen(logits: found.logits, targets: rows.targets)
///     }
///
/// Strengths are tried from the smallest up, each fold's fit starting from its own fit at the strength before, never from
/// one that saw the rows it leaves out. The lowest weighted log loss of the rows left out wins; of equal ones the
/// smaller strength. After two strengths in a row that did worse than the best, stronger ones, which cost most, are not
/// tried.
public struct StrengthSearch: Sendable, Hashable {
    /// Of one strength.
    public struct Trial: Sendable, Hashable {
        public let strength: Double
        /// Mean of the weighted log loss over the rows left out.
        public let loss: Double
    }

    public let strength: Double
    /// Of the strengths that were tried, in their order.
    public let trials: [Trial]
    /// Of each labelled row, at the chosen strength, offset included, by the fit that left the row's fold out.
    public let logits: [Double]
    /// Of each labelled row.
    public let folds: [Int]

    /// 0.1 to 100 in steps of √10. Embeddings have length 1, so the same range serves every model.
    public static let defaultStrengths: [Double] = [0.1, 0.316, 1, 3.16, 10, 31.6, 100]
    /// What to fit with where there is too little to search by: scikit-learn's default.
    public static let fallbackStrength = 1.0

    /// - Parameters:
    ///   - folds: wanted; fewer where a class stands in fewer clusters.
    ///   - seed: of the order in which clusters are given to folds.
    ///   - tolerance: of the fits compared.
    /// - Returns: nil where two folds with both classes cannot be made (``Folds``).
    public static func search(
        _ table: EmbeddingTable, _ rows: LabelledRows, strengths: [Double] = defaultStrengths, folds count: Int = 5,
        seed: UInt64 = 1, tolerance: LogisticRegression.Tolerance = .loose
    ) -> StrengthSearch? {
        guard !strengths.isEmpty, let folds = Folds.assigned(rows, count: count, seed: seed) else { return nil }
        let numbers = Array(0...(folds.max() ?? 0))
        var fits = [LinearFit?](repeating: nil, count: numbers.count)
        var search = LogisticSearch(LogisticObjective(table, rows, folds: folds))
        var trials: [Trial] = []
        var best: (trial: Trial, logits: [Double])?
        var worse = 0
        for strength in strengths.sorted() {
            let found = search.minimum(from: fits, leavingOut: numbers, strength: strength, tolerance)
            fits = found
            let logits = rows.rows.indices.map { place in
                table.projection(of: rows.rows[place], on: found[folds[place]]) + (rows.offsets?[place] ?? 0)
            }
            let trial = Trial(strength: strength, loss: LogLoss.mean(logits: logits, rows.targets, rows.weights))
            trials.append(trial)
            if trial.loss < best?.trial.loss ?? .infinity {
                (best, worse) = ((trial, logits), 0)
            } else {
                worse += 1
                if worse == 2 { break }
            }
        }
        return best.map {
            StrengthSearch(strength: $0.trial.strength, trials: trials, logits: $0.logits, folds: folds)
        }
    }
}

/// −t·log σ(z) − (1 − t)·log(1 − σ(z)), the loss that a true probability minimises (a proper score: Good 1952).
public enum LogLoss {
    /// Weighted mean over rows; NaN for none.
    public static func mean(logits: [Double], _ targets: [Double], _ weights: [Double]? = nil) -> Double {
        var (sum, total) = (0.0, 0.0)
        for place in logits.indices {
            let weight = weights?[place] ?? 1
            guard weight > 0 else { continue }
            sum += weight * (softplus(logits[place]) - targets[place] * logits[place])
            total += weight
        }
        return sum / total
    }

    /// The same of probabilities, kept 1e-15 away from 0 and 1 as scikit-learn keeps them.
    public static func mean(probabilities: [Double], _ targets: [Double], _ weights: [Double]? = nil) -> Double {
        let logits = probabilities.map { p in
            let kept = min(max(p, 1e-15), 1 - 1e-15)
            return log(kept / (1 - kept))
        }
        return mean(logits: logits, targets, weights)
    }
}
