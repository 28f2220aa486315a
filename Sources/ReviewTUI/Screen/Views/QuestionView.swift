/// What cannot be undone, before it is done.
enum QuestionView {
    static func draw(
        _ question: FinalQuestion, _ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        let glyphs = theme.glyphs
        let width = min(state.size.columns - 8, 72)
        var lines = question.warnings.flatMap { warning in
            let policy = SafeText.line(warning.policy.rawValue, limit: 60, ascii: glyphs.ascii)
            let pieces = SafeText(warning.sentence, limit: 600, ascii: glyphs.ascii).pieces
            let sentence = TextWrap.lines(pieces, width: width - 4).map { pieces[$0].map(\.text).joined() }
            return [(policy, theme[.dialogTitle])] + sentence.map { ($0, theme[.dialog]) } + [("", theme[.dialog])]
        }
        lines.removeLast()
        let room = state.size.rows - 9
        let rect = Rect(
            row: max(1, (state.size.rows - min(lines.count, room) - 6) / 2), column: (state.size.columns - width) / 2,
            columns: width, rows: min(lines.count, room) + 5)
        buffer.box(rect, title: title(question, state, glyphs), theme: theme)
        for (offset, (text, style)) in lines.prefix(room).enumerated() {
            buffer.write(
                text, row: rect.row + 2 + offset, column: rect.column + 2, style: style, width: width - 4,
                ellipsis: glyphs.ellipsis)
        }
        let keys = question.answers.map(\.label).joined(separator: phrase(" or "))
        var bold = theme[.dialog]
        bold.bold = true
        let row = rect.row + rect.size.rows - 2
        let used = buffer.write(
            glyphs.spelled("\(keys): \(question.verdict.rawValue)"), row: row, column: rect.column + 2, style: bold)
        buffer.write(
            "esc: back, nothing is recorded", row: row, column: rect.column + 5 + used, style: theme[.dialog],
            width: width - used - 7, ellipsis: glyphs.ellipsis)
    }

    private static func title(_ question: FinalQuestion, _ state: ConsoleState, _ glyphs: Glyphs) -> String {
        let item = state.focus.map { SafeText.line($0.id.rawValue, limit: 30, ascii: glyphs.ascii) } ?? ""
        return switch question.verdict {
        case .allow: phrase("Allow \(item)? It cannot be undone")
        case .remove: phrase("Remove \(item)? It cannot be undone")
        case .restrict: phrase("Restrict \(item)? It cannot be undone")
        case .escalate, .skip: phrase("Escalate \(item)? It cannot be undone")
        }
    }
}
