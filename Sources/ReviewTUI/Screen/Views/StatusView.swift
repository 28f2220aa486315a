/// The line over the hints: what happened last, or the line being typed.
enum StatusView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.status]))
        if case .prompt(let prompt) = state.mode {
            draw(prompt, theme, into: &buffer)
            return buffer
        }
        let role: Role =
            switch state.status.tone {
            case .neutral: .status
            case .good: .statusGood
            case .bad: .statusBad
            }
        let glyphs = theme.glyphs
        let end = buffer.writeRight(hold(state), row: 0, endColumn: size.columns - 1, style: theme[.dim])
        buffer.write(
            glyphs.spelled(state.status.text), row: 0, column: 1, style: theme[role], width: end - 2,
            ellipsis: glyphs.ellipsis)
        return buffer
    }

    /// Whose the item is, where that is not plain.
    private static func hold(_ state: ConsoleState) -> String {
        switch state.focus?.hold {
        case .some(.none): "looking only"
        case .asked: "taking it"
        case .recording, .held, nil: state.held.isEmpty ? "" : "1 key waits"
        }
    }

    private static func draw(_ prompt: Prompt, _ theme: Theme, into buffer: inout CellBuffer) {
        let label =
            switch prompt.purpose {
            case .note: "Note: "
            case .question: "Question to whoever takes it over: "
            case .command: ":"
            }
        let start = 1 + buffer.write(label, row: 0, column: 1, style: theme[.heading])
        let room = buffer.size.columns - start - 2
        // The end of a long line is what is being typed.
        var shown = prompt.text.unicodeScalars[...]
        while CellWidth.of(String(shown)) > room { shown.removeFirst() }
        let text = theme.glyphs.ascii ? SafeText.line(String(shown), ascii: true) : String(shown)
        let used = buffer.write(text, row: 0, column: start, style: theme[.input], width: room)
        var cursor = theme[.input]
        cursor.reverse.toggle()
        buffer[0, start + used] = Cell(text: " ", style: cursor)
        if prompt.purpose == .command {
            let names = ConsoleState.completions(of: prompt.text).joined(separator: "  ")
            buffer.write(
                names.isEmpty ? "no such command" : names, row: 0, column: start + used + 3, style: theme[.dim],
                width: buffer.size.columns - start - used - 4, ellipsis: theme.glyphs.ellipsis)
        }
    }
}
