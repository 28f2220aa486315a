/// How a terminal is made to show a picture that cells alone cannot, and to forget it again.
protocol PictureDriver: Sendable {
    /// Whether the terminal should have the picture before the cells that show it are drawn, or must have it after.
    var showsBeforeCells: Bool { get }

    /// The bytes that show a picture, or make it ready for its cells, in pieces between which it can be broken off. They
    /// leave the cursor as it was.
    func show(_ placed: PlacedPicture, synchronized: Bool) -> [[UInt8]]

    /// The bytes that end a picture after some of its pieces.
    func breakOff(_ placed: PlacedPicture, synchronized: Bool) -> [UInt8]

    /// The bytes that take a picture off the terminal, beside writing ``area(of:)`` again.
    func erase(_ placed: PlacedPicture) -> [UInt8]

    /// The cells that must be written again, even where they have not changed, for the picture to go; nil for none.
    func area(of placed: PlacedPicture) -> Rect?
}

extension PlacedPicture {
    var driver: any PictureDriver {
        switch picture.form {
        case .sixel, .inlineImage: PaintDriver()
        case .kitty: KittyDriver()
        }
    }

    /// Whether a terminal that shows this already shows `other`, as far as bytes past ncurses are concerned.
    func stands(for other: PlacedPicture?) -> Bool {
        guard let other, picture == other.picture else { return false }
        if case .kitty = picture.form { return true }
        return self == other
    }

    var area: Rect {
        Rect(row: row, column: column, columns: picture.size.columns, rows: picture.size.rows)
    }
}
