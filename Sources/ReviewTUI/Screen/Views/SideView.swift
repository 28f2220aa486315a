import Foundation
import Queue

/// The right column: scores, what is explained, reports, facts.
enum SideView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        guard let focus = state.focus else { return buffer }
        let side = Rect(row: 0, column: 0, columns: size.columns, rows: size.rows)
        heading(phrase("SCORES"), 0, theme, into: &buffer)
        var line = ScoresView.draw(focus, isVeiled: state.isVeiled(focus), in: side, from: 1, theme, into: &buffer) + 1
        heading(phrase("EXPLANATION"), line, theme, into: &buffer)
        line = ExplanationView.draw(state, focus, from: line + 1, theme, into: &buffer) + 1
        line = SofteningView.draw(state, focus, from: line, theme, into: &buffer)
        if !focus.appeal.isEmpty {
            heading(focus.isEscalated ? phrase("ESCALATED") : phrase("APPEAL"), line, theme, into: &buffer)
            for (offset, entry) in focus.appeal.suffix(4).enumerated() {
                let isNote = offset == min(4, focus.appeal.count) - 1
                line =
                    paragraph(
                        entry, from: line + 1, limit: isNote ? 4 : 2, theme[isNote ? .text : .dim], theme, into: &buffer
                    ) - 1
            }
            line += 2
        }
        if !focus.twins.lines.isEmpty, !state.isVeiled(focus) {
            heading(phrase("TWINS"), line, theme, into: &buffer)
            if let key = state.keymap.label(for: .twins) {
                buffer.writeRight("\(key) shows them", row: line, endColumn: size.columns, style: theme[.dim])
            }
            line += 1
            for (offset, entry) in focus.twins.lines.prefix(4).enumerated() {
                line = paragraph(
                    entry, from: line, limit: 2, theme[offset == 0 ? .text : .dim], theme, into: &buffer)
            }
            line += 1
        }
        line = EvidenceView.draw(focus, from: line, theme, into: &buffer)
        if let severity = focus.severity {
            heading(phrase("SEVERITY"), line, theme, into: &buffer)
            buffer.write(
                "\(severity) \(SeverityView.name(severity))", row: line + 1, column: 0, style: theme[.text])
            line += 3
        }
        if let note = focus.note {
            heading(phrase("NOTE"), line, theme, into: &buffer)
            line = paragraph(note, from: line + 1, limit: 3, theme[.text], theme, into: &buffer) + 1
        }
        if !focus.item.reports.isEmpty {
            heading(phrase("REPORTS"), line, theme, into: &buffer)
            line = reports(focus.item.reports, from: line + 1, theme, into: &buffer) + 1
        }
        heading(phrase("DETAILS"), line, theme, into: &buffer)
        facts(focus, state, from: line + 1, theme, into: &buffer)
        return buffer
    }

    static func heading(_ title: String, _ line: Int, _ theme: Theme, into buffer: inout CellBuffer) {
        buffer.write(title, row: line, column: 0, style: theme[.heading])
    }

    /// Wraps text over at most `limit` lines and returns the first free one.
    static func paragraph(
        _ text: String, from line: Int, limit: Int, _ style: Style, _ theme: Theme, into buffer: inout CellBuffer
    ) -> Int {
        let pieces = SafeText(text, limit: 1_000, ascii: theme.glyphs.ascii).pieces
        let lines = TextWrap.lines(pieces, width: buffer.size.columns)
        for (offset, range) in lines.prefix(limit).enumerated() {
            buffer.write(pieces[range].map(\.text).joined(), row: line + offset, column: 0, style: style)
        }
        return line + min(limit, lines.count)
    }

    /// Reasons with how often each was given, most frequent first.
    private static func reports(
        _ reports: [Report], from line: Int, _ theme: Theme, into buffer: inout CellBuffer
    ) -> Int {
        let counted = Dictionary(reports.map { ($0.reason, 1) }, uniquingKeysWith: +)
        let ordered = counted.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let times = theme.glyphs.ascii ? "x" : "×"
        let words = ordered.prefix(6).map { reason, count in
            count > 1 ? "\(count)\(times) \(reason.prefix(60))" : String(reason.prefix(60))
        }
        return paragraph(words.joined(separator: ", "), from: line, limit: 2, theme[.text], theme, into: &buffer)
    }

    private static func facts(
        _ focus: Focus, _ state: ConsoleState, from line: Int, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        var facts = focus.facts
        if let reason = state.minedReason(of: focus) {
            facts.insert(Focus.Fact(name: reason.word, value: reason.meaning), at: 0)
        }
        if case .picture(let picture) = state.preview.content {
            let times = theme.glyphs.ascii ? "x" : "×"
            facts.insert(
                Focus.Fact(
                    name: phrase("picture"),
                    value: "\(picture.pixelWidth)\(times)\(picture.pixelHeight) \(picture.format)"),
                at: 0)
            facts += picture.notes.map { Focus.Fact(name: phrase("decoder"), value: SafeText.line($0, limit: 200)) }
        }
        let width = buffer.size.columns
        let nameWidth = width < 34 ? 7 : 12
        for (offset, fact) in facts.prefix(max(0, buffer.size.rows - line)).enumerated() {
            buffer.write(
                fact.name, row: line + offset, column: 0, style: theme[.dim], width: nameWidth,
                ellipsis: theme.glyphs.ellipsis)
            buffer.write(
                fact.value, row: line + offset, column: nameWidth + 1, style: theme[.text],
                width: width - nameWidth - 1, ellipsis: theme.glyphs.ellipsis)
        }
    }
}
