import Queue

/// The line over the hints: what happened last, or the line being typed.
enum StatusView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.status]))
        if case .prompt(let prompt) = state.mode {
            draw(prompt, state, theme, into: &buffer)
            return buffer
        }
        let role: Role =
            switch state.status.tone {
            case .neutral: .status
            case .good: .statusGood
            case .bad: .statusBad
            }
        let glyphs = theme.glyphs
        let right = [glyphs.spelled(ZoomView.words(state)), pause(state), hold(state), filter(state, glyphs)].filter {
            !$0.isEmpty
        }
        .joined(separator: glyphs.spelled(" · "))
        let end = buffer.writeRight(right, row: 0, endColumn: size.columns - 1, style: theme[.dim])
        // Quiet: it never takes the place of what was said last.
        let text = state.status.text.isEmpty ? state.pauseAdvice ?? "" : state.status.text
        buffer.write(
            glyphs.spelled(text), row: 0, column: 1, style: theme[role], width: end - 2,
            ellipsis: glyphs.ellipsis)
        return buffer
    }

    /// That a pause is due, in a few columns.
    private static func pause(_ state: ConsoleState) -> String {
        guard state.pauseAdvice != nil else { return "" }
        return phrase("\(state.keymap.label(for: .pause) ?? ":pause"): a pause?")
    }

    /// Whose the item is, where that is not plain.
    private static func hold(_ state: ConsoleState) -> String {
        switch state.focus?.hold {
        case .some(.none): phrase("looking only")
        case .asked: phrase("taking it")
        case .recording, .held, nil:
            switch state.waiting.count {
            case 0: ""
            case 1: phrase("1 key waits")
            case let count: phrase("\(count) keys wait")
            }
        }
    }

    /// What the list is narrowed to, and how to leave that.
    private static func filter(_ state: ConsoleState, _ glyphs: Glyphs) -> String {
        guard !state.filter.isEmpty else { return "" }
        let room = max(8, state.size.columns / 3)
        return SafeText.line(state.filter.canonicalText, limit: room, ascii: glyphs.ascii) + phrase(" (esc: all)")
    }

    /// What stands before the line being typed.
    static func label(_ purpose: Prompt.Purpose) -> String {
        switch purpose {
        case .note: phrase("Note: ")
        case .question: phrase("Question to whoever takes it over: ")
        case .command: ":"
        case .search: "/"
        case .filter: phrase("Filter: ")
        }
    }

    private static func draw(_ prompt: Prompt, _ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer) {
        let start = 1 + buffer.write(label(prompt.purpose), row: 0, column: 1, style: theme[.heading])
        let room = buffer.size.columns - start - 2
        // The end of a long line is what is being typed.
        var shown = prompt.text.unicodeScalars[...]
        while CellWidth.of(String(shown)) > room { shown.removeFirst() }
        let text = theme.glyphs.ascii ? SafeText.line(String(shown), ascii: true) : String(shown)
        let used = buffer.write(text, row: 0, column: start, style: theme[.input], width: room)
        var cursor = theme[.input]
        cursor.reverse.toggle()
        if let error = prompt.error {
            point(at: error, shown: shown, total: prompt.text.unicodeScalars.count, start, used, theme, into: &buffer)
            return
        }
        buffer[0, start + used] = Cell(text: " ", style: cursor)
        if prompt.purpose == .command {
            buffer.write(
                theme.glyphs.spelled(state.candidates(for: prompt.text)), row: 0, column: start + used + 3,
                style: theme[.dim],
                width: buffer.size.columns - start - used - 4, ellipsis: theme.glyphs.ellipsis)
        }
    }

    /// The cursor on the character that is wrong, and the sentence behind the text.
    private static func point(
        at error: QuerySyntaxError, shown: Substring.UnicodeScalarView, total: Int, _ start: Int, _ used: Int,
        _ theme: Theme, into buffer: inout CellBuffer
    ) {
        let before = shown.prefix(max(0, error.offset - (total - shown.count)))
        let column = start + min(used, CellWidth.of(SafeText.line(String(before), ascii: theme.glyphs.ascii)))
        var cursor = theme[.input]
        cursor.reverse.toggle()
        buffer[0, column] = Cell(text: column < start + used ? buffer[0, column].text : " ", style: cursor)
        buffer.write(
            theme.glyphs.spelled(error.sentence), row: 0, column: start + used + 3, style: theme[.statusBad],
            width: buffer.size.columns - start - used - 4, ellipsis: theme.glyphs.ellipsis)
    }
}
