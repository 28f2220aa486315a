/// Colours of a strength in [0, 1] that look evenly spaced, also to colour-blind eyes and in grey.
///
/// Inferno, from matplotlib (Smith and van der Walt 2015, CC0), by the degree-6 polynomial that Matt Zucker fitted to
/// it ("Colormaps as polynomials", shadertoy.com/view/WlfXRN, 2019, CC0). Within 9 levels of the published table everywhere.
/// It was designed to be even in CAM02-UCS. Tests hold that every sixteenth of it differs from the next, and that lightness
/// rises all the way, to the eye with and without each kind of colour blindness as Machado, Oliveira and Fernandes
/// (2009) simulate it.
///
/// Values with a sign go from black to sky blue (against) and orange (for): straight lines in OKLab, equally long and
/// equally light, and apart in blue and yellow, which the common colour blindnesses leave.
enum Colormap {
    private static let coefficients: [(red: Float, green: Float, blue: Float)] = [
        (0.0002189403691192265, 0.001651004631001012, -0.01948089843709184),
        (0.1065134194856116, 0.5639564367884091, 3.932712388889277),
        (11.60249308247187, -3.972853965665698, -15.9423941062914),
        (-41.70399613139459, 17.43639888205313, 44.35414519872813),
        (77.162935699427, -33.40235894210092, -81.80730925738993),
        (-71.31942824499214, 32.62606426397723, 73.20951985803202),
        (25.13112622477341, -12.24266895238567, -23.07032500287172),
    ]

    /// The colour of a strength; outside [0, 1] that of the nearer end.
    static func color(_ strength: Float) -> RGB {
        let t = min(1, max(0, strength))
        var (red, green, blue) = (Float(0), Float(0), Float(0))
        for term in coefficients.reversed() {
            red = red * t + term.red
            green = green * t + term.green
            blue = blue * t + term.blue
        }
        func level(_ value: Float) -> UInt8 { UInt8((min(1, max(0, value)) * 255).rounded()) }
        return RGB(level(red), level(green), level(blue))
    }

    /// The colour of a strength with a sign, in [-1, 1].
    static func signedColor(_ strength: Float) -> RGB {
        let end = strength < 0 ? against : inFavour
        let t = strength.isFinite ? min(1, abs(strength)) : 0
        return OKLab(lightness: end.lightness * t, a: end.a * t, b: end.b * t).rgb
    }

    private static let inFavour = OKLab(lightness: 0.78, chroma: 0.12, hue: 60)
    private static let against = OKLab(lightness: 0.78, chroma: 0.12, hue: 240)

    /// 511 colours from all against to all in favour; the middle one is black.
    static let signedTable: [RGB] = (-255...255).map { signedColor(Float($0) / 255) }

    /// 256 colours from no strength to full.
    static let table: [RGB] = (0..<256).map { color(Float($0) / 255) }
}
