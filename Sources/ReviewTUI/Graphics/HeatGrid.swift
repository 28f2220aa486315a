import Media

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
        relevance(PixelRect(x: 0, y: 0, width: width, height: height), of: PixelSize(width: width, height: height))
    }

    /// The same at the pixels of a part of a picture.
    func relevance(_ part: PixelRect, of whole: PixelSize) -> [Float] {
        let top = top
        return interpolated(values.map { top > 0 ? max(0, $0) / top : 0 }, part, whole)
    }

    /// The values at every pixel of a picture with their signs, in [-1, 1] of the grid's greatest magnitude.
    func signedRelevance(width: Int, height: Int) -> [Float] {
        signedRelevance(
            PixelRect(x: 0, y: 0, width: width, height: height), of: PixelSize(width: width, height: height))
    }

    /// The same at the pixels of a part of a picture.
    func signedRelevance(_ part: PixelRect, of whole: PixelSize) -> [Float] {
        let magnitude = magnitude
        return interpolated(values.map { magnitude > 0 ? $0 / magnitude : 0 }, part, whole)
    }

    /// Bilinear between the middles of the patches, flat beyond the outer ones.
    private func interpolated(_ values: [Float], _ part: PixelRect, _ whole: PixelSize) -> [Float] {
        let (width, height) = (part.size.width, part.size.height)
        let across = Self.neighbours(columns, of: part.x..<part.x + width, over: whole.width)
        let down = Self.neighbours(rows, of: part.y..<part.y + height, over: whole.height)
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

    /// For each position of a range of `pixels`: the two patches around its middle and the share of the second.
    private static func neighbours(
        _ patches: Int, of range: Range<Int>, over pixels: Int
    ) -> [(low: Int, high: Int, part: Float)] {
        range.map { pixel in
            let at = (Float(pixel) + 0.5) * Float(patches) / Float(pixels) - 0.5
            let low = Int(at.rounded(.down))
            return (max(0, low), min(patches - 1, low + 1), low < 0 ? 1 : at - Float(low))
        }
    }
}
