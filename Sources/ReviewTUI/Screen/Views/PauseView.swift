/// The covered screen of a pause: how long it has been, and nothing of any item. It changes once a minute.
enum PauseView {
    static func render(_ state: ConsoleState, since: Int64, _ theme: Theme) -> CellBuffer {
        let size = state.size
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        let minutes = max(0, state.now - since) / 60_000
        let lines: [(String, Role)] = [
            (phrase("Pause"), .heading), ("", .text),
            (
                minutes == 0 ? phrase("just begun") : minutes == 1 ? phrase("1 minute") : phrase("\(minutes) minutes"),
                .text
            ), ("", .text),
            (phrase("What you held went back to the queue."), .dim), (phrase("Any key goes on."), .dim),
        ]
        let top = max(0, (size.rows - lines.count) / 2)
        for (offset, (text, role)) in lines.enumerated() {
            let column = max(0, (size.columns - CellWidth.of(text)) / 2)
            buffer.write(text, row: top + offset, column: column, style: theme[role], width: size.columns)
        }
        return buffer
    }
}
