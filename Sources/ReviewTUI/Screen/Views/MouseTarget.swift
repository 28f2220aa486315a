import Queue

/// What stands at a point of the screen, for a mouse. Found by the same layout that the views are drawn in.
enum MouseTarget: Hashable, Sendable {
    case command(CommandID)
    /// What a dialog's hint stands for.
    case key(Key)
    /// A row of the list, by its place in the window that is in memory.
    case listRow(Int)
    case list
    case policy(PolicyID)
    /// A row of the list of all policies, by its place in the taxonomy.
    case pickerRow(Int)
    case text
    case dialog
    /// A pixel of the picture over the whole screen.
    case picture(Zoom.Point)
    case zoom

    /// Nil where nothing is to be pointed at.
    static func at(row: Int, column: Int, _ state: ConsoleState) -> MouseTarget? {
        let smallest = ScreenLayout.smallest
        guard state.size.columns >= smallest.columns, state.size.rows >= smallest.rows else { return nil }
        let layout = state.focus.map(state.layout) ?? ScreenLayout(size: state.size, hasMedia: false, hasText: false)
        func inside(_ rect: Rect?) -> (row: Int, column: Int)? {
            guard let rect, (rect.row..<rect.row + rect.size.rows).contains(row),
                (rect.column..<rect.column + rect.size.columns).contains(column)
            else { return nil }
            return (row - rect.row, column - rect.column)
        }
        if let place = inside(layout.hints) { return HintsView.target(at: place.column, state, layout.hints.size) }
        switch state.mode {
        case .review, .prompt: break
        case .policies(let picker):
            return PolicyPickerView.index(atRow: row, column, picker, state).map { .pickerRow($0) } ?? .dialog
        default: return .dialog
        }
        if state.zoom != nil {
            guard let place = inside(ZoomView.area(state.size)) else { return nil }
            return ZoomView.point(at: place, state).map { .picture($0) } ?? .zoom
        }
        if let place = inside(layout.list) {
            return QueueListView.index(at: place.row, state, layout.list.size).map { .listRow($0) } ?? .list
        }
        if inside(layout.preview) != nil { return .command(.zoom) }
        if inside(layout.text) != nil { return .text }
        if let place = inside(layout.side), let focus = state.focus, !state.isVeiled(focus) {
            return ScoresView.policy(at: place.row - 1, focus, in: layout.side).map { .policy($0) }
        }
        return nil
    }
}
