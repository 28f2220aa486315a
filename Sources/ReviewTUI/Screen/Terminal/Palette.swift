/// The nearest colours of terminals that have few.
enum Palette {
    /// The index of an RGB colour in a terminal's own numbering; nil where it has no colours.
    ///
    /// Direct-colour terminals take the RGB value itself, but keep the numbers below 8 for the ANSI colours, and xterm
    /// shows bold ANSI black as grey: black is the darkest blue.
    static func index(of colour: RGB, depth: ColorDepth) -> Int32? {
        switch depth {
        case .mono: return nil
        case .eight, .sixteen: return nearest(colour, in: colours(of: depth)).map(Int32.init)
        case .indexed: return Int32(colour.xtermIndex)
        case .truecolor:
            return max(8, Int32(colour.red) << 16 | Int32(colour.green) << 8 | Int32(colour.blue))
        }
    }

    /// A style in the colours of a terminal that has eight or sixteen: the nearest there are.
    ///
    /// Colours that differ may have the same neighbour, and words would vanish: a foreground then takes the nearest
    /// that stands out from its background at 3:1. Black is never bold: many terminals show that as grey.
    ///
    /// - Parameter ground: what lies under a style that brings no background.
    static func style(_ style: Style, on ground: RGB, depth: ColorDepth) -> Style {
        let colours = colours(of: depth)
        guard !colours.isEmpty else { return style }
        var fitted = style
        fitted.background = style.background.flatMap { nearest($0, in: colours).map { colours[$0] } }
        let under = fitted.background ?? ground
        let readable = colours.filter { $0.contrast(with: under) >= 3 }
        fitted.foreground = style.foreground.flatMap { nearest($0, in: readable).map { readable[$0] } }
        if fitted.foreground == .black { fitted.bold = false }
        return fitted
    }

    private static func colours(of depth: ColorDepth) -> [RGB] {
        switch depth {
        case .eight: Array(ansi.prefix(8))
        case .sixteen: ansi
        case .mono, .indexed, .truecolor: []
        }
    }

    private static func nearest(_ colour: RGB, in palette: [RGB]) -> Int? {
        palette.indices.min { colour.difference(to: palette[$0]) < colour.difference(to: palette[$1]) }
    }

    /// xterm's own values for the sixteen ANSI colours.
    static let ansi: [RGB] = [
        RGB(0, 0, 0), RGB(205, 0, 0), RGB(0, 205, 0), RGB(205, 205, 0), RGB(0, 0, 238), RGB(205, 0, 205),
        RGB(0, 205, 205), RGB(229, 229, 229), RGB(127, 127, 127), RGB(255, 0, 0), RGB(0, 255, 0), RGB(255, 255, 0),
        RGB(92, 92, 255), RGB(255, 0, 255), RGB(0, 255, 255), RGB(255, 255, 255),
    ]
}
