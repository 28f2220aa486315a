import Queue

/// What happened to the item, or what its author's other items came to, in a box over the screen.
enum ItemHistoryView {
    private static let momentWidth = 16

    private static func width(_ size: CellSize) -> Int { min(size.columns - 4, 104) }

    private static func rows(_ count: Int, _ size: CellSize) -> Int { min(max(1, count), size.rows - 7) }

    /// The furthest that it can be scrolled, in rows.
    static func lastScroll(_ pages: ItemHistoryPages, _ size: CellSize) -> Int {
        let count = wrapped(pages, width: width(size)).count
        return max(0, count - rows(count, size))
    }

    static func draw(_ pages: ItemHistoryPages, _ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer) {
        let width = width(state.size)
        let lines = wrapped(pages, width: width)
        let rows = rows(lines.count, state.size)
        let rect = Rect(
            row: max(1, (state.size.rows - rows - 3) / 2), column: (state.size.columns - width) / 2, columns: width,
            rows: rows + 2)
        let name = state.name(pages.item)
        let below = lines.count - pages.scroll - rows
        let more = below > 0 ? phrase(" (\(below) more below)") : ""
        buffer.box(
            rect,
            title: (pages.showsAuthor ? phrase("The author of \(name)") : phrase("What happened to \(name)")) + more,
            theme: theme
        )
        for (offset, line) in lines.dropFirst(pages.scroll).prefix(rows).enumerated() {
            var style = theme[.dialog]
            style.dim = line.isPast
            let row = rect.row + 1 + offset
            buffer.write(line.moment, row: row, column: rect.column + 2, style: style, width: momentWidth)
            buffer.write(
                line.words, row: row, column: rect.column + 4 + momentWidth, style: style,
                width: width - momentWidth - 6)
        }
    }

    private struct Row {
        var moment: String
        var words: String
        var isPast: Bool
    }

    private static func wrapped(_ pages: ItemHistoryPages, width: Int) -> [Row] {
        pages.shown.flatMap { line in
            let pieces = line.text.pieces
            return TextWrap.lines(pieces, width: width - momentWidth - 6).enumerated().map { offset, range in
                Row(
                    moment: offset == 0 ? line.moment : "", words: pieces[range].map(\.text).joined(),
                    isPast: line.isPast)
            }
        }
    }
}
