/// Resamples a square table of position embeddings to another grid, as PyTorch's
/// `interpolate(mode: "bicubic", align_corners: false)` without antialiasing does.
///
/// Cubic convolution with a = −0.75 (Keys 1981, eq. 4, with PyTorch's choice of a); border rows are repeated.
enum PositionTable {
    /// - Parameters:
    ///   - table: row-major [side, side, width].
    ///   - Returns: row-major [rows, columns, width].
    static func resampled(_ table: [Float], side: Int, width: Int, rows: Int, columns: Int) -> [Float] {
        guard rows != side || columns != side else { return table }
        let vertical = (0..<rows).map { taps(at: $0, from: side, to: rows) }
        let horizontal = (0..<columns).map { taps(at: $0, from: side, to: columns) }
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

    /// The four source positions that make up one target position, with their weights.
    private static func taps(at target: Int, from source: Int, to size: Int) -> [(Int, Double)] {
        let position = (Double(target) + 0.5) * Double(source) / Double(size) - 0.5
        let base = position.rounded(.down)
        return (-1...2).map { step in
            let clamped = min(max(Int(base) + step, 0), source - 1)
            return (clamped, cubic(abs(position - base - Double(step))))
        }
    }

    private static func cubic(_ x: Double) -> Double {
        let a = -0.75
        return x <= 1
            ? ((a + 2) * x - (a + 3)) * x * x + 1
            : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
}
