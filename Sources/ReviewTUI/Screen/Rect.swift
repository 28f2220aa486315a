/// A part of the screen, in cells.
struct Rect: Hashable, Sendable {
    var row: Int
    var column: Int
    var size: CellSize

    init(row: Int, column: Int, columns: Int, rows: Int) {
        self.row = row
        self.column = column
        size = CellSize(columns: max(0, columns), rows: max(0, rows))
    }
}

/// What the terminal can show, as found at start.
struct ScreenAbilities: Hashable, Sendable {
    /// How pictures are drawn.
    enum Graphics: Hashable, Sendable {
        case symbols
        /// With the size of one cell in pixels and the number of colour registers, at most 256.
        case sixel(cellWidth: Int, cellHeight: Int, colours: Int)
    }

    /// ``ColorDepth/mono`` also where `NO_COLOR` asks for it: bold, underline and reverse only.
    var colours: ColorDepth = .indexed
    /// Whether characters beyond ASCII may be sent.
    var unicode = true
    var graphics: Graphics = .symbols
}
