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
/// Four rows at a time are widened into a scratch block of `Scalar` that lies in the first-level cache, with a one behind
/// each row for the bias and zeros up to a whole vector: every problem then reads them from there. Sums over rows are
/// kept in `Scalar` for 256 rows and then added up in double precision.
struct LogisticObjective<Scalar: SIMDScalar & BinaryFloatingPoint> {
    private typealias Vector = SIMD8<Scalar>

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
    /// Vectors a padded row takes.
    private let vectors: Int

    /// - Parameter folds: of each row, from 0; nil where none is ever left out.
    init(_ table: EmbeddingTable, _ labelled: LabelledRows, folds: [Int]? = nil) {
        self.table = table
        vectors = (table.width + 1 + 7) / 8
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
        let (width, padded) = (table.width, vectors * 8)
        var weights = [Scalar](repeating: 0, count: points.count * padded)
        for (problem, point) in points.enumerated() {
            for column in 0...width { weights[problem * padded + column] = Scalar(point[column]) }
        }
        var losses = [Double](repeating: 0, count: points.count)
        var gradients = [Double](repeating: 0, count: points.count * padded)
        let leavingOut = leavingOut.map { Int32($0 ?? -1) }
        pass(weights, leavingOut, &losses, &gradients)
        return points.indices.map { problem in
            let point = points[problem]
            let sum = weight(without: leavingOut[problem] < 0 ? nil : Int(leavingOut[problem]))
            let penalty = 1 / (strength * sum)
            var gradient = Array(gradients[problem * padded...problem * padded + width])
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
        let (width, vectors) = (table.width, vectors)
        let padded = vectors * 8
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
        var chosen: [(start: Int, share: Scalar)] = []
        if rows.count <= wanted {
            chosen = rows.indices.map { (rows[$0].start, Scalar(shares[$0] / total)) }
        } else {
            // At equal steps along the shares: a row with twice the share is met twice as often.
            let step = all / Double(wanted)
            var next = step / 2
            var sum = 0.0
            for place in rows.indices {
                sum += shares[place]
                while next < sum, chosen.count < wanted {
                    chosen.append((rows[place].start, Scalar(step / total)))
                    next += step
                }
            }
        }
        let memory = UnsafeMutablePointer<Vector>.allocate(capacity: (4 + width + 1) * vectors)
        defer { memory.deallocate() }
        memory.initialize(repeating: .zero, count: (4 + width + 1) * vectors)
        let sums = memory + 4 * vectors
        let scratch = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: Scalar.self)
        for first in stride(from: 0, to: chosen.count, by: 4) {
            var shares = SIMD4<Scalar>()
            for row in 0..<4 where first + row < chosen.count {
                let (start, share) = chosen[first + row]
                for column in 0..<width { scratch[row * padded + column] = Scalar(table.values[start + column]) }
                scratch[row * padded + width] = 1
                shares[row] = share
            }
            for column in 0...width {
                let values = SIMD4(
                    scratch[column], scratch[padded + column], scratch[2 * padded + column],
                    scratch[3 * padded + column])
                // Below the diagonal only: as far as the vector that holds it.
                Self.add(memory, shares * values, to: sums + column * vectors, vectors, only: column / 8 + 1)
            }
        }
        let found = UnsafeMutableRawPointer(sums).assumingMemoryBound(to: Scalar.self)
        return Curvature(
            width: width, padded: padded, products: (0..<(width + 1) * padded).map { Double(found[$0]) })
    }

    /// Sums of weighted losses and of their gradients.
    private func pass(
        _ weights: [Scalar], _ leavingOut: [Int32], _ losses: inout [Double], _ gradients: inout [Double]
    ) {
        let (width, vectors, problems) = (table.width, vectors, leavingOut.count)
        let padded = vectors * 8
        let memory = UnsafeMutablePointer<Vector>.allocate(capacity: (4 + 2 * problems) * vectors)
        defer { memory.deallocate() }
        memory.initialize(repeating: .zero, count: (4 + 2 * problems) * vectors)
        let (block, points, sums) = (memory, memory + 4 * vectors, memory + (4 + problems) * vectors)
        let scratch = UnsafeMutableRawPointer(block).assumingMemoryBound(to: Scalar.self)
        UnsafeMutableRawPointer(points).assumingMemoryBound(to: Scalar.self)
            .update(from: weights, count: weights.count)
        for row in 0..<4 { scratch[row * padded + width] = 1 }
        let parts = UnsafeMutableRawPointer(sums).assumingMemoryBound(to: Scalar.self)

        table.values.withUnsafeBufferPointer { values in
            rows.withUnsafeBufferPointer { rows in
                var unflushed = 0
                for first in stride(from: 0, to: rows.count, by: 4) {
                    for row in 0..<4 {
                        guard let from = values.baseAddress.map({ $0 + rows[first + row].start }) else { return }
                        let to = scratch + row * padded
                        for column in 0..<width { to[column] = Scalar(from[column]) }
                    }
                    let fold = rows[first].fold
                    for problem in 0..<problems where leavingOut[problem] != fold {
                        let logits = Self.products(block, points + problem * vectors, vectors)
                        var residuals = SIMD4<Double>()
                        for row in 0..<4 {
                            let known = rows[first + row]
                            let z = Double(logits[row]) + known.offset
                            let loss = softplus(z)
                            losses[problem] += known.weight * (loss - known.target * z)
                            // sigmoid(z) = e^{z − log(1 + e^z)}
                            residuals[row] = known.weight * (exp(z - loss) - known.target)
                        }
                        Self.add(block, SIMD4<Scalar>(residuals), to: sums + problem * vectors, vectors)
                    }
                    unflushed += 4
                    if unflushed == 256 || first + 4 >= rows.count {
                        for index in 0..<problems * padded {
                            gradients[index] += Double(parts[index])
                            parts[index] = 0
                        }
                        unflushed = 0
                    }
                }
            }
        }
    }

    /// Of four rows with one point.
    @inline(__always)
    private static func products(
        _ block: UnsafeMutablePointer<Vector>, _ point: UnsafeMutablePointer<Vector>, _ vectors: Int
    ) -> SIMD4<Scalar> {
        var (a, b, c, d) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
        for index in 0..<vectors {
            let part = point[index]
            a += block[index] * part
            b += block[vectors + index] * part
            c += block[2 * vectors + index] * part
            d += block[3 * vectors + index] * part
        }
        return SIMD4(a.sum(), b.sum(), c.sum(), d.sum())
    }

    @inline(__always)
    private static func add(
        _ block: UnsafeMutablePointer<Vector>, _ shares: SIMD4<Scalar>, to sums: UnsafeMutablePointer<Vector>,
        _ vectors: Int, only: Int? = nil
    ) {
        let (a, b, c, d) = (shares[0], shares[1], shares[2], shares[3])
        for index in 0..<(only ?? vectors) {
            sums[index] +=
                (block[index] * a + block[vectors + index] * b)
                + (block[2 * vectors + index] * c + block[3 * vectors + index] * d)
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
