import Testing

@testable import ReviewTUI

@Suite("Keys from bytes")
struct KeyDecoderTests {
    private func keys(_ text: String) -> [KeyDecoder.Input] {
        var decoder = KeyDecoder()
        return decoder.feed(Array(text.utf8)) + decoder.flush()
    }

    @Test(
        "a terminal's spellings are keys",
        arguments: [
            ("a", Key.character("a")), (" ", .character(" ")), ("é", .character("é")), ("漢", .character("漢")),
            ("\r", .enter), ("\t", .tab), ("\u{7F}", .backspace), ("\u{08}", .backspace), ("\u{04}", .control("d")),
            ("\u{1B}", .escape), ("\u{1B}[A", .up), ("\u{1B}OB", .down), ("\u{1B}[5~", .pageUp),
            ("\u{1B}[6~", .pageDown),
            ("\u{1B}[H", .home), ("\u{1B}[4~", .end), ("\u{1B}[Z", .backTab), ("\u{1B}OP", .function(1)),
            ("\u{1B}[15~", .function(5)), ("\u{1B}[1;5A", .up), ("\0", .control(" ")),
        ])
    func spelled(_ text: String, _ key: Key) {
        #expect(keys(text) == [.key(key)])
    }

    @Test("sequences may come in any pieces")
    func pieces() {
        let bytes = Array("a\u{1B}[Aé\u{1B}[200~x\u{1B}[201~\u{1B}Oq".utf8)
        var whole = KeyDecoder()
        let expected = whole.feed(bytes)
        var decoder = KeyDecoder()
        #expect(bytes.flatMap { decoder.feed([$0]) } == expected)
        #expect(expected == [.key(.character("a")), .key(.up), .key(.character("é")), .paste("x")])
    }

    @Test("a paste comes out whole, whatever it holds")
    func paste() {
        #expect(keys("\u{1B}[200~ax\u{1B}[Bq\n\u{1B}[201~") == [.paste("ax\u{1B}[Bq\n")])
    }

    @Test("stray replies and unknown sequences are no keys")
    func stray() {
        #expect(keys("\u{1B}[?62;4c") == [])
        #expect(keys("\u{1B}[>41;330;0c") == [])
        #expect(keys("\u{1B}]11;rgb:0000/0000/0000\u{07}") == [])
    }

    @Test("a lone Escape waits for what may follow")
    func escape() {
        var decoder = KeyDecoder()
        #expect(decoder.feed([0x1B]) == [])
        #expect(decoder.isWaiting)
        #expect(decoder.flush() == [.key(.escape)])
        #expect(!decoder.isWaiting)
    }

    @Test("random bytes never crash it, and always leave it ready for a key")
    func random() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var decoder = KeyDecoder()
            let bytes = (0..<200).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = decoder.feed(bytes)
            _ = decoder.flush()
            _ = decoder.feed(Array("\u{1B}[201~".utf8))
            _ = decoder.flush()
            #expect(decoder.feed(Array("a".utf8)).last == .key(.character("a")))
        }
    }

    @Test("names of keys go there and back")
    func names() {
        for name in ["a", "space", "enter", "ctrl-d", "f12", "pageup", "?", "["] {
            #expect(Key(name: name)?.name == name)
        }
        for name in ["", "hyper-a", "ab", "ctrl-", "ctrl-1", "f99", "\u{1B}", "\u{301}"] {
            #expect(Key(name: name) == nil)
        }
    }
}
