import Media

/// How large a picture stands in an area of cells.
enum PreviewGeometry {
    /// Pixels of a cell where the terminal does not say: twice as high as wide.
    static let assumedCell = PixelSize(width: 10, height: 20)

    /// No terminal has more columns or rows; libchafa's canvas grows with the product.
    static let mostCells = 1000

    /// The cells a picture covers: as many as fit in the area with its shape kept, at least one, enlarged where it is
    /// small.
    static func cells(for image: PixelSize, in area: CellSize, cell: PixelSize = assumedCell) -> CellSize {
        let cell = PixelSize(width: max(1, cell.width), height: max(1, cell.height))
        let columns = min(mostCells, max(1, area.columns))
        let rows = min(mostCells, max(1, area.rows))
        let pixels = image.filled(in: PixelSize(width: columns * cell.width, height: rows * cell.height))
        let halfCell = PixelSize(width: cell.width / 2, height: cell.height / 2)
        return CellSize(
            columns: min(columns, max(1, (pixels.width + halfCell.width) / cell.width)),
            rows: min(rows, max(1, (pixels.height + halfCell.height) / cell.height)))
    }

    /// The pixels a sixel picture has in an area of cells.
    ///
    /// Sixels come in bands of six pixel rows, and a band that reaches below the area would be painted over the row
    /// that follows (or scroll the screen, on the last one): the height is at most the largest multiple of six within
    /// the area.
    ///
    /// - Parameter enlarging: whether a picture smaller than the area grows to fill it.
    static func sixelPixels(
        for image: PixelSize, in area: CellSize, cell: PixelSize, enlarging: Bool = true
    ) -> PixelSize {
        let width = min(mostCells, max(1, area.columns)) * min(256, max(1, cell.width))
        let height = min(mostCells, max(1, area.rows)) * min(256, max(1, cell.height))
        let bound = PixelSize(width: width, height: max(1, height / 6 * 6))
        return enlarging ? image.filled(in: bound) : image.fitted(in: bound)
    }

    /// The cells that a picture covers for kitty or iTerm2, which scale it into them with its shape kept.
    ///
    /// As ``cells(for:in:cell:)``, but rounded up, and with rows and columns for which there are placeholders.
    ///
    /// - Parameter enlarging: whether a picture smaller than the area grows to fill it.
    static func scaledCells(
        for image: PixelSize, in area: CellSize, cell: PixelSize, enlarging: Bool = true
    ) -> CellSize {
        let columns = min(KittyImageID.mostCells, max(1, area.columns))
        let rows = min(KittyImageID.mostCells, max(1, area.rows))
        let bound = PixelSize(width: columns * max(1, cell.width), height: rows * max(1, cell.height))
        return cells(covering: enlarging ? image.filled(in: bound) : image.fitted(in: bound), cell: cell)
    }

    /// The cells that a picture of some pixels touches.
    static func cells(covering pixels: PixelSize, cell: PixelSize) -> CellSize {
        CellSize(
            columns: (pixels.width + max(1, cell.width) - 1) / max(1, cell.width),
            rows: (pixels.height + max(1, cell.height) - 1) / max(1, cell.height))
    }
}
