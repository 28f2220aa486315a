/// Shows a picture on terminals that keep it under an id and draw it wherever a cell holds its placeholder.
///
/// The cells are ncurses' own. A pop-up over the picture, its going and the picture's moving are changes of cells like
/// others; only the pixels go past ncurses, once.
struct KittyDriver: PictureDriver {
    let showsBeforeCells = true

    /// One escape code each: text may stand between them, half of one is nothing.
    func show(_ placed: PlacedPicture, synchronized: Bool) -> [[UInt8]] {
        // In tmux's wrapping the protocol's own start comes after another escape.
        let bytes = placed.picture.bytes
        let second = bytes.count > 1 ? bytes[1] : 0
        var starts = bytes.indices.dropLast().filter { bytes[$0] == 0x1B && bytes[$0 + 1] == second }
        if starts.first != 0 { starts.insert(0, at: 0) }
        return zip(starts, starts.dropFirst() + [bytes.count]).map { Array(bytes[$0..<$1]) }
    }

    func breakOff(_ placed: PlacedPicture, synchronized: Bool) -> [UInt8] {
        placed.picture.ending + placed.picture.forgetting
    }

    func erase(_ placed: PlacedPicture) -> [UInt8] { placed.picture.forgetting }

    func area(of placed: PlacedPicture) -> Rect? { nil }
}
