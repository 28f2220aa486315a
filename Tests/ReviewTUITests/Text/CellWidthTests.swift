import Foundation
import Testing

@testable import ReviewTUI

@Suite("Columns")
struct CellWidthTests {
    @Test("letters take one column, ideographs two, combining marks none")
    func basics() {
        #expect(CellWidth.of("abc") == 3)
        #expect(CellWidth.of("漢字") == 4)
        #expect(CellWidth.of("e\u{301}") == 1)
        #expect(CellWidth.of("👍") == 2)
        #expect(CellWidth.of("ｱ") == 1)
        #expect(CellWidth.of("─╭▀") == 3)
    }

    @Test(
        "the table agrees with the Unicode Character Database",
        .enabled(if: SharedData.has("unicode"), "no shared data"))
    func database() throws {
        let file = SharedData.root.appending(path: "unicode/EastAsianWidth.txt")
        var compared = 0
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#") {
            let fields = line.prefix { $0 != "#" && $0 != " " }.split(separator: ";")
            guard fields.count == 2 else { continue }
            let ends = fields[0].components(separatedBy: "..").compactMap { UInt32($0, radix: 16) }
            guard let first = ends.first, let last = ends.last else { continue }
            for value in Set([first, last, (first + last) / 2]) {
                guard let scalar = Unicode.Scalar(value), ScalarClass(scalar) == .plain else { continue }
                #expect(
                    CellWidth.of(scalar) == (fields[1] == "W" || fields[1] == "F" ? 2 : 1),
                    "U+\(String(value, radix: 16))")
                compared += 1
            }
        }
        #expect(compared > 2_000)
    }

    @Test("text is broken at spaces, at the width where there are none, and never loses a letter")
    func wrapping() {
        func lines(_ text: String, _ width: Int) -> [String] {
            let pieces = SafeText(text).pieces
            return TextWrap.lines(pieces, width: width).map { pieces[$0].map(\.text).joined() }
        }
        #expect(lines("the quick brown fox", 10) == ["the quick", "brown fox"])
        #expect(lines("abcdefghijkl", 5) == ["abcde", "fghij", "kl"])
        #expect(lines("a\n\nb", 5) == ["a", "", "b"])
        #expect(lines("漢字漢字", 5) == ["漢字", "漢字"])
        #expect(lines("", 5) == [""])
        // A mark of eight columns that fits neither behind the words nor behind what is carried over.
        #expect(lines("a \u{1B}bcdef\u{1B}", 14) == ["a", "⟨U+001B⟩bcdef", "⟨U+001B⟩"])
        for width in 1...30 {
            let text = "Some words, a-very-long-word-without-spaces 漢字 and\nbreaks  twice."
            let joined = lines(text, width).joined().filter { $0 != " " }
            #expect(joined == text.filter { $0 != " " && $0 != "\n" })
            for line in lines(text, max(2, width)) { #expect(CellWidth.of(line) <= max(2, width)) }
        }
    }
}
