/// Says how much room is needed, in a terminal that has less.
enum TooSmallView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        let times = theme.glyphs.ascii ? "x" : "×"
        let needed = ScreenLayout.smallest
        let lines = [
            phrase("Terminal too small"),
            phrase("needed: \(needed.columns)\(times)\(needed.rows)"),
            phrase("here: \(size.columns)\(times)\(size.rows)"),
        ]
        let top = max(0, (size.rows - lines.count) / 2)
        for (offset, line) in lines.enumerated() {
            let column = max(0, (size.columns - CellWidth.of(line)) / 2)
            buffer.write(line, row: top + offset, column: column, style: theme[offset == 0 ? .heading : .text])
        }
        return buffer
    }
}
