/// Resamples a square table of position embeddings to another grid, as PyTorch's
/// `interpolate(mode: "bicubic", align_corners: false)` does.
///
/// Cubic convolution (Keys 1981, eq. 4) with PyTorch's choices: a = −0.75 and border rows repeated; with antialiasing
/// a = −0.5, the kernel widened when the grid shrinks, and what falls outside left out of a weighted mean.
enum PositionTable {
    enum Resampling: Sendable, Hashable {
        case bicubic, antialiasedBicubic
    }

    /// - Parameters:
    ///   - table: row-major [side, side, width].
    /// - Returns: row-major [rows, columns, width].
    static func resampled(
        _ table: [Float], side: Int, width: Int, rows: Int, columns: Int, _ resampling: Resampling
    ) -> [Float] {
        guard rows != side || columns != side else { return table }
        let vertical = (0..<rows).map { taps(at: $0, from: side, to: rows, resampling) }
        let horizontal = (0..<columns).map { taps(at: $0, from: side, to: columns, resampling) }
        var result = [Float](repeating: 0, count: rows * columns * width)
        for row in 0..<rows {
            for column in 0..<columns {
                let start = (row * columns + column) * width
                for (sourceRow, rowWeight) in vertical[row] {
                    for (sourceColumn, columnWeight) in horizontal[column] {
                        let source = (sourceRow * side + sourceColumn) * width
                        let weight = Float(rowWeight * columnWeight)
                        for i in 0..<width { result[start + i] += weight * table[source + i] }
                    }
                }
            }
        }
        return result
    }

    /// The source positions that make up one target position, with their weights.
    private static func taps(
        at target: Int, from source: Int, to size: Int, _ resampling: Resampling
    ) -> [(Int, Double)] {
        let scale = Double(source) / Double(size)
        let centre = (Double(target) + 0.5) * scale
        switch resampling {
        case .bicubic:
            let base = (centre - 0.5).rounded(.down)
            return (-1...2).map { step in
                let clamped = min(max(Int(base) + step, 0), source - 1)
                return (clamped, cubic(abs(centre - 0.5 - base - Double(step)), a: -0.75))
            }
        case .antialiasedBicubic:
            let widening = max(scale, 1)
            let first = max(Int(centre - 2 * widening + 0.5), 0)
            let end = min(Int(centre + 2 * widening + 0.5), source)
            let weights = (first..<end).map { cubic(abs(Double($0) - centre + 0.5) / widening, a: -0.5) }
            let sum = weights.reduce(0, +)
            return zip(first..<end, weights).map { ($0, $1 / sum) }
        }
    }

    private static func cubic(_ x: Double, a: Double) -> Double {
        x <= 1
            ? ((a + 2) * x - (a + 3)) * x * x + 1
            : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
}
