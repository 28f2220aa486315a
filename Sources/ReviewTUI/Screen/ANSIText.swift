extension CellBuffer {
    /// The cells as lines of text with SGR colours, for a stream instead of a screen.
    func ansi(depth: ColorDepth) -> String {
        var text = ""
        for row in 0..<size.rows {
            var current = Style.plain
            for column in 0..<size.columns {
                let cell = self[row, column]
                if cell.style != current {
                    text += "\u{1B}[0" + Self.attributes(cell.style)
                    text +=
                        Self.sgr(38, cell.style.foreground, depth) + Self.sgr(48, cell.style.background, depth) + "m"
                    current = cell.style
                }
                text += cell.text
            }
            if current != .plain { text += "\u{1B}[0m" }
            if row < size.rows - 1 { text += "\n" }
        }
        return text
    }

    private static func attributes(_ style: Style) -> String {
        let codes = [(style.bold, 1), (style.dim, 2), (style.italic, 3), (style.underline, 4), (style.reverse, 7)]
        return codes.filter(\.0).map { ";\($0.1)" }.joined()
    }

    private static func sgr(_ layer: Int, _ color: RGB?, _ depth: ColorDepth) -> String {
        guard let color, depth != .mono else { return "" }
        if depth == .truecolor { return ";\(layer);2;\(color.red);\(color.green);\(color.blue)" }
        return Palette.index(of: color, depth: depth).map { ";\(layer);5;\($0)" } ?? ""
    }
}
