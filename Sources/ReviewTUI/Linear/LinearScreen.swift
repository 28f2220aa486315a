import Foundation
import Queue

/// The console in sentences, for screen readers and braille lines: what the screen shows by place and colour is said in
/// words, each thing on a line of its own.
///
/// Pure, like the views. Text stays in its stored order, which is the one it is read aloud in.
enum LinearScreen {
    /// One thing to say about an item; said again only when it changed.
    struct Section: Hashable {
        var name: String
        var lines: [String]
    }

    /// Room enough for everything that a screen would leave out.
    static let size = CellSize(columns: 100, rows: 200)

    /// The item before the reviewer, most important first.
    static func item(_ state: ConsoleState) -> [Section] {
        guard let focus = state.focus else { return [] }
        let isVeiled = state.isVeiled(focus)
        var sections = [
            Section(name: "item", lines: [headline(focus, state)]),
            Section(name: "text", lines: text(focus, state)),
            Section(name: "picture", lines: picture(focus, state)),
            Section(name: "scores", lines: scores(focus, state, isVeiled: isVeiled)),
            Section(name: "explanation", lines: explanation(focus, state)),
        ]
        if !focus.appeal.isEmpty {
            sections.append(
                Section(
                    name: "appeal",
                    lines: [focus.isEscalated ? phrase("Escalated:") : phrase("Appeal:")]
                        + focus.appeal.map { safe($0, state) }))
        }
        if !isVeiled, !focus.twins.lines.isEmpty {
            sections.append(
                Section(name: "twins", lines: [phrase("Twins: ") + focus.twins.lines.joined(separator: ". ")]))
        }
        let reports = Set(focus.item.reports.map(\.reason)).sorted()
        if !reports.isEmpty {
            sections.append(
                Section(
                    name: "reports",
                    lines: [phrase("Reported for ") + safe(reports.joined(separator: ", "), state) + "."]))
        }
        sections.append(Section(name: "chosen", lines: chosen(focus)))
        if let note = focus.note {
            sections.append(Section(name: "note", lines: [phrase("Note: ") + safe(note, state)]))
        }
        if !focus.facts.isEmpty {
            let facts = focus.facts.map { "\($0.name) \($0.value)" }.joined(separator: "; ")
            sections.append(Section(name: "details", lines: [phrase("Details: \(facts).")]))
        }
        return sections.filter { !$0.lines.isEmpty }
    }

    /// What is open over the item, as the lines of its window; empty where a line of input is.
    static func dialog(_ state: ConsoleState, _ theme: Theme) -> [String] {
        switch state.mode {
        case .help: return help(state.keymap)
        case .marking(.words(let word, let anchor)): return inHand(word, anchor, state)
        case .work(let screen): return rows(WorkScreenView.render(screen, state, inASCII(theme)))
        case .pause(let since): return rows(PauseView.render(state, since: since, inASCII(theme)))
        default: break
        }
        var buffer = CellBuffer(size: state.size)
        ReviewScreen.drawDialog(state, inASCII(theme), into: &buffer)
        return rows(buffer)
    }

    private static func inASCII(_ theme: Theme) -> Theme {
        var plain = theme
        plain.glyphs = .ascii
        return plain
    }

    private static func rows(_ buffer: CellBuffer) -> [String] {
        (0..<buffer.size.rows).map { withoutFrame(buffer.line($0)) }.filter { !$0.isEmpty }
    }

    /// The words that would be marked.
    private static func inHand(_ word: Int, _ anchor: Int?, _ state: ConsoleState) -> [String] {
        guard let text = state.focus?.safeText, let source = state.focus?.item.text,
            let span = ConsoleState.span(TextWords(text), word, anchor)
        else { return [] }
        let scalars = Array(source.unicodeScalars)
        return ["“\(safe(String(String.UnicodeScalarView(scalars[span.clamped(to: 0..<scalars.count)])), state))”"]
    }

    /// Every command, by its key and its name.
    private static func help(_ keymap: Keymap) -> [String] {
        Command.table.map { command in
            let keys = keymap.keys(for: command.id).map(\.name) + [command.id.rawValue]
            return "\(keys.joined(separator: " or ")): \(command.help)"
        }
    }

    // MARK: Parts

    private static func headline(_ focus: Focus, _ state: ConsoleState) -> String {
        let pictures = focus.item.media.count
        let kind = [
            pictures == 0 ? nil : pictures == 1 ? phrase("a picture") : phrase("\(pictures) pictures"),
            focus.item.text == nil ? nil : phrase("text"),
        ].compactMap { $0 }.joined(separator: " and ")
        let age = ItemFacts.age(from: focus.item.flaggedAt, now: Timestamp(milliseconds: state.now))
        let sample = focus.sampledWithProbability == nil ? "" : phrase(" Drawn at random.")
        let mined = state.minedReason(of: focus).map { phrase(" Brought forward: \($0).") } ?? ""
        return phrase("Item \(state.name(focus.id)): \(kind). Waiting \(age).\(sample)\(mined)")
    }

    private static func text(_ focus: Focus, _ state: ConsoleState) -> [String] {
        guard let text = focus.item.text else { return [] }
        let shown = SafeText(text, ascii: !state.abilities.unicode)
        let lines = shown.pieces.split(omittingEmptySubsequences: false) { $0.kind == .newline }
        let cut = shown.omitted > 0 ? [phrase("\(shown.omitted) more characters are cut.")] : []
        return [phrase("Text:")] + lines.map { $0.map(\.text).joined() } + cut
    }

