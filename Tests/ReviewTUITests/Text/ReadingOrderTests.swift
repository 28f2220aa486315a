import Foundation
import Testing

@testable import ReviewTUI

@Suite("Text from right to left")
struct ReadingOrderTests {
    /// A text as the cells of one row, each with a `·` for the right half of a wide one.
    private func row(_ text: String, columns: Int = 20, ellipsis: String = "") -> String {
        var buffer = CellBuffer(size: CellSize(columns: columns, rows: 1))
        buffer.write(SafeText.line(text), row: 0, column: 0, style: .plain, ellipsis: ellipsis)
        let cells = (0..<columns).map { buffer[0, $0].text.isEmpty ? "·" : buffer[0, $0].text }
        return cells.joined().trimmingSpaces
    }

    @Test("Hebrew is written from right to left, Latin and digits in it from left to right")
    func hebrew() {
        #expect(row("אבג") == "גבא")
        #expect(row("abc אבג def") == "abc גבא def")
        #expect(row("אבג 123 דהו") == "והד 123 גבא")
        #expect(row("אבג abc") == "abc גבא")
    }

    @Test("brackets open towards what they hold")
    func brackets() {
        #expect(row("א(ב)ג") == "ג(ב)א")
    }

    @Test("Arabic letters take the form of their place in the word")
    func arabic() {
        // seen initial, lam medial, alef final, meem isolated: U+FEB3 U+FEE0 U+FE8E U+FEE1, from the right.
        #expect(row("سلام") == "\u{FEE1}\u{FE8E}\u{FEE0}\u{FEB3}")
    }

    @Test("marks stay on their letters, and wide letters keep both columns")
    func columns() {
        #expect(row("ב\u{5B8}ג") == "גב\u{5B8}")
        #expect(row("אב漢字ג") == "ג漢·字·בא")
        #expect(row("א👍ב") == "ב👍·א")
    }

    @Test("what is cut is the end as one reads, and the rest is turned")
    func cut() {
        #expect(row("abc אבגדה", columns: 7, ellipsis: "…") == "abc בא…")
        #expect(row("אבגדה", columns: 4, ellipsis: "…") == "…גבא")
    }

    @Test("a direction forced by control characters is shown as a mark and turns nothing")
    func controls() {
        #expect(row("abc\u{202E}def") == "abc⟨U+202E⟩def")
    }

    @Test("other scripts are left as they are")
    func others() {
        for text in ["plain", "Ελληνικά", "漢字かな", "हिन्दी", "e\u{301}"] {
            #expect(!ReadingOrder.isNeeded(by: text.unicodeScalars))
        }
        #expect(row("漢字a") == "漢·字·a")
    }

    @Test("a text's lines are turned one by one, and each paragraph has its own direction")
    func lines() {
        let text = SafeText("אבג דהו\nabc")
        let lines = TextWrap.lines(text.pieces, width: 4).map(text.inColumns)
        #expect(lines.map { $0.pieces.map(\.text).joined() } == ["גבא", "והד", "abc"])
        #expect(lines.map(\.isRightToLeft) == [true, true, false])
        #expect(lines[0].pieces.map(\.index) == [2, 1, 0])
    }

    @Test("a mark in a text keeps its letters in order")
    func marks() {
        let text = SafeText("א\u{200B}ב")
        let line = text.inColumns(0..<text.pieces.count)
        #expect(line.pieces.map(\.text) == ["ב", "⟨U+200B⟩", "א"])
    }

    @Test("every line is a permutation of its pieces, whatever the text")
    func permutation() {
        let letters: [Character] = ["א", "ب", "a", "1", "(", ")", " ", "漢", "👍", "\u{202E}", ".", "-", "\n"]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let text = SafeText(String((0..<40).map { _ in letters.randomElement(using: &random)! }))
            for line in TextWrap.lines(text.pieces, width: 9) {
                #expect(text.inColumns(line).pieces.map(\.index).sorted() == Array(line))
            }
        }
    }
}
