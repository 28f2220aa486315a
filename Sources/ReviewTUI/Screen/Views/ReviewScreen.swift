import Queue

/// What a terminal is to show: cells, and a picture that some terminals draw over reserved ones or in their place.
struct Frame: Hashable, Sendable {
    var cells: CellBuffer
    var picture: PlacedPicture?
}

/// A picture and where its top left corner goes.
struct PlacedPicture: Hashable, Sendable {
    var picture: PixelPicture
    var row: Int
    var column: Int
}

/// The whole screen, from the state.
enum ReviewScreen {
    /// What reserves a cell for a sixel picture: not a space, so that ncurses sees it change.
    static let reserved: Unicode.Scalar = "\u{A0}"

    static func frame(_ state: ConsoleState, _ theme: Theme) -> Frame {
        let theme = theme.adapted(to: state.abilities)
        let smallest = ScreenLayout.smallest
        guard state.size.columns >= smallest.columns, state.size.rows >= smallest.rows else {
            return Frame(cells: TooSmallView.render(state, theme, state.size), picture: nil)
        }
        var buffer = CellBuffer(size: state.size, filledWith: Cell(text: " ", style: theme[.text]))
        let item = state.focus?.item
        let layout = ScreenLayout(
            size: state.size, hasMedia: item?.media.isEmpty == false, hasText: item?.text != nil,
            pictureRows: PreviewView.pictureRows(state))
        func place(_ rect: Rect?, _ view: (ConsoleState, Theme, CellSize) -> CellBuffer) {
            guard let rect else { return }
            buffer.place(view(state, theme, rect.size), row: rect.row, column: rect.column)
        }
        for column in layout.rules {
            buffer.verticalRule(row: 1, column: column, height: layout.list.size.rows, theme: theme)
        }
        place(layout.title, TitleView.render)
        place(layout.list, QueueListView.render)
        place(layout.header, HeaderView.render)
        place(layout.preview, PreviewView.render)
        place(layout.text, TextView.render)
        place(layout.side, SideView.render)
        place(layout.status, StatusView.render)
        place(layout.hints, HintsView.render)
        if state.focus == nil { NothingView.draw(state, theme, layout, into: &buffer) }
        if let sheet = state.sheet { GroupSheetView.draw(sheet, state, theme, into: &buffer) }
        switch state.mode {
        case .help: HelpView.draw(state, theme, into: &buffer)
        case .policies(let picker): PolicyPickerView.draw(picker, state, theme, into: &buffer)
        case .severity: SeverityView.draw(state, theme, into: &buffer)
        case .history(let records, let selected):
            HistoryView.draw(records, selected: selected, state, theme, into: &buffer)
        case .itemHistory(let pages): ItemHistoryView.draw(pages, state, theme, into: &buffer)
        case .review, .prompt, .sheet: break
        }
        return Frame(cells: buffer, picture: picture(state, layout, buffer))
    }

    /// The picture, if the terminal draws pictures. A sixel picture only while nothing lies over its cells: what lies over
    /// a kitty picture's placeholders hides that part of it and no other.
    private static func picture(_ state: ConsoleState, _ layout: ScreenLayout, _ buffer: CellBuffer) -> PlacedPicture? {
        guard let area = layout.preview, let picture = PreviewView.pixels(state) else { return nil }
        let column = area.column + max(0, (area.size.columns - picture.size.columns) / 2)
        if picture.form == .sixel {
            for row in 0..<picture.size.rows {
                for offset in 0..<picture.size.columns
                where buffer[area.row + row, column + offset].grapheme != Grapheme(reserved) {
                    return nil
                }
            }
        }
        return PlacedPicture(picture: picture, row: area.row, column: column)
    }
}
