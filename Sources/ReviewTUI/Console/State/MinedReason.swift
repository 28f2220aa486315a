import Queue

extension ConsoleState {
    /// Why a mining brought the item up, in plain words; nil where none did, and before the first call of a blind-first
    /// review, to which it would tell something of the model.
    func minedReason(of focus: Focus) -> String? {
        guard let strategy = focus.mined, !isVeiled(focus) else { return nil }
        return switch strategy {
        case .entropy, .margin: phrase("hard case: the model is unsure")
        case .disagreement: phrase("hard case: models disagree")
        case .diversity: phrase("unlike what was judged so far")
        // These choose decided items, and nobody is told of those.
        case .human, .twins, .labelErrors: nil
        }
    }
}
