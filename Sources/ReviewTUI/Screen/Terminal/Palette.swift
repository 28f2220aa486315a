/// The nearest colours of terminals that have few.
enum Palette {
    /// The index of an RGB colour in a terminal's own numbering; nil where it has no colours.
    ///
    /// Direct-colour terminals take the RGB value itself, but keep the numbers below 8 for the ANSI colours.
    static func index(of colour: RGB, depth: ColorDepth) -> Int32? {
        switch depth {
        case .mono: return nil
        case .eight: return nearest(colour, in: ansi.prefix(8))
        case .sixteen: return nearest(colour, in: ansi[...])
        case .indexed: return Int32(colour.xtermIndex)
        case .truecolor:
            let value = Int32(colour.red) << 16 | Int32(colour.green) << 8 | Int32(colour.blue)
            return value < 8 ? 0 : value
        }
    }

    private static func nearest(_ colour: RGB, in palette: ArraySlice<(Int, Int, Int)>) -> Int32 {
        let best = palette.indices.min { distance(colour, palette[$0]) < distance(colour, palette[$1]) }
        return Int32(best ?? 7)
    }

    private static func distance(_ colour: RGB, _ other: (Int, Int, Int)) -> Int {
        let red = Int(colour.red) - other.0
        let green = Int(colour.green) - other.1
        let blue = Int(colour.blue) - other.2
        return red * red + green * green + blue * blue
    }

    /// xterm's own values for the sixteen ANSI colours.
    private static let ansi: [(Int, Int, Int)] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
        (255, 255, 255),
    ]
}
