/// Drawing into a buffer of cells: text, rules, boxes. Everything is clipped, nothing wraps by itself.
extension CellBuffer {
    /// Writes text that is already safe, and returns the columns it took.
    ///
    /// Text longer than `width` columns is cut and ends in `ellipsis`, where one is given.
    @discardableResult
    mutating func write(
        _ text: String, row: Int, column: Int, style: Style, width: Int = .max, ellipsis: String = ""
    ) -> Int {
        let room = min(width, size.columns - column)
        guard room > 0, row >= 0, row < size.rows else { return 0 }
        let fits = CellWidth.of(text) <= room
        let limit = fits ? room : max(0, room - CellWidth.of(ellipsis))
        var used = 0
        for scalar in text.unicodeScalars {
            let columns = CellWidth.of(scalar)
            if columns == 0 {
                if used > 0 { self[row, column + used - 1].grapheme.append(scalar) }
                continue
            }
            if used + columns > limit { break }
            self[row, column + used] = Cell(Grapheme(scalar), style: style)
            if columns == 2 { self[row, column + used + 1] = Cell(text: "", style: style) }
            used += columns
        }
        if !fits, !ellipsis.isEmpty {
            used += write(ellipsis, row: row, column: column + used, style: style, width: room - used)
        }
        return used
    }

    /// Writes text against the right edge of a span of columns, and returns where it begins.
    @discardableResult
    mutating func writeRight(_ text: String, row: Int, endColumn: Int, style: Style) -> Int {
        let start = endColumn - CellWidth.of(text)
        write(text, row: row, column: start, style: style)
        return start
    }

    /// Fills a rectangle with one cell.
    mutating func fill(_ rect: Rect, with cell: Cell) {
        for row in rect.row..<(rect.row + rect.size.rows) {
            for column in rect.column..<(rect.column + rect.size.columns) { self[row, column] = cell }
        }
    }

    mutating func verticalRule(row: Int, column: Int, height: Int, theme: Theme) {
        for offset in 0..<max(0, height) {
            self[row + offset, column] = Cell(text: theme.glyphs.vertical, style: theme[.rule])
        }
    }

    /// A framed, cleared box with a title in its upper edge.
    mutating func box(_ rect: Rect, title: String, theme: Theme) {
        let glyphs = theme.glyphs
        let frame = theme[.dialogFrame]
        fill(rect, with: Cell(text: " ", style: theme[.dialog]))
        let right = rect.column + rect.size.columns - 1
        let bottom = rect.row + rect.size.rows - 1
        for column in rect.column...max(rect.column, right) {
            self[rect.row, column] = Cell(text: glyphs.horizontal, style: frame)
            self[bottom, column] = Cell(text: glyphs.horizontal, style: frame)
        }
        for row in rect.row...max(rect.row, bottom) {
            self[row, rect.column] = Cell(text: glyphs.vertical, style: frame)
            self[row, right] = Cell(text: glyphs.vertical, style: frame)
        }
        self[rect.row, rect.column] = Cell(text: glyphs.topLeft, style: frame)
        self[rect.row, right] = Cell(text: glyphs.topRight, style: frame)
        self[bottom, rect.column] = Cell(text: glyphs.bottomLeft, style: frame)
        self[bottom, right] = Cell(text: glyphs.bottomRight, style: frame)
        write(
            " \(title) ", row: rect.row, column: rect.column + 2, style: theme[.dialogTitle],
            width: rect.size.columns - 4, ellipsis: glyphs.ellipsis)
    }

    /// The text of one row, without trailing blanks.
    func line(_ row: Int) -> String {
        var text = (0..<size.columns).map { self[row, $0].text }.joined()
        while text.last == " " || text.last == "\u{A0}" { text.removeLast() }
        return text
    }
}
