import Queue

/// Short reasons of the policy file, put into the note with one key.
extension ConsoleState {
    mutating func openReasons() -> [Effect] {
        guard let focus else { return [] }
        let reasons = reasons
        guard !reasons.isEmpty else {
            let pick = keymap.label(for: .policies) ?? ":policies"
            say(
                focus.choice.chosen.isEmpty
                    ? phrase("Choose a policy first (\(pick)): reasons belong to policies.")
                    : phrase("The chosen policies have no reasons: the policy file gives them (reasons = [ … ])."))
            return []
        }
        mode = .reasons(ReasonList(reasons: reasons))
        return []
    }

    mutating func pressInReasons(_ key: Key, _ list: ReasonList) -> [Effect] {
        var list = list
        let count = list.reasons.count
        switch key {
        case .down, .character("j"), .tab: list.index = (list.index + 1) % count
        case .up, .character("k"), .backTab: list.index = (list.index + count - 1) % count
        case .home: list.index = 0
        case .end: list.index = count - 1
        case .enter:
            addToNote(list.reasons[list.index].text)
            return []
        case .character(let scalar):
            if let index = ReasonList.keys.firstIndex(of: Character(scalar)), index < count {
                addToNote(list.reasons[index].text)
            } else {
                mode = .review
            }
            return []
        default:
            mode = .review
            return []
        }
        mode = .reasons(list)
        return []
    }

    /// Behind what the note says already.
    private mutating func addToNote(_ reason: String) {
        mode = .review
        let present = focus?.note ?? ""
        if !present.contains(reason) { focus?.note = present.isEmpty ? reason : "\(present). \(reason)" }
        let edit = keymap.label(for: .note) ?? ":note"
        say("The note goes with your verdict; \(edit) edits it.")
    }

    /// Tab in the note's prompt: the reasons that begin as what was typed, one after another.
    func offerReason(in prompt: inout Prompt) {
        let typed = prompt.offered?.instead ?? prompt.text
        let fitting = reasons.map(\.text).filter { $0.lowercased().hasPrefix(typed.lowercased()) }
        guard !fitting.isEmpty else { return }
        let index = prompt.offered.map { ($0.index + 1) % fitting.count } ?? 0
        prompt.offered = Prompt.Offered(index: index, instead: typed)
        prompt.text = fitting[index]
    }
}
