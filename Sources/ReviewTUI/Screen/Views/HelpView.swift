/// Every command with its keys, from the command table.
enum HelpView {
    private enum Line {
        case heading(String)
        case command(keys: String, help: String)
        case gap

        var keyWidth: Int { if case .command(let keys, _) = self { CellWidth.of(keys) } else { 0 } }
    }

    static func draw(_ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer) {
        guard case .help(let scroll) = state.mode else { return }
        let lines = lines(state.keymap)
        let columns = columns(state.size)
        let rows = rows(lines.count, state.size)
        let width = min(state.size.columns - 4, columns * 58 + 4)
        let rect = Rect(
            row: max(0, (state.size.rows - 2 - rows - 2) / 2) + 1, column: (state.size.columns - width) / 2,
            columns: width, rows: rows + 2)
        let below = lines.count - scroll - rows * columns
        buffer.box(rect, title: below > 0 ? phrase("Keys (\(below) more lines below)") : phrase("Keys"), theme: theme)
        let keyWidth = lines.map(\.keyWidth).max() ?? 0
        for (offset, line) in lines.dropFirst(scroll).prefix(rows * columns).enumerated() {
            let column = rect.column + 2 + (offset / rows) * ((width - 4) / columns)
            let place = Rect(
                row: rect.row + 1 + offset % rows, column: column, columns: (width - 4) / columns - 1, rows: 1)
            draw(line, in: place, keyWidth: min(24, max(14, keyWidth)), theme, into: &buffer)
        }
    }

    /// The furthest that the help can be scrolled, in lines.
    static func lastScroll(keymap: Keymap, size: CellSize) -> Int {
        let count = lines(keymap).count
        return max(0, count - rows(count, size) * columns(size))
    }

    private static func columns(_ size: CellSize) -> Int { size.columns >= 118 ? 2 : 1 }

    private static func rows(_ lines: Int, _ size: CellSize) -> Int {
        min((lines + columns(size) - 1) / columns(size), size.rows - 6)
    }

    private static func lines(_ keymap: Keymap) -> [Line] {
        var lines: [Line] = []
        for group in Command.Group.allCases {
            if !lines.isEmpty { lines.append(.gap) }
            lines.append(.heading(Phrase(stringLiteral: group.rawValue).text))
            for command in Command.table where command.group == group {
                // The nine policy keys are one line.
                if let digit = command.id.policyDigit, digit > 1 { continue }
                guard let keys = keymap.label(for: command.id, all: true) else { continue }
                lines.append(.command(keys: keys, help: Phrase(stringLiteral: command.help).text))
            }
        }
        return lines
    }

    private static func draw(
        _ line: Line, in place: Rect, keyWidth: Int, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        let glyphs = theme.glyphs
        let (row, column) = (place.row, place.column)
        switch line {
        case .gap: break
        case .heading(let title): buffer.write(title, row: row, column: column, style: theme[.dialogTitle])
        case .command(let keys, let help):
            var style = theme[.dialog]
            style.bold = true
            buffer.write(
                glyphs.spelled(keys), row: row, column: column, style: style, width: keyWidth,
                ellipsis: glyphs.ellipsis)
            buffer.write(
                glyphs.spelled(help), row: row, column: column + keyWidth + 1, style: theme[.dialog],
                width: place.size.columns - keyWidth - 1, ellipsis: glyphs.ellipsis)
        }
    }
}
