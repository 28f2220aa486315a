/// The picture, or why there is none.
enum PreviewView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        guard let focus = state.focus else { return buffer }
        if focus.restricted, !focus.revealed {
            let key = state.keymap.label(for: .reveal) ?? ":reveal"
            message(["This picture is hidden:", "its policy is restricted.", "\(key) shows it."], theme, into: &buffer)
            return buffer
        }
        switch state.preview.content {
        case nil: message([theme.glyphs.spelled("Reading the picture …")], theme, into: &buffer)
        case .failed(let reason): failure(reason, theme, into: &buffer)
        case .picture(let picture):
            if let sixel = sixel(state) {
                let column = max(0, (size.columns - sixel.size.columns) / 2)
                buffer.fill(
                    Rect(row: 0, column: column, columns: sixel.size.columns, rows: sixel.size.rows),
                    with: Cell(Grapheme(ReviewScreen.reserved), style: .plain))
            } else {
                buffer.place(picture.cells, row: 0, column: max(0, (size.columns - picture.cells.size.columns) / 2))
            }
        }
        return buffer
    }

    /// How many rows the picture takes; nil where none is shown.
    static func pictureRows(_ state: ConsoleState) -> Int? {
        guard let focus = state.focus, !focus.restricted || focus.revealed,
            case .picture(let picture) = state.preview.content
        else { return nil }
        return sixel(state)?.size.rows ?? picture.cells.size.rows
    }

    /// The sixel form of what is shown; nil where the terminal draws none or nothing has been made.
    static func sixel(_ state: ConsoleState) -> SixelPicture? {
        guard case .sixel = state.abilities.graphics, case .picture(let picture) = state.preview.content else {
            return nil
        }
        guard let focus = state.focus, !focus.restricted || focus.revealed else { return nil }
        return picture.sixel
    }

    private static func failure(_ reason: String, _ theme: Theme, into buffer: inout CellBuffer) {
        let safe = SafeText(reason, limit: 600, ascii: theme.glyphs.ascii)
        let lines = TextWrap.lines(safe.pieces, width: max(10, buffer.size.columns - 4))
        let words = lines.map { line in safe.pieces[line].map(\.text).joined() }
        message(["No preview"] + words, theme, into: &buffer)
    }

    private static func message(_ lines: [String], _ theme: Theme, into buffer: inout CellBuffer) {
        let top = max(0, (buffer.size.rows - lines.count) / 2)
        for (offset, line) in lines.enumerated() {
            let column = max(0, (buffer.size.columns - CellWidth.of(line)) / 2)
            buffer.write(
                line, row: top + offset, column: column, style: theme[offset == 0 && lines.count > 1 ? .heading : .dim])
        }
    }
}
