/// The title bar: how much is waiting, who reviews, and between them what came of fitting heads.
enum TitleView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.titleBar]))
        let dot = " \(theme.glyphs.dot) "
        var column = 1
        column += buffer.write("ReviewTUI", row: 0, column: column, style: theme[.titleAccent])
        if let counts = state.counts {
            let parts = [
                phrase("\(grouped(counts.pending)) waiting"), phrase("\(grouped(counts.leased)) on desks"),
                phrase("\(grouped(counts.decided)) decided"),
            ]
            column += buffer.write(
                "   " + parts.joined(separator: dot), row: 0, column: column, style: theme[.titleBar])
        }
        let name = SafeText.line(state.reviewer, limit: 24, ascii: theme.glyphs.ascii)
        let start = buffer.writeRight(name, row: 0, endColumn: size.columns - 1, style: theme[.titleAccent])
        if let line = state.refitLine, column + 3 + CellWidth.of(line) < start {
            buffer.writeRight(line, row: 0, endColumn: start - 2, style: theme[.titleBar])
        }
        return buffer
    }

    /// 1234567 as `1,234,567`.
    static func grouped(_ number: Int) -> String {
        var digits = String(abs(number))
        var parts: [String] = []
        while digits.count > 3 {
            parts.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits] + parts).joined(separator: ",")
    }
}
