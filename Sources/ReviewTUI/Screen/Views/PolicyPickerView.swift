/// All policies of the taxonomy, to choose from.
enum PolicyPickerView {
    static func draw(_ picker: PolicyPicker, _ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer) {
        let glyphs = theme.glyphs
        let (rect, room, first) = layout(picker, state)
        let width = rect.size.columns
        buffer.box(rect, title: title(picker), theme: theme)
        for offset in 0..<room {
            let policy = state.taxonomy[first + offset]
            let isSelected = first + offset == picker.index
            let style = theme[isSelected ? .dialogSelected : .dialog]
            let row = rect.row + 1 + offset
            let inner = Rect(row: row, column: rect.column + 1, columns: width - 2, rows: 1)
            buffer.fill(inner, with: Cell(text: " ", style: style))
            let isChosen = state.focus?.choice.chosen.contains(policy.id) == true
            let mark = isChosen ? glyphs.chosen : glyphs.unchosen
            buffer.write(mark, row: row, column: rect.column + 2, style: style)
            let key = state.policyKeys.key(of: policy.id)
            var keyStyle = isSelected ? style : theme[.dialogTitle]
            // What was typed stands out, and what it leads to.
            keyStyle.underline = !picker.typed.isEmpty && key.hasPrefix(picker.typed)
            buffer.write(
                key.map(String.init).joined(separator: " "), row: row, column: rect.column + 4, style: keyStyle)
            let id = SafeText.line(policy.id.rawValue, limit: 60, ascii: glyphs.ascii)
            buffer.write(id, row: row, column: rect.column + 9, style: style, width: 24, ellipsis: glyphs.ellipsis)
            let title = SafeText.line(policy.title, limit: 80, ascii: glyphs.ascii)
            buffer.write(
                title, row: row, column: rect.column + 34, style: style, width: width - 41, ellipsis: glyphs.ellipsis)
            if let score = state.focus?.choice.score(of: policy.id) {
                buffer.writeRight(ScoresView.short(score), row: row, endColumn: rect.column + width - 2, style: style)
            }
        }
        let summary = SafeText.line(state.taxonomy[picker.index].summary, limit: 300, ascii: glyphs.ascii)
        buffer.write(
            summary, row: rect.row + room + 2, column: rect.column + 2, style: theme[.dialog], width: width - 4,
            ellipsis: glyphs.ellipsis)
    }

    /// The box, how many policies it has room for, and the first of them.
    private static func layout(_ picker: PolicyPicker, _ state: ConsoleState) -> (rect: Rect, room: Int, first: Int) {
        let count = state.taxonomy.count
        let width = min(state.size.columns - 8, 72)
        let room = min(count, state.size.rows - 9)
        let rect = Rect(
            row: max(1, (state.size.rows - room - 5) / 2), column: (state.size.columns - width) / 2, columns: width,
            rows: room + 4)
        return (rect, room, max(0, min(picker.index - room / 2, count - room)))
    }

    /// The policy at a point of the screen, by its place in the taxonomy.
    static func index(atRow row: Int, _ column: Int, _ picker: PolicyPicker, _ state: ConsoleState) -> Int? {
        let (rect, room, first) = layout(picker, state)
        let line = row - rect.row - 1
        guard (0..<room).contains(line), column > rect.column, column < rect.column + rect.size.columns - 1 else {
            return nil
        }
        return first + line
    }

    private static func title(_ picker: PolicyPicker) -> String {
        switch picker.pending {
        case .remove: phrase("Remove: which rule does it break?")
        case .restrict: phrase("Restrict: which rule does it break?")
        default: phrase("Policies")
        }
    }
}
