import Foundation

/// The value and gradient of several logistic losses over the same rows, in one pass over them.
///
/// Of problem k, whose points are [direction, bias],
///
///     f(d, b) = (1/W) Σ_i w_i·(log(1 + e^{z_i}) − t_i·z_i) + ‖d‖²/(2·C·W),   z_i = x_i·d + b + offset_i
///
/// over the rows that are not in the fold k leaves out, W the sum of their weights. That is scikit-learn's objective
/// divided by C·W, as scikit-learn itself divides it since 1.4: a tolerance then means the same for any number of rows.
///
/// The rows are copied in the order in which they are met, so that a pass reads memory straight through. Four at a time are
/// widened into scratch memory that lies in the first-level cache, a one behind each for the bias, and every problem reads
/// them from there. Loops are over plain numbers: the optimiser makes vectors of them, and a debug build, where every
/// operation on a vector is a call, stays usable.
struct LogisticObjective {
    /// What is known of a row.
    private struct Row {
        /// In the table.
        var index: Int
        var target: Double
        var weight: Double
        var offset: Double
        var fold: Int32
    }

    let width: Int
    /// By fold, each fold filled to whole blocks of four with rows of no weight.
    private let rows: [Row]
    /// Their embeddings, `[rows, width]`.
    private let values: [Float]
    /// Sum of weights, in all and by fold.
    private let total: Double
    private let totals: [Double]

    /// - Parameter folds: of each row, from 0; nil where none is ever left out.
    init(_ table: EmbeddingTable, _ labelled: LabelledRows, folds: [Int]? = nil) {
        width = table.width
        let count = (folds?.max() ?? 0) + 1
        var byFold = [[Row]](repeating: [], count: count)
        for place in labelled.rows.indices {
            let (row, weight) = (labelled.rows[place], labelled.weights[place])
            guard (0..<table.count).contains(row), (0...1).contains(labelled.targets[place]), weight > 0,
                weight.isFinite
            else { continue }
            let fold = folds?[place] ?? 0
            byFold[fold].append(
                Row(
                    index: row, target: labelled.targets[place], weight: weight,
                    offset: labelled.offsets?[place] ?? 0, fold: Int32(fold)))
        }
        totals = byFold.map { $0.reduce(0) { $0 + $1.weight } }
        total = totals.reduce(0, +)
        let rows = byFold.flatMap { rows in
            let missing = (4 - rows.count % 4) % 4
            return rows
                + rows.prefix(1).flatMap { row in
                    var nothing = row
                    nothing.weight = 0
                    return [Row](repeating: nothing, count: missing)
                }
        }
        self.rows = rows
        values = [Float](unsafeUninitializedCapacity: rows.count * table.width) { copies, count in
            table.values.withUnsafeBufferPointer { values in
                for row in rows {
                    count = copies[count...].initialize(
                        fromContentsOf: values[row.index * table.width..<(row.index + 1) * table.width])
                }
            }
        }
    }

    var count: Int { rows.count }

    /// W of the rows outside a fold.
    func weight(without fold: Int?) -> Double { total - (fold.map { totals[$0] } ?? 0) }

    /// - Parameters:
    ///   - points: of each problem, `[width + 1]`, the bias last.
    ///   - leavingOut: the fold that each problem leaves out; nil for none.
    ///   - strength: C.
    /// - Returns: of each problem f and its gradient.
    func evaluate(
        _ points: [[Double]], leavingOut: [Int?], strength: Double
    ) -> [(value: Double, gradient: [Double])] {
        let size = width + 1
        var losses = [Double](repeating: 0, count: points.count)
        var gradients = [Double](repeating: 0, count: points.count * size)
        let leavingOut = leavingOut.map { Int32($0 ?? -1) }
        pass(points.flatMap { $0 }, leavingOut, &losses, &gradients)
        return points.indices.map { problem in
            let point = points[problem]
            let sum = weight(without: leavingOut[problem] < 0 ? nil : Int(leavingOut[problem]))
            let penalty = 1 / (strength * sum)
            var gradient = Array(gradients[problem * size..<(problem + 1) * size])
            var square = 0.0
            for column in 0..<width {
                gradient[column] = gradient[column] / sum + penalty * point[column]
                square += point[column] * point[column]
            }
            gradient[width] /= sum
            return (losses[problem] / sum + penalty * square / 2, gradient)
        }
    }

