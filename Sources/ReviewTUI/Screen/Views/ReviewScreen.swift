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
        if case .pause(let since) = state.mode {
            return Frame(cells: PauseView.render(state, since: since, theme), picture: nil)
        }
        if case .work(let screen) = state.mode {
            return Frame(cells: WorkScreenView.render(screen, state, theme), picture: nil)
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
        place(layout.title, TitleView.render)
        if state.zoom == nil {
            for column in layout.rules {
                buffer.verticalRule(row: 1, column: column, height: layout.list.size.rows, theme: theme)
            }
            place(layout.list, QueueListView.render)
            place(layout.header, HeaderView.render)
            place(layout.preview, PreviewView.render)
            place(layout.text, TextView.render)
            place(layout.side, SideView.render)
        } else {
            place(ZoomView.area(state.size), ZoomView.render)
        }
        place(layout.status, StatusView.render)
        place(layout.hints, HintsView.render)
        if state.focus == nil { NothingView.draw(state, theme, layout, into: &buffer) }
        drawDialog(state, theme, into: &buffer)
        return Frame(cells: buffer, picture: picture(state, layout, buffer))
    }

    /// What is open over the item, where something is.
    static func drawDialog(_ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer) {
        if let sheet = state.sheet { GroupSheetView.draw(sheet, state, theme, into: &buffer) }
        switch state.mode {
        case .help: HelpView.draw(state, theme, into: &buffer)
        case .policies(let picker): PolicyPickerView.draw(picker, state, theme, into: &buffer)
        case .severity: SeverityView.draw(state, theme, into: &buffer)
        case .question(let question): QuestionView.draw(question, state, theme, into: &buffer)
        case .reasons(let list): ReasonsView.draw(list, state, theme, into: &buffer)
        case .wellbeing(let days): WellbeingView.draw(days, state, theme, into: &buffer)
        case .history(let records, let selected):
            HistoryView.draw(records, selected: selected, state, theme, into: &buffer)
        case .itemHistory(let pages): ItemHistoryView.draw(pages, state, theme, into: &buffer)
        case .review, .sheet, .marking, .work, .prompt, .pause: break
        }
    }

    /// The picture, if the terminal draws pictures. A painted picture only while nothing lies over its cells: what lies over
    /// a kitty picture's placeholders hides that part of it and no other.
    private static func picture(_ state: ConsoleState, _ layout: ScreenLayout, _ buffer: CellBuffer) -> PlacedPicture? {
        let isZoomed = state.zoom != nil
        guard let area = isZoomed ? ZoomView.area(state.size) : layout.preview,
            let picture = PreviewView.pixels(isZoomed ? state.zoomShown : state.preview, state)
        else { return nil }
        let place = PreviewView.place(of: picture.size, in: area.size, centred: isZoomed)
        let (row, column) = (area.row + place.row, area.column + place.column)
        if picture.isPainted {
            for line in 0..<picture.size.rows {
                for offset in 0..<picture.size.columns
                where buffer[row + line, column + offset].grapheme != Grapheme(reserved) {
                    return nil
                }
            }
        }
        return PlacedPicture(picture: picture, row: row, column: column)
    }
}
