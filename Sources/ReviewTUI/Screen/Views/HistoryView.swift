import Queue

/// What the reviewer decided last, newest first: the order in which undo takes it back.
enum HistoryView {
    /// Records that are seen at once.
    static func rows(_ count: Int, _ size: CellSize) -> Int { min(max(1, count), size.rows - 8) }

    static func draw(
        _ records: [DecisionRecord], selected: Int, _ state: ConsoleState, _ theme: Theme,
        into buffer: inout CellBuffer
    ) {
        let glyphs = theme.glyphs
        let width = min(state.size.columns - 6, 84)
        let rows = rows(records.count, state.size)
        let rect = Rect(
            row: (state.size.rows - rows - 3) / 2, column: (state.size.columns - width) / 2, columns: width,
            rows: rows + 2)
        buffer.box(rect, title: title(state), theme: theme)
        if records.isEmpty {
            buffer.write("No verdict yet.", row: rect.row + 1, column: rect.column + 2, style: theme[.dialog])
        }
        let first = max(0, min(selected - rows / 2, records.count - rows))
        for (offset, record) in records.dropFirst(first).prefix(rows).enumerated() {
            let row = rect.row + 1 + offset
            let isSelected = first + offset == selected
            var style = theme[isSelected ? .dialogSelected : .dialog]
            buffer.fill(
                Rect(row: row, column: rect.column + 1, columns: width - 2, rows: 1),
                with: Cell(text: " ", style: style))
            if isSelected { buffer.write(glyphs.pointer, row: row, column: rect.column + 1, style: style) }
            // A verdict that was taken back is there, and counts no more.
            style.dim = !record.isStanding
            let age = ItemFacts.age(from: record.decidedAt, now: Timestamp(milliseconds: state.now))
            buffer.writeRight(age, row: row, endColumn: rect.column + 9, style: style)
            buffer.write(word(record), row: row, column: rect.column + 11, style: style, width: 11)
            let item = SafeText.line(record.item.rawValue, limit: 40, ascii: glyphs.ascii)
            buffer.write(item, row: row, column: rect.column + 23, style: style, width: 20, ellipsis: glyphs.ellipsis)
            let group = record.group.map { phrase("(group of \($0.size)) ") } ?? ""
            let rest = ([record.policies.map(\.rawValue).joined(separator: ", ")] + [record.note].compactMap { $0 })
                .filter { !$0.isEmpty }.joined(separator: ": ")
            buffer.write(
                SafeText.line(group + rest, limit: 200, ascii: glyphs.ascii), row: row, column: rect.column + 44,
                style: style,
                width: width - 46, ellipsis: glyphs.ellipsis)
        }
    }

    private static func title(_ state: ConsoleState) -> String {
        let undo = state.keymap.label(for: .undo).map { phrase(": \($0) takes the latest back") } ?? ""
        return phrase("Your last verdicts\(undo)")
    }

    private static func word(_ record: DecisionRecord) -> String {
        guard let verdict = record.verdict else { return phrase("took back") }
        return record.isStanding ? verdict.pastWithin : "(\(verdict.rawValue))"
    }
}
