/// The few characters of the program's own that are not ASCII, with what stands for them where UTF-8 is missing.
struct Glyphs: Hashable, Sendable {
    var horizontal, vertical, topLeft, topRight, bottomLeft, bottomRight: String
    var ellipsis, bullet, pointer, chosen, unchosen, threshold, dash, dot: String
    /// A bar's fill from an eighth to eight eighths of a cell.
    var eighths: [String]
    var barEmpty: String
    /// A column's fill, from the least part of a cell to all of it.
    var columns: [String]
    /// Axes of charts: where both begin.
    var origin: String
    /// One value in a chart.
    var point: String
    /// Whether only ASCII may be shown.
    var ascii: Bool

    static let unicode = Glyphs(
        horizontal: "─", vertical: "│", topLeft: "╭", topRight: "╮", bottomLeft: "╰", bottomRight: "╯",
        ellipsis: "…", bullet: "•", pointer: "▶", chosen: "■", unchosen: "□", threshold: "┃", dash: "–", dot: "·",
        eighths: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"], barEmpty: "┈",
        columns: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"], origin: "└", point: "●", ascii: false)

    static let ascii = Glyphs(
        horizontal: "-", vertical: "|", topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+",
        ellipsis: "~", bullet: "*", pointer: ">", chosen: "X", unchosen: "-", threshold: "|", dash: "-", dot: "-",
        eighths: ["#"], barEmpty: ".", columns: [".", "#"], origin: "+", point: "o", ascii: true)

    /// Text of the program's own in these glyphs: unchanged, or with ASCII in place of what is not.
    func spelled(_ text: String) -> String {
        guard ascii, !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
        var spelled = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "…": spelled += "~"
            case "–", "—", "─", "·": spelled += "-"
            case "’": spelled += "'"
            case "“", "”": spelled += "\""
            case "≥": spelled += ">="
            case "≤": spelled += "<="
            case "≈": spelled += "~"
            case "±": spelled += "+/-"
            case "×": spelled += "x"
            case "↑": spelled += "^"
            case "↓": spelled += "v"
            case "←": spelled += "<"
            case "→": spelled += ">"
            case "⟨": spelled += "<"
            case "⟩": spelled += ">"
            default: spelled += scalar.isASCII ? String(scalar) : "?"
            }
        }
        return spelled
    }
}
