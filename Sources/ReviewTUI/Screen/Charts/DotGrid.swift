/// A drawing of dots, two across and four down in each cell: braille, or what ASCII has of it.
///
/// Dots are addressed from the lower left corner, as charts are read.
struct DotGrid: Hashable, Sendable {
    let size: CellSize
    /// Bits of each cell, as U+2800 and what follows have them.
    private var cells: [UInt8]

    init(size: CellSize) {
        self.size = size
        cells = Array(repeating: 0, count: max(0, size.columns) * max(0, size.rows))
    }

    var width: Int { size.columns * 2 }
    var height: Int { size.rows * 4 }

    /// Sets one dot; outside the drawing it does nothing.
    mutating func set(_ x: Int, _ y: Int) {
        guard x >= 0, y >= 0, x < width, y < height else { return }
        let down = height - 1 - y
        cells[down / 4 * size.columns + x / 2] |= Self.bits[down % 4][x % 2]
    }

    /// Sets the dots of a straight line, ends included (Bresenham 1965).
    ///
    /// - Parameter every: draws each n-th dot only: a dotted line.
    mutating func line(from start: (x: Int, y: Int), to end: (x: Int, y: Int), every: Int = 1) {
        let (across, up) = (abs(end.x - start.x), -abs(end.y - start.y))
        let (stepX, stepY) = (start.x < end.x ? 1 : -1, start.y < end.y ? 1 : -1)
        var (x, y, error) = (start.x, start.y, across + up)
        var count = 0
        while true {
            if count % every == 0 { set(x, y) }
            count += 1
            if x == end.x, y == end.y { return }
            let doubled = 2 * error
            if doubled >= up {
                error += up
                x += stepX
            }
            if doubled <= across {
                error += across
                y += stepY
            }
        }
    }

    /// What a cell shows; nil where it has no dot.
    func text(row: Int, column: Int, ascii: Bool) -> String? {
        let bits = cells[row * size.columns + column]
        guard bits != 0 else { return nil }
        guard ascii else { return Unicode.Scalar(0x2800 + UInt32(bits)).map { String($0) } }
        let (upper, lower) = (bits & 0b0001_1011 != 0, bits & 0b1110_0100 != 0)
        return upper && lower ? ":" : upper ? "'" : "."
    }

    /// Writes the dots into a buffer, over nothing but what they cover.
    func draw(row: Int, column: Int, style: Style, ascii: Bool, into buffer: inout CellBuffer) {
        for r in 0..<size.rows {
            for c in 0..<size.columns {
                if let text = text(row: r, column: c, ascii: ascii) {
                    buffer[row + r, column + c] = Cell(text: text, style: style)
                }
            }
        }
    }

    /// The bit of each dot by its place from the top left (Unicode Standard, "Braille Patterns").
    private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
}
