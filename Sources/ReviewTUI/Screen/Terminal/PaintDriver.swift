/// Shows a picture on terminals that paint it over cells, by sixel or as an inline image: over cells that are reserved for
/// it, after ncurses has drawn.
struct PaintDriver: PictureDriver {
    let showsBeforeCells = false

    func show(_ placed: PlacedPicture, synchronized: Bool) -> [[UInt8]] {
        var bytes: [UInt8] = Array("\u{1B}7".utf8)
        if synchronized { bytes += Array("\u{1B}[?2026h".utf8) }
        bytes += Array("\u{1B}[\(placed.row + 1);\(placed.column + 1)H".utf8)
        bytes += placed.picture.bytes
        if synchronized { bytes += Array("\u{1B}[?2026l".utf8) }
        bytes += Array("\u{1B}8".utf8)
        return TerminalOutput.pieces(bytes)
    }

    /// The string's terminator: what came of the picture stays, until its cells are written again.
    func breakOff(_ placed: PlacedPicture, synchronized: Bool) -> [UInt8] {
        Array("\u{1B}\\\(synchronized ? "\u{1B}[?2026l" : "")\u{1B}8".utf8)
    }

    func erase(_ placed: PlacedPicture) -> [UInt8] { [] }

    /// ncurses would leave reserved cells that stay reserved as they are.
    func area(of placed: PlacedPicture) -> Rect? { placed.area }
}
