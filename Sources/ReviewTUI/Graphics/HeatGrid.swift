/// Relevance over an image: `rows * columns` values, row-major, spread evenly over the whole picture.
struct HeatGrid: Hashable, Sendable {
    let rows: Int
    let columns: Int
    let values: [Float]

    /// nil where the values do not fill the grid. Values that are not finite count as 0.
    init?(rows: Int, columns: Int, values: [Float]) {
        guard rows > 0, columns > 0, values.count == rows * columns else { return nil }
        self.rows = rows
        self.columns = columns
        self.values = values.map { $0.isFinite ? $0 : 0 }
    }

    /// The greatest value, and 0 where none is above it.
    var top: Float { values.reduce(0, max) }

    /// The greatest magnitude.
    var magnitude: Float { values.reduce(0) { max($0, abs($1)) } }

    /// The positive part at every pixel of a picture, in [0, 1] of the grid's own maximum. All zeros where nothing is
    /// positive.
    func relevance(width: Int, height: Int) -> [Float] {
        let top = top
        return interpolated(values.map { top > 0 ? max(0, $0) / top : 0 }, width, height)
    }

    /// The values at every pixel of a picture with their signs, in [-1, 1] of the grid's greatest magnitude.
    func signedRelevance(width: Int, height: Int) -> [Float] {
        let magnitude = magnitude
        return interpolated(values.map { magnitude > 0 ? $0 / magnitude : 0 }, width, height)
    }

    /// Bilinear between the middles of the patches, flat beyond the outer ones.
    private func interpolated(_ values: [Float], _ width: Int, _ height: Int) -> [Float] {
        let across = Self.neighbours(columns, over: width)
        let down = Self.neighbours(rows, over: height)
        return [Float](unsafeUninitializedCapacity: width * height) { out, count in
            for y in 0..<height {
                let v = down[y]
                for x in 0..<width {
                    let h = across[x]
                    let upper =
                        values[v.low * columns + h.low] * (1 - h.part) + values[v.low * columns + h.high] * h.part
                    let lower =
                        values[v.high * columns + h.low] * (1 - h.part) + values[v.high * columns + h.high] * h.part
                    out[y * width + x] = upper * (1 - v.part) + lower * v.part
                }
            }
            count = width * height
        }
    }

    /// For each of `pixels` positions: the two patches around its middle and the share of the second.
    private static func neighbours(_ patches: Int, over pixels: Int) -> [(low: Int, high: Int, part: Float)] {
        (0..<pixels).map { pixel in
            let at = (Float(pixel) + 0.5) * Float(patches) / Float(pixels) - 0.5
            let low = Int(at.rounded(.down))
            return (max(0, low), min(patches - 1, low + 1), low < 0 ? 1 : at - Float(low))
        }
    }
}
