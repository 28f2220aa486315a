/// Breaks safe text into lines of a given width: at spaces where there are some, anywhere else where not.
enum TextWrap {
    /// Half-open ranges of pieces, one a line. The newline that ends a line belongs to none.
    static func lines(_ pieces: [SafeText.Piece], width: Int) -> [Range<Int>] {
        guard width > 0 else { return [] }
        var lines: [Range<Int>] = []
        var start = 0
        var used = 0
        var lastSpace: Int?
        var index = 0
        while index < pieces.count {
            let piece = pieces[index]
            if piece.kind == .newline {
                lines.append(start..<index)
                start = index + 1
                used = 0
                lastSpace = nil
            } else if used + piece.width > width, index > start {
                if piece.text.first == " " {
                    // A space that does not fit ends the line and is not carried over.
                    lines.append(start..<index)
                    start = index + 1
                    used = 0
                } else if let space = lastSpace {
                    lines.append(start..<space)
                    start = space + 1
                    used = pieces[start..<index].reduce(0) { $0 + $1.width }
                    lastSpace = nil
                    // The piece comes again: a mark of several columns may not fit behind the rest either.
                    continue
                } else {
                    lines.append(start..<index)
                    start = index
                    used = piece.width
                }
                lastSpace = nil
            } else {
                if piece.text == " ", index > start { lastSpace = index }
                used += piece.width
            }
            index += 1
        }
        if start < pieces.count || lines.isEmpty { lines.append(min(start, pieces.count)..<pieces.count) }
        return lines
    }
}
