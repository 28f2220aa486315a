/// Where everything stands, from the size of the terminal and what the item has.
///
/// Three columns (the queue; picture and text; scores and details) between a title bar and two rows of status and
/// hints, which are always there.
struct ScreenLayout: Hashable, Sendable {
    static let smallest = CellSize(columns: 80, rows: 24)

    let title: Rect
    let list: Rect
    let header: Rect
    /// Nil where the item has no media.
    let preview: Rect?
    /// Nil where the item has no text.
    let text: Rect?
    let side: Rect
    let status: Rect
    let hints: Rect
    /// Columns of the two vertical rules.
    let rules: [Int]

    /// - Parameter pictureRows: how many rows the picture takes, once that is known: the text moves up to it. The
    ///   preview's own area stays as it is, so that no picture has to be made anew.
    init(size: CellSize, hasMedia: Bool, hasText: Bool, pictureRows: Int? = nil) {
        let columns = size.columns
        let rows = size.rows
        let listWidth: Int
        let sideWidth: Int
        switch columns {
        case ..<100: (listWidth, sideWidth) = (20, 26)
        case ..<120: (listWidth, sideWidth) = (24, 29)
        case ..<160: (listWidth, sideWidth) = (28, 38)
        default: (listWidth, sideWidth) = (min(48, columns / 4), min(54, columns / 4))
        }
        let height = max(0, rows - 3)
        title = Rect(row: 0, column: 0, columns: columns, rows: 1)
        list = Rect(row: 1, column: 0, columns: listWidth, rows: height)
        status = Rect(row: rows - 2, column: 0, columns: columns, rows: 1)
        hints = Rect(row: rows - 1, column: 0, columns: columns, rows: 1)
        rules = [listWidth, columns - sideWidth - 1]
        side = Rect(row: 1, column: columns - sideWidth + 1, columns: sideWidth - 2, rows: height)
        let left = listWidth + 2
        let width = columns - sideWidth - 2 - left
        header = Rect(row: 1, column: left, columns: width, rows: 1)
        let top = 3
        let room = max(0, height - 2)
        switch (hasMedia, hasText) {
        case (true, true):
            let textRows = max(5, room * 3 / 8)
            let most = room - textRows - 1
            preview = Rect(row: top, column: left, columns: width, rows: most)
            let used = min(most, pictureRows ?? most) + 1
            text = Rect(row: top + used, column: left, columns: width, rows: room - used)
        case (true, false):
            preview = Rect(row: top, column: left, columns: width, rows: room)
            text = nil
        case (false, _):
            preview = nil
            text = hasText ? Rect(row: top, column: left, columns: width, rows: room) : nil
        }
    }
}
