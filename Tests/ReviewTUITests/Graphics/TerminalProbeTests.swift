import Media
import Testing

@testable import ReviewTUI

@Suite("What a terminal answers")
struct TerminalProbeTests {
    /// Feeds text in one piece and gives back keys as text, and the replies.
    private func read(_ text: String) -> (String, [TerminalProbe.Reply]) {
        var probe = TerminalProbe()
        let (keys, replies) = probe.feed(Array(text.utf8))
        return (String(decoding: keys + probe.flush(), as: UTF8.self), replies)
    }

    /// The answers of xterm -ti vt340, all in a row, with keys typed in between.
    private static let session =
        "j\u{1B}[6;17;8t\u{1B}[Ak\u{1B}[4;680;944t\u{1B}P>|XTerm(379)\u{1B}\\x\u{1B}[?2026;0$y\u{1B}[?1;0;256S\u{1B}[?62;1;4;6;9;15;22c\u{1B}OPé"

    private static let answers: [TerminalProbe.Reply] = [
        .cell(PixelSize(width: 8, height: 17)), .textArea(PixelSize(width: 944, height: 680)), .version("XTerm(379)"),
        .synchronizedOutput(false), .colorRegisters(256), .attributes([62, 1, 4, 6, 9, 15, 22]),
    ]

    @Test("answers are taken out and keys pass in order")
    func session() {
        let (keys, replies) = read(Self.session)
        #expect(keys == "j\u{1B}[Akx\u{1B}OPé")
        #expect(replies == Self.answers)
        #expect(replies.last?.offersSixel == true)
        #expect(TerminalProbe.Reply.attributes([64, 1, 2]).offersSixel == false)
        // The first number is the terminal's class, not an ability.
        #expect(TerminalProbe.Reply.attributes([4, 6]).offersSixel == false)
    }

