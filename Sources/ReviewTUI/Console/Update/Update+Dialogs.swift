import Queue

/// Keys while a dialog is open: help, the list of policies, a line of input.
extension ConsoleState {
    mutating func pressInHelp(_ key: Key, _ scroll: Int) -> [Effect] {
        switch key {
        case .down, .character("j"), .pageDown:
            let last = HelpView.lastScroll(keymap: keymap, size: size)
            mode = .help(scroll: min(last, scroll + (key == .pageDown ? 10 : 1)))
        case .up, .character("k"), .pageUp:
            mode = .help(scroll: max(0, scroll - (key == .pageUp ? 10 : 1)))
        default: mode = .review
        }
        return []
    }

    // MARK: Policies

    mutating func openPicker(for verdict: VerdictCommand?) -> [Effect] {
        guard let focus, !taxonomy.isEmpty else { return [] }
        // The policy the model finds likeliest is nearest at hand.
        let likeliest = focus.choice.rows.first?.policy
        let index = taxonomy.firstIndex { $0.id == likeliest } ?? 0
        mode = .policies(PolicyPicker(index: index, pending: verdict))
        return []
    }

    mutating func pressInPicker(_ key: Key, _ picker: PolicyPicker) -> [Effect] {
        var picker = picker
        let count = taxonomy.count
        switch key {
        case .escape, .character("q"):
            mode = ground
            if picker.pending != nil { say("No verdict was recorded.") }
            return []
        case .down, .character("j"), .tab: picker.index = (picker.index + 1) % count
        case .up, .character("k"), .backTab: picker.index = (picker.index + count - 1) % count
        case .home: picker.index = 0
        case .end: picker.index = count - 1
        case .character(" "): focus?.choice.toggle(taxonomy[picker.index].id, taxonomy: taxonomy)
        case .enter: return confirm(picker)
        // The key that asked does not answer.
        case _
        where picker.typed.isEmpty && picker.pending != nil && keymap.command(for: key)?.verdict == picker.pending:
            break
        case .character(let letter):
            switch policyKeys.match(picker.typed, then: Character(letter)) {
            case .policy(let policy):
                picker.index = taxonomy.firstIndex { $0.id == policy } ?? picker.index
                picker.typed = ""
                if picker.pending != nil { return confirm(picker) }
                focus?.choice.toggle(policy, taxonomy: taxonomy)
            case .prefix(let policy):
                picker.index = taxonomy.firstIndex { $0.id == policy } ?? picker.index
                picker.typed += String(letter)
            case .nothing: picker.typed = ""
            }
            mode = .policies(picker)
            return []
        default: break
        }
        picker.typed = ""
        mode = .policies(picker)
        return []
    }

    private mutating func confirm(_ picker: PolicyPicker) -> [Effect] {
        mode = ground
        guard let focus else { return [] }
        if picker.pending == nil || focus.choice.chosen.isEmpty {
            self.focus?.choice.toggle(taxonomy[picker.index].id, taxonomy: taxonomy)
        }
        switch picker.pending {
        case .remove: return judge(.remove)
        case .restrict: return judge(.restrict)
        default: return []
        }
    }

    // MARK: Severity

    mutating func pressInSeverity(_ key: Key) -> [Effect] {
        mode = ground
        guard case .character(let scalar) = key, let digit = Character(scalar).wholeNumberValue, digit <= 4 else {
            return []
        }
        focus?.severity = digit == 0 ? nil : digit
        return []
    }

    mutating func note(_ text: String) -> [Effect] {
        focus?.note = text.isEmpty ? nil : text
        say(text.isEmpty ? phrase("No note.") : phrase("The note goes with your verdict."))
        return []
    }

    // MARK: History

    /// `u` works in it, and `t` takes the selected verdict back; it closes first, so that the item that comes back is seen.
    mutating func pressInHistory(_ key: Key, _ records: [DecisionRecord], _ selected: Int) -> [Effect] {
        switch key {
        case .down, .character("j"), .pageDown:
            let last = max(0, records.count - 1)
            mode = .history(records, selected: min(last, selected + (key == .pageDown ? 10 : 1)))
            return []
        case .up, .character("k"), .pageUp:
            mode = .history(records, selected: max(0, selected - (key == .pageUp ? 10 : 1)))
            return []
        case .character("t"):
            guard records.indices.contains(selected), records[selected].isStanding else {
                say("That verdict stands no longer: there is nothing to take back.")
                return []
            }
            mode = .review
            return [.takeBack(records[selected].decision, reclaiming: false)]
        default:
            mode = .review
            return keymap.command(for: key) == .undo ? takeInTurn(key) : []
        }
    }

