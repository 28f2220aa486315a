/// A colour in 8-bit sRGB.
struct RGB: Hashable, Sendable {
    var red: UInt8
    var green: UInt8
    var blue: UInt8

    init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }
}

/// How one cell is drawn. A nil colour is the terminal's own default.
struct Style: Hashable, Sendable {
    var foreground: RGB?
    var background: RGB?
    var bold = false
    var dim = false
    var italic = false
    var underline = false
    var reverse = false

    static let plain = Style()
}

/// What a cell shows: one scalar, and up to three that combine with it; more than ``SafeText`` lets through are left out.
///
/// Of one size without a reference, so that screens are copied and compared as plain bytes.
struct Grapheme: Hashable, Sendable {
    /// Zero behind the last.
    private(set) var scalars: SIMD4<UInt32>

    init(_ scalar: Unicode.Scalar) { scalars = [scalar.value, 0, 0, 0] }

    init(_ text: String) {
        scalars = .zero
        for scalar in text.unicodeScalars { append(scalar) }
    }

    /// The scalar that the others combine with.
    var base: Unicode.Scalar {
        get { Unicode.Scalar(scalars.x) ?? " " }
        set { scalars.x = newValue.value }
    }

    /// The right half of a double-width one.
    var isEmpty: Bool { scalars.x == 0 }

    var text: String {
        var text = ""
        for index in 0..<4 where scalars[index] != 0 {
            if let scalar = Unicode.Scalar(scalars[index]) { text.unicodeScalars.append(scalar) }
        }
        return text
    }

    mutating func append(_ scalar: Unicode.Scalar) {
        for index in 0..<4 where scalars[index] == 0 {
            scalars[index] = scalar.value
            return
        }
    }
}

/// One position of the screen: a grapheme that has already been made safe, and its style.
struct Cell: Hashable, Sendable {
    /// Without control characters; empty in the right half of a double-width one.
    var grapheme: Grapheme
    var style: Style

    init(_ grapheme: Grapheme, style: Style) {
        self.grapheme = grapheme
        self.style = style
    }

    init(text: String, style: Style) { self.init(Grapheme(text), style: style) }

    var text: String { grapheme.text }

    static let blank = Cell(text: " ", style: .plain)
}

/// Columns and rows of a terminal, or of a part of it.
struct CellSize: Hashable, Sendable {
    var columns: Int
    var rows: Int
}

/// A rectangle of cells: what a view returns and what the terminal is made to show.
struct CellBuffer: Hashable, Sendable {
    let size: CellSize
    /// Row-major, `rows * columns` cells.
    private(set) var cells: [Cell]

    init(size: CellSize, filledWith cell: Cell = .blank) {
        self.size = size
        cells = Array(repeating: cell, count: max(0, size.columns) * max(0, size.rows))
    }

    /// The cell at a position; writing outside the buffer does nothing, reading there gives a blank.
    subscript(row: Int, column: Int) -> Cell {
        get { contains(row, column) ? cells[row * size.columns + column] : .blank }
        set { if contains(row, column) { cells[row * size.columns + column] = newValue } }
    }

    /// Where cells differ from those of another screen, as indices into ``cells``; everywhere if that has another size.
    func differences(from other: CellBuffer?) -> [Int] {
        guard let other, other.size == size else { return Array(cells.indices) }
        return cells.indices.filter { cells[$0] != other.cells[$0] }
    }

    /// Copies `other` with its top left corner at a position, clipped to this buffer.
    mutating func place(_ other: CellBuffer, row: Int, column: Int) {
        let rows = max(0, -row)..<max(max(0, -row), min(other.size.rows, size.rows - row))
        let columns = max(0, -column)..<max(max(0, -column), min(other.size.columns, size.columns - column))
        guard !columns.isEmpty else { return }
        for r in rows {
            let source = r * other.size.columns
            let target = (row + r) * size.columns + column
            cells.replaceSubrange(
                target + columns.lowerBound..<target + columns.upperBound,
                with: other.cells[source + columns.lowerBound..<source + columns.upperBound])
        }
    }

    private func contains(_ row: Int, _ column: Int) -> Bool {
        row >= 0 && row < size.rows && column >= 0 && column < size.columns
    }
}
