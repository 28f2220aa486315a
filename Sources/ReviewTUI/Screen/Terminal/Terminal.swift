import CNCurses
import Foundation

/// The real terminal, and the only place that calls ncurses.
///
/// Shows frames by drawing the cells that differ from the last one. ncurses reads no input: bytes go through
/// ``TerminalInput``, so that replies to probes and pasted text never become keys. Nor does it write: what it draws goes
/// through ``TerminalOutput``, which waits for a slow terminal in the loop's stead.
@MainActor
final class Terminal {
    /// Colours and character set, by terminfo, locale and `NO_COLOR`. Graphics are found later, by asking.
    let abilities: ScreenAbilities
    /// Whether the terminal keeps what is written between its brackets off the screen until the end (mode 2026).
    var synchronizes = false

    /// Bracketed paste on, and the mouse where it is wanted; lines stay in the order they are written in (explicit mode of
    /// ECMA-48, BDSM), which ``ReadingOrder`` has seen to.
    private let opening: [UInt8]
    private let screen: OpaquePointer
    private let captured: CapturedOutput
    private let output: TerminalOutput
    private var shown: CellBuffer?
    private var picture: PlacedPicture?
    /// Cells that a picture that was broken off may have painted over.
    private var stain: Rect?
    /// Whether the last picture had to be broken off: then words come first.
    private var isSlow = false
    /// Whether the last frame's words stand behind its picture.
    private(set) var isPictureFirst = false
    private var marks = 0
    private var isSuspended = false
    /// The style drawn last, as ncurses has it: neighbours mostly share it.
    private var lastStyle: (style: Style, attributes: attr_t, pair: Int32)?

    /// Takes the terminal over: alternate screen, no echo, keys one by one.
    ///
    /// - Parameters:
    ///   - mouse: whether to ask for clicks and the wheel.
    ///   - heard: called whenever what was drawn has reached the terminal; from anywhere.
    /// - Throws: ``TerminalError``.
    init(
        environment: [String: String] = ProcessInfo.processInfo.environment, mouse: Bool = true,
        heard: @escaping @Sendable (TerminalOutput.Happening) -> Void
    ) throws {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { throw TerminalError.notATerminal }
        // The character set only: numbers in files and messages do not follow the locale.
        setlocale(LC_CTYPE, "")
        let codeset = String(cString: reviewtui_codeset()).uppercased()
        let term = environment["TERM"] ?? "dumb"
        var failure: Int32 = 0
        // newterm ends the process where it does not know the terminal; setupterm says so.
        guard setupterm(nil, STDOUT_FILENO, &failure) == OK, tigetstrKnows("cup") else {
            throw TerminalError.unknown(term)
        }
        TerminalRescue.arm(descriptor: STDOUT_FILENO, restoring: Self.restoringBytes())
        guard let captured = CapturedOutput(terminal: STDOUT_FILENO) else { throw TerminalError.noDescriptors }
        guard let screen = newterm(nil, captured.file, reviewtui_stdin()) else { throw TerminalError.unknown(term) }
        self.screen = screen
        self.captured = captured
        output = TerminalOutput(terminal: STDOUT_FILENO, heard: heard)
        // Keys neither stop the output nor raise signals: ^S, ^C and ^Z are keys like others.
        CNCurses.raw()
        noecho()
        nonl()
        set_escdelay(25)
        // ncurses would look for input after every few cells of a frame, and write what it has so far each time.
        typeahead(-1)
        curs_set(0)
        leaveok(reviewtui_stdscr(), true)
        let coloured = has_colors() && (environment["NO_COLOR"] ?? "").isEmpty
        if coloured {
            start_color()
            use_default_colors()
        }
        abilities = ScreenAbilities(
            colours: coloured ? Self.depth() : .mono, unicode: codeset == "UTF-8" || codeset == "UTF8")
        opening = Array("\u{1B}[?2004h\u{1B}[8l\(mouse ? MouseEvent.asking : "")".utf8)
        send(opening)
    }

