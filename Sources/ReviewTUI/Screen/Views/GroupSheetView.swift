import Queue

/// The group of an item: a grid of cells, each a small picture or first words with how it stands, or one of them large.
enum GroupSheetView {
    /// A cell with the gap to its right and below.
    private static let cell = CellSize(columns: 19, rows: 9)
    private static let picture = CellSize(columns: 17, rows: 5)
    /// Title bar, headline, choice, status, hints.
    private static let headRows = 3
    private static let footRows = 2

    static func columns(_ size: CellSize) -> Int { max(1, (size.columns - 2) / cell.columns) }

    private static func rows(_ size: CellSize) -> Int { max(1, (size.rows - headRows - footRows) / cell.rows) }

    /// The members that are on the screen: whole rows, the selected one among them.
    static func visible(_ sheet: GroupSheet, _ size: CellSize) -> Range<Int> {
        let columns = columns(size)
        let rows = rows(size)
        let all = (sheet.members.count + columns - 1) / columns
        let first = max(0, min(sheet.index / columns - rows / 2, all - rows))
        return first * columns..<min(sheet.members.count, (first + rows) * columns)
    }

    /// How large a member's small picture may be: with a row of words under it, where it has words.
    static func thumbnail(of member: SheetMember) -> CellSize {
        CellSize(columns: picture.columns, rows: member.text == nil ? picture.rows : picture.rows - 1)
    }

    /// How large its picture may be where it fills the screen.
    static func largePicture(of member: SheetMember, _ size: CellSize) -> CellSize {
        let room = size.rows - headRows - footRows - 2
        return CellSize(columns: size.columns - 4, rows: member.text == nil ? room : room * 5 / 8)
    }

    static func draw(_ sheet: GroupSheet, _ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer) {
        let size = buffer.size
        buffer.fill(
            Rect(row: 1, column: 0, columns: size.columns, rows: size.rows - 1 - footRows),
            with: Cell(text: " ", style: theme[.text]))
        headline(sheet, state, theme, into: &buffer)
        guard sheet.isRead else {
            let words = theme.glyphs.spelled(phrase("Looking for what looks or reads like it …"))
            buffer.write(words, row: headRows + 1, column: 1, style: theme[.dim])
            return
        }
        choice(state, theme, into: &buffer)
        if sheet.isLarge, let member = sheet.selected {
            large(member, sheet, theme, into: &buffer)
            return
        }
        let columns = columns(size)
        let visible = visible(sheet, size)
        for (offset, member) in sheet.members[visible].enumerated() {
            let place = Rect(
                row: headRows + offset / columns * cell.rows, column: 1 + offset % columns * cell.columns,
                columns: cell.columns - 1, rows: cell.rows - 1)
            draw(member, in: place, sheet, theme, into: &buffer)
        }
    }

    /// Keys and their words, and the one that never gives way.
    static func hints(_ state: ConsoleState) -> HintsView.Hints {
        guard let sheet = state.sheet, sheet.work == nil else { return ([], [Hint("esc", "stop")]) }
        let verdicts = [CommandID.allow, .remove, .restrict, .escalate].compactMap { id in
            state.keymap.keys(for: id).first.map { Hint($0.label, Phrase(stringLiteral: id.rawValue), .key($0)) }
        }
        let keys = [Hint("←↓↑→", "move"), Hint("space", "except"), Hint("enter", sheet.isLarge ? "all" : "larger")]
        return (keys + verdicts, [.back])
    }

    // MARK: - Head

    /// "The group of post-17: 7 of 9 in, 1 excepted, 1 held", and which of them are on the screen.
    private static func headline(
        _ sheet: GroupSheet, _ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        let glyphs = theme.glyphs
        var end = buffer.size.columns - 1
        let visible = visible(sheet, buffer.size)
        if visible.count < sheet.members.count, !sheet.isLarge {
            let words = phrase("\(visible.lowerBound + 1)–\(visible.upperBound) of \(sheet.members.count)")
            end = buffer.writeRight(glyphs.spelled(words), row: 1, endColumn: end, style: theme[.dim]) - 1
        }
        let used = buffer.write(
            "The group of \(state.name(sheet.lead))", row: 1, column: 1, style: theme[.heading], width: end / 2,
            ellipsis: glyphs.ellipsis)
        guard sheet.isRead else { return }
        buffer.write(
            ": " + counts(sheet), row: 1, column: 1 + used, style: theme[.text], width: end - used - 1,
            ellipsis: glyphs.ellipsis)
    }

