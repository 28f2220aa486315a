/// Drawing into a buffer of cells: text, rules, boxes. Everything is clipped, nothing wraps by itself.
extension CellBuffer {
    /// Writes what the console says of its own.
    @discardableResult
    mutating func write(
        _ phrase: Phrase, row: Int, column: Int, style: Style, width: Int = .max, ellipsis: String = ""
    ) -> Int {
        write(String(phrase.text), row: row, column: column, style: style, width: width, ellipsis: ellipsis)
    }

    /// Writes text that is already safe, in the order of its columns, and returns how many it took.
    ///
    /// Text longer than `width` columns is cut and ends in `ellipsis`, where one is given.
    @discardableResult
    @_disfavoredOverload
    mutating func write(
        _ text: String, row: Int, column: Int, style: Style, width: Int = .max, ellipsis: String = ""
    ) -> Int {
        let room = min(width, size.columns - column)
        guard room > 0, row >= 0, row < size.rows else { return 0 }
        let fits = CellWidth.of(text) <= room
        let limit = fits ? room : max(0, room - CellWidth.of(ellipsis))
        var used = place(text, row: row, column: column, style: style, limit: limit)
        if !fits { used += place(ellipsis, row: row, column: column + used, style: style, limit: room - used) }
        if ReadingOrder.isNeeded(by: text.unicodeScalars) { reorder(row: row, columns: column..<column + used) }
        return used
    }

    /// Puts scalars into cells, one after another from left to right, and returns the columns they took.
    @discardableResult
    mutating func place(_ text: String, row: Int, column: Int, style: Style, limit: Int = .max) -> Int {
        let limit = min(limit, size.columns - column)
        var used = 0
        for scalar in text.unicodeScalars {
            let columns = CellWidth.of(scalar)
            if columns == 0 {
                // On both columns of a wide one the mark belongs to the left.
                if used > 0 {
                    let left = self[row, column + used - 1].grapheme.isEmpty ? 2 : 1
                    self[row, column + used - left].grapheme.append(scalar)
                }
                continue
            }
            if used + columns > limit { break }
            self[row, column + used] = Cell(Grapheme(scalar), style: style)
            if columns == 2 { self[row, column + used + 1] = Cell(text: "", style: style) }
            used += columns
        }
        return used
    }

    /// Turns a line that was written in its stored order into the order of its columns.
    private mutating func reorder(row: Int, columns: Range<Int>) {
        let starts = columns.filter { !self[row, $0].grapheme.isEmpty }
        let cells = starts.map { self[row, $0] }
        let order = ReadingOrder(cells.map { $0.grapheme.base })
        var column = columns.lowerBound
        for index in order.columns(of: 0..<cells.count) {
            let isWide = (index + 1 < starts.count ? starts[index + 1] : columns.upperBound) - starts[index] == 2
            self[row, column] = cells[index]
            self[row, column].grapheme.base = order.forms[index]
            if isWide { self[row, column + 1] = Cell(text: "", style: cells[index].style) }
            column += isWide ? 2 : 1
        }
    }

    /// Writes text against the right edge of a span of columns, and returns where it begins.
    @discardableResult
    @_disfavoredOverload
    mutating func writeRight(_ text: String, row: Int, endColumn: Int, style: Style) -> Int {
        let start = endColumn - CellWidth.of(text)
        write(text, row: row, column: start, style: style)
        return start
    }

    @discardableResult
    mutating func writeRight(_ phrase: Phrase, row: Int, endColumn: Int, style: Style) -> Int {
        writeRight(String(phrase.text), row: row, endColumn: endColumn, style: style)
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
