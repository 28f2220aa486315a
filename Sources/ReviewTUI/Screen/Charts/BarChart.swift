/// Horizontal bars in eighths of cells, one a row: name, figure, bar.
///
/// The figure stands in words beside its bar, so that neither length nor colour is the only carrier.
struct BarChart: Hashable, Sendable {
    struct Bar: Hashable, Sendable {
        var name: String
        /// Not negative.
        var value: Double
        /// The value as it is to be read: `1,203`, `≈ 40`.
        var figure: String
        var isEmphasised = false
    }

    var bars: [Bar]
    /// The value of a full bar; the largest of all where nil.
    var full: Double?

    /// - Returns: Exactly `size`; where there are more bars than rows, the last row says how many are left out.
    func render(_ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        guard size.rows > 0 else { return buffer }
        let glyphs = theme.glyphs
        let shown = bars.count > size.rows ? Array(bars.prefix(size.rows - 1)) : bars
        let names = shown.map { glyphs.spelled($0.name) }
        let figures = shown.map { glyphs.spelled($0.figure) }
        let nameWidth = min(names.map(CellWidth.of).max() ?? 0, size.columns / 2)
        let figureWidth = figures.map(CellWidth.of).max() ?? 0
        let start = nameWidth + 1 + figureWidth + 1
        let most = full ?? bars.map(\.value).max() ?? 0
        for (row, bar) in shown.enumerated() {
            let style = theme[bar.isEmphasised ? .barHigh : .text]
            buffer.write(names[row], row: row, column: 0, style: style, width: nameWidth, ellipsis: glyphs.ellipsis)
            buffer.writeRight(figures[row], row: row, endColumn: start - 1, style: style)
            Self.bar(
                share: most > 0 ? bar.value / most : 0, row: row, column: start, width: size.columns - start,
                theme[bar.isEmphasised ? .barHigh : .barLow], glyphs, into: &buffer)
        }
        if shown.count < bars.count {
            buffer.write(
                "and \(bars.count - shown.count) more", row: size.rows - 1, column: 0, style: theme[.dim],
                width: size.columns, ellipsis: glyphs.ellipsis)
        }
        return buffer
    }

    /// A bar over a share in [0, 1] of `width` columns. What is not nothing is seen.
    static func bar(
        share: Double, row: Int, column: Int, width: Int, _ style: Style, _ glyphs: Glyphs,
        into buffer: inout CellBuffer
    ) {
        let steps = glyphs.eighths.count
        guard width > 0, share > 0 else { return }
        let filled = max(1, Int((min(1, share) * Double(width * steps)).rounded()))
        for offset in 0..<width {
            let part = min(steps, filled - offset * steps)
            guard part > 0 else { return }
            buffer[row, column + offset] = Cell(text: glyphs.eighths[part - 1], style: style)
        }
    }
}