    private static func counts(_ sheet: GroupSheet) -> String {
        let isIn = sheet.members.count(where: sheet.isIn)
        let count = sheet.members.count
        var parts = [sheet.isCut ? phrase("\(isIn) of the nearest \(count) in") : phrase("\(isIn) of \(count) in")]
        let left: [(Int, String)] = [
            (sheet.excepted.count, phrase("excepted")),
            (
                sheet.members.count { if case .held = $0.standing { $0.id != sheet.lead } else { false } },
                phrase("held")
            ),
            (sheet.members.count { if case .decided = $0.standing { true } else { false } }, phrase("decided")),
            (sheet.members.count { $0.standing == .restricted }, phrase("restricted")),
            (sheet.members.count { $0.standing == .handedOn }, phrase("apart")),
        ]
        parts += left.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if !sheet.isComplete { parts.append(phrase("new texts not compared yet")) }
        return parts.joined(separator: ", ")
    }

    /// What a verdict would be given for.
    private static func choice(_ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer) {
        guard let focus = state.focus else { return }
        let ascii = theme.glyphs.ascii
        var parts: [String] = []
        let chosen = focus.choice.chosen.sorted().map { SafeText.line($0.rawValue, limit: 40, ascii: ascii) }
        let pick = [state.keymap.label(for: .policy1), state.keymap.label(for: .policies)].compactMap { $0 }
        parts.append(
            chosen.isEmpty
                ? phrase("no policy chosen (\(pick.joined(separator: ", ")))") : chosen.joined(separator: ", "))
        if let severity = focus.severity { parts.append(phrase("severity \(severity)")) }
        if let note = focus.note { parts.append(phrase("note: ") + SafeText.line(note, limit: 200, ascii: ascii)) }
        let words = phrase("for all that are in: ") + parts.joined(separator: " · ")
        buffer.write(
            theme.glyphs.spelled(words), row: 2, column: 1, style: theme[chosen.isEmpty ? .dim : .text],
            width: buffer.size.columns - 2, ellipsis: theme.glyphs.ellipsis)
    }

    // MARK: - Cells

    private static func draw(
        _ member: SheetMember, in place: Rect, _ sheet: GroupSheet, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        let glyphs = theme.glyphs
        let (width, isIn) = (place.size.columns, sheet.isIn(member))
        let isSelected = sheet.selected?.id == member.id
        let head = theme[isSelected ? .selected : isIn ? .text : .dim]
        buffer.fill(
            Rect(row: place.row, column: place.column, columns: width, rows: 1), with: Cell(text: " ", style: head))
        if isSelected { buffer.write(glyphs.pointer, row: place.row, column: place.column, style: head) }
        buffer.write(mark(member, isIn, glyphs), row: place.row, column: place.column + 1, style: head)
        buffer.write(
            member.name, row: place.row, column: place.column + 3, style: head, width: width - 3,
            ellipsis: glyphs.ellipsis)
        content(member, in: place, sheet, theme, into: &buffer)
        let (standing, detail) = words(of: member, sheet)
        buffer.write(
            standing, row: place.row + 6, column: place.column + 1, style: theme[isIn ? .text : .dim], width: width - 1,
            ellipsis: glyphs.ellipsis)
        buffer.write(
            detail, row: place.row + 7, column: place.column + 1, style: theme[.dim], width: width - 1,
            ellipsis: glyphs.ellipsis)
    }

    /// In or out; nothing where that is not to be chosen.
    private static func mark(_ member: SheetMember, _ isIn: Bool, _ glyphs: Glyphs) -> String {
        isIn ? glyphs.chosen : member.standing == .waiting ? glyphs.unchosen : glyphs.dot
    }

