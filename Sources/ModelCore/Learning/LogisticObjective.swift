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
/// Four rows at a time are widened into a scratch block that lies in the first-level cache, column by column, with a one
/// behind each row for the bias: every problem then reads them from there. Loops are over plain numbers: the optimiser makes
/// vectors of the four rows, and a debug build, where every operation on a vector is a call, stays usable.
struct LogisticObjective {
    /// One row as it is met: where it lies in the table and what is known of it.
    private struct Row {
        var start: Int
        var target: Double
        var weight: Double
        var offset: Double
        var fold: Int32
    }

    private let table: EmbeddingTable
    /// By fold, each fold filled to whole blocks of four with rows of no weight.
    private let rows: [Row]
    /// Sum of weights, in all and by fold.
    private let total: Double
    private let totals: [Double]
    /// - Parameter folds: of each row, from 0; nil where none is ever left out.
    init(_ table: EmbeddingTable, _ labelled: LabelledRows, folds: [Int]? = nil) {
        self.table = table
        let count = (folds?.max() ?? 0) + 1
        var byFold = [[Row]](repeating: [], count: count)
        for place in labelled.rows.indices {
            let (row, weight) = (labelled.rows[place], labelled.weights[place])
            // Rows are read without a look at the table's bounds below.
            guard (0..<table.count).contains(row), (0...1).contains(labelled.targets[place]), weight > 0,
                weight.isFinite
            else { continue }
            let fold = folds?[place] ?? 0
            byFold[fold].append(
                Row(
                    start: row * table.width, target: labelled.targets[place], weight: weight,
                    offset: labelled.offsets?[place] ?? 0, fold: Int32(fold)))
        }
        totals = byFold.map { $0.reduce(0) { $0 + $1.weight } }
        total = totals.reduce(0, +)
        rows = byFold.flatMap { rows in
            let missing = (4 - rows.count % 4) % 4
            return rows
                + rows.prefix(1).flatMap { row in
                    var nothing = row
                    nothing.weight = 0
                    return [Row](repeating: nothing, count: missing)
                }
        }
    }

