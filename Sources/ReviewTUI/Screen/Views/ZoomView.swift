/// The picture over the whole screen, between the title and the two rows that are always there.
enum ZoomView {
    /// - Parameter size: of the terminal.
    static func area(_ size: CellSize) -> Rect { Rect(row: 1, column: 0, columns: size.columns, rows: size.rows - 3) }

    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        PreviewView.render(state, state.zoomShown, centred: true, theme, size)
    }

    /// For the status row: what is explained, how near, and which part. Empty where nothing is enlarged.
    static func words(_ state: ConsoleState) -> String {
        guard let zoom = state.zoom else { return "" }
        let explained =
            state.zoomShown.shown?.overlay == nil
            ? nil : state.focus.map { $0.explainedPolicy.map { SafeText.line($0.rawValue, limit: 24) } ?? "attention" }
        return [explained, state.zoomGeometry?.words(zoom)].compactMap { $0 }.joined(separator: " · ")
    }
}
