/// Takes the rows of a picture as they are decoded and keeps their means over `factor` × `factor` pixels.
///
/// It lets a picture far larger than its bound be decoded without ever standing in memory whole. Rows that never
/// arrive stay grey. The last column and row of blocks average what they have.
struct RowReducer {
    let size: PixelSize
    let factor: Int
    let reduced: PixelSize
    private(set) var pixels: [UInt8]
    private var sums: [UInt32]
    private var rowsInSums = 0
    private var line = 0

    /// Grey of what did not decode, as libjpeg-turbo fills it.
    static let missing: UInt8 = 128

    /// - Parameter bound: the size wanted in the end, upright or not as the rows are; nil keeps every pixel.
    init(size: PixelSize, bound: PixelSize?) {
        self.size = size
        var factor = 1
        if let bound {
            // Twice the wanted size is left, so that the proper filter that follows decides what the picture looks like.
            let wanted = size.fitted(in: bound)
            factor = max(1, min(size.width / (2 * wanted.width), size.height / (2 * wanted.height), 255))
        }
        self.factor = factor
        reduced = PixelSize(width: (size.width + factor - 1) / factor, height: (size.height + factor - 1) / factor)
        pixels = [UInt8](repeating: Self.missing, count: reduced.area * 3)
        sums = factor > 1 ? [UInt32](repeating: 0, count: reduced.width * 3) : []
    }

    /// Takes the next row, `size.width * 3` bytes.
    mutating func add(_ row: UnsafeBufferPointer<UInt8>) {
        guard line < reduced.height, let source = row.baseAddress else { return }
        let start = line * reduced.width * 3
        if factor == 1 {
            pixels.withUnsafeMutableBufferPointer { target in
                target.baseAddress?.advanced(by: start).update(from: source, count: size.width * 3)
            }
            line += 1
            return
        }
        sums.withUnsafeMutableBufferPointer { sums in
            for block in 0..<reduced.width {
                let columns = min(factor, size.width - block * factor)
                var pixel = source + block * factor * 3
                var (red, green, blue) = (UInt32(0), UInt32(0), UInt32(0))
                for _ in 0..<columns {
                    red &+= UInt32(pixel[0])
                    green &+= UInt32(pixel[1])
                    blue &+= UInt32(pixel[2])
                    pixel += 3
                }
                sums[block * 3] &+= red
                sums[block * 3 + 1] &+= green
                sums[block * 3 + 2] &+= blue
            }
        }
        rowsInSums += 1
        if rowsInSums == factor { flush() }
    }

    /// The picture of all rows taken so far.
    consuming func finish() -> RGBImage {
        if rowsInSums > 0 { flush() }
        return RGBImage(width: reduced.width, height: reduced.height, pixels: pixels)
    }

    private mutating func flush() {
        let start = line * reduced.width * 3
        for block in 0..<reduced.width {
            let count = UInt32(rowsInSums * min(factor, size.width - block * factor))
            for channel in 0..<3 {
                pixels[start + block * 3 + channel] = UInt8((sums[block * 3 + channel] + count / 2) / count)
                sums[block * 3 + channel] = 0
            }
        }
        rowsInSums = 0
        line += 1
    }
}
