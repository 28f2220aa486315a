import Foundation
import Testing

@testable import ReviewTUI

@Suite("Preferences")
struct PreferencesTests {
    @Test("without config.toml and options the background chooses the theme, and the keys are the default ones")
    func nothing() throws {
        let home = try Home(config: nil)
        let preferences = try Preferences(home.locations)
        let themes = try preferences.theme.themes(home.locations)
        #expect(themes.isOpen)
        #expect(themes.theme(on: nil).name == "dark" && themes.theme(on: .light).name == "light")
        #expect(try preferences.keys.file(home.locations)?.lastPathComponent == "default.toml")
        #expect(preferences.graphics == .auto)
    }

    @Test("config.toml chooses, and an option goes first")
    func chosen() throws {
        let home = try Home(config: "theme = \"ember\"\nkeys = \"prodigy\"\ngraphics = \"sixel\"\n")
        let preferences = try Preferences(home.locations)
        #expect(preferences.graphics == .sixel)
        #expect(try preferences.theme.file(home.locations)?.lastPathComponent == "ember.toml")
        #expect(try preferences.keys.file(home.locations)?.lastPathComponent == "prodigy.toml")
        #expect(try preferences.theme.overridden(by: "paper").file(home.locations)?.lastPathComponent == "paper.toml")
        #expect(try preferences.theme.overridden(by: nil).file(home.locations)?.lastPathComponent == "ember.toml")
    }

    @Test("auto is the name of the background's choice, for an option over config.toml and in it; other themes stay")
    func automatic() throws {
        let home = try Home(config: "theme = \"auto\"")
        let choice = try Preferences(home.locations).theme
        #expect(try choice.themes(home.locations).isOpen)
        let ember = choice.overridden(by: "ember")
        #expect(try !ember.themes(home.locations).isOpen)
        #expect(try ember.themes(home.locations).theme(on: .light).name == "ember")
        #expect(try ember.overridden(by: "auto").themes(home.locations).isOpen)
    }

    @Test("where no theme can be found, a light background and a dark one get the built-in one")
    func builtIn() throws {
        let nowhere = Locations(
            environment: ["XDG_CONFIG_HOME": "/nowhere"], executable: URL(fileURLWithPath: "/nowhere/reviewtui"))
        let themes = try SettingsChoice(.theme).themes(nowhere)
        #expect(!themes.isOpen && themes.theme(on: .light) == .fallback)
    }

    @Test("[wellbeing] says what is softened, when a pause is offered and whether an account is kept")
    func wellbeing() throws {
        let silent = try Home(config: "")
        let plain = try Preferences(silent.locations).wellbeing
        #expect(plain == WellbeingSettings() && plain.pauseAfter == 3_000_000 && plain.interleave == nil)
        let home = try Home(
            config: """
                [wellbeing]
                soften = ["grey", "lines"]
                pause_after = "25 min"
                exposure_limit = "off"
                interleave = 3
                account = false
                """)
        let own = try Preferences(home.locations).wellbeing
        #expect(own.soften == [.grey, .lines] && own.pauseAfter == 1_500_000 && own.exposureLimit == nil)
        #expect(own.interleave == 3 && !own.keepsAccount)
    }

    @Test("[heads] says after how many verdicts heads are fitted again, and whether a better one is adopted")
    func heads() throws {
        func settings(_ config: String) throws -> RefitSettings {
            let home = try Home(config: config)
            return try Preferences(home.locations).refit
        }
        #expect(try settings("") == RefitSettings())
        let own = try settings("[heads]\nrefit = 50\nadopt = \"never\"")
        #expect(own.every == 50 && !own.adoptsIfBetter)
        #expect(try settings("[heads]\nrefit = 0").every == nil)
    }

