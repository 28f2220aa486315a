import Queue

/// The item's words, with what the model looked at lit up and everything suspicious marked.
enum TextView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        guard let focus = state.focus, let text = focus.safeText else { return buffer }
        let lines = TextWrap.lines(text.pieces, width: size.columns)
        let heat = state.explains(focus) ? heat(focus) : [:]
        let marks = focus.evidence.spans
        let inHand = inHand(state, text)
        let room = size.rows
        let hasMore = lines.count > room
        let first = min(focus.textScroll, max(0, lines.count - bodyRows(lines.count, room)))
        let shown = hasMore ? room - 1 : room
        for (offset, line) in lines.dropFirst(first).prefix(shown).enumerated() {
            let line = text.inColumns(line)
            var column = line.isRightToLeft ? max(0, size.columns - line.width) : 0
            for (index, letters) in line.pieces {
                let piece = text.pieces[index]
                var style = style(of: piece, heat: heat[index], theme)
                if marks.contains(where: { $0.overlaps(piece.source) }) { style = marked(style, theme) }
                if inHand.contains(index) { style.reverse.toggle() }
                buffer.place(letters, row: offset, column: column, style: style)
                column += piece.width
            }
        }
        if hasMore { more(state, theme, first: first, shown: shown, of: lines.count, text.omitted, into: &buffer) }
        return buffer
    }

    /// The furthest that the text can be scrolled, in lines.
    static func lastScroll(of focus: Focus, in area: Rect?) -> Int {
        guard let area, let text = focus.safeText else { return 0 }
        let count = TextWrap.lines(text.pieces, width: area.size.columns).count
        return max(0, count - bodyRows(count, area.size.rows))
    }

    /// A text that does not fit gives its last row to a line that says so.
    private static func bodyRows(_ lines: Int, _ room: Int) -> Int { lines > room ? room - 1 : room }

    private static func more(
        _ state: ConsoleState, _ theme: Theme, first: Int, shown: Int, of count: Int, _ omitted: Int,
        into buffer: inout CellBuffer
    ) {
        let down = state.keymap.label(for: .scrollDown) ?? ":scroll-down"
        let up = state.keymap.label(for: .scrollUp) ?? ":scroll-up"
        let cut = omitted > 0 ? phrase(", \(TitleView.grouped(omitted)) more characters cut") : ""
        let words = phrase("lines \(first + 1)–\(min(count, first + shown)) of \(count)\(cut) (\(down)/\(up))")
        buffer.write(theme.glyphs.spelled(words), row: buffer.size.rows - 1, column: 0, style: theme[.dim])
    }

    /// Pieces of the words that are about to be marked.
    private static func inHand(_ state: ConsoleState, _ text: SafeText) -> Range<Int> {
        guard case .marking(.words(let word, let anchor)) = state.mode else { return 0..<0 }
        let words = TextWords(text).pieces
        let ends = [word, anchor ?? word].sorted()
        guard words.indices.contains(ends[0]), words.indices.contains(ends[1]) else { return 0..<0 }
        return words[ends[0]].lowerBound..<words[ends[1]].upperBound
    }

    /// Marked by the reviewer: in the colour of what is chosen, underlined and bold, so that it shows without colour.
    private static func marked(_ style: Style, _ theme: Theme) -> Style {
        var style = style
        style.foreground = theme[.chosen].foreground
        style.background = theme[.chosen].background
        style.underline = true
        style.bold = true
        return style
    }

    static func style(of piece: SafeText.Piece, heat: Heat?, _ theme: Theme) -> Style {
        if piece.kind == .mark { return theme[.mark] }
        guard let heat else { return theme[piece.kind == .lookAlike ? .lookAlike : .text] }
        let roles: [Role] = [.text, .heat1, .heat2, .heat3, .heat4]
        var style = theme[roles[heat.step]]
        if heat.isTop { style.underline = true }
        return style
    }

    struct Heat: Hashable {
        /// 0 (unlit) to 4.
        var step: Int
        /// Among the words that matter most: underlined, so that it shows without colour.
        var isTop: Bool
    }

    /// How strongly each piece glows: its span's share of the largest weight, times the policy's score.
    static func heat(_ focus: Focus) -> [Int: Heat] {
        guard let explanation = focus.spanExplanation, let text = focus.safeText,
            case .spans(let spans) = explanation.relevance
        else { return [:] }
        let largest = spans.reduce(Float(0)) { max($0, $1.weight) }
        guard largest > 0 else { return [:] }
        let strength = focus.strength(of: explanation)
        let ranked = spans.filter { $0.weight > 0.3 * largest }.sorted { $0.weight > $1.weight }
        let top = Set(ranked.prefix(3).map(\.start))
        let ordered = spans.filter { $0.weight > 0 && $0.end > $0.start }.sorted { $0.start < $1.start }
        var found: [Int: Heat] = [:]
        var next = 0
        for (index, piece) in text.pieces.enumerated() where piece.kind != .newline {
            while next < ordered.count, ordered[next].end <= piece.source.lowerBound { next += 1 }
            guard next < ordered.count, ordered[next].start < piece.source.upperBound else { continue }
            let glow = Double(ordered[next].weight / largest) * strength
            let step = glow >= 0.7 ? 4 : glow >= 0.45 ? 3 : glow >= 0.2 ? 2 : glow >= 0.06 ? 1 : 0
            found[index] = Heat(step: step, isTop: step > 1 && top.contains(ordered[next].start))
        }
        return found
    }
}