    var width: Int { table.width }
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
        var shares = [Double](repeating: 0, count: rows.count)
        table.values.withUnsafeBufferPointer { values in
            let direction = point.map(Float.init)
            for (place, row) in rows.enumerated() where row.weight > 0 {
                guard let values = values.baseAddress else { return }
                let z = Double(scalarProduct(values + row.start, direction, width)) + point[width] + row.offset
                let p = sigmoid(z)
                shares[place] = row.weight * p * (1 - p)
            }
        }
        let all = shares.reduce(0, +)
        var chosen: [(start: Int, share: Double)] = []
        if rows.count <= wanted {
            chosen = rows.indices.map { (rows[$0].start, shares[$0] / total) }
        } else {
            // At equal steps along the shares: a row with twice the share is met twice as often.
            let step = all / Double(wanted)
            var next = step / 2
            var sum = 0.0
            for place in rows.indices {
                sum += shares[place]
                while next < sum, chosen.count < wanted {
                    chosen.append((rows[place].start, step / total))
                    next += step
                }
            }
        }
        let size = width + 1
        var products = [Double](repeating: 0, count: size * size)
        let block = UnsafeMutablePointer<Double>.allocate(capacity: 4 * size)
        defer { block.deallocate() }
        products.withUnsafeMutableBufferPointer { products in
            guard let sums = products.baseAddress else { return }
            for first in stride(from: 0, to: chosen.count, by: 4) {
                var shares = Four()
                for row in 0..<4 {
                    // The last block is filled with rows of no share.
                    let (start, share) = chosen[min(first + row, chosen.count - 1)]
                    widen(start, as: row, into: block)
                    shares[row] = first + row < chosen.count ? share : 0
                }
                for column in 0..<size {
                    let values = block + 4 * column
                    let scaled = Four(
                        a: shares.a * values[0], b: shares.b * values[1], c: shares.c * values[2],
                        d: shares.d * values[3])
                    // Below the diagonal only.
                    Self.add(block, scaled, to: sums + column * size, column + 1)
                }
            }
        }
        return Curvature(width: width, products: products)
    }

    /// Sums of weighted losses and of their gradients.
    private func pass(
        _ points: [Double], _ leavingOut: [Int32], _ losses: inout [Double], _ gradients: inout [Double]
    ) {
        let (size, problems) = (width + 1, leavingOut.count)
        let block = UnsafeMutablePointer<Double>.allocate(capacity: 4 * size)
        defer { block.deallocate() }
        points.withUnsafeBufferPointer { points in
            gradients.withUnsafeMutableBufferPointer { gradients in
                guard let points = points.baseAddress, let gradients = gradients.baseAddress else { return }
                for first in stride(from: 0, to: rows.count, by: 4) {
                    for row in 0..<4 { widen(rows[first + row].start, as: row, into: block) }
                    let fold = rows[first].fold
                    for problem in 0..<problems where leavingOut[problem] != fold {
                        let logits = Self.products(block, points + problem * size, size)
                        var residuals = Four()
                        for row in 0..<4 {
                            let known = rows[first + row]
                            let z = logits[row] + known.offset
                            let loss = softplus(z)
                            losses[problem] += known.weight * (loss - known.target * z)
                            // sigmoid(z) = e^{z − log(1 + e^z)}
                            residuals[row] = known.weight * (exp(z - loss) - known.target)
                        }
                        Self.add(block, residuals, to: gradients + problem * size, size)
                    }
                }
            }
        }
    }

    // MARK: Four rows

    /// A number of each of four rows.
    private struct Four {
        var a = 0.0
        var b = 0.0
        var c = 0.0
        var d = 0.0

        subscript(row: Int) -> Double {
            get { row == 0 ? a : row == 1 ? b : row == 2 ? c : d }
            set {
                switch row {
                case 0: a = newValue
                case 1: b = newValue
                case 2: c = newValue
                default: d = newValue
                }
            }
        }
    }

    /// Puts a row of the table, and a one for the bias, into its place of a block: `[width + 1, 4]`.
    private func widen(_ start: Int, as row: Int, into block: UnsafeMutablePointer<Double>) {
        let width = width
        table.values.withUnsafeBufferPointer { values in
            guard let from = values.baseAddress else { return }
            var column = 0
            while column < width {
                block[4 * column + row] = Double(from[start + column])
                column += 1
            }
        }
        block[4 * width + row] = 1
    }

    /// Of the rows of a block with a point.
    private static func products(
        _ block: UnsafePointer<Double>, _ point: UnsafePointer<Double>, _ size: Int
    ) -> Four {
        // Two sums of each row: one addition need not wait for the other.
        var (even, odd) = (Four(), Four())
        var values = block
        var column = 0
        while column + 1 < size {
            let (first, second) = (point[column], point[column + 1])
            even.a += values[0] * first
            even.b += values[1] * first
            even.c += values[2] * first
            even.d += values[3] * first
            odd.a += values[4] * second
            odd.b += values[5] * second
            odd.c += values[6] * second
            odd.d += values[7] * second
            values += 8
            column += 2
        }
        if column < size {
            let last = point[column]
            even.a += values[0] * last
            even.b += values[1] * last
            even.c += values[2] * last
            even.d += values[3] * last
        }
        return Four(a: even.a + odd.a, b: even.b + odd.b, c: even.c + odd.c, d: even.d + odd.d)
    }

    /// Adds the rows of a block, each times its share, as far as a column.
    private static func add(
        _ block: UnsafePointer<Double>, _ shares: Four, to sums: UnsafeMutablePointer<Double>, _ count: Int
    ) {
        let (a, b, c, d) = (shares.a, shares.b, shares.c, shares.d)
        var values = block
        var column = 0
        while column < count {
            sums[column] += (values[0] * a + values[1] * b) + (values[2] * c + values[3] * d)
            values += 4
            column += 1
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
