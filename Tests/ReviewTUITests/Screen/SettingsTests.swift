import Foundation
import Testing

@testable import ReviewTUI

@Suite("Themes and key profiles")
struct SettingsTests {
    @Test("an error in a theme names file, line and key")
    func themeErrors() throws {
        let good = try String(contentsOf: Themes.root.appending(path: "themes/dark.toml"), encoding: .utf8)
        func failure(_ old: String, _ new: String) -> SettingsError? {
            do {
                _ = try Theme(toml: good.replacingOccurrences(of: old, with: new), file: "mine.toml")
                return nil
            } catch let error as SettingsError { return error } catch { return nil }
        }
        let line =
            try #require(
                good.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.hasPrefix("rule =") }) + 1
        #expect(failure("rule = { fg = \"#3b434f\"", "rule = { fg = \"blue\"")?.line == line)
        #expect(failure("rule = { fg = \"#3b434f\"", "rule = { fg = \"blue\"")?.key == "rule")
        #expect(failure("rule = {", "ruler = {")?.description.contains("mine.toml:\(line): ruler is no style") == true)
        #expect(failure("bold = true, mono", "bolt = true, mono")?.description.contains("knows no bolt") == true)
        #expect(failure("name = \"dark\"", "name = \"dark\"\ncolour = 1")?.key == "colour")
        #expect(failure("rule = {", "rule = ")?.line == line)
        #expect(failure("dialog-title", "#")?.description.contains("lacks dialog-title") == true)
    }

    @Test("without colour a theme keeps its meaning in attributes")
    func mono() throws {
        let theme = try Themes.dark.adapted(to: ScreenAbilities(colours: .mono))
        for role in Role.allCases {
            #expect(theme[role].foreground == nil && theme[role].background == nil)
        }
        #expect(theme[.selected].reverse)
        #expect(theme[.mark].reverse)
        #expect(theme[.heat4] != theme[.text])
        #expect(theme[.barHigh] != theme[.barLow])
    }

    @Test("what is written to a stream is readable on light and dark: no colour of text without its background")
    func stream() throws {
        for name in ["dark", "light"] {
            let theme = try Themes.load(name).onUnknownBackground()
            for role in Role.allCases where theme[role].background == nil { #expect(theme[role].foreground == nil) }
            #expect(theme[.heat4].background != nil)
            #expect(theme[.heading].bold && theme[.dim].dim)
            #expect(theme[.barHigh] != theme[.barLow])
        }
    }

    @Test("every command has a name, a sentence and its row in the table once")
    func table() {
        #expect(Set(Command.table.map(\.id)) == Set(CommandID.allCases))
        #expect(Command.table.count == CommandID.allCases.count)
        for command in Command.table { #expect(!command.help.isEmpty) }
    }

    @Test("docs/console.md lists the keys of the table")
    func documented() throws {
        let text = try String(contentsOf: Themes.root.appending(path: "docs/console.md"), encoding: .utf8)
        for command in Command.table where (command.id.policyDigit ?? 1) == 1 {
            let keys = command.id.policyDigit == 1 ? "1–9" : command.keys.joined(separator: " ")
            let row = "| `\(command.id.rawValue)` | `\(keys)` | \(command.help) |"
            #expect(text.contains(row), "\(row)")
        }
    }

    @Test("no key serves two commands, and every key of the table is known")
    func conflicts() {
        let keys = Command.table.flatMap(\.keys)
        #expect(Set(keys).count == keys.count)
        for key in keys { #expect(Key(name: key) != nil, "\(key)") }
    }

    @Test("the default profile is the command table's")
    func defaultProfile() throws {
        let file = Themes.root.appending(path: "keymaps/default.toml")
        let keymap = try Keymap(toml: String(contentsOf: file, encoding: .utf8), file: "default.toml")
        #expect(keymap == .standard)
    }

    @Test(
        "an error in a key profile names line and key",
        arguments: [
            ("allow = [\"a\"]\nremove = [\"a\"]\nquit = [\"q\"]", 4, "remove wants the key a, which allow has"),
            ("aloow = [\"a\"]\nquit = [\"q\"]", 3, "aloow is no command"),
            ("allow = [\"hyper-a\"]\nquit = [\"q\"]", 3, "allow has a key that is not known"),
            ("allow = \"a\"\nquit = [\"q\"]", 3, "allow must be a list"),
            ("allow = [\"a\"]", 2, "leaves no key to quit"),
        ])
    func profileErrors(_ keys: String, _ line: Int, _ reason: String) {
        do {
            _ = try Keymap(toml: "name = \"mine\"\n[keys]\n" + keys, file: "mine.toml")
            Issue.record("accepted: \(keys)")
        } catch let error as SettingsError {
            #expect(error.line == line)
            #expect(error.description.contains(reason))
        } catch { Issue.record("\(error)") }
    }

    @Test("a profile changes the keys and the hints with them")
    func otherKeys() throws {
        let keymap = try Keymap(toml: "name = \"m\"\n[keys]\nallow = [\"y\"]\nquit = [\"Q\"]", file: "m")
        var mia = Reviewer([Sample.harmless])
        mia.use(keymap)
        #expect(mia.lines.last?.contains("y allow") == true)
        mia.press("a")
        #expect(mia.record.isEmpty)
        mia.press("y")
        #expect(mia.record == ["post-18 allow"])
    }
}
