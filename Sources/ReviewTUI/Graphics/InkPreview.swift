import Media

/// Draws a picture without any colour: with as much ink in each cell as it is bright (or dark, on a light terminal).
///
/// Written here because libchafa 1.12.4 reduces a picture to black and white before it picks characters, and ends the
/// program when asked to do better (its two-colour mode with another colour space or fill symbols).
struct InkPreview: Sendable {
    var symbols: SymbolPreview.Symbols
    var darkBackground: Bool

    /// ASCII from least to most ink in common terminal fonts.
    static let ramp = Array(" .:-=+*#%@")
    /// Quadrants by which points are filled: bit 0 top left, 1 top right, 2 bottom left, 3 bottom right.
    private static let quadrants = Array(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")
    /// Bayer's 4×4 ordered dither: thresholds in sixteenths.
    private static let thresholds = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5]

    func draw(_ image: RGBImage, size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size)
        switch symbols {
        case .ascii:
            let ink = inks(image.resized(to: PixelSize(width: size.columns, height: size.rows), filter: .area))
            for row in 0..<size.rows {
                for column in 0..<size.columns {
                    let level = ink[row * size.columns + column] * Float(Self.ramp.count)
                    let character = Self.ramp[min(Self.ramp.count - 1, Int(level))]
                    buffer[row, column] = Cell(text: String(character), style: .plain)
                }
            }
        case .blocks:
            let width = size.columns * 2
            let ink = inks(image.resized(to: PixelSize(width: width, height: size.rows * 2), filter: .area))
            for row in 0..<size.rows {
                for column in 0..<size.columns {
                    var filled = 0
                    for point in 0..<4 {
                        let (x, y) = (column * 2 + point % 2, row * 2 + point / 2)
                        let threshold = (Float(Self.thresholds[(y & 3) * 4 + (x & 3)]) + 0.5) / 16
                        if ink[y * width + x] > threshold { filled |= 1 << point }
                    }
                    buffer[row, column] = Cell(text: String(Self.quadrants[filled]), style: .plain)
                }
            }
        }
        return buffer
    }

    /// How much ink each pixel wants, in [0, 1]. Contrast is stretched between the darkest and brightest twentieth;
    /// an even picture keeps its brightness.
    private func inks(_ image: RGBImage) -> [Float] {
        let grey = image.greyed().pixels
        let levels = stride(from: 0, to: grey.count, by: 3).map { Float(grey[$0]) }
        let sorted = levels.sorted()
        var low = sorted[sorted.count / 20]
        var high = sorted[sorted.count - 1 - sorted.count / 20]
        if high - low < 32 { (low, high) = (0, 255) }
        return levels.map { level in
            let bright = min(1, max(0, (level - low) / (high - low)))
            return darkBackground ? bright : 1 - bright
        }
    }
}
