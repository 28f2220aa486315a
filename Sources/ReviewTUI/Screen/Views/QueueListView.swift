import Queue

/// The queue's pending items, the selected one in the middle.
enum QueueListView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        let rows = state.list.rows
        let (top, first) = window(state, size)
        if top > 0, let focus = state.focus { draw(pinned(focus), row: 0, state, theme, into: &buffer) }
        let room = size.rows - top
        for offset in 0..<max(0, min(room, rows.count - first)) {
            draw(rows[first + offset], row: top + offset, state, theme, into: &buffer)
        }
        if rows.isEmpty, state.focus == nil, state.list.awaited == nil {
            buffer.write("the queue is empty", row: 0, column: 1, style: theme[.dim])
        }
        return buffer
    }

    /// The item on a line of the view, by its place among the rows in memory; nil on the others.
    static func index(at line: Int, _ state: ConsoleState, _ size: CellSize) -> Int? {
        let (top, first) = window(state, size)
        let index = first + line - top
        return line >= top && state.list.rows.indices.contains(index) ? index : nil
    }

    /// The line on which the list begins, and the row that stands there. An item that is not in the list (drawn at random,
    /// or asked for by id) is pinned above it.
    private static func window(_ state: ConsoleState, _ size: CellSize) -> (top: Int, first: Int) {
        let index = state.list.index(of: state.selected)
        let top = index == nil && state.focus != nil ? 1 : 0
        let room = size.rows - top
        return (top, max(0, min((index ?? 0) - room / 2, state.list.rows.count - room)))
    }

    private static func pinned(_ focus: Focus) -> QueueRow {
        let item = focus.item
        let top = focus.choice.rows.first(where: \.isCalibrated)
        let kind: QueueRow.Kind = item.media.isEmpty ? .text : item.text == nil ? .picture : .both
        return QueueRow(
            id: item.id, snippet: SafeText.line(String((item.text ?? "").prefix(60))), kind: kind,
            topPolicy: top?.policy, topScore: top?.score, flaggedAt: item.flaggedAt)
    }

    private static func draw(
        _ row: QueueRow, row line: Int, _ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        let width = buffer.size.columns
        let isSelected = row.id == state.selected
        let glyphs = theme.glyphs
        let base = theme[isSelected ? .selected : .text]
        let quiet = isSelected ? base : theme[.dim]
        if isSelected {
            buffer.fill(Rect(row: line, column: 0, columns: width, rows: 1), with: Cell(text: " ", style: base))
        }
        let marker = isSelected ? glyphs.pointer : row.leasedByOther ? glyphs.bullet : " "
        buffer.write(marker, row: line, column: 0, style: isSelected ? base : quiet)
        var column = 1
        if let score = row.topScore, !state.isBlindFirst {
            let isOver = score >= threshold(of: row.topPolicy, state)
            buffer.write(
                ScoresView.short(score), row: line, column: column,
                style: isSelected || !isOver ? (isSelected ? base : quiet) : theme[.barHigh])
        } else {
            buffer.write(" " + glyphs.dash, row: line, column: column, style: quiet)
        }
        column += 4
        var end = width - 1
        if width >= 28 {
            let age = ItemFacts.age(from: row.flaggedAt, now: Timestamp(milliseconds: state.now))
            end = buffer.writeRight(age, row: line, endColumn: end, style: quiet) - 1
        }
        if width >= 40 {
            let policy = row.topPolicy.map { SafeText.line($0.rawValue, limit: 40, ascii: glyphs.ascii) } ?? ""
            buffer.write(policy, row: line, column: column, style: quiet, width: 12, ellipsis: glyphs.ellipsis)
            column += 13
        }
        buffer.write(
            label(row, glyphs), row: line, column: column, style: row.leasedByOther && !isSelected ? quiet : base,
            width: end - column, ellipsis: glyphs.ellipsis)
    }

    /// What stands for the item in a few columns: its words, or that it is a picture.
    private static func label(_ row: QueueRow, _ glyphs: Glyphs) -> String {
        let snippet = glyphs.spelled(row.snippet)
        switch row.kind {
        case .text: return snippet
        case .both: return "+ " + snippet
        case .picture: return glyphs.ascii ? phrase("[picture]") : "▣ " + SafeText.line(row.id.rawValue, limit: 40)
        }
    }

    private static func threshold(of policy: PolicyID?, _ state: ConsoleState) -> Double {
        state.taxonomy.first { $0.id == policy }?.threshold ?? 0.5
    }
}
