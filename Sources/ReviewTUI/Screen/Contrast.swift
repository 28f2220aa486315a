import Foundation

/// How far two colours stand apart in light: "Web Content Accessibility Guidelines 2.2", W3C 2023, *relative luminance*
/// and *contrast ratio*.
extension RGB {
    static let black = RGB(0, 0, 0)
    static let white = RGB(255, 255, 255)

    /// From 0, black, to 1, white.
    var luminance: Double { 0.2126 * Self.linear(red) + 0.7152 * Self.linear(green) + 0.0722 * Self.linear(blue) }

    /// From 1, the same, to 21, black on white; text is to have 4.5 (success criterion 1.4.3), what is not text but
    /// says something 3 (1.4.11).
    func contrast(with other: RGB) -> Double {
        let (lighter, darker) = (max(luminance, other.luminance), min(luminance, other.luminance))
        return (lighter + 0.05) / (darker + 0.05)
    }

    /// A level of sRGB as a share of full light (IEC 61966-2-1).
    static func linear(_ level: UInt8) -> Double {
        let share = Double(level) / 255
        return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
}
