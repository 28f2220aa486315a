import Foundation
import Queue

/// Scores as bars against their thresholds, with the digit that chooses each policy.
enum ScoresView {
    /// Rows that have room in the side column: the likeliest policies, and whatever is chosen.
    static func visibleRows(_ choice: PolicyChoice, in side: Rect) -> [PolicyChoice.Row] {
        let capacity = side.size.rows < 26 ? 4 : side.size.rows < 40 ? 7 : 9
        let first = choice.rows.prefix(capacity)
        let missing = choice.rows.dropFirst(capacity).filter { choice.chosen.contains($0.policy) }
        return Array(first.prefix(max(0, capacity - missing.count)) + missing.prefix(capacity))
    }

    /// Lines a policy takes: a narrow column has its bar under its name.
    static func linesEach(width: Int) -> Int { width < 34 ? 2 : 1 }

    /// The policy on a line, counted from the first row's.
    static func policy(at line: Int, _ focus: Focus, in side: Rect) -> PolicyID? {
        let rows = visibleRows(focus.choice, in: side)
        let index = line < 0 ? -1 : line / linesEach(width: side.size.columns)
        return rows.indices.contains(index) ? rows[index].policy : nil
    }

    /// Draws the rows from `line` on, and returns the first free line.
    static func draw(
        _ focus: Focus, isVeiled: Bool, in side: Rect, from line: Int, _ theme: Theme, into buffer: inout CellBuffer
    ) -> Int {
        var line = line
        let width = side.size.columns
        let rows = visibleRows(focus.choice, in: side)
        guard !rows.isEmpty else {
            let reason = isVeiled ? phrase("hidden until you judge") : phrase("no model scored this")
            buffer.write(reason, row: line, column: 0, style: theme[.dim], width: width)
            return line + 1
        }
        for row in rows {
            let digit = (focus.choice.rows.firstIndex(of: row) ?? 0) + 1
            draw(
                row, digit: digit, isChosen: focus.choice.chosen.contains(row.policy), line: line, width, theme,
                into: &buffer)
            line += linesEach(width: width)
        }
        let hidden = focus.choice.rows.count - rows.count
        if hidden > 0 {
            buffer.write("and \(hidden) lower", row: line, column: 2, style: theme[.dim])
            line += 1
        }
        return line
    }

    private static func draw(
        _ row: PolicyChoice.Row, digit: Int, isChosen: Bool, line: Int, _ width: Int, _ theme: Theme,
        into buffer: inout CellBuffer
    ) {
        let glyphs = theme.glyphs
        buffer.write(digit <= 9 ? "\(digit)" : " ", row: line, column: 0, style: theme[.dim])
        buffer.write(
            isChosen ? glyphs.chosen : glyphs.unchosen, row: line, column: 2, style: theme[isChosen ? .chosen : .dim])
        let name = SafeText.line(row.policy.rawValue, limit: 60, ascii: glyphs.ascii)
        // What is no probability does not look like one.
        let value = row.score.map { (row.isCalibrated ? "" : "~") + short($0) } ?? glyphs.dash
        let style = theme[isChosen ? .chosen : row.isOver ? .barHigh : .text]
        let valueStart = buffer.writeRight(
            value, row: line, endColumn: width, style: row.isOver ? theme[.barHigh] : theme[.dim])
        let twoLines = linesEach(width: width) == 2
        let nameEnd = twoLines ? valueStart - 1 : min(valueStart - 1, max(16, width * 45 / 100))
        buffer.write(name, row: line, column: 4, style: style, width: nameEnd - 4, ellipsis: glyphs.ellipsis)
        let barStart = twoLines ? 4 : nameEnd + 1
        let barEnd = twoLines ? width : valueStart - 1
        if let score = row.score {
            bar(
                score, threshold: row.threshold, row: twoLines ? line + 1 : line, column: barStart,
                width: barEnd - barStart, isOver: row.isOver, theme, into: &buffer)
        }
    }

    /// A bar of eighths of cells, with a tick at the threshold.
    static func bar(
        _ score: Double, threshold: Double, row: Int, column: Int, width: Int, isOver: Bool, _ theme: Theme,
        into buffer: inout CellBuffer
    ) {
        guard width > 2 else { return }
        let glyphs = theme.glyphs
        let steps = glyphs.eighths.count
        let filled = Int((min(1, max(0, score)) * Double(width * steps)).rounded())
        let fill = theme[isOver ? .barHigh : .barLow]
        for offset in 0..<width {
            let part = min(steps, filled - offset * steps)
            let cell =
                part > 0
                ? Cell(text: glyphs.eighths[part - 1], style: fill)
                : Cell(text: glyphs.barEmpty, style: theme[.barEmpty])
            buffer[row, column + offset] = cell
        }
        let tick = min(width - 1, max(0, Int((threshold * Double(width)).rounded(.down))))
        // On the filled part a gap in the bar: that stands out as far as the bar does, in every theme.
        var gap = fill
        gap.reverse.toggle()
        buffer[row, column + tick] = Cell(
            text: glyphs.threshold, style: tick * steps < filled ? gap : theme[.threshold])
    }

    /// A score in three columns: `.07`, `.93`, `1.0`.
    static func short(_ score: Double) -> String {
        let hundredths = Int((min(1, max(0, score)) * 100).rounded())
        return hundredths >= 100 ? "1.0" : "." + (hundredths < 10 ? "0" : "") + "\(hundredths)"
    }
}
