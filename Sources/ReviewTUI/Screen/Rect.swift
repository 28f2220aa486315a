import Media

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
        /// Half-blocks where the terminal has UTF-8.
        case symbols
        /// Printable ASCII, whatever the terminal has.
        case ascii
        /// With the size of one cell in pixels and the number of colour registers, at most 256.
        case sixel(cell: PixelSize, colours: Int)
        /// By iTerm2's protocol: the terminal scales into cells, whose size in pixels says how many keep a picture's shape.
        case inlineImages(cell: PixelSize)
        /// By kitty's protocol, in cells that hold placeholders.
        case kitty(cell: PixelSize, throughTmux: Bool)
    }

    /// ``ColorDepth/mono`` also where `NO_COLOR` asks for it: bold, underline and reverse only.
    var colours: ColorDepth = .indexed
    /// Whether characters beyond ASCII may be sent.
    var unicode = true
    var graphics: Graphics = .symbols
}
