import Foundation
import Testing

@testable import ReviewTUI

@Suite("Text made safe to show")
struct SafeTextTests {
    private func shown(_ text: String, ascii: Bool = false) -> String { SafeText.line(text, ascii: ascii) }

    @Test(
        "what a terminal or a reader could be fooled by becomes a mark",
        arguments: [
            ("\u{1B}[31mred", "⟨U+001B⟩[31mred"), ("\u{9B}31m", "⟨U+009B⟩31m"), ("a\u{00}b", "a⟨U+0000⟩b"),
            ("\u{202E}abc", "⟨U+202E⟩abc"), ("\u{2066}x\u{2069}", "⟨U+2066⟩x⟨U+2069⟩"), ("a\u{200B}b", "a⟨U+200B⟩b"),
            ("soft\u{AD}hyphen", "soft⟨U+00AD⟩hyphen"), ("\u{FEFF}x", "⟨U+FEFF⟩x"), ("tag\u{E0041}", "tag⟨U+E0041⟩"),
            ("\u{FFFF}", "⟨U+FFFF⟩"), ("\u{378}", "⟨U+0378⟩"), ("\u{E000}", "⟨U+E000⟩"), ("a\u{FE0F}", "a⟨U+FE0F⟩"),
            ("\u{2028}", "⟨U+2028⟩"), ("a\u{3164}b", "a⟨U+3164⟩b"), ("a\u{200D}b", "a⟨U+200D⟩b"),
        ])
    func marks(_ text: String, _ safe: String) {
        #expect(shown(text) == safe)
    }

    @Test("ordinary text of many scripts is left as it is")
    func ordinary() {
        for text in ["Grüße, naïve café", "漢字かな交じり文", "привет мир", "שלום", "हिन्दी", "Tiếng Việt", "ภาษาไทย", "🙂 👍"] {
            #expect(SafeText(text).pieces.map(\.text).joined() == text)
            #expect(SafeText(text).pieces.allSatisfy { $0.kind == .text })
        }
    }

    @Test("line breaks stay breaks, whichever the system they came from; a lone carriage return does not")
    func breaks() {
        #expect(SafeText.lines("a\nb\r\nc\rd") == "a\nb\nc⟨U+000D⟩d")
        #expect(shown("a\nb") == "a⟨U+000A⟩b")
    }

    @Test("joined emoji come apart, without noise")
    func emoji() {
        #expect(shown("👩‍🚒") == "👩🚒")
        #expect(shown("❤️") == "❤")
        #expect(shown("👍🏽") == "👍⟨tone 3⟩")
    }

    @Test("stacked marks are cut and counted")
    func zalgo() {
        let text = "Z" + String(repeating: "\u{301}", count: 20) + "!"
        #expect(shown(text) == "Z\u{301}\u{301}\u{301}⟨+17⟩!")
        #expect(shown("\u{301}a") == "\u{25CC}\u{301}a")
    }

    @Test("letters that pose as Latin are told apart")
    func lookAlikes() {
        func suspects(_ text: String) -> String {
            SafeText(text).pieces.filter { $0.kind == .lookAlike }.map(\.text).joined()
        }
        #expect(suspects("fr\u{435}e mon\u{435}y") == "\u{435}\u{435}")
        #expect(suspects("привет free") == "")
        #expect(suspects("𝐟𝐫𝐞𝐞") == "𝐟𝐫𝐞𝐞")
    }

    @Test("without UTF-8 only ASCII comes out")
    func ascii() {
        let safe = shown("Grüße \u{202E} 🙂 漢\u{301}", ascii: true)
        #expect(safe.utf8.allSatisfy { $0 < 0x80 })
        #expect(safe == "Gr<U+00FC><U+00DF>e <U+202E> <U+1F642> <U+6F22><U+0301>")
    }

    @Test("every scalar of the source is accounted for, in order")
    func offsets() {
        let text = "a\u{202E}é\r\n" + "Z" + String(repeating: "\u{301}", count: 9) + "👩‍🚒 ❤️x\u{200B}"
        let pieces = SafeText(text).pieces
        #expect(pieces.first?.source.lowerBound == 0)
        for (one, next) in zip(pieces, pieces.dropFirst()) { #expect(one.source.upperBound == next.source.lowerBound) }
        #expect(pieces.last?.source.upperBound == text.unicodeScalars.count)
    }

    @Test("no random text gets a control, an escape or a direction through, and widths add up")
    func random() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<400 {
            var text = String.UnicodeScalarView()
            for _ in 0..<60 {
                let range: ClosedRange<UInt32> =
                    [0...0xA0, 0x2000...0x2070, 0x300...0x36F, 0xE0000...0xE01EF, 0...0x10FFFF].randomElement(
                        using: &generator) ?? 0...0x7F
                if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &generator)) { text.append(scalar) }
            }
            for ascii in [false, true] {
                let safe = SafeText(String(text), ascii: ascii)
                for piece in safe.pieces {
                    #expect(piece.width == CellWidth.of(piece.text))
                    #expect(piece.kind == .newline || piece.text.isEmpty || piece.width > 0)
                }
                expectHarmless(SafeText.line(String(text), ascii: ascii))
            }
        }
    }

    @Test("a shortened text says how much is missing")
    func limit() {
        let safe = SafeText(String(repeating: "x", count: 100), limit: 40)
        #expect(safe.pieces.count == 40 && safe.omitted == 60)
        #expect(SafeText.line("abcdef", limit: 3) == "abc…")
    }

    @Test("the hostile collections come out harmless", .enabled(if: SharedData.has("hostile-text"), "no shared data"))
    func collections() throws {
        var count = 0
        for file in SharedData.files("hostile-text") {
            guard let data = try? Data(contentsOf: file) else { continue }
            expectHarmless(SafeText.line(String(decoding: data.prefix(200_000), as: UTF8.self), limit: 50_000))
            count += 1
        }
        #expect(count > 10)
    }

    private func expectHarmless(_ safe: String) {
        for scalar in safe.unicodeScalars {
            let value = scalar.value
            let isControl = value < 0x20 || (0x7F..<0xA0).contains(value)
            let isDirection =
                (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value) || value == 0x61C
                || value == 0x200E || value == 0x200F
            if isControl || isDirection || (0x200B...0x200D).contains(value) || (0xE0000...0xE007F).contains(value) {
                Issue.record("U+\(String(value, radix: 16)) got through")
                return
            }
        }
    }
}

/// The data shared between projects, where it is.
enum SharedData {
    static var root: URL {
        ProcessInfo.processInfo.environment["REVIEWTUI_DATA"].map { URL(fileURLWithPath: $0) }
            ?? Themes.root.deletingLastPathComponent().appending(path: "shared/data")
    }

    static func has(_ folder: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: folder).path)
    }

    static func files(_ folder: String) -> [URL] {
        let walk = FileManager.default.enumerator(at: root.appending(path: folder), includingPropertiesForKeys: nil)
        return (walk?.compactMap { $0 as? URL } ?? []).filter { !$0.hasDirectoryPath }.sorted { $0.path < $1.path }
    }
}
