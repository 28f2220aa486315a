import Queue

/// What counts only once it has been on the screen.
struct PaintedFrame: Hashable, Sendable {
    var item: ItemID?
    var question: FinalQuestion?
    /// Those of a group that were seen on its sheet.
    var members: Set<ItemID> = []
}

extension PaintedFrame {
    /// What a frame of this state shows.
    init(_ state: ConsoleState) {
        self.init()
        let smallest = ScreenLayout.smallest
        guard state.size.columns >= smallest.columns, state.size.rows >= smallest.rows else { return }
        switch state.mode {
        case .work, .pause: return
        case .question(let asked): question = asked
        case .sheet: members = state.sheet.map { GroupSheetView.seen($0, state.size) } ?? []
        default: break
        }
        item = state.focus?.id
    }
}
