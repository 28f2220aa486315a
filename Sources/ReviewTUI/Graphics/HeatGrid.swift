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

    /// The positive part at every pixel of a picture, in [0, 1] of the grid's own maximum, by bilinear interpolation
    /// between the middles of the patches. All zeros where nothing is positive.
    func relevance(width: Int, height: Int) -> [Float] {
        let top = values.reduce(0, max)
        guard top > 0 else { return [Float](repeating: 0, count: width * height) }
        let positive = values.map { max(0, $0) / top }
        let across = Self.neighbours(columns, over: width)
        let down = Self.neighbours(rows, over: height)
        return [Float](unsafeUninitializedCapacity: width * height) { out, count in
            for y in 0..<height {
                let v = down[y]
                for x in 0..<width {
                    let h = across[x]
                    let upper =
                        positive[v.low * columns + h.low] * (1 - h.part) + positive[v.low * columns + h.high] * h.part
                    let lower =
                        positive[v.high * columns + h.low] * (1 - h.part) + positive[v.high * columns + h.high] * h.part
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
