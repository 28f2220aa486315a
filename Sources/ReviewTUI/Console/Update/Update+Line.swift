import Queue

/// Whole lines instead of keys, for the review without a screen.
extension ConsoleState {
    /// Carries a line out: what it answers where something is open, else a key's name, else a command as on the `:` line.
    /// An empty line, or `esc`, leaves what is open. No more than one line's meaning is ever done: what is left of it when a
    /// window closes goes nowhere.
    mutating func carryOut(line: String) -> [Effect] {
        awaitedWindow = nil
        let text = line.trimmingSpaces
        if text.isEmpty || text == Key.escape.name {
            if mode == .review { return text.isEmpty ? [] : press(.escape) }
            return act(on: .escape)
        }
        switch mode {
        case .review:
            if let key = Key(name: text) { return press(key) }
            return obey(text.hasPrefix(":") ? String(text.dropFirst()) : text)
        case .prompt(var prompt):
            prompt.text = text
            mode = .prompt(prompt)
            return act(on: .enter)
        case .policies(let picker): return choose(text, picker)
        case .pause: return act(on: .escape)
        // Read out already: a line that does not move in it is meant for the review.
        case .help, .history, .wellbeing, .work, .itemHistory:
            if let key = Key(name: text), movesWindow(key) { return act(on: key) }
            let closing = act(on: .escape)
            return closing + carryOut(line: line)
        case .severity, .question, .reasons, .marking, .sheet: return answer(text)
        }
    }

    /// A policy's id, or the letters of its key.
    private mutating func choose(_ text: String, _ picker: PolicyPicker) -> [Effect] {
        if let index = taxonomy.firstIndex(where: { $0.id.rawValue == text }) {
            var picker = picker
            picker.index = index
            mode = .policies(picker)
            return act(on: picker.pending == nil ? .character(" ") : .enter)
        }
        if let key = Key(name: text) { return act(on: key) }
        var effects: [Effect] = []
        for scalar in text.unicodeScalars where scalar != " " {
            guard case .policies = mode else { break }
            effects += act(on: .character(scalar))
        }
        return effects
    }

    /// One key by its name; on the contact sheet also a command, by the key that it has.
    private mutating func answer(_ text: String) -> [Effect] {
        if let key = Key(name: text) { return act(on: key) }
        if mode == .sheet, let key = CommandID(rawValue: text).flatMap({ keymap.keys(for: $0).first }) {
            return act(on: key)
        }
        say("“\(SafeText.line(text, limit: 40))” is no answer here; an empty line goes back.", .bad)
        return []
    }

    private func movesWindow(_ key: Key) -> Bool {
        switch (mode, key) {
        case (.itemHistory, .tab), (.work, .tab), (.work, .backTab): true
        case (.work, .character(let scalar)): ("1"..."4").contains(scalar)
        case (.work, .left), (.work, .right), (.work, .up), (.work, .down), (.work, .home): true
        default: false
        }
    }
}