    /// Columns and rows now.
    var size: CellSize {
        var columns: Int32 = 80
        var rows: Int32 = 24
        if reviewtui_window_size(STDOUT_FILENO, &columns, &rows) != 0 {
            return CellSize(columns: Int(getmaxx(reviewtui_stdscr())), rows: Int(getmaxy(reviewtui_stdscr())))
        }
        return CellSize(columns: Int(columns), rows: Int(rows))
    }

    // MARK: Drawing

    /// Whether the terminal has taken all that was drawn. Until then no frame is drawn: the newest will do.
    var isReady: Bool { output.isIdle }

    /// Brings the screen to a frame. Draws nothing where nothing changed.
    ///
    /// - Returns: the mark that is heard of when the frame's cells have reached the terminal; nil while it is suspended.
    func draw(_ frame: Frame) -> Int? {
        guard !isSuspended else { return nil }
        let former = picture
        let isSame = frame.picture?.stands(for: former) ?? (former == nil)
        if let stain { blank(stain) }
        stain = nil
        if let former, !isSame, let area = former.driver.area(of: former) { blank(area) }
        let isFirst = frame.picture?.driver.showsBeforeCells == true && !isSlow
        isPictureFirst = isFirst && !isSame
        if let placed = frame.picture, isPictureFirst { show(placed) }
        put(frame.cells)
        marks += 1
        output.mark(marks)
        if let placed = frame.picture, !isSame, !isFirst {
            show(placed)
            // Its cells stood before it was there: they are written once more.
            if placed.driver.showsBeforeCells {
                blank(placed.area)
                put(frame.cells)
            }
        }
        // Forgotten only now: no cell shows it any more. What was shown anew under the same id stays.
        if let former, !isSame, former.picture.form != frame.picture?.picture.form { send(former.driver.erase(former)) }
        picture = frame.picture
        TerminalRescue.forget(picture.map { $0.driver.erase($0) } ?? [])
        return marks
    }

    /// Draws the cells that differ from those on the screen.
    private func put(_ buffer: CellBuffer) {
        let (cells, columns) = (buffer.cells, buffer.size.columns)
        let changed = buffer.differences(from: shown)
        for index in changed {
            let column = index % columns
            let isWide = column + 1 < columns && cells[index + 1].grapheme.isEmpty
            put(cells[index], index / columns, column, isWide: isWide)
        }
        shown = buffer
        if !changed.isEmpty { flush() }
    }

    private func show(_ placed: PlacedPicture) {
        output.send(
            picture: placed.driver.show(placed, synchronized: synchronizes),
            breakingOff: placed.driver.breakOff(placed, synchronized: synchronizes))
    }

    /// The terminal takes long: pictures give way to what is more urgent. They are drawn again with a later frame.
    func hurry() {
        isSlow = output.breakOffPictures()
        guard isSlow, let picture else { return }
        stain = picture.driver.area(of: picture)
        self.picture = nil
    }

    /// Forgets what is on the screen, so that the next frame is drawn whole.
    func redraw() {
        guard !isSuspended else { return }
        clearok(reviewtui_curscr(), true)
        shown = nil
        stain = nil
        forgetPicture()
    }

    /// Takes the picture off the terminal, but for what its cells show of it.
    private func forgetPicture() {
        if let picture { send(picture.driver.erase(picture)) }
        picture = nil
        TerminalRescue.forget([])
    }

    /// Takes on the terminal's new size.
    func resize() {
        let size = size
        resizeterm(Int32(size.rows), Int32(size.columns))
        redraw()
    }

    /// Writes bytes of the program's own past ncurses.
    func send(_ bytes: [UInt8]) { output.send(bytes) }

    private func flush() {
        output.send(
            captured.capture {
                wnoutrefresh(reviewtui_stdscr())
                doupdate()
            })
    }

    /// Writes cells as spaces and forgets what they held, so that what comes next is written whatever it is.
    private func blank(_ area: Rect) {
        guard var cells = shown else { return }
        cells.fill(area, with: .blank)
        for row in area.row..<(area.row + area.size.rows) {
            for column in area.column..<(area.column + area.size.columns) { put(.blank, row, column, isWide: false) }
        }
        shown = cells
        flush()
    }

