/// Columns in eighths of cells over an axis: a histogram, or counts by hour and by day.
///
/// The largest value stands at the upper end of the axis.
struct ColumnChart: Hashable, Sendable {
    struct Column: Hashable, Sendable {
        /// Not negative.
        var value: Double
        /// Written under the column, where there is room for it.
        var name = ""
        var isEmphasised = false
    }

    var columns: [Column]
    /// The largest value in words: `12`, `≈ 40`.
    var mostInWords: String

    /// - Returns: Exactly `size`: the plot, the axis, and the names.
    func render(_ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        let glyphs = theme.glyphs
        let most = columns.map(\.value).max() ?? 0
        let top = glyphs.spelled(mostInWords)
        let gutter = max(1, CellWidth.of(top)) + 1
        let height = size.rows - 2
        let room = size.columns - gutter - 1
        guard height > 0, room >= columns.count, !columns.isEmpty else { return buffer }
        let pitch = room / columns.count
        let width = pitch > 2 ? pitch - 1 : pitch
        buffer.writeRight(top, row: 0, endColumn: gutter - 1, style: theme[.dim])
        buffer.writeRight("0", row: height - 1, endColumn: gutter - 1, style: theme[.dim])
        Axes.draw(row: 0, column: gutter, columns: pitch * columns.count, rows: height, theme, into: &buffer)
        var free = 0
        for (index, column) in columns.enumerated() {
            let start = gutter + 1 + index * pitch
            let style = theme[column.isEmphasised ? .barHigh : .barLow]
            for offset in 0..<width {
                Self.column(
                    share: most > 0 ? column.value / most : 0, row: 0, column: start + offset, height: height, style,
                    glyphs, into: &buffer)
            }
            let name = glyphs.spelled(column.name)
            let place = max(gutter + 1, start + (width - CellWidth.of(name)) / 2)
            guard !name.isEmpty, place >= free, place + CellWidth.of(name) <= size.columns else { continue }
            buffer.write(name, row: height + 1, column: place, style: theme[.dim])
            free = place + CellWidth.of(name) + 1
        }
        return buffer
    }

    /// One column of a share in [0, 1] of `height` rows, from below. What is not nothing is seen.
    static func column(
        share: Double, row: Int, column: Int, height: Int, _ style: Style, _ glyphs: Glyphs,
        into buffer: inout CellBuffer
    ) {
        let steps = glyphs.columns.count
        guard share > 0 else { return }
        let filled = max(1, Int((min(1, share) * Double(height * steps)).rounded()))
        for up in 0..<height {
            let part = min(steps, filled - up * steps)
            guard part > 0 else { return }
            buffer[row + height - 1 - up, column] = Cell(text: glyphs.columns[part - 1], style: style)
        }
    }
}

/// Values side by side in one row, each in eighths of the largest.
struct Sparkline: Hashable, Sendable {
    /// Not negative.
    var values: [Double]

    /// - Returns: One row, a column for each value; the last ones where there are more than columns.
    func render(_ theme: Theme, columns: Int) -> CellBuffer {
        var buffer = CellBuffer(
            size: CellSize(columns: columns, rows: 1), filledWith: Cell(text: " ", style: theme[.text]))
        let shown = values.suffix(max(0, columns))
        let most = shown.max() ?? 0
        for (column, value) in shown.enumerated() where most > 0 {
            ColumnChart.column(
                share: value / most, row: 0, column: column, height: 1, theme[.barLow], theme.glyphs, into: &buffer)
        }
        return buffer
    }
}

/// The two lines at the left and the lower edge of a plot.
enum Axes {
    /// The upright one at `column`, beside `rows` rows of plot; the level one below them.
    static func draw(row: Int, column: Int, columns: Int, rows: Int, _ theme: Theme, into buffer: inout CellBuffer) {
        let glyphs = theme.glyphs
        for offset in 0..<rows {
            buffer[row + offset, column] = Cell(text: glyphs.vertical, style: theme[.rule])
        }
        buffer[row + rows, column] = Cell(text: glyphs.origin, style: theme[.rule])
        for offset in 0..<columns {
            buffer[row + rows, column + 1 + offset] = Cell(text: glyphs.horizontal, style: theme[.rule])
        }
    }
}
