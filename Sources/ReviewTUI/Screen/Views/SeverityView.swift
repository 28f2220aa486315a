/// How grave a violation is: what the next key says.
enum SeverityView {
    /// What a severity is called; empty for one that there is not.
    static func name(_ severity: Int) -> String {
        switch severity {
        case 1: phrase("mild")
        case 2: phrase("moderate")
        case 3: phrase("serious")
        case 4: phrase("grave")
        default: ""
        }
    }

    static func draw(_ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer) {
        let lines = (1...4).map { ("\($0)", name($0)) } + [("0", phrase("not said"))]
        let width = 30
        let rect = Rect(
            row: (state.size.rows - lines.count - 2) / 2, column: (state.size.columns - width) / 2, columns: width,
            rows: lines.count + 2)
        buffer.box(rect, title: phrase("How grave is it?"), theme: theme)
        for (offset, (key, name)) in lines.enumerated() {
            let isSaid = key == "\(state.focus?.severity ?? 0)"
            let style = theme[isSaid ? .dialogSelected : .dialog]
            let row = rect.row + 1 + offset
            buffer.fill(
                Rect(row: row, column: rect.column + 1, columns: width - 2, rows: 1),
                with: Cell(text: " ", style: style))
            buffer.write(key, row: row, column: rect.column + 2, style: isSaid ? style : theme[.dialogTitle])
            buffer.write(name, row: row, column: rect.column + 5, style: style)
        }
    }
}