    @Test("the user's own theme goes before the program's, and a file may be named from beside config.toml")
    func own() throws {
        let home = try Home(
            config: "theme = \"themes/mine.toml\"", themes: ["dark.toml": "", "mine.toml": ""])
        let preferences = try Preferences(home.locations)
        let mine = home.folder.appending(path: "themes/mine.toml")
        #expect(try preferences.theme.file(home.locations)?.standardizedFileURL.path == mine.standardizedFileURL.path)
        let dark = try SettingsChoice(.theme, name: "dark").file(home.locations)
        #expect(dark?.path == home.folder.appending(path: "themes/dark.toml").path)
    }

    @Test("an unknown name lists the known ones; one of config.toml names its line, too")
    func unknown() throws {
        let home = try Home(config: "keys = \"prodigy\"\ntheme = \"embers\"\n")
        let known = "There is no “embers” in themes/. Known: \((["auto"] + ThemeTests.names).joined(separator: ", "))."
        #expect { try SettingsChoice(.theme, name: "embers").file(home.locations) } throws: {
            ($0 as? CommandFailure)?.status == .notFound && "\($0)" == known
        }
        let choice = try Preferences(home.locations).theme
        #expect { try choice.file(home.locations) } throws: {
            "\($0)" == "\(home.folder.path)/config.toml:2: theme cannot be followed: \(known)"
        }
        #expect { try choice.overridden(by: "no/such.toml").file(home.locations) } throws: {
            "\($0)" == "There is no file “no/such.toml”."
        }
    }

    @Test(
        "an error in config.toml names its line",
        arguments: [
            ("\ntheme = 3", 2, "theme is missing, or not a string"), ("thema = \"dark\"", 1, "thema is not known here"),
            ("theme = \"dark\"\nkeys = ", 2, ""),
            ("[wellbeing]\nsoft = []", 2, "soft is not known in [wellbeing]"),
            ("[wellbeing]\nsoften = [\"fog\"]", 2, "soften has a word that softens nothing; there are grey, blur"),
            ("[wellbeing]\npause_after = \"50 h\"", 2, "pause_after is a time such as \"50 min\""),
            ("[wellbeing]\n\nexposure_limit = 0", 3, "exposure_limit is a number of severity × minutes"),
            ("[wellbeing]\ninterleave = \"three\"", 2, "interleave is a number of items"),
            ("[wellbeing]\naccount = 1", 2, "account is true or false"),
            ("[heads]\nrefit = 3", 2, "refit is a number of verdicts from 10 to 10000"),
            ("[heads]\nadopt = true", 2, "adopt is \"if-better\" or \"never\""),
            ("[heads]\nevery = 50", 2, "every is not known in [heads]"),
            ("graphics = \"vga\"", 1, "graphics is one of auto, kitty, sixel, iterm2, symbols, ascii"),
        ])
    func errors(_ config: String, _ line: Int, _ reason: String) throws {
        let home = try Home(config: config)
        #expect { try Preferences(home.locations) } throws: {
            "\($0)".hasPrefix("\(home.folder.path)/config.toml:\(line): \(reason)")
        }
    }

    /// A configuration folder of a user's, and the project's own themes and key profiles; gone when nobody holds it.
    private final class Home {
        let folder: URL
        let locations: Locations

        init(config: String?, themes: [String: String] = [:]) throws {
            let home = FileManager.default.temporaryDirectory.appending(path: "preferences-\(UUID().uuidString)")
            folder = home.appending(path: "reviewtui")
            let environment = ["XDG_CONFIG_HOME": home.path, "REVIEWTUI_SHARE": Themes.root.path]
            locations = Locations(environment: environment, executable: URL(fileURLWithPath: "/nowhere/reviewtui"))
            try FileManager.default.createDirectory(
                at: folder.appending(path: "themes"), withIntermediateDirectories: true)
            if let config {
                try config.write(to: folder.appending(path: "config.toml"), atomically: true, encoding: .utf8)
            }
            for (name, text) in themes {
                try text.write(to: folder.appending(path: "themes/\(name)"), atomically: true, encoding: .utf8)
            }
        }

        deinit { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
    }
}
