/// Shows a picture on terminals that keep it under an id and draw it wherever a cell holds its placeholder.
///
/// The cells are ncurses' own. A pop-up over the picture, its going and the picture's moving are changes of cells like
/// others; only the pixels go past ncurses, once.
struct KittyDriver: PictureDriver {
    let showsBeforeCells = true

    func show(_ placed: PlacedPicture, synchronized: Bool) -> [UInt8] { placed.picture.bytes }

    func erase(_ placed: PlacedPicture) -> [UInt8] { placed.picture.forgetting }

    func area(of placed: PlacedPicture) -> Rect? { nil }
}
