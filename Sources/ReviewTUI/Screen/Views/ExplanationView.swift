import Foundation
import Queue

/// What the heat means: which method, which policy, how large its largest value was.
enum ExplanationView {
    /// Draws the legend from `line` on, and returns the first free line.
    static func draw(
        _ state: ConsoleState, _ focus: Focus, from line: Int, _ theme: Theme, into buffer: inout CellBuffer
    ) -> Int {
        let width = buffer.size.columns
        let glyphs = theme.glyphs
        func say(_ phrase: Phrase, _ line: Int, _ role: Role = .text) {
            buffer.write(
                glyphs.spelled(phrase.text), row: line, column: 0, style: theme[role], width: width,
                ellipsis: glyphs.ellipsis)
        }
        guard !focus.explained.isEmpty else {
            say("none for this item", line, .dim)
            return line + 1
        }
        guard !state.isVeiled(focus) else {
            say("hidden until you judge", line, .dim)
            return line + 1
        }
        guard state.explains else {
            let key = state.keymap.label(for: .explanation) ?? ":explanation"
            say("hidden (\(key) shows it)", line, .dim)
            return line + 1
        }
        var line = line
        // What the score follows from by now is another direction than the one that was explained.
        func sayStale(_ explanation: Explanation) {
            guard focus.isStale(explanation) else { return }
            say("made for an earlier head", line)
            line += 1
        }
        let subject =
            focus.explainedPolicy.map { SafeText.line($0.rawValue, limit: 60, ascii: glyphs.ascii) }
            ?? phrase("attention")
        buffer.write(
            subject, row: line, column: 0, style: theme[.current], width: width - 6, ellipsis: glyphs.ellipsis)
        if focus.explained.count > 1 {
            let previous = state.keymap.label(for: .explanationPrevious) ?? ""
            let next = state.keymap.label(for: .explanationNext) ?? ""
            let position = "\(focus.explainedIndex + 1)/\(focus.explained.count) \(previous)\(next)"
            buffer.writeRight(position, row: line, endColumn: width, style: theme[.dim])
        }
        line += 1
        if !focus.item.media.isEmpty, let grid = focus.gridExplanation {
            say("picture: \(words(grid, focus))", line, .dim)
            line += 1
            sayStale(grid)
            if case .picture = state.preview.content, let overlay = state.preview.shown?.overlay {
                OverlayLegend.draw(overlay, row: line, state.abilities.colours, theme, into: &buffer)
                line += 1
            }
        }
        if let spans = focus.spanExplanation {
            say("words: \(words(spans, focus))", line, .dim)
            line += 1
            sayStale(spans)
            scale(line, theme, into: &buffer)
            line += 1
        }
        return line
    }

    private static func words(_ explanation: Explanation, _ focus: Focus) -> String {
        let method = SafeText.line(explanation.method, limit: 24)
        // Attention that stands in for a policy without a map of its own says so.
        let stand = explanation.policy == focus.explainedPolicy ? "" : phrase(" (no policy)")
        return phrase("\(method)\(stand), max \(String(format: "%.2g", explanation.max))")
    }

    /// The steps of the words' glow, from weak to strong.
    private static func scale(_ line: Int, _ theme: Theme, into buffer: inout CellBuffer) {
        var column = buffer.write("weak ", row: line, column: 0, style: theme[.dim])
        for role in [Role.heat1, .heat2, .heat3, .heat4] {
            column += buffer.write("  ", row: line, column: column, style: theme[role])
        }
        buffer.write(" strong", row: line, column: column, style: theme[.dim])
    }
}