    private static func picture(_ focus: Focus, _ state: ConsoleState) -> [String] {
        let count = focus.item.media.count
        guard count > 0 else { return [] }
        let which = count == 1 ? phrase("Picture") : phrase("Picture \(focus.mediaIndex + 1) of \(count)")
        if focus.restricted, !focus.revealed { return [phrase("\(which): hidden, its policy is restricted.")] }
        switch state.preview.content {
        case nil: return [phrase("\(which): not read yet.")]
        case .failed(let reason): return [phrase("\(which): no preview. \(safe(reason, state))")]
        case .picture(let picture):
            let size = phrase("\(picture.pixelWidth) by \(picture.pixelHeight) pixels, \(picture.format)")
            return ["\(which): \(size)."] + picture.notes.map { safe($0, state) }
        }
    }

    private static func scores(_ focus: Focus, _ state: ConsoleState, isVeiled: Bool) -> [String] {
        guard !isVeiled else { return [phrase("Scores are hidden until you judge.")] }
        guard !focus.choice.rows.isEmpty else { return [phrase("No model scored this.")] }
        return focus.choice.rows.prefix(9).enumerated().map { index, row in
            let value = row.score.map { String(format: "%.2f", $0) } ?? phrase("no score")
            let scale = row.isCalibrated ? "" : phrase(", not calibrated")
            let over = row.isOver ? String(format: ", over its threshold %.2f", row.threshold) : ""
            return "\(index + 1) \(safe(row.policy.rawValue, state)): \(value)\(scale)\(over)"
        }
    }

    private static func chosen(_ focus: Focus) -> [String] {
        let policies = focus.choice.chosen.sorted().map { SafeText.line($0.rawValue, limit: 60) }
        let severity = focus.severity.map { phrase(" Severity \($0), \(SeverityView.name($0)).") } ?? ""
        return [
            phrase("Chosen: \(policies.isEmpty ? phrase("no policy") : policies.joined(separator: ", ")).\(severity)")
        ]
    }

    private static func explanation(_ focus: Focus, _ state: ConsoleState) -> [String] {
        guard state.explains(focus), !focus.explained.isEmpty else { return [] }
        func sentence(_ explanation: Explanation?, _ what: String, _ found: (Explanation) -> [String]) -> [String] {
            guard let explanation else { return [] }
            let parts = found(explanation)
            guard !parts.isEmpty else { return [] }
            let subject = explanation.policy.map { safe($0.rawValue, state) } ?? phrase("no policy in particular")
            let stale = focus.isStale(explanation) ? [phrase("That was made for an earlier head than the score.")] : []
            return [phrase("For \(subject) the model looked at the \(what) \(parts.joined(separator: ", ")).")] + stale
        }
        return sentence(focus.spanExplanation, phrase("words")) { strongestWords($0, of: focus, state) }
            + sentence(focus.gridExplanation, phrase("picture’s"), strongestPlaces)
    }

    /// The words with the largest weights, at most five, in quotation marks.
    static func strongestWords(_ explanation: Explanation, of focus: Focus, _ state: ConsoleState) -> [String] {
        guard case .spans(let spans) = explanation.relevance, let text = focus.item.text else { return [] }
        let largest = spans.reduce(Float(0)) { max($0, $1.weight) }
        guard largest > 0 else { return [] }
        let scalars = Array(text.unicodeScalars)
        let strongest = spans.filter { $0.weight > 0.3 * largest }.sorted { $0.weight > $1.weight }.prefix(5)
        return strongest.compactMap { span in
            guard scalars.indices.contains(span.start), span.end <= scalars.count, span.start < span.end else {
                return nil
            }
            let word = String(String.UnicodeScalarView(scalars[span.start..<span.end]))
            return "“\(safe(word.trimmingSpaces, state))”"
        }
    }

    /// The ninths of a picture that hold most of a map's positive relevance, at most three, with their shares.
    static func strongestPlaces(_ explanation: Explanation) -> [String] {
        guard case .grid(let rows, let columns, let values) = explanation.relevance,
            let grid = HeatGrid(rows: rows, columns: columns, values: values)
        else { return [] }
        let names = [
            phrase("upper left"), phrase("upper middle"), phrase("upper right"), phrase("left"), phrase("middle"),
            phrase("right"), phrase("lower left"), phrase("lower middle"),
            phrase("lower right"),
        ]
        var sums = [Double](repeating: 0, count: 9)
        for row in 0..<rows {
            for column in 0..<columns {
                sums[row * 3 / rows * 3 + column * 3 / columns] += Double(max(0, grid.values[row * columns + column]))
            }
        }
        let total = sums.reduce(0, +)
        guard total > 0 else { return [] }
        let strongest = zip(sums, names).sorted { $0.0 > $1.0 }.prefix(3).filter { $0.0 >= total / 9 }
        return strongest.map { "\($1) (\(Int(($0 / total * 100).rounded())) %)" }
    }

    private static func safe(_ text: String, _ state: ConsoleState) -> String {
        SafeText.line(text, limit: 1_000, ascii: !state.abilities.unicode)
    }

    /// A line of a window without what draws its edges.
    private static func withoutFrame(_ line: String) -> String {
        let text = line.trimmingSpaces
        guard text.contains(where: { !"+-| ".contains($0) }) else { return "" }
        if text.hasPrefix("+") { return text.filter { $0 != "+" && $0 != "-" }.trimmingSpaces }
        var inner = text[...]
        if inner.first == "|" { inner.removeFirst() }
        if inner.last == "|" { inner.removeLast() }
        return String(inner).trimmingSpaces
    }
}