    private static func words(of member: SheetMember, _ sheet: GroupSheet) -> (String, String) {
        switch member.standing {
        case _ where member.id == sheet.lead: (phrase("leads the group"), phrase("the item itself"))
        case .waiting: (sheet.excepted.contains(member.id) ? phrase("excepted") : phrase("waiting"), member.likeness)
        case .held(let holder): (phrase("held by \(holder)"), member.likeness)
        case .decided(let decided):
            (
                phrase("\(decided.verdict.pastWithin) by \(decided.reviewer)"),
                decided.policies.isEmpty ? member.likeness : "\(decided.policies), \(member.likeness)"
            )
        case .handedOn: (phrase("to be decided alone"), member.likeness)
        case .restricted: (phrase("restricted"), member.likeness)
        }
    }

    private static func content(
        _ member: SheetMember, in place: Rect, _ sheet: GroupSheet, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        let inner = Rect(row: place.row + 1, column: place.column + 1, columns: place.size.columns - 1, rows: 5)
        guard member.media != nil else {
            let hidden = member.text == nil ? phrase("not shown") : nil
            excerpt(of: member, hidden, in: inner, theme, into: &buffer)
            return
        }
        let room = thumbnail(of: member)
        switch sheet.thumbnails[member.id]?.content {
        case .picture(let picture):
            buffer.place(
                picture.cells, row: inner.row,
                column: inner.column + max(0, (room.columns - picture.cells.size.columns) / 2))
        case .failed: buffer.write("no preview", row: inner.row + 1, column: inner.column, style: theme[.dim])
        case nil:
            buffer.write(theme.glyphs.ellipsis, row: inner.row + 1, column: inner.column, style: theme[.dim])
        }
        if room.rows < inner.size.rows {
            let last = Rect(row: inner.row + room.rows, column: inner.column, columns: inner.size.columns, rows: 1)
            excerpt(of: member, nil, in: last, theme, into: &buffer)
        }
    }

    /// The first words of its text, or what stands for them.
    private static func excerpt(
        of member: SheetMember, _ instead: String?, in place: Rect, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        if let instead {
            buffer.write(
                instead, row: place.row + 1, column: place.column, style: theme[.dim], width: place.size.columns)
        }
        guard let text = member.text else { return }
        let lines = TextWrap.lines(text.pieces, width: place.size.columns)
        for (offset, line) in lines.prefix(place.size.rows).enumerated() {
            var column = place.column
            for piece in text.pieces[line] {
                buffer.write(
                    piece.text, row: place.row + offset, column: column,
                    style: TextView.style(of: piece, heat: nil, theme),
                    width: max(0, place.column + place.size.columns - column))
                column += piece.width
            }
        }
        if lines.count > place.size.rows {
            buffer.write(
                theme.glyphs.ellipsis, row: place.row + place.size.rows - 1,
                column: place.column + place.size.columns - CellWidth.of(theme.glyphs.ellipsis), style: theme[.dim])
        }
    }

    // MARK: - One of them

    private static func large(
        _ member: SheetMember, _ sheet: GroupSheet, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        let glyphs = theme.glyphs
        let isIn = sheet.isIn(member)
        let (standing, detail) = words(of: member, sheet)
        let line =
            "\(mark(member, isIn, glyphs)) \(member.name)  \(standing) · \(detail)"
            + (!member.softenedBy.isEmpty && member.media != nil ? phrase(" · softened by its policy") : "")
        buffer.write(
            glyphs.spelled(line), row: headRows, column: 1, style: theme[isIn ? .heading : .dim],
            width: buffer.size.columns - 2, ellipsis: glyphs.ellipsis)
        var row = headRows + 2
        if member.media != nil {
            let room = largePicture(of: member, buffer.size)
            switch sheet.large.content {
            case .picture(let picture):
                buffer.place(
                    picture.cells, row: row, column: max(1, (buffer.size.columns - picture.cells.size.columns) / 2))
                row += picture.cells.size.rows + 1
            case .failed(let reason):
                let words = SafeText.line(phrase("No preview: \(reason)"), limit: 300, ascii: glyphs.ascii)
                buffer.write(
                    words, row: row, column: 2, style: theme[.dim], width: buffer.size.columns - 4,
                    ellipsis: glyphs.ellipsis)
                row += 2
            case nil: row += room.rows + 1
            }
        }
        let rest = buffer.size.rows - footRows - row
        excerpt(
            of: member, member.media == nil && member.text == nil ? phrase("not shown") : nil,
            in: Rect(row: row, column: 2, columns: buffer.size.columns - 4, rows: rest), theme, into: &buffer)
    }
}
