import Queue

/// Short reasons, each with the key that puts it into the note.
enum ReasonsView {
    static func draw(_ list: ReasonList, _ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer) {
        let glyphs = theme.glyphs
        let lines = lines(of: list)
        let room = min(lines.count, state.size.rows - 6)
        let width = min(state.size.columns - 8, 72)
        let rect = Rect(
            row: max(1, (state.size.rows - room - 2) / 2), column: (state.size.columns - width) / 2, columns: width,
            rows: room + 2)
        buffer.box(rect, title: phrase("A reason for the note"), theme: theme)
        let selected = lines.firstIndex { $0.index == list.index } ?? 0
        let first = max(0, min(selected - room / 2, lines.count - room))
        for (offset, line) in lines.dropFirst(first).prefix(room).enumerated() {
            let row = rect.row + 1 + offset
            guard let index = line.index else {
                buffer.write(
                    SafeText.line(line.text, limit: 60, ascii: glyphs.ascii), row: row, column: rect.column + 2,
                    style: theme[.dialogTitle], width: width - 4, ellipsis: glyphs.ellipsis)
                continue
            }
            let isSelected = index == list.index
            let style = theme[isSelected ? .dialogSelected : .dialog]
            buffer.fill(
                Rect(row: row, column: rect.column + 1, columns: width - 2, rows: 1),
                with: Cell(text: " ", style: style))
            buffer.write(
                String(ReasonList.keys[index]), row: row, column: rect.column + 3,
                style: isSelected ? style : theme[.dialogTitle])
            buffer.write(
                SafeText.line(line.text, limit: 300, ascii: glyphs.ascii), row: row, column: rect.column + 6,
                style: style, width: width - 8, ellipsis: glyphs.ellipsis)
        }
    }

    /// A policy's name over its reasons, which are counted through.
    private static func lines(of list: ReasonList) -> [(text: String, index: Int?)] {
        var lines: [(text: String, index: Int?)] = []
        var policy: PolicyID?
        for (index, reason) in list.reasons.enumerated() {
            if reason.policy != policy { lines.append((reason.policy.rawValue, nil)) }
            policy = reason.policy
            lines.append((reason.text, index))
        }
        return lines
    }
}