    /// The curvature of the loss at a point, from so many of the rows, or from all where there are fewer.
    func curvature(at point: [Double], rows wanted: Int) -> Curvature {
        let chosen = rowsByCurvature(at: point, wanted)
        let size = width + 1
        var products = [Double](repeating: 0, count: size * size)
        let four = FourRows(size: size)
        values.withUnsafeBufferPointer { values in
            products.withUnsafeMutableBufferPointer { products in
                guard let values = values.baseAddress, let sums = products.baseAddress else { return }
                for first in stride(from: 0, to: chosen.count, by: 4) {
                    var shares = FourRows.Numbers()
                    for row in 0..<4 {
                        // The last four are filled with rows of no share.
                        let (place, share) = chosen[min(first + row, chosen.count - 1)]
                        four.widen(values + place * width, as: row)
                        shares[row] = first + row < chosen.count ? share : 0
                    }
                    for column in 0..<size {
                        // Below the diagonal only.
                        four.add(shares * four.column(column), to: sums + column * size, column + 1)
                    }
                }
            }
        }
        return Curvature(width: width, products: products)
    }

    /// Places of rows, drawn by what they add to the curvature at a point, and the share of it that each stands for.
    private func rowsByCurvature(at point: [Double], _ wanted: Int) -> [(place: Int, share: Double)] {
        var shares = [Double](repeating: 0, count: rows.count)
        values.withUnsafeBufferPointer { values in
            for (place, row) in rows.enumerated() where row.weight > 0 {
                guard let values = values.baseAddress else { return }
                let z = scalarProduct(values + place * width, point, width) + point[width] + row.offset
                let p = sigmoid(z)
                shares[place] = row.weight * p * (1 - p)
            }
        }
        guard rows.count > wanted else { return rows.indices.map { ($0, shares[$0] / total) } }
        // At equal steps along the shares: a row with twice the share is met twice as often.
        var chosen: [(place: Int, share: Double)] = []
        let step = shares.reduce(0, +) / Double(wanted)
        var next = step / 2
        var sum = 0.0
        for place in rows.indices {
            sum += shares[place]
            while next < sum, chosen.count < wanted {
                chosen.append((place, step / total))
                next += step
            }
        }
        return chosen
    }

    /// Sums of weighted losses and of their gradients.
    private func pass(
        _ points: [Double], _ leavingOut: [Int32], _ losses: inout [Double], _ gradients: inout [Double]
    ) {
        let (size, problems) = (width + 1, leavingOut.count)
        let four = FourRows(size: size)
        values.withUnsafeBufferPointer { values in
            points.withUnsafeBufferPointer { points in
                gradients.withUnsafeMutableBufferPointer { gradients in
                    guard let values = values.baseAddress, let points = points.baseAddress,
                        let gradients = gradients.baseAddress
                    else { return }
                    for first in stride(from: 0, to: rows.count, by: 4) {
                        for row in 0..<4 { four.widen(values + (first + row) * width, as: row) }
                        four.interleave()
                        let fold = rows[first].fold
                        for problem in 0..<problems where leavingOut[problem] != fold {
                            let logits = four.products(points + problem * size)
                            var residuals = FourRows.Numbers()
                            for row in 0..<4 {
                                let known = rows[first + row]
                                let z = logits[row] + known.offset
                                // log(1 + e^z) and σ(z) by one power, that never overflows.
                                let power = exp(-abs(z))
                                losses[problem] += known.weight * (max(z, 0) + log1p(power) - known.target * z)
                                residuals[row] = known.weight * ((z < 0 ? power : 1) / (1 + power) - known.target)
                            }
                            four.add(residuals, to: gradients + problem * size, size)
                        }
                    }
                }
            }
        }
    }
}

/// log(1 + e^z), without overflow.
@inline(__always)
func softplus(_ z: Double) -> Double {
    max(z, 0) + log1p(exp(-abs(z)))
}

/// 1/(1 + e^{−z}), without overflow.
@inline(__always)
func sigmoid(_ z: Double) -> Double {
    guard z < 0 else { return 1 / (1 + exp(-z)) }
    let power = exp(z)
    return power / (1 + power)
}
