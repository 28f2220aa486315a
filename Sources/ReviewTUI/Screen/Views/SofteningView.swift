import Queue

/// What softens the picture, and who asked for it.
enum SofteningView {
    /// Draws from `line` on, and returns the first free line; nothing where nothing softens.
    static func draw(
        _ state: ConsoleState, _ focus: Focus, from line: Int, _ theme: Theme, into buffer: inout CellBuffer
    ) -> Int {
        guard !focus.item.media.isEmpty, !focus.restricted || focus.revealed else { return line }
        let lines = words(state, focus)
        guard !lines.isEmpty else { return line }
        SideView.heading("SOFTENED", line, theme, into: &buffer)
        var next = line + 1
        for words in lines {
            next = SideView.paragraph(words, from: next, limit: 2, theme[.text], theme, into: &buffer)
        }
        return next + 1
    }

    /// A line for everyone who asked, and one for what was taken off.
    private static func words(_ state: ConsoleState, _ focus: Focus) -> [String] {
        let on = state.softening(of: focus)
        func list(_ softening: [Softening]) -> String { softening.map(\.rawValue).joined(separator: ", ") }
        let byPolicy = Softening.allCases.filter { focus.softenedBy[$0] != nil }
        var lines: [String] = []
        let groups = Dictionary(grouping: byPolicy.filter(on.contains)) { focus.softenedBy[$0] ?? [] }
        for (policies, softening) in groups.sorted(by: { ($0.value.first ?? .grey) < ($1.value.first ?? .grey) }) {
            // Which policy it is would tell what the model thinks.
            let who = state.isVeiled(focus) ? phrase("a policy") : policies.map(\.rawValue).joined(separator: ", ")
            lines.append("\(list(softening)): \(who)")
        }
        let own = on.subtracting(byPolicy).sorted()
        if !own.isEmpty { lines.append(phrase("\(list(own)): you")) }
        let off = byPolicy.filter { !on.contains($0) }
        if !off.isEmpty { lines.append(phrase("off, on record: \(list(off))")) }
        return lines
    }
}
