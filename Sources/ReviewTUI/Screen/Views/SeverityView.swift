/// How grave a violation is: what the next key says.
enum SeverityView {
    static let names = [1: "mild", 2: "moderate", 3: "serious", 4: "grave"]

    static func draw(_ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer) {
        let lines = names.sorted { $0.key < $1.key }.map { ("\($0.key)", $0.value) } + [("0", "not said")]
        let width = 30
        let rect = Rect(
            row: (state.size.rows - lines.count - 2) / 2, column: (state.size.columns - width) / 2, columns: width,
            rows: lines.count + 2)
        buffer.box(rect, title: "How grave is it?", theme: theme)
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
