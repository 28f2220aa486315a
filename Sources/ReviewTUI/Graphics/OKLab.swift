import Foundation

/// A colour by lightness and two opponents, in which equal distances look about equally far
/// (Ottosson 2020, "A perceptual color space for image processing").
struct OKLab: Hashable, Sendable {
    /// 0 black, 1 white.
    var lightness: Float
    /// Green to red.
    var a: Float
    /// Blue to yellow.
    var b: Float

    init(lightness: Float, a: Float, b: Float) {
        self.lightness = lightness
        self.a = a
        self.b = b
    }

    /// - Parameters:
    ///   - chroma: 0 for grey; sRGB's most vivid colours have about 0.3.
    ///   - hue: in degrees; 60 is orange, 240 sky blue.
    init(lightness: Float, chroma: Float, hue: Float) {
        let angle = hue * .pi / 180
        self.init(lightness: lightness, a: chroma * cos(angle), b: chroma * sin(angle))
    }

    init(_ colour: RGB) {
        let (red, green, blue) = (Self.linear(colour.red), Self.linear(colour.green), Self.linear(colour.blue))
        let l = cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
        let m = cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
        let s = cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
        self.init(
            lightness: 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            a: 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            b: 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s)
    }

    /// The nearest of sRGB's 8-bit colours, each channel by itself.
    var rgb: RGB {
        let l = pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3)
        let m = pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3)
        let s = pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3)
        return RGB(
            Self.level(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
            Self.level(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
            Self.level(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s))
    }

    func distance(to other: OKLab) -> Float {
        let (dl, da, db) = (lightness - other.lightness, a - other.a, b - other.b)
        return (dl * dl + da * da + db * db).squareRoot()
    }

    /// The light of an sRGB level (IEC 61966-2-1), in [0, 1].
    static func linear(_ level: UInt8) -> Float {
        let value = Float(level) / 255
        return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }

    /// The sRGB level of a light, held in range.
    static func level(_ light: Float) -> UInt8 {
        let value = light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055
        return UInt8((min(1, max(0, value)) * 255).rounded())
    }
}