    // MARK: One line of input

    mutating func open(_ purpose: Prompt.Purpose) -> [Effect] {
        guard !purpose.isAboutItem || focus != nil else { return [] }
        let text =
            switch purpose {
            case .note, .question: focus?.note ?? ""
            case .filter: filter.canonicalText
            case .command, .search: ""
            }
        mode = .prompt(Prompt(purpose: purpose, text: text))
        return []
    }

    mutating func pressInPrompt(_ key: Key, _ prompt: Prompt) -> [Effect] {
        var prompt = prompt
        prompt.error = nil
        if key != .tab { prompt.offered = nil }
        switch key {
        case .escape:
            mode = ground
            return []
        case .enter: return enter(prompt)
        case .up: recall(1, in: &prompt)
        case .down: recall(-1, in: &prompt)
        case .backspace:
            if prompt.text.isEmpty, prompt.purpose == .command || prompt.purpose == .search {
                mode = .review
                return []
            }
            prompt.text = String(prompt.text.dropLast())
        case .control("u"): prompt.text = ""
        case .control("w"):
            let kept = prompt.text.split(separator: " ").dropLast().joined(separator: " ")
            prompt.text = kept.isEmpty ? "" : kept + " "
        case .tab:
            if prompt.purpose == .command { prompt.text = completedLine(prompt.text) }
            if prompt.purpose == .note { offerReason(in: &prompt) }
        case .character(let scalar):
            if prompt.text.unicodeScalars.count < 2_000, ScalarClass(scalar) != .mark {
                prompt.text.unicodeScalars.append(scalar)
            }
        default: break
        }
        mode = .prompt(prompt)
        return []
    }

    /// Goes through earlier lines of the same kind, and back to what was being typed.
    private func recall(_ step: Int, in prompt: inout Prompt) {
        let lines = entered[prompt.purpose] ?? []
        let index = (prompt.recalled?.index ?? -1) + step
        guard index < lines.count else { return }
        let instead = prompt.recalled?.instead ?? prompt.text
        prompt.recalled = index < 0 ? nil : Prompt.Recalled(index: index, instead: instead)
        prompt.text = index < 0 ? instead : lines[index]
    }

    mutating func remember(_ text: String, for purpose: Prompt.Purpose) {
        let others = (entered[purpose] ?? []).filter { $0 != text }
        entered[purpose] = Array(([text] + others).prefix(50))
    }

    private mutating func enter(_ prompt: Prompt) -> [Effect] {
        mode = ground
        let text = prompt.text.trimmingSpaces
        if !text.isEmpty {
            remember(text, for: prompt.purpose)
        }
        switch prompt.purpose {
        case .note:
            return note(text)
        case .question:
            guard !text.isEmpty else {
                say("Without a question nothing was escalated.")
                return []
            }
            return escalate(asking: text)
        case .search, .filter: return look(for: prompt)
        case .command:
            return text.isEmpty ? [] : obey(text)
        }
    }

    /// `@legal is this satire?` hands the item to the line `legal`; without a name it goes to whoever takes escalations.
    mutating func escalate(asking text: String) -> [Effect] {
        var question = text[...]
        focus?.escalatesTo = nil
        if text.hasPrefix("@") {
            let name = text.dropFirst().prefix { $0 != " " }
            guard let line = QueueName(rawValue: String(name)) else {
                say(
                    phrase(
                        "“\(SafeText.line(String(name), limit: 40))” cannot be the name of a queue; nothing was escalated."
                    ),
                    .bad)
                return []
            }
            focus?.escalatesTo = line
            question = text.dropFirst(name.count + 1)
        }
        let asked = String(question).trimmingSpaces
        focus?.note = asked.isEmpty ? nil : asked
        return judge(.escalate)
    }
}

extension String {
    var trimmingSpaces: String {
        var text = self[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    func commonPrefix(with other: String) -> String {
        String(zip(self, other).prefix { $0 == $1 }.map(\.0))
    }
}
