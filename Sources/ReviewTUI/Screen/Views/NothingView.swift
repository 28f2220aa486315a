/// The middle of the screen while no item is before the reviewer.
enum NothingView {
    static func draw(_ state: ConsoleState, _ theme: Theme, _ layout: ScreenLayout, into buffer: inout CellBuffer) {
        let isWaiting = state.nextIsAsked || state.selection != nil
        let line = theme.glyphs.spelled(isWaiting ? phrase("Taking the next item …") : phrase("Nothing is waiting."))
        let width = layout.header.size.columns
        let column = layout.header.column + max(0, (width - CellWidth.of(line)) / 2)
        buffer.write(line, row: state.size.rows / 2, column: column, style: theme[.dim], width: width)
    }
}
