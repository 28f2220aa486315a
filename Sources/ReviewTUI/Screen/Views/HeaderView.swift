import Queue

/// One line over the item: its id, what it is, how long it has waited.
enum HeaderView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        guard let focus = state.focus else { return buffer }
        let glyphs = theme.glyphs
        let age = ItemFacts.age(from: focus.item.flaggedAt, now: Timestamp(milliseconds: state.now))
        let waiting = size.columns < 44 ? age : phrase("waiting \(age)")
        let start = buffer.writeRight(waiting, row: 0, endColumn: size.columns, style: theme[.dim])
        let id = SafeText.line(focus.id.rawValue, limit: 200, ascii: glyphs.ascii)
        let used = buffer.write(
            id, row: 0, column: 0, style: theme[.heading], width: start - 1, ellipsis: glyphs.ellipsis)
        var rest = [kind(focus)]
        if let language = focus.item.language { rest.append(SafeText.line(language, limit: 12, ascii: glyphs.ascii)) }
        if focus.sampledWithProbability != nil { rest.append(phrase("random sample")) }
        if let reason = state.minedReason(of: focus) { rest.append(reason.word) }
        let separator = " \(glyphs.dot) "
        // What there is no room for is left out whole.
        while rest.count > 1, CellWidth.of(separator + rest.joined(separator: separator)) > start - used - 1 {
            rest.removeLast()
        }
        buffer.write(
            separator + rest.joined(separator: separator), row: 0, column: used, style: theme[.dim],
            width: start - used - 1)
        return buffer
    }

    private static func kind(_ focus: Focus) -> String {
        let count = focus.item.media.count
        let picture = count > 1 ? phrase("picture \(focus.mediaIndex + 1) of \(count)") : phrase("picture")
        if count == 0 { return phrase("text") }
        return focus.item.text == nil ? picture : picture + phrase(" + text")
    }
}
