import Foundation

/// Rotary positions over a grid as EVA-02 lays them out: of a head's `d` numbers the first half turns with the row, the
/// second with the column, in neighbouring pairs.
///
/// Pair j of a half turns by position·10000^(−j/(d/4)), j from 0. Tokens before the patches do not turn.
///
/// Source: Su et al. 2021, "RoFormer", eq. 34; Fang et al. 2023, "EVA-02"; timm's `RotaryEmbeddingCat`.
struct RotaryPositions: Sendable, Hashable {
    let rows: Int
    let columns: Int
    /// Tokens before the patches.
    let prefix: Int
    let headWidth: Int
    /// The grid of pretraining: positions are scaled so that the grid at hand spans as much.
    let referenceSide: Int

    /// Cosines and sines of all tokens, row-major [prefix + rows·columns, headWidth].
    var tables: (cosines: [Float], sines: [Float]) {
        let bands = headWidth / 4
        var cosines = [Float](repeating: 1, count: prefix * headWidth)
        var sines = [Float](repeating: 0, count: prefix * headWidth)
        func scaled(_ position: Int, of size: Int) -> Double {
            Double(position) / Double(size) * Double(referenceSide)
        }
        for row in 0..<rows {
            for column in 0..<columns {
                for position in [scaled(row, of: rows), scaled(column, of: columns)] {
                    for band in 0..<bands {
                        let angle = position / pow(10000, Double(band) / Double(bands))
                        cosines += [Float(cos(angle)), Float(cos(angle))]
                        sines += [Float(sin(angle)), Float(sin(angle))]
                    }
                }
            }
        }
        return (cosines, sines)
    }
}

extension GraphBuilder {
    /// Turns queries or keys [batch, heads, tokens, headWidth], which are the first tokens or all of them.
    func apply(_ rotary: RotaryPositions, _ x: Wire) -> Wire {
        let (cosines, sines) = rotary.tables
        let shape = [rotary.prefix + rotary.rows * rotary.columns, rotary.headWidth]
        func table(_ values: [Float]) -> Wire {
            prefix(constant(values, shape: shape), axis: 0, asLongAs: x, likeAxis: 2)
        }
        // (x₀, x₁, x₂, x₃ …) → (−x₁, x₀, −x₃, x₂ …) as a product with a constant matrix.
        let size = rotary.headWidth
        var turn = [Float](repeating: 0, count: size * size)
        for pair in stride(from: 0, to: size - 1, by: 2) {
            turn[(pair + 1) * size + pair] = -1
            turn[pair * size + pair + 1] = 1
        }
        let turned = product(x, constant(turn, shape: [size, size]))
        return plus(times(x, table(cosines)), times(turned, table(sines)))
    }
}
