import Queue

/// Whole lines instead of keys, for the review without a screen.
extension ConsoleState {
    /// Carries a line out: what it answers where something is open, else a key's name, else a command as on the `:` line.
    /// An empty line leaves what is open.
    mutating func carryOut(line: String) -> [Effect] {
        let text = line.trimmingSpaces
        switch mode {
        case .prompt(var prompt):
            guard !text.isEmpty else { return act(on: .escape) }
            prompt.text = text
            mode = .prompt(prompt)
            return act(on: .enter)
        case .policies(var picker):
            if let index = taxonomy.firstIndex(where: { $0.id.rawValue == text }) {
                picker.index = index
                mode = .policies(picker)
                return act(on: picker.pending == nil ? .character(" ") : .enter)
            }
            return pressAll(text)
        case .review:
            guard !text.isEmpty else { return [] }
            if let key = Key(name: text) { return press(key) }
            return obey(text.hasPrefix(":") ? String(text.dropFirst()) : text)
        // Read out already: the line is meant for the review.
        case .help, .history:
            mode = .review
            return carryOut(line: line)
        default: return pressAll(text)
        }
    }

    /// The keys of a dialog: one by its name, or several letters; an empty line closes it.
    private mutating func pressAll(_ text: String) -> [Effect] {
        if text.isEmpty { return act(on: .escape) }
        if let key = Key(name: text) { return act(on: key) }
        return text.unicodeScalars.prefix(8).flatMap { act(on: .character($0)) }
    }
}
