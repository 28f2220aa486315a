import Queue

/// Why a mining brought an item up, in plain words: one for the line over the item, and what it means.
struct MinedReason: Hashable, Sendable {
    var word: String
    var meaning: String
}

extension ConsoleState {
    /// Nil where no mining brought it up, and before the first call of a blind-first review, to which it would tell
    /// something of the model.
    func minedReason(of focus: Focus) -> MinedReason? {
        guard let strategy = focus.mined, !isVeiled(focus) else { return nil }
        return switch strategy {
        case .entropy, .margin: MinedReason(word: phrase("hard case"), meaning: phrase("the model is unsure"))
        case .disagreement: MinedReason(word: phrase("hard case"), meaning: phrase("models disagree"))
        case .diversity: MinedReason(word: phrase("new kind"), meaning: phrase("unlike what was judged"))
        // These choose decided items, and nobody is told of those.
        case .human, .twins, .labelErrors: nil
        }
    }
}
