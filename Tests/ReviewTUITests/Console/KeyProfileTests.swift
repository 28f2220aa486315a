import Foundation
import Testing

@testable import ReviewTUI

/// Every file of keymaps/, in the hands of somebody who uses it; a new file is under these tests by being there.
@Suite("Key profiles")
struct KeyProfileTests {
    static let names: [String] = {
        let folder = Themes.root.appending(path: "keymaps")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".toml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    static func load(_ name: String) throws -> Keymap {
        let file = Themes.root.appending(path: "keymaps/\(name).toml")
        return try Keymap(toml: String(contentsOf: file, encoding: .utf8), file: "keymaps/\(name).toml")
    }

    @Test("the ones that the documents name are all there")
    func shipped() { #expect(Self.names == ["default", "label-studio", "ozone", "prodigy"]) }

    @Test("each bears its file's name, and binds what nobody can do without", arguments: names)
    func whole(_ name: String) throws {
        let keymap = try Self.load(name)
        #expect(keymap.name == name)
        for command in [
            CommandID.allow, .remove, .restrict, .escalate, .skip, .undo, .policy1, .policy9, .down, .up, .commandLine,
            .help, .quit,
        ] {
            #expect(!keymap.keys(for: command).isEmpty, "\(command.rawValue)")
        }
    }

    @Test("a terminal can send every key that is bound, and the decoder names it", arguments: names)
    func typed(_ name: String) throws {
        let keymap = try Self.load(name)
        for command in CommandID.allCases {
            for key in keymap.keys(for: command) {
                let bytes = try #require(Self.bytes(key), "\(key.name)")
                var decoder = KeyDecoder()
                #expect(decoder.feed(bytes) + decoder.flush() == [.key(key)], "\(key.name)")
                #expect(Key(name: key.name) == key)
            }
        }
    }

    @Test("what has no key is done by its name on the : line", arguments: names)
    func reachable(_ name: String) throws {
        let keymap = try Self.load(name)
        let colon = try #require(keymap.keys(for: .commandLine).first)
        for command in CommandID.allCases {
            #expect(ConsoleState.completed(command.rawValue) == command.rawValue)
            var byName = Reviewer([Sample.threat, Sample.harmless, Sample.picture("photo-3")])
            byName.use(keymap)
            byName.take(.key(colon))
            byName.type(command.rawValue)
            byName.press("enter")
            var byKey = Reviewer([Sample.threat, Sample.harmless, Sample.picture("photo-3")])
            byKey.use(keymap)
            guard let key = keymap.keys(for: command).first else {
                #expect(!byName.statusLine.contains("no command"), "\(command.rawValue)")
                continue
            }
            byKey.take(.key(key))
            #expect(byName.record == byKey.record, "\(command.rawValue)")
            #expect(byName.hasLeft == byKey.hasLeft && byName.state.selected == byKey.state.selected)
        }
    }

    @Test(
        "the help lists what is bound, with all its keys, and nothing else", arguments: names,
        [CellSize(columns: 80, rows: 24), CellSize(columns: 120, rows: 60)])
    func help(_ name: String, _ size: CellSize) throws {
        let keymap = try Self.load(name)
        var mia = Reviewer([Sample.threat], columns: size.columns, rows: size.rows)
        mia.use(keymap)
        mia.take(.key(try #require(keymap.keys(for: .help).first)))
        var seen = mia.lines
        for _ in 0..<HelpView.lastScroll(keymap: keymap, size: size) {
            mia.press("down")
            seen += mia.lines
        }
        for command in Command.table where (command.id.policyDigit ?? 1) == 1 {
            // A narrow screen cuts the end of a sentence, but never a key.
            let line = seen.first { $0.contains(command.help.prefix(18)) }
            if let keys = keymap.label(for: command.id, all: true) {
                #expect(line?.contains(keys) == true, "\(command.id.rawValue): \(keys)")
            } else {
                #expect(line == nil, "\(command.id.rawValue)")
            }
        }
    }

    @Test("the hint row shows the profile's own keys", arguments: names)
    func hints(_ name: String) throws {
        let keymap = try Self.load(name)
        var mia = Reviewer([Sample.threat], columns: 200, rows: 30)
        mia.use(keymap)
        let row = try #require(mia.lines.last)
        for command in Command.table {
            guard let word = command.hint, let key = keymap.label(for: command.id) else { continue }
            #expect(row.contains("\(key) \(word)"), "\(key) \(word)")
        }
    }

    @Test("Prodigy's hands accept, reject, ignore, undo and choose")
    func prodigy() throws {
        var mia = Reviewer([Sample.harmless, Sample.threat])
        mia.use(try Self.load("prodigy"))
        mia.press("a")
        #expect(mia.record.last == "post-18 allow")
        mia.press("delete 1 x")
        #expect(mia.record.last?.hasPrefix("post-18 remove") == true)
        mia.press("f w h y enter")
        #expect(mia.record.last == "post-17 escalate" || mia.record.last?.hasPrefix("post-17 escalate") == true)
    }

    @Test("Ozone's hands acknowledge, label, escalate and take down; submitting does nothing")
    func ozone() throws {
        var mia = Reviewer([Sample.threat, Sample.harmless, Sample.picture("photo-3")])
        mia.use(try Self.load("ozone"))
        mia.press("t n s")
        #expect(mia.record == ["post-17 remove harassment+hate"])
        #expect(mia.statusLine.contains("s does nothing here"))
        mia.press("a")
        #expect(mia.record.last == "post-18 allow")
        mia.press("e")
        #expect(mia.record.last == "photo-3 escalate")
    }

    @Test("Label Studio's hands choose by digits, submit, skip and undo; no small letter judges")
    func labelStudio() throws {
        var mia = Reviewer([Sample.threat, Sample.harmless])
        mia.use(try Self.load("label-studio"))
        for letter in "abcdefghijklmnopqrstuvwxyz" {
            #expect(mia.record.isEmpty && !mia.hasLeft, "before \(letter)")
            mia.press("\(letter) esc")
        }
        mia.press("2 S")
        #expect(mia.record == ["post-17 remove hate"])
        mia.take(.key(.control("z")))
        #expect(mia.state.selected == "post-17")
        mia.take(.key(.control(" ")))
        #expect(mia.state.selected == "post-18")
        mia.press("A")
        #expect(mia.record.last == "post-18 allow")
    }

    @Test(
        "a key that would not do what the profile says is refused, with line and reason",
        arguments: [
            ("undo = [\"ctrl-c\"]\nquit = [\"q\"]", 3, "undo wants the key ctrl-c, which leaves from everywhere"),
            (
                "quit = [\"q\"]\nremove = [\"x\", \"enter\"]", 4,
                "remove wants the key enter, which confirms the list of policies that remove opens"
            ),
        ])
    func refused(_ keys: String, _ line: Int, _ reason: String) {
        #expect {
            try Keymap(toml: "name = \"mine\"\n[keys]\n" + keys, file: "mine.toml")
        } throws: {
            "\($0)" == "mine.toml:\(line): \(reason)"
        }
    }

    /// What a terminal in its ordinary modes sends for a key.
    private static func bytes(_ key: Key) -> [UInt8]? {
        switch key {
        case .character(let scalar): Array(String(scalar).utf8)
        case .control(" "): [0]
        case .control(let scalar): UInt8(exactly: scalar.value - 0x60).map { [$0] }
        case .enter: [0x0D]
        case .escape: [0x1B]
        case .tab: [0x09]
        case .backTab: Array("\u{1B}[Z".utf8)
        case .backspace: [0x7F]
        case .delete: Array("\u{1B}[3~".utf8)
        case .up: Array("\u{1B}[A".utf8)
        case .down: Array("\u{1B}[B".utf8)
        case .right: Array("\u{1B}[1;5C".utf8)
        case .left: Array("\u{1B}[1;5D".utf8)
        case .home: Array("\u{1B}[H".utf8)
        case .end: Array("\u{1B}[F".utf8)
        case .pageUp: Array("\u{1B}[5~".utf8)
        case .pageDown: Array("\u{1B}[6~".utf8)
        case .function: nil
        }
    }
}
