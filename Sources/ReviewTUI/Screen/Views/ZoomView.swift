/// The picture over the whole screen, between the title and the two rows that are always there.
enum ZoomView {
    /// - Parameter size: of the terminal.
    static func area(_ size: CellSize) -> Rect { Rect(row: 1, column: 0, columns: size.columns, rows: size.rows - 3) }

    static func render(_ state: ConsoleState, _ theme: Theme, _ size: CellSize) -> CellBuffer {
        PreviewView.render(state, state.zoomShown, centred: true, theme, size)
    }

    /// The picture's pixel at a place of the area; nil beside the picture.
    static func point(at place: (row: Int, column: Int), _ state: ConsoleState) -> Zoom.Point? {
        guard let zoom = state.zoom, let geometry = state.zoomGeometry,
            case .picture(let picture) = state.zoomShown.content
        else { return nil }
        let size = PreviewView.pixels(state.zoomShown, state)?.size ?? picture.cells.size
        let corner = PreviewView.place(of: size, in: area(state.size).size, centred: true)
        let (row, column) = (place.row - corner.row, place.column - corner.column)
        guard (0..<size.rows).contains(row), (0..<size.columns).contains(column) else { return nil }
        let part = geometry.part(zoom)
        return Zoom.Point(
            x: part.x + (2 * column + 1) * part.size.width / (2 * size.columns),
            y: part.y + (2 * row + 1) * part.size.height / (2 * size.rows))
    }

    /// For the status row: what is explained, how near, and which part. Empty where nothing is enlarged.
    static func words(_ state: ConsoleState) -> String {
        guard let zoom = state.zoom else { return "" }
        let explained =
            state.zoomShown.shown?.overlay == nil
            ? nil
            : state.focus.map {
                $0.explainedPolicy.map { SafeText.line($0.rawValue, limit: 24) } ?? phrase("attention")
            }
        return [explained, state.zoomGeometry?.words(zoom)].compactMap { $0 }.joined(separator: " · ")
    }
}
