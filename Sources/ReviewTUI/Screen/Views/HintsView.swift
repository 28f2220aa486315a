/// The keys one needs, always in the last row.
enum HintsView {
    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.hint]))
        let (left, right) = hints(state)
        var end = size.columns - 1
        for (key, word) in right.reversed() {
            end -= CellWidth.of(key) + 1 + CellWidth.of(word)
            draw(key, word, column: end, theme, into: &buffer)
            end -= 2
        }
        var column = 1
        for (key, word) in left {
            let width = CellWidth.of(key) + 1 + CellWidth.of(word)
            guard column + width <= end else { break }
            draw(key, word, column: column, theme, into: &buffer)
            column += width + 2
        }
        return buffer
    }

    private static func draw(_ key: String, _ word: String, column: Int, _ theme: Theme, into buffer: inout CellBuffer)
    {
        let used = buffer.write(theme.glyphs.spelled(key), row: 0, column: column, style: theme[.hintKey])
        buffer.write(theme.glyphs.spelled(word), row: 0, column: column + used + 1, style: theme[.hint])
    }

    /// How to move it, what changes it, and the verdicts, which close it.
    private static func zoomHints(_ keymap: Keymap) -> ([(String, String)], [(String, String)]) {
        let words: [(CommandID, String)] = [
            (.explanation, "explain"), (.overlay, "overlay"), (.allow, "allow"), (.remove, "remove"),
            (.restrict, "restrict"), (.escalate, "escalate"),
        ]
        let keys = words.compactMap { id, word in keymap.label(for: id).map { ($0, word) } }
        return (
            [("+/-", "zoom"), ("0", "whole"), ("arrows", "pan")] + keys, [(keymap.label(for: .zoom) ?? "esc", "back")]
        )
    }

    /// Keys and their words, from the left as far as there is room, and the ones that never give way.
    private static func hints(_ state: ConsoleState) -> ([(String, String)], [(String, String)]) {
        switch state.mode {
        case .review:
            if state.zoom != nil { return zoomHints(state.keymap) }
            let all = Command.table.compactMap { command -> (CommandID, (String, String))? in
                guard let word = command.hint, let key = state.keymap.label(for: command.id) else { return nil }
                return (command.id, (key, word))
            }
            let fixed: Set<CommandID> = [.help, .quit]
            return (all.filter { !fixed.contains($0.0) }.map(\.1), all.filter { fixed.contains($0.0) }.map(\.1))
        case .help: return ([("j/k", "scroll"), ("esc", "back")], [])
        case .policies(let picker):
            let done = picker.pending.map { $0 == .remove ? "remove" : "restrict" } ?? "choose"
            return ([("letters", done), ("j/k", "move"), ("space", "choose"), ("enter", done), ("esc", "back")], [])
        case .severity: return ([("1–4", "say it"), ("0", "not said"), ("esc", "back")], [])
        case .question(let question):
            return (
                [(question.answers.map(\.label).joined(separator: "/"), question.verdict.rawValue)], [("esc", "back")]
            )
        case .reasons: return ([("1–9, letters", "into the note"), ("j/k", "move"), ("esc", "back")], [])
        case .marking(.words):
            return (
                [
                    ("arrows", "move"), ("space", "select more"), ("enter", "mark"), ("d", "drop"),
                    ("tab", "the picture"),
                ],
                [("esc", "back")]
            )
        case .marking(.box):
            return (
                [("arrows", "move"), ("H J K L", "size"), ("enter", "mark"), ("d", "drop"), ("tab", "the text")],
                [("esc", "back")]
            )
        case .wellbeing:
            let pause = state.keymap.label(for: .pause).map { [($0, "pause")] } ?? []
            return (pause, [("any key", "back")])
        case .pause: return ([], [])
        case .history:
            let undo = state.keymap.label(for: .undo).map { [($0, "take the latest back")] } ?? []
            return ([("j/k", "move")] + undo + [("t", "take this one back"), ("esc", "back")], [])
        case .itemHistory(let pages):
            let other = pages.author == nil ? [] : [("tab", pages.showsAuthor ? "the item" : "its author")]
            return ([("j/k", "scroll")] + other + [("esc", "back")], [])
        case .sheet: return GroupSheetView.hints(state)
        case .work(let screen): return WorkScreenView.hints(screen)
        case .prompt(let prompt):
            let earlier = state.entered[prompt.purpose]?.isEmpty == false ? [("↑", "earlier")] : []
            if prompt.purpose == .question {
                return ([("@queue …", "to that queue"), ("enter", "escalate")] + earlier + [("esc", "back")], [])
            }
            guard prompt.purpose == .command else {
                let offers = prompt.purpose == .note && !state.reasons.isEmpty ? [("tab", "a reason")] : []
                return (offers + [("enter", "done")] + earlier + [("esc", "back")], [])
            }
            return ([("tab", "complete"), ("enter", "do it")] + earlier + [("esc", "back")], [])
        }
    }
}
