import Foundation
import Testing

@testable import ReviewTUI

/// Every file of themes/, held against what a theme promises; a new file is under these tests by being there.
@Suite("Themes")
struct ThemeTests {
    static let names: [String] = {
        let folder = Themes.root.appending(path: "themes")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".toml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    /// Roles that carry no words but say something: WCAG asks for 3:1 (success criterion 1.4.11).
    static let glyphs: Set<Role> = [.barLow, .threshold, .dialogFrame]
    /// Roles that part or fill and say nothing of their own: WCAG asks for nothing; here they are to be seen.
    static let decoration: Set<Role> = [.rule, .barEmpty]
    static let words = Set(Role.allCases).subtracting(glyphs).subtracting(decoration)

    @Test("the ones that the documents name are all there")
    func shipped() {
        #expect(
            Self.names == ["colour-blind", "dark", "ember", "high-contrast", "light", "monochrome", "paper"])
    }

    @Test("each bears its file's name, says what background it is for, and gives every word a colour", arguments: names)
    func whole(_ name: String) throws {
        let theme = try Themes.load(name)
        #expect(theme.name == name)
        #expect(theme.background != nil)
        for role in Role.allCases { #expect(theme[role].foreground != nil, "\(role.rawValue)") }
    }

    @Test("one that paints its background paints it everywhere", arguments: names)
    func painted(_ name: String) throws {
        let theme = try Themes.load(name)
        guard let ground = theme[.text].background else {
            #expect(["dark", "light"].contains(name))
            return
        }
        #expect(ground == theme.background)
        for role in Role.allCases { #expect(theme[role].background != nil, "\(role.rawValue)") }
    }

    @Test("words have a contrast of 4.5, glyphs of 3, in full colour and in xterm's 256", arguments: names)
    func contrast(_ name: String) throws {
        let theme = try Themes.load(name)
        for role in Role.allCases {
            let needed = Self.words.contains(role) ? 4.5 : Self.glyphs.contains(role) ? 3 : 1.2
            for seen in [Self.colours(role, theme), try Self.indexed(role, theme)] {
                let found = seen.front.contrast(with: seen.back)
                #expect(found >= needed, "\(role.rawValue): \(found), needed \(needed)")
            }
        }
    }

    @Test("high contrast has 7 for words, WCAG's enhanced contrast")
    func enhanced() throws {
        let theme = try Themes.load("high-contrast")
        for role in Self.words {
            let seen = Self.colours(role, theme)
            #expect(seen.front.contrast(with: seen.back) >= 7, "\(role.rawValue)")
        }
    }

    @Test(
        "words stay readable where the terminal has sixteen colours or eight", arguments: names,
        [ColorDepth.sixteen, .eight])
    func fewColours(_ name: String, _ depth: ColorDepth) throws {
        let theme = try Themes.load(name).adapted(to: ScreenAbilities(colours: depth))
        for role in Self.words {
            let seen = Self.colours(role, theme)
            // What the terminal is sent for them is that very colour.
            let index = try #require(Palette.index(of: seen.front, depth: depth))
            #expect(Palette.ansi[Int(index)] == seen.front)
            #expect(seen.front.contrast(with: seen.back) >= 3, "\(role.rawValue)")
            #expect(theme[role].foreground != .black || !theme[role].bold, "\(role.rawValue): bold black is grey")
        }
    }

    @Test("black is sent to a direct-colour terminal as a colour, not as ANSI's number 0, which is grey when bold")
    func directBlack() {
        #expect(Palette.index(of: .black, depth: .truecolor) == 8)
        #expect(Palette.index(of: RGB(0, 1, 0), depth: .truecolor) == 0x100)
        #expect(Palette.index(of: .white, depth: .truecolor) == 0xFF_FFFF)
    }

    @Test(
        "heat leaves the background step by step, to every eye and in 256 colours", arguments: names,
        ColourVision.allCases)
    func heat(_ name: String, _ vision: ColourVision) throws {
        let theme = try Themes.load(name)
        let ground = try #require(theme.background)
        let steps = try [Role.heat1, .heat2, .heat3, .heat4].map { try #require(theme[$0].background) }
        let isDark = ground.luminance < 0.179
        for ramp in [[ground] + steps, [ground] + steps.map(\.nearestXterm)] {
            let lightness = ramp.map { vision.lab($0).lightness }
            for (weaker, stronger) in zip(lightness, lightness.dropFirst()) {
                #expect((isDark ? stronger - weaker : weaker - stronger) >= 5, "\(lightness)")
            }
        }
    }

    @Test(
        "what must not be taken for each other differs by far, to every eye and in 256 colours", arguments: names,
        ColourVision.allCases)
    func pairs(_ name: String, _ vision: ColourVision) throws {
        let theme = try Themes.load(name)
        for (one, other) in [(Role.statusGood, Role.statusBad), (.barLow, .barHigh)] {
            for colours in [Self.colours, Self.indexed] {
                let (first, second) = (try colours(one, theme), try colours(other, theme))
                let apart = max(
                    vision.difference(first.front, second.front), vision.difference(first.back, second.back))
                #expect(apart >= 15, "\(one.rawValue), \(other.rawValue): \(apart)")
            }
        }
    }

    @Test(
        "what stands out from the text does so by an attribute or to every eye", arguments: names,
        ColourVision.allCases)
    func marked(_ name: String, _ vision: ColourVision) throws {
        let theme = try Themes.load(name)
        let text = Self.colours(.text, theme)
        for role in [Role.heading, .current, .barHigh, .chosen, .mark, .lookAlike, .selected, .statusBad] {
            let (style, seen) = (theme[role], Self.colours(role, theme))
            let apart = max(vision.difference(text.front, seen.front), vision.difference(text.back, seen.back))
            #expect(style.bold || style.underline || apart >= 20, "\(role.rawValue): \(apart)")
        }
    }

    @Test(
        "the colour-blind theme keeps its pairs far apart where others may rely on lightness",
        arguments: [
            ColourVision.protanopia, .deuteranopia,
        ])
    func colourBlind(_ vision: ColourVision) throws {
        let theme = try Themes.load("colour-blind")
        func front(_ role: Role) -> RGB { Self.colours(role, theme).front }
        #expect(vision.difference(front(.statusGood), front(.statusBad)) >= 60)
        #expect(vision.difference(front(.barLow), front(.barHigh)) >= 60)
        for role in [Role.heading, .current, .barHigh, .chosen, .lookAlike] {
            #expect(vision.difference(front(.text), front(role)) >= 20, "\(role.rawValue)")
        }
        // Neither of good and bad is a red or a green: their hues are Okabe and Ito's sky blue and orange.
        #expect(front(.statusGood) == RGB(86, 180, 233) && front(.statusBad) == RGB(230, 159, 0))
    }

    @Test("monochrome has no hue, and ember little blue")
    func characters() throws {
        let (monochrome, ember) = (try Themes.load("monochrome"), try Themes.load("ember"))
        for role in Role.allCases {
            for colour in [monochrome[role].foreground, monochrome[role].background].compactMap(\.self) {
                #expect(colour.red == colour.green && colour.green == colour.blue, "\(role.rawValue)")
            }
            for colour in [ember[role].foreground, ember[role].background].compactMap(\.self) {
                #expect(Double(colour.blue) <= 0.7 * Double(colour.red), "\(role.rawValue)")
            }
        }
    }

    @Test("an error in the background names its line")
    func backgroundErrors() throws {
        let good = try String(contentsOf: Themes.root.appending(path: "themes/paper.toml"), encoding: .utf8)
        #expect {
            try Theme(
                toml: good.replacingOccurrences(of: "background = \"#eef2f5\"", with: "background = 3"), file: "m")
        } throws: { ($0 as? SettingsError)?.key == "background" }
        #expect {
            try Theme(
                toml: good.replacingOccurrences(of: "background = \"#eef2f5\"", with: "background = \"blue\""),
                file: "m")
        } throws: {
            "\($0)" == "m:6: background must be a colour such as \"#1e2127\""
        }
        let without = try Theme(
            toml: good.replacingOccurrences(of: "background = \"#eef2f5\"\n", with: ""), file: "m")
        #expect(without.background == nil)
    }

    @Test("a gap in the bar marks the threshold on its filled part")
    func threshold() throws {
        let theme = try Themes.load("ember")
        var buffer = CellBuffer(size: CellSize(columns: 12, rows: 2))
        ScoresView.bar(0.9, threshold: 0.5, row: 0, column: 0, width: 12, isOver: true, theme, into: &buffer)
        ScoresView.bar(0.2, threshold: 0.5, row: 1, column: 0, width: 12, isOver: false, theme, into: &buffer)
        #expect(buffer[0, 6].text == "┃" && buffer[1, 6].text == "┃")
        #expect(buffer[0, 6].style.reverse && buffer[0, 6].style.foreground == theme[.barHigh].foreground)
        #expect(buffer[1, 6].style == theme[.threshold])
    }

    @Test("contrast is WCAG's")
    func wcag() {
        #expect(abs(RGB.black.contrast(with: .white) - 21) < 1e-9)
        #expect(RGB.white.contrast(with: .white) == 1)
        // Published pairs: the lightest grey that passes on white, and the first that does not.
        #expect(abs(RGB(0x76, 0x76, 0x76).contrast(with: .white) - 4.54) < 0.005)
        #expect(abs(RGB(0x77, 0x77, 0x77).contrast(with: .white) - 4.48) < 0.005)
    }

    @Test("the simulation confuses what dichromats confuse, and leaves greys alone")
    func simulation() {
        let (red, green) = (RGB(196, 96, 60), RGB(128, 124, 60))
        #expect(ColourVision.normal.difference(red, green) > 40)
        #expect(ColourVision.deuteranopia.difference(red, green) < 20)
        #expect(ColourVision.protanopia.difference(RGB(0, 0, 255), RGB(255, 255, 0)) > 100)
        for vision in ColourVision.allCases {
            #expect(vision.difference(RGB(90, 90, 90), RGB(90, 90, 90)) == 0)
            let grey = vision.lab(RGB(128, 128, 128))
            #expect(abs(grey.lightness - 53.6) < 0.2 && abs(grey.a) < 1 && abs(grey.b) < 1, "\(vision) \(grey)")
        }
    }

    // MARK: What is seen

    /// The colours of a role's letters and of what lies under them, in full colour.
    private static func colours(_ role: Role, _ theme: Theme) -> (front: RGB, back: RGB) {
        let style = theme[role]
        let (front, back) = (style.foreground ?? .white, style.background ?? theme.background ?? .black)
        return style.reverse ? (back, front) : (front, back)
    }

    /// The same in xterm's 256 colours; the terminal's own background stays as it is.
    private static func indexed(_ role: Role, _ theme: Theme) throws -> (front: RGB, back: RGB) {
        let style = theme[role]
        let front = try #require(style.foreground).nearestXterm
        let back = try style.background?.nearestXterm ?? #require(theme.background)
        return style.reverse ? (back, front) : (front, back)
    }
}
