import Queue

/// Turning softenings of the picture on and off.
extension ConsoleState {
    /// For the picture on the screen. What a policy softens is shown without it only when the look is on record; what the
    /// reviewer softens is nobody's business.
    mutating func toggle(_ softening: Softening) -> [Effect] {
        guard let focus, !focus.item.media.isEmpty else {
            say("There is no picture.")
            return []
        }
        guard !focus.restricted || focus.revealed else {
            say("This picture is hidden.")
            return []
        }
        let isOn = self.softening(of: focus).contains(softening)
        if isOn, focus.softenedBy[softening] != nil {
            return [.reveal(focus.id, RevealedContent(without: softening))]
        }
        self.focus?.turned[softening] = !isOn
        return []
    }
}