    private func put(_ cell: Cell, _ row: Int, _ column: Int, isWide: Bool) {
        // The right half of a wide character is drawn with its left.
        guard !cell.grapheme.isEmpty else { return }
        var scalars = cell.grapheme.scalars
        let first = scalars.x
        if first >= 0x80 {
            // Where the C library knows another width, ncurses would lose count of columns.
            let fits = reviewtui_wcwidth(Int32(first)) == (isWide ? 2 : 1) || first == ReviewScreen.reserved.value
            if !fits || !abilities.unicode { scalars = [0x3F, 0, 0, 0] }
            if !fits, isWide { put(Cell(text: " ", style: cell.style), row, column + 1, isWide: false) }
        }
        if cell.style != lastStyle?.style {
            lastStyle = (cell.style, attributes(cell.style), pair(cell.style))
        }
        guard let lastStyle else { return }
        let text = SIMD8<Int32>(truncatingIfNeeded: SIMD8(lowHalf: scalars, highHalf: .zero))
        withUnsafeBytes(of: text) { bytes in
            guard let text = bytes.baseAddress?.assumingMemoryBound(to: wchar_t.self) else { return }
            _ = reviewtui_put(Int32(row), Int32(column), text, lastStyle.attributes, lastStyle.pair)
        }
    }

    private func attributes(_ style: Style) -> attr_t {
        var attributes: attr_t = 0
        if style.bold { attributes |= reviewtui_bold() }
        if style.dim { attributes |= reviewtui_dim() }
        if style.italic { attributes |= reviewtui_italic() }
        if style.underline { attributes |= reviewtui_underline() }
        if style.reverse { attributes |= reviewtui_reverse() }
        return attributes
    }

    /// ncurses keeps the pairs, and reuses the least recently asked for when it has no more.
    private func pair(_ style: Style) -> Int32 {
        guard abilities.colours != .mono, style.foreground != nil || style.background != nil else { return 0 }
        let foreground = style.foreground.flatMap { Palette.index(of: $0, depth: abilities.colours) } ?? -1
        let background = style.background.flatMap { Palette.index(of: $0, depth: abilities.colours) } ?? -1
        return max(0, alloc_pair(foreground, background))
    }

    // MARK: Coming and going

    /// Gives the terminal back to the shell for a while.
    func suspend() {
        guard !isSuspended else { return }
        leave()
        isSuspended = true
    }

    /// Takes the terminal again. The next frame is drawn whole.
    func resume() {
        guard isSuspended else { return }
        isSuspended = false
        send(opening)
        // ncurses would ask it of the memory that it draws into.
        reset_prog_mode()
        output.send(captured.capture { doupdate() })
        resize()
    }

    /// Gives the terminal back for good.
    func close() {
        if !isSuspended { leave() }
        output.end()
        TerminalRescue.restore()
        TerminalRescue.disarm()
        delscreen(screen)
    }

    /// Leaves the terminal at once, however much it still had to show.
    private func leave() {
        output.silence()
        forgetPicture()
        send(Self.closing)
        if !output.wait() {
            // It takes nothing: room is made for the way back.
            output.flush()
            output.wait()
        }
        endwin()
    }

    /// Begins with what ends a string, in case a picture was under way.
    private static let closing = Array("\u{1B}\\\u{1B}[8h\u{1B}[?2026l\u{1B}[?2004l\(MouseEvent.leaving)".utf8)

    private static func depth() -> ColorDepth {
        switch reviewtui_colors() {
        case 0x1000000...: return reviewtui_terminfo_flag("RGB") != 0 ? .truecolor : .indexed
        case 256...: return .indexed
        case 16...: return .sixteen
        default: return .eight
        }
    }

    /// What brings the terminal back when ncurses cannot be asked.
    private static func restoringBytes() -> [UInt8] {
        var bytes = closing
        for name in ["sgr0", "op", "cnorm", "rmkx", "rmcup"] {
            if let value = reviewtui_terminfo_string(name) { bytes += Array(String(cString: value).utf8) }
        }
        return bytes
    }
}

private func tigetstrKnows(_ name: String) -> Bool { reviewtui_terminfo_string(name) != nil }
