/// A key and its word in the last row.
struct Hint {
    var key: String
    var word: String
    /// What a click on it does; nil for what only keys can.
    var target: MouseTarget?

    /// - Parameter key: as it is shown; one that is a key's name can be clicked.
    init(_ key: String, _ word: Phrase, _ target: MouseTarget? = nil) {
        self.key = key
        self.word = word.text
        self.target = target ?? Key(name: key).map(MouseTarget.key)
    }

    static var back: Hint { Hint("esc", "back") }

    var width: Int { CellWidth.of(key) + 1 + CellWidth.of(word) }
}

/// The keys one needs, always in the last row.
enum HintsView {
    /// Hints from the left as far as there is room, and the ones that never give way.
    typealias Hints = ([Hint], [Hint])

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

    private static func hints(_ state: ConsoleState) -> Hints {
        switch state.mode {
        case .review: return state.zoom == nil ? reviewHints(state.keymap) : zoomHints(state.keymap)
        case .help: return ([Hint("j/k", "scroll"), .back], [])
        case .policies(let picker):
            let done: Phrase =
                switch picker.pending {
                case .remove: "remove"
                case nil: "choose"
                default: "restrict"
                }
            return (
                [
                    Hint(phrase("letters"), done), Hint("j/k", "move"), Hint("space", "choose"), Hint("enter", done),
                    .back,
                ], []
            )
        case .severity: return ([Hint("1–4", "say it"), Hint("0", "not said"), .back], [])
        case .question(let question):
            let verdict = Phrase(stringLiteral: question.verdict.rawValue)
            return (question.answers.map { Hint($0.label, verdict, .key($0)) }, [.back])
        case .reasons: return ([Hint(phrase("1–9, letters"), "into the note"), Hint("j/k", "move"), .back], [])
        case .marking(.words):
            return (
                [
                    Hint(phrase("arrows"), "move"), Hint("space", "select more"), Hint("enter", "mark"),
                    Hint("d", "drop"),
                    Hint("tab", "the picture"),
                ], [.back]
            )
        case .marking(.box):
            return (
                [
                    Hint(phrase("arrows"), "move"), Hint("H J K L", "size"), Hint("enter", "mark"), Hint("d", "drop"),
                    Hint("tab", "the text"),
                ], [.back]
            )
        case .wellbeing:
            let pause = state.keymap.keys(for: .pause).first.map { [Hint($0.label, "pause", .key($0))] } ?? []
            return (pause, [Hint(phrase("any key"), "back", .key(.escape))])
        case .pause: return ([], [])
        case .history:
            let undo =
                state.keymap.keys(for: .undo).first.map { [Hint($0.label, "take the latest back", .key($0))] } ?? []
            return ([Hint("j/k", "move")] + undo + [Hint("t", "take this one back"), .back], [])
        case .itemHistory(let pages):
            let other = pages.author == nil ? [] : [Hint("tab", pages.showsAuthor ? "the item" : "its author")]
            return ([Hint("j/k", "scroll")] + other + [.back], [])
        case .sheet: return GroupSheetView.hints(state)
        case .work(let screen): return WorkScreenView.hints(screen)
        case .prompt(let prompt): return (promptHints(prompt, state) + [.back], [])
        }
    }

    private static func reviewHints(_ keymap: Keymap) -> Hints {
        let fixed: Set<CommandID> = [.help, .quit]
        let all = Command.table.compactMap { command -> (isFixed: Bool, hint: Hint)? in
            guard let word = command.hint, let key = keymap.label(for: command.id) else { return nil }
            // Nobody can click on nine digits at once: the list has them all.
            let target = command.id == .policy1 ? CommandID.policies : command.id
            return (fixed.contains(command.id), Hint(key, Phrase(stringLiteral: word), .command(target)))
        }
        return (all.filter { !$0.isFixed }.map(\.hint), all.filter(\.isFixed).map(\.hint))
    }

    private static func promptHints(_ prompt: Prompt, _ state: ConsoleState) -> [Hint] {
        let earlier = state.entered[prompt.purpose]?.isEmpty == false ? [Hint("↑", "earlier", .key(.up))] : []
        switch prompt.purpose {
        case .question: return [Hint("@queue …", "to that queue"), Hint("enter", "escalate")] + earlier
        case .command: return [Hint("tab", "complete"), Hint("enter", "do it")] + earlier
        case .note where !state.reasons.isEmpty: return [Hint("tab", "a reason"), Hint("enter", "done")] + earlier
        case .note, .search, .filter: return [Hint("enter", "done")] + earlier
        }
    }

    /// How to move it, what changes it, and the verdicts, which close it.
    private static func zoomHints(_ keymap: Keymap) -> Hints {
        let words: [(CommandID, Phrase)] = [
            (.explanation, "explain"), (.overlay, "overlay"), (.allow, "allow"), (.remove, "remove"),
            (.restrict, "restrict"), (.escalate, "escalate"),
        ]
        let commands = words.compactMap { id, word in keymap.label(for: id).map { Hint($0, word, .command(id)) } }
        let moves = [Hint("+/-", "zoom", .key(.character("+"))), Hint("0", "whole"), Hint(phrase("arrows"), "pan")]
        return (moves + commands, [Hint(keymap.label(for: .zoom) ?? "esc", "back", .key(.escape))])
    }
}
