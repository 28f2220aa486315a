import Media

/// Names written into pictures that leave the terminal, in capitals of three by five points: enough for captions, and no
/// font has to be there.
enum PixelLettering {
    /// Points a character takes, the gap after it included.
    static let advance = 4
    /// Points from the top of a line to its foot.
    static let height = 5

    /// Each character's five rows from the top; a row's bits are its points, 4 the left one.
    private static let glyphs: [Character: [UInt8]] = [
        "A": [2, 5, 7, 5, 5], "B": [6, 5, 6, 5, 6], "C": [3, 4, 4, 4, 3], "D": [6, 5, 5, 5, 6], "E": [7, 4, 6, 4, 7],
        "F": [7, 4, 6, 4, 4], "G": [3, 4, 5, 5, 3], "H": [5, 5, 7, 5, 5], "I": [7, 2, 2, 2, 7], "J": [1, 1, 1, 5, 2],
        "K": [5, 5, 6, 5, 5], "L": [4, 4, 4, 4, 7], "M": [5, 7, 7, 5, 5], "N": [6, 5, 5, 5, 5], "O": [2, 5, 5, 5, 2],
        "P": [6, 5, 6, 4, 4], "Q": [2, 5, 5, 6, 3], "R": [6, 5, 6, 5, 5], "S": [3, 4, 2, 1, 6], "T": [7, 2, 2, 2, 2],
        "U": [5, 5, 5, 5, 7], "V": [5, 5, 5, 5, 2], "W": [5, 5, 7, 7, 5], "X": [5, 5, 2, 5, 5], "Y": [5, 5, 2, 2, 2],
        "Z": [7, 1, 2, 4, 7], "0": [7, 5, 5, 5, 7], "1": [2, 6, 2, 2, 7], "2": [6, 1, 2, 4, 7], "3": [6, 1, 2, 1, 6],
        "4": [5, 5, 7, 1, 1], "5": [7, 4, 6, 1, 6], "6": [3, 4, 7, 5, 7], "7": [7, 1, 2, 2, 2], "8": [7, 5, 7, 5, 7],
        "9": [7, 5, 7, 1, 6], "-": [0, 0, 7, 0, 0], ".": [0, 0, 0, 0, 2], "/": [1, 1, 2, 4, 4], "@": [7, 5, 5, 4, 7],
        "*": [5, 2, 7, 2, 5], ":": [0, 2, 0, 2, 0], "_": [0, 0, 0, 0, 7],
    ]

    /// The points that are set, by column and row; characters without a glyph are left blank.
    static func points(of text: String) -> [(x: Int, y: Int)] {
        var found: [(x: Int, y: Int)] = []
        for (place, character) in text.uppercased().enumerated() {
            for (y, row) in (glyphs[character] ?? []).enumerated() {
                for x in 0..<3 where row & (4 >> UInt8(x)) != 0 { found.append((place * advance + x, y)) }
            }
        }
        return found
    }
}

/// Pictures of one size under captions, laid out in rows.
struct ContactSheet {
    struct Tile {
        let caption: String
        let image: RGBImage
    }

    /// Pixels that a point of a letter is wide and high.
    private static let dot = 3
    private static let gap = 6
    private static let captionHeight = PixelLettering.height * dot + 2 * gap

    /// - Parameters:
    ///   - tiles: at least one, all of the first one's size.
    ///   - across: in a row.
    static func image(of tiles: [Tile], across: Int) -> RGBImage? {
        guard let first = tiles.first, across > 0, tiles.allSatisfy({ $0.image.size == first.image.size }) else {
            return nil
        }
        let columns = min(across, tiles.count)
        let rows = (tiles.count + columns - 1) / columns
        let cell = PixelSize(width: first.image.width + gap, height: first.image.height + captionHeight)
        let size = PixelSize(width: columns * cell.width + gap, height: rows * cell.height + gap)
        var pixels = [UInt8](repeating: 24, count: size.width * size.height * 3)
        func paint(_ x: Int, _ y: Int, _ colour: (UInt8, UInt8, UInt8)) {
            let at = (y * size.width + x) * 3
            (pixels[at], pixels[at + 1], pixels[at + 2]) = colour
        }
        for (index, tile) in tiles.enumerated() {
            let left = gap + index % columns * cell.width
            let top = index / columns * cell.height
            for point in PixelLettering.points(of: tile.caption) where (point.x + 1) * dot <= tile.image.width {
                for offset in 0..<dot * dot {
                    paint(
                        left + point.x * dot + offset % dot, top + gap + point.y * dot + offset / dot, (230, 230, 230))
                }
            }
            for y in 0..<tile.image.height {
                let source = y * tile.image.width * 3..<(y + 1) * tile.image.width * 3
                let target = ((top + captionHeight + y) * size.width + left) * 3
                pixels.replaceSubrange(target..<target + source.count, with: tile.image.pixels[source])
            }
        }
        return RGBImage(width: size.width, height: size.height, pixels: pixels)
    }
}
