import Media

/// Draws a picture in pixels for terminals that answer that they know sixel (DEC STD 070, 9.4).
///
/// Written here and not by libchafa: its fixed palette of 240 shifts hues (an orange comes out mustard), and its
/// chosen palette takes several times as long as this one. `docs/media.md` has the numbers.
struct SixelPreview: Sendable {
    /// How many colour registers the terminal has, from 2 to 256.
    var colors = 256

    /// The bytes to send with the cursor at the picture's top left cell: one DCS string, nothing else.
    ///
    /// - Parameter size: pixels, from ``PreviewGeometry/sixelPixels(for:in:cell:enlarging:)``. Sides are held between
    ///   1 and 8192.
    func encode(_ image: RGBImage, size: PixelSize) -> [UInt8] {
        let size = PixelSize(width: min(8192, max(1, size.width)), height: min(8192, max(1, size.height)))
        let enlarged = size.width > image.width || size.height > image.height
        let scaled = image.resized(to: size, filter: enlarged ? .bilinear : .bicubic)
        let cut = PaletteCut(scaled, limit: colors)
        var out: [UInt8] = []
        out.reserveCapacity(size.area * 2 + 8192)
        // P2 = 1: what a last band of fewer than six rows does not cover stays as it was.
        out += Array("\u{1B}P0;1;0q\"1;1;\(size.width);\(size.height)".utf8)
        for (register, color) in cut.colors.enumerated() {
            let percents = [color.red, color.green, color.blue].map { (Int($0) * 100 + 127) / 255 }
            out += Array("#\(register);2;\(percents[0]);\(percents[1]);\(percents[2])".utf8)
        }
        var band = SixelBand(width: size.width)
        for top in stride(from: 0, to: size.height, by: 6) {
            if top > 0 { out.append(UInt8(ascii: "-")) }
            band.write(cut.indices, top: top, rows: min(6, size.height - top), to: &out)
        }
        return out + [0x1B, UInt8(ascii: "\\")]
    }
}

/// Six rows of pixels, written one colour after another.
private struct SixelBand {
    private let width: Int
    /// For each register and column, which of the six rows have that colour: bit 0 is the top one.
    private var bits: [UInt8]
    private var used: [Int] = []
    private var first = [Int](repeating: 0, count: 256)
    private var last = [Int](repeating: -1, count: 256)

    init(width: Int) {
        self.width = width
        bits = [UInt8](repeating: 0, count: 256 * width)
    }

    mutating func write(_ indices: [UInt8], top: Int, rows: Int, to out: inout [UInt8]) {
        gather(indices, top: top, rows: rows)
        for (place, register) in used.enumerated() {
            if place > 0 { out.append(UInt8(ascii: "$")) }
            out.append(UInt8(ascii: "#"))
            appendNumber(register, to: &out)
            appendRuns(of: register, to: &out)
            last[register] = -1
        }
        used.removeAll(keepingCapacity: true)
    }

    private mutating func gather(_ indices: [UInt8], top: Int, rows: Int) {
        let width = self.width
        indices.withUnsafeBufferPointer { indices in
            bits.withUnsafeMutableBufferPointer { bits in
                for row in 0..<rows {
                    let line = (top + row) * width
                    for column in 0..<width {
                        let register = Int(indices[line + column])
                        if last[register] < 0 {
                            used.append(register)
                            first[register] = column
                            last[register] = column
                        } else {
                            if column < first[register] { first[register] = column }
                            if column > last[register] { last[register] = column }
                        }
                        bits[register * width + column] |= 1 << UInt8(row)
                    }
                }
            }
        }
    }

    /// One register's columns from the left edge to its last one, and clears them.
    private mutating func appendRuns(of register: Int, to out: inout [UInt8]) {
        let start = register * width
        let (first, last) = (first[register], last[register])
        bits.withUnsafeMutableBufferPointer { bits in
            var pattern: UInt8 = 0
            var length = first
            for column in first...last {
                let next = bits[start + column]
                bits[start + column] = 0
                if next == pattern {
                    length += 1
                } else {
                    appendRun(pattern, length, to: &out)
                    pattern = next
                    length = 1
                }
            }
            appendRun(pattern, length, to: &out)
        }
    }
}

private func appendRun(_ pattern: UInt8, _ length: Int, to out: inout [UInt8]) {
    let character = pattern + 63
    if length > 3 {
        out.append(UInt8(ascii: "!"))
        appendNumber(length, to: &out)
        out.append(character)
    } else {
        for _ in 0..<length { out.append(character) }
    }
}

/// A number below 10,000 in decimal.
private func appendNumber(_ number: Int, to out: inout [UInt8]) {
    if number >= 1000 { out.append(UInt8(48 + number / 1000 % 10)) }
    if number >= 100 { out.append(UInt8(48 + number / 100 % 10)) }
    if number >= 10 { out.append(UInt8(48 + number / 10 % 10)) }
    out.append(UInt8(48 + number % 10))
}
