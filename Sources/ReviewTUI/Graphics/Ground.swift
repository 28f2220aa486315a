/// Whether a terminal's own background is light or dark: what a theme that paints none is chosen by.
///
/// ```swift
/// Ground(environment: ["COLORFGBG": "0;15"])             // .light, known at once
/// Ground(RGB(terminalColour: "rgb:ffff/ffff/ffff")!)     // .light, once the terminal has answered
/// ```
enum Ground: String, Hashable, Sendable {
    case dark, light

    /// Light where black stands out from it more than white: above a luminance of √(1.05 · 0.05) − 0.05, where both do
    /// by the same contrast (``RGB/contrast(with:)``).
    init(_ background: RGB) {
        self = background.contrast(with: .black) > background.contrast(with: .white) ? .light : .dark
    }

    /// What rxvt, Konsole and others say in `COLORFGBG`: foreground and background as numbers of the sixteen ANSI colours,
    /// with another value between them in rxvt. Palettes differ; that 0 to 6 and 8 are dark is how Vim reads it, too
    /// (`term_bg_default` in its term.c). Nil where it is not set, or says no such number.
    init?(environment: [String: String]) {
        let fields = (environment["COLORFGBG"] ?? "").split(separator: ";", omittingEmptySubsequences: false)
        guard fields.count >= 2, let text = fields.last, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(text), (0...15).contains(number)
        else { return nil }
        self = number < 7 || number == 8 ? .dark : .light
    }
}

extension RGB {
    /// A colour as terminals answer (xterm's control sequences, OSC 10 to 19, in the forms of XParseColor): `rgb:r/g/b` or
    /// `rgba:r/g/b/a` with one to four hexadecimal digits each, as a share of the most that many digits hold; `#rrggbb`.
    init?(terminalColour text: some StringProtocol) {
        if text.hasPrefix("#") {
            self.init(hex: String(text))
            return
        }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let parts = text[text.index(after: colon)...].split(separator: "/", omittingEmptySubsequences: false)
        guard text[..<colon] == "rgb" && parts.count == 3 || text[..<colon] == "rgba" && parts.count == 4 else {
            return nil
        }
        let levels = parts.compactMap { digits -> UInt8? in
            guard (1...4).contains(digits.utf8.count), digits.allSatisfy(\.isHexDigit),
                let value = Int(digits, radix: 16)
            else { return nil }
            let most = 1 << (4 * digits.utf8.count) - 1
            return UInt8((value * 255 + most / 2) / most)
        }
        guard levels.count == parts.count else { return nil }
        self.init(levels[0], levels[1], levels[2])
    }
}
