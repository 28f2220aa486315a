import Testing

@testable import ReviewTUI

@Suite("The terminal's background")
struct GroundTests {
    @Test("white and paper are light, black and slate are dark, and mid-grey is where black stands out more")
    func luminance() {
        for light in [RGB.white, RGB(0xFD, 0xF6, 0xE3), RGB(255, 255, 0), RGB(119, 119, 119)] {
            #expect(Ground(light) == .light)
        }
        for dark in [RGB.black, RGB(0x1E, 0x21, 0x27), RGB(0, 0, 255), RGB(116, 116, 116)] {
            #expect(Ground(dark) == .dark)
        }
    }

    @Test(
        "COLORFGBG names the background last",
        arguments: [
            ("0;15", Ground.light), ("15;0", .dark), ("0;default;15", .light), ("12;8", .dark), ("11;7", .light),
            ("15;default", nil), ("15", nil), ("", nil), (";", nil), ("0;16", nil), ("0;-1", nil), ("0;+7", nil),
            ("0;99999999999999999999", nil),
        ])
    func environment(value: String, expected: Ground?) {
        #expect(Ground(environment: ["COLORFGBG": value]) == expected)
        #expect(Ground(environment: [:]) == nil)
    }

    @Test(
        "what is no colour is none",
        arguments: [
            "", "rgb:", "rgb:ff/ff", "rgb:ff/ff/ff/ff", "rgba:ff/ff/ff", "rgb:fffff/ff/ff", "rgb:+f/ff/ff", "rgb:// ",
            "rgb:gg/ff/ff", "cmyk:0/0/0", "#fff", "#gggggg", "white",
        ])
    func garbage(text: String) { #expect(RGB(terminalColour: text) == nil) }

    @Test("a theme asked for by name stays on every background")
    func named() throws {
        let ember = ThemePair(try Themes.load("ember"))
        #expect(!ember.isOpen)
        for ground in [Ground.light, .dark, nil] { #expect(ember.theme(on: ground).name == "ember") }
    }

    @Test("doctor says which theme and why")
    func advice() {
        #expect(
            GroundAdvice(background: .white, environment: ["COLORFGBG": "15;0"]).found
                == "auto: light, since the terminal's background is #ffffff")
        #expect(GroundAdvice(background: nil, environment: ["COLORFGBG": "15;0"]).found == "auto: dark, by COLORFGBG")
        #expect(GroundAdvice(background: nil, environment: [:]).found.hasPrefix("auto: dark, since nothing tells"))
    }
}
