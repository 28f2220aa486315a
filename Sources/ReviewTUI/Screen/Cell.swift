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

/// One position of the screen: a grapheme that has already been made safe, and its style.
struct Cell: Hashable, Sendable {
    /// One grapheme, without control characters; empty in the right half of a double-width one.
    var text: String
    var style: Style

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

    /// Copies `other` with its top left corner at a position, clipped to this buffer.
    mutating func place(_ other: CellBuffer, row: Int, column: Int) {
        for r in 0..<other.size.rows {
            for c in 0..<other.size.columns { self[row + r, column + c] = other[r, c] }
        }
    }

    private func contains(_ row: Int, _ column: Int) -> Bool {
        row >= 0 && row < size.rows && column >= 0 && column < size.columns
    }
}
