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
            let width = fields[1] == "W" || fields[1] == "F" ? 2 : 1
            let plain = (first...last).compactMap(Unicode.Scalar.init).filter { ScalarClass($0) == .plain }
            let others = plain.filter { CellWidth.of($0) != width }
            #expect(others.isEmpty, "\(others.map { String($0.value, radix: 16) })")
            compared += plain.count
        }
        #expect(compared > 140_000)
    }

    @Test(
        "emoji, and letters that join in every way, take as many columns as they say",
        .enabled(if: SharedData.has("unicode"), "no shared data"))
    func sequences() throws {
        var tried = 0
        for name in ["emoji-test.txt", "GraphemeBreakTest.txt"] {
            let file = SharedData.root.appending(path: "unicode/\(name)")
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                let fields = line.prefix { $0 != "#" && $0 != ";" }
                let scalars = fields.split { " \t÷×".contains($0) }.compactMap { UInt32($0, radix: 16) }
                let text = String(String.UnicodeScalarView(scalars.compactMap(Unicode.Scalar.init)))
                guard !text.isEmpty else { continue }
                let safe = SafeText(text)
                for line in TextWrap.lines(safe.pieces, width: 100) {
                    let line = safe.inColumns(line)
                    var buffer = CellBuffer(size: CellSize(columns: 100, rows: 1))
                    var column = 0
                    for piece in line.pieces {
                        column += buffer.place(piece.text, row: 0, column: column, style: .plain)
                    }
                    #expect(column == line.width, "\(scalars.map { String($0, radix: 16) })")
                    // Every cell shows one scalar of a column, or one of two with an empty cell behind it.
                    for index in 0..<column where !buffer[0, index].text.isEmpty {
                        let isWide = CellWidth.of(buffer[0, index].grapheme.base) == 2
                        #expect(buffer[0, index + 1].text.isEmpty == isWide)
                    }
                }
                tried += 1
            }
        }
        #expect(tried > 5_000)
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
