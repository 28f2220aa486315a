/// The keys one needs, always in the last row.
enum HintsView {
    private struct Hint {
        var key: String
        var word: String
        /// What a click on it does.
        var target: MouseTarget?

        init(_ key: String, _ word: String, _ target: MouseTarget? = nil) {
            (self.key, self.word, self.target) = (key, word, target)
        }

        var width: Int { CellWidth.of(key) + 1 + CellWidth.of(word) }
    }

    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.hint]))
        for (column, hint) in placed(state, size) {
            let used = buffer.write(theme.glyphs.spelled(hint.key), row: 0, column: column, style: theme[.hintKey])
            buffer.write(theme.glyphs.spelled(hint.word), row: 0, column: column + used + 1, style: theme[.hint])
        }
        return buffer
    }

    /// What a click on a column does; nil where there is no hint, or one that says something only keys can.
    static func target(at column: Int, _ state: ConsoleState, _ size: CellSize) -> MouseTarget? {
        placed(state, size).first { ($0.column..<$0.column + $0.hint.width).contains(column) }?.hint.target
    }

    private static func placed(_ state: ConsoleState, _ size: CellSize) -> [(column: Int, hint: Hint)] {
        let (left, right) = hints(state)
        var found: [(column: Int, hint: Hint)] = []
        var end = size.columns - 1
        for hint in right.reversed() {
            end -= hint.width
            found.append((end, hint))
            end -= 2
        }
        var column = 1
        for hint in left {
            guard column + hint.width <= end else { break }
            found.append((column, hint))
            column += hint.width + 2
        }
        return found
    }

    // MARK: What is said

    /// Hints from the left as far as there is room, and the ones that never give way.
    private static func hints(_ state: ConsoleState) -> ([Hint], [Hint]) {
        let back = Hint("esc", "back", .key(.escape))
        switch state.mode {
        case .review:
            if state.zoom != nil { return zoomHints(state.keymap) }
            let fixed: Set<CommandID> = [.help, .quit]
            let all = Command.table.compactMap { command -> (isFixed: Bool, hint: Hint)? in
                guard let word = command.hint, let key = state.keymap.label(for: command.id) else { return nil }
                // Nobody can click on nine digits at once: the list has them all.
                let target = command.id == .policy1 ? CommandID.policies : command.id
                return (fixed.contains(command.id), Hint(key, word, .command(target)))
            }
            return (all.filter { !$0.isFixed }.map(\.hint), all.filter(\.isFixed).map(\.hint))
        case .help: return ([Hint("j/k", "scroll"), back], [])
        case .policies(let picker):
            let done = picker.pending.map { $0 == .remove ? "remove" : "restrict" } ?? "choose"
            return (
                [
                    Hint("letters", done), Hint("j/k", "move"), Hint("space", "choose", .key(.character(" "))),
                    Hint("enter", done, .key(.enter)), back,
                ], []
            )
        case .severity: return ([Hint("1–4", "say it"), Hint("0", "not said", .key(.character("0"))), back], [])
        case .history:
            let undo =
                state.keymap.keys(for: .undo).first.map { [Hint($0.label, "take the latest back", .key($0))] } ?? []
            return ([Hint("j/k", "scroll")] + undo + [back], [])
        case .prompt(let prompt): return (promptHints(prompt, state) + [back], [])
        }
    }

    private static func promptHints(_ prompt: Prompt, _ state: ConsoleState) -> [Hint] {
        let earlier = state.entered[prompt.purpose]?.isEmpty == false ? [Hint("↑", "earlier", .key(.up))] : []
        switch prompt.purpose {
        case .question: return [Hint("@queue …", "to that queue"), Hint("enter", "escalate", .key(.enter))] + earlier
        case .command: return [Hint("tab", "complete", .key(.tab)), Hint("enter", "do it", .key(.enter))] + earlier
        case .note, .search, .filter: return [Hint("enter", "done", .key(.enter))] + earlier
        }
    }

    /// How to move it, what changes it, and the verdicts, which close it.
    private static func zoomHints(_ keymap: Keymap) -> ([Hint], [Hint]) {
        let words: [(CommandID, String)] = [
            (.explanation, "explain"), (.overlay, "overlay"), (.allow, "allow"), (.remove, "remove"),
            (.restrict, "restrict"), (.escalate, "escalate"),
        ]
        let commands = words.compactMap { id, word in keymap.label(for: id).map { Hint($0, word, .command(id)) } }
        let moves = [
            Hint("+/-", "zoom", .key(.character("+"))), Hint("0", "whole", .key(.character("0"))),
            Hint("arrows", "pan"),
        ]
        return (moves + commands, [Hint(keymap.label(for: .zoom) ?? "esc", "back", .key(.escape))])
    }
}
