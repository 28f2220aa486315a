import Queue

/// What counts only once it has been on the screen.
struct PaintedFrame: Hashable, Sendable {
    var item: ItemID?
    var question: FinalQuestion?
}

extension PaintedFrame {
    /// What a frame of this state shows.
    init(_ state: ConsoleState) {
        self.init(item: state.focus?.id)
        if case .question(let asked) = state.mode { question = asked }
    }
}