    @Test("wherever reads are split, the same comes out")
    func splits() {
        let bytes = Array(Self.session.utf8)
        for size in 1...bytes.count {
            var probe = TerminalProbe()
            var keys: [UInt8] = []
            var replies: [TerminalProbe.Reply] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                let (typed, answered) = probe.feed(bytes[start..<min(bytes.count, start + size)])
                keys += typed
                replies += answered
            }
            #expect(String(decoding: keys, as: UTF8.self) == "j\u{1B}[Akx\u{1B}OPé")
            #expect(replies == Self.answers)
            #expect(!probe.isWaiting)
        }
    }

    @Test("kitty's answer says whether graphics work")
    func kitty() {
        #expect(read("\u{1B}_Gi=31;OK\u{1B}\\").1 == [.kittyGraphics(true)])
        #expect(read("\u{1B}_Gi=31;ENOTSUPPORTED:no\u{1B}\\").1 == [.kittyGraphics(false)])
        #expect(read("\u{1B}_Gi=9;OK\u{1B}\\").1.isEmpty)
        #expect(read("\u{1B}[?2026;2$y").1 == [.synchronizedOutput(true)])
    }

    @Test("the background's colour comes with either end of its answer, and in all forms that terminals give it")
    func background() {
        for end in ["\u{7}", "\u{1B}\\"] {
            let (keys, replies) = read("a\u{1B}]11;rgb:ffff/8080/0000\(end)b")
            #expect(keys == "ab")
            #expect(replies == [.background(RGB(255, 128, 0))])
        }
        #expect(read("\u{1B}]11;rgb:ff/80/00\u{7}").1 == [.background(RGB(255, 128, 0))])
        #expect(read("\u{1B}]11;rgb:f/8/0\u{7}").1 == [.background(RGB(255, 136, 0))])
        #expect(read("\u{1B}]11;rgba:1e1e/2121/2727/ffff\u{7}").1 == [.background(RGB(0x1E, 0x21, 0x27))])
        #expect(read("\u{1B}]11;#fafafa\u{7}").1 == [.background(RGB(250, 250, 250))])
    }

    @Test(
        "stray answers of other questions are swallowed",
        arguments: [
            "\u{1B}[>41;379;0c", "\u{1B}]10;rgb:0000/0000/0000\u{7}", "\u{1B}]10;rgb:0000/0000/0000\u{1B}\\",
            "\u{1B}]11;?\u{1B}\\", "\u{1B}]11;rgb:ffff/ffff\u{7}", "\u{1B}]11;rgb:é/é/é\u{7}", "\u{1B}]11;none\u{7}",
            "\u{1B}]11;rgb:\(String(repeating: "f", count: 9000))/ff/ff\u{1B}\\",
            "\u{1B}]\(String(repeating: "x", count: 700))11;rgb:ff/ff/ff\u{7}",
            "\u{1B}P>|\(String(repeating: "j", count: 999))\u{1B}\\",
            "\u{1B}[?\(String(repeating: "1;", count: 500))1c",
            "\u{1B}P1$r0m\u{1B}\\", "\u{1B}[?1;2$y", "\u{1B}[8;40;118t", "\u{1B}[?1u", "\u{1B}[6;99999;99999t",
            "\u{1B}[?2;0;944;680S",
        ])
    func stray(answer: String) {
        let (keys, replies) = read("a" + answer + "b")
        #expect(keys == "ab")
        #expect(replies.isEmpty)
    }

    @Test(
        "keys pass unharmed",
        arguments: [
            "q", "\u{1B}", "\u{1B}\u{1B}", "\u{1B}[A", "\u{1B}[1;5C", "\u{1B}[15~", "\u{1B}OA", "\u{1B}x",
            "\u{1B}[1;2R",
            "\u{1B}[200~pasted\u{1B}[201~", "\u{1B}[<0;10;10M", "\u{1B}[I", "日本語", "\u{1B}[", "\u{1B}P", "\u{1B}]",
            "\u{1B}_",
            "\u{1B}[97;5u", "\u{1B}[t",
        ])
    func keys(typed: String) {
        let (keys, replies) = read(typed)
        #expect(keys == typed)
        #expect(replies.isEmpty)
    }

    @Test("the start of an answer that never goes on is dropped, and what is typed after it is not")
    func partial() {
        for start in ["\u{1B}[?62;1", "\u{1B}P>|XTe", "\u{1B}_Gi=31", "\u{1B}]11;rgb"] {
            var probe = TerminalProbe()
            #expect(probe.feed(Array(start.utf8)).keys.isEmpty)
            #expect(probe.isWaiting)
            #expect(probe.flush().isEmpty)
            #expect(probe.feed(Array("a".utf8)).keys == Array("a".utf8))
        }
        // Broken off by a key's own sequence.
        #expect(read("\u{1B}P>|XTe\u{1B}[A").0 == "\u{1B}[A")
        #expect(read("\u{1B}[?62;\u{1B}[B").0 == "\u{1B}[B")
    }

    @Test("an answer without end takes no more than its bound")
    func endless() {
        var probe = TerminalProbe()
        var passed = 0
        for _ in 0..<5000 { passed += probe.feed(Array("\u{1B}P>|aaaaaaaaaaaaaaaaaaaa".utf8)).keys.count }
        #expect(passed == 0)
        _ = probe.feed([UInt8](repeating: UInt8(ascii: "a"), count: 2000))
        _ = probe.flush()
        #expect(probe.feed(Array("k".utf8)).keys == Array("k".utf8))
    }

    @Test("the terminal's name is printable ASCII, whatever it sends")
    func version() {
        #expect(read("\u{1B}P>|ev\u{202E}il\u{1B}\\").1 == [.version("evil")])
    }

    @Test("device attributes are asked for last, and terminals that would draw the questions are not asked")
    func query() {
        #expect(String(decoding: TerminalProbe.query, as: UTF8.self).hasSuffix("\u{1B}]11;?\u{1B}\\\u{1B}[c"))
        #expect(TerminalProbe.canAsk(term: "xterm-256color"))
        for term in ["dumb", "linux", "", nil] { #expect(!TerminalProbe.canAsk(term: term)) }
    }
}
