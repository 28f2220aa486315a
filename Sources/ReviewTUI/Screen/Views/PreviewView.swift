/// The picture, or why there is none.
enum PreviewView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        render(state, state.preview, centred: false, theme, size)
    }

    /// - Parameter centred: whether the picture stands in the middle of the area, and not at its top.
    static func render(
        _ state: ConsoleState, _ slot: PreviewSlot, centred: Bool, _ theme: Theme, _ size: CellSize
    ) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        guard let focus = state.focus else { return buffer }
        if focus.restricted, !focus.revealed {
            let key = state.keymap.label(for: .reveal) ?? ":reveal"
            message(
                [phrase("This picture is hidden:"), phrase("its policy is restricted."), phrase("\(key) shows it.")],
                theme, into: &buffer)
            return buffer
        }
        switch slot.content {
        case nil: message([theme.glyphs.spelled(phrase("Reading the picture …"))], theme, into: &buffer)
        case .failed(let reason): failure(reason, theme, into: &buffer)
        case .picture(let picture):
            let cells =
                pixels(slot, state).map { holding($0, theme, depth: state.abilities.colours) } ?? picture.cells
            let place = place(of: cells.size, in: size, centred: centred)
            buffer.place(cells, row: place.row, column: place.column)
        }
        return buffer
    }

    /// Where a picture's top left corner stands in an area.
    static func place(of picture: CellSize, in area: CellSize, centred: Bool) -> (row: Int, column: Int) {
        (centred ? max(0, (area.rows - picture.rows) / 2) : 0, max(0, (area.columns - picture.columns) / 2))
    }

    /// How many rows the picture takes; nil where none is shown.
    static func pictureRows(_ state: ConsoleState) -> Int? {
        guard let focus = state.focus, !focus.restricted || focus.revealed,
            case .picture(let picture) = state.preview.content
        else { return nil }
        return pixels(state.preview, state)?.size.rows ?? picture.cells.size.rows
    }

    /// What is shown, in pixels; nil where the terminal draws none or nothing has been made for it.
    static func pixels(_ slot: PreviewSlot, _ state: ConsoleState) -> PixelPicture? {
        guard case .picture(let picture) = slot.content, let pixels = picture.pixels,
            let focus = state.focus, !focus.restricted || focus.revealed
        else { return nil }
        switch (pixels.form, state.abilities.graphics) {
        case (.sixel, .sixel), (.inlineImage, .inlineImages), (.kitty, .kitty): return pixels
        default: return nil
        }
    }

    /// The cells under a picture in pixels: reserved for a painted one, the placeholders of a kitty one.
    private static func holding(_ picture: PixelPicture, _ theme: Theme, depth: ColorDepth) -> CellBuffer {
        var buffer = CellBuffer(
            size: picture.size, filledWith: Cell(Grapheme(ReviewScreen.reserved), style: .plain))
        guard case .kitty(let id) = picture.form else { return buffer }
        // The background shows where the picture does not fill its last row or column.
        let style = Style(foreground: id.colour(depth: depth), background: theme[.text].background)
        for row in 0..<picture.size.rows {
            for column in 0..<picture.size.columns {
                buffer[row, column] = Cell(id.placeholder(row: row, column: column), style: style)
            }
        }
        return buffer
    }

    private static func failure(_ reason: String, _ theme: Theme, into buffer: inout CellBuffer) {
        let safe = SafeText(reason, limit: 600, ascii: theme.glyphs.ascii)
        let lines = TextWrap.lines(safe.pieces, width: max(10, buffer.size.columns - 4))
        let words = lines.map { line in safe.pieces[line].map(\.text).joined() }
        message([phrase("No preview")] + words, theme, into: &buffer)
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
