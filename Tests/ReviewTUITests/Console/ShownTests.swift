import Foundation
import Queue
import Testing

@testable import ReviewTUI

@Suite("What is shown of an item")
struct ShownTests {
    @Test("the explained policy is the likeliest over its threshold; brackets go through the others")
    func explained() {
        var mia = Reviewer([Sample.picture("p", scores: [("violence/graphic", 0.9)])])
        #expect(mia.state.focus?.explainedPolicy == "violence/graphic")
        #expect(mia.state.focus?.gridExplanation?.method == "legrad")
        mia.press("]")
        #expect(mia.state.focus?.gridExplanation?.method == "attention")
        mia.press("]")
        #expect(mia.state.focus?.gridExplanation?.method == "legrad")
    }

    @Test("attention comes first where no policy passes its threshold, and glows fully")
    func attention() {
        let mia = Reviewer([Sample.picture("p", scores: [("spam", 0.1)])])
        #expect(mia.state.focus?.explainedPolicy == nil)
        #expect(mia.state.preview.wanted?.overlay?.strength == 1)
    }

    @Test("a policy's explanation glows by its score")
    func strength() {
        let mia = Reviewer([Sample.picture("p", scores: [("spam", 0.8)])])
        #expect(mia.state.preview.wanted?.overlay?.strength == 0.8)
    }

    @Test("v and o change the overlay, g and b the picture")
    func overlay() {
        var mia = Reviewer([Sample.picture("p", scores: [("spam", 0.8)])])
        mia.press("o")
        #expect(mia.state.preview.wanted?.overlay?.style == .contour)
        mia.press("v")
        #expect(mia.state.preview.wanted?.overlay == nil)
        mia.press("g b")
        #expect(mia.state.preview.wanted?.softening.contains(.grey) == true)
        #expect(mia.state.preview.wanted?.softening.contains(.blur) == true)
    }

    @Test("o goes through every style and back, O through the opacities, and either brings the explanation back")
    func styles() {
        var mia = Reviewer([Sample.picture("p", scores: [("spam", 0.8)])])
        var styles: [OverlayStyle?] = []
        for _ in OverlayStyle.allCases {
            mia.press("o")
            styles.append(mia.state.preview.wanted?.overlay?.style)
        }
        #expect(styles == [.contour, .spotlight, .mask, nil, .heat])
        var shares: [OverlayOpacity?] = []
        mia.press("v")
        for _ in OverlayOpacity.allCases {
            mia.press("O")
            shares.append(mia.state.preview.wanted?.overlay?.opacity)
            #expect(mia.statusLine.contains("\(mia.state.opacity.rawValue) %"))
        }
        #expect(shares == [.light, .medium, .strong])
    }

    @Test("the legend says in numbers what the overlay means, and goes with it")
    func legend() {
        var mia = Reviewer([Sample.picture("p", scores: [("spam", 0.8)])], columns: 120, rows: 40)
        func legend() -> String? {
            let lines = mia.lines
            guard let above = lines.firstIndex(where: { $0.contains("picture: legrad") }) else { return nil }
            return lines[above + 1].split(separator: "│").last.map { $0.trimmingCharacters(in: .whitespaces) }
        }
        #expect(legend()?.hasPrefix("0 ") == true && legend()?.hasSuffix(" 0.4") == true)
        mia.press("o")
        #expect(legend() == "lines: 0.1 0.2 0.3")
        mia.press("o")
        #expect(legend() == "dark 0, bright 0.4")
        mia.press("o")
        #expect(legend() == "hidden under 0.2")
        mia.press("o")
        #expect(legend()?.contains { $0.isNumber } == false)
    }

    @Test(
        "the ramp glows as the map does, symmetrically where it has signs, and without colour as ink",
        arguments: [true, false])
    func ramp(signed: Bool) throws {
        let overlay = PreviewRequest.Overlay(
            rows: 1, columns: 2, values: [-0.5, 0.25], signed: signed, strength: 1, style: .heat, opacity: .strong)
        var buffer = CellBuffer(size: CellSize(columns: 30, rows: 1))
        OverlayLegend.draw(overlay, row: 0, .truecolor, .fallback, into: &buffer)
        #expect(buffer.line(0).hasPrefix(signed ? "-0.5 " : "0 "))
        #expect(buffer.line(0).hasSuffix(signed ? " +0.5" : " 0.25"))
        let colours = (0..<30).compactMap { buffer[0, $0].style.background }.map(OKLab.init)
        #expect(colours.count >= 20)
        let (first, middle, last) = (colours[0], colours[colours.count / 2], try #require(colours.last))
        #expect(last.distance(to: first) > 0.2)
        if signed {
            #expect(first.b < -0.05 && last.b > 0.05 && middle.lightness < 0.1)
        } else {
            #expect(first.lightness < 0.2 && middle.lightness < last.lightness && last.lightness > 0.8)
        }
        var plain = CellBuffer(size: CellSize(columns: 30, rows: 1))
        OverlayLegend.draw(overlay, row: 0, .mono, .fallback, into: &plain)
        #expect(plain.line(0).contains("@") && plain.line(0).contains("="))
        #expect((0..<30).allSatisfy { plain[0, $0].style.background == nil })
    }

    @Test("a picture whose policy is blurred starts blurred")
    func blurred() {
        var mia = Reviewer([Sample.picture("p", scores: [("violence/graphic", 0.8)])])
        #expect(mia.state.preview.wanted?.softening.contains(.blur) == true)
        mia.press("b")
        #expect(mia.state.preview.wanted?.softening.contains(.blur) == false)
    }

    @Test("every look at a picture without the blur of its policy goes on record, before it is shown")
    func recordedLook() {
        var mia = Reviewer([Sample.picture("p", scores: [("violence/graphic", 0.8)])])
        let looks = { (mia: Reviewer) in mia.desk.calls.filter { $0 == "reveal blurred" }.count }
        mia.press("b")
        #expect(looks(mia) == 1 && mia.state.preview.wanted?.softening.contains(.blur) == false)
        mia.press("b")
        #expect(looks(mia) == 1 && mia.state.preview.wanted?.softening.contains(.blur) == true)
        mia.desk.change { $0.failures["reveal blurred"] = .failed("The disk is full.") }
        mia.press("b")
        #expect(mia.state.preview.wanted?.softening.contains(.blur) == true && mia.screen.contains("The disk is full."))
        // A blur of the reviewer's own making is nobody's business.
        var ben = Reviewer([Sample.picture("p")])
        ben.press("b b")
        #expect(looks(ben) == 0 && ben.state.preview.wanted?.softening.contains(.blur) == false)
    }

    @Test("a restricted picture is not even read until it is asked for")
    func restricted() {
        var mia = Reviewer([Sample.picture("p", scores: [("sexual/minors", 0.8)])])
        #expect(mia.state.preview.wanted == nil)
        #expect(mia.screen.contains("hidden"))
        mia.press("i")
        #expect(mia.state.preview.wanted?.softening.contains(.blur) == true)
    }

    @Test("a restricted picture stays hidden where the look cannot be put on record")
    func unrecordedReveal() {
        var mia = Reviewer([Sample.picture("p", scores: [("sexual/minors", 0.8)])])
        mia.desk.change { $0.failures["reveal hidden"] = .failed("The disk is full.") }
        mia.press("i")
        #expect(mia.state.preview.wanted == nil)
        #expect(mia.screen.contains("The disk is full."))
    }

    @Test("the next item's preview is made before the verdict")
    func prefetched() {
        var asked: [String] = []
        var mia = Reviewer([Sample.picture("p"), Sample.picture("q")], preview: .some(nil))
        asked = [mia.state.preview.wanted, mia.state.aheadPreview.wanted].compactMap { $0?.media.path }
        #expect(asked == ["img/p.jpg", "img/q.jpg"])
        if let request = mia.state.aheadPreview.wanted {
            mia.take(.preview(.picture(Sample.drawn(request.size)), request))
        }
        mia.press("a")
        #expect(mia.state.preview.shown?.media.path == "img/q.jpg")
        #expect(mia.screen.contains("▀"))
    }

    @Test("a broken picture's place says why")
    func broken() {
        let mia = Reviewer([Sample.picture("p")], preview: .some { _ in .failed("broken PNG: bad \u{1B}[31m header") })
        #expect(mia.screen.contains("No preview"))
        #expect(mia.screen.contains("broken PNG"))
        #expect(!mia.screen.contains("\u{1B}"))
    }

    @Test("highlighted words keep their place after marks")
    func highlights() throws {
        let detail = Sample.text("p", "a\u{202E}b vermin", scores: [("hate", 0.9)], spans: [(4, 10, 1)])
        let focus = Focus(
            item: detail.item, scores: detail.scores, explanations: detail.explanations, hold: .none,
            taxonomy: Sample.taxonomy, ascii: false)
        let heat = TextView.heat(focus)
        let text = try #require(focus.safeText)
        let lit = text.pieces.indices.filter { heat[$0] != nil }.map { text.pieces[$0].text }.joined()
        #expect(lit == "vermin")
    }

    @Test("a low score does not glow like a high one")
    func weak() {
        func top(_ score: Double) -> Int {
            let detail = Sample.text("p", "vermin", scores: [("hate", score)], spans: [(0, 6, 1)])
            let focus = Focus(
                item: detail.item, scores: detail.scores, explanations: detail.explanations, hold: .none,
                taxonomy: Sample.taxonomy, ascii: false)
            return TextView.heat(focus).values.map(\.step).max() ?? 0
        }
        #expect(top(0.99) == 4)
        #expect(top(0.3) == 2)
        #expect(top(0.02) == 0)
    }

    @Test("a long text scrolls to its end and no further")
    func scroll() {
        let words = (0..<600).map { "word\($0)" }.joined(separator: " ")
        var mia = Reviewer([Sample.text("p", words)])
        #expect(!mia.screen.contains("word599"))
        for _ in 0..<60 { mia.press("J") }
        #expect(mia.screen.contains("word599"))
        for _ in 0..<60 { mia.press("K") }
        #expect(mia.screen.contains("word0 "))
    }

    @Test("no byte of a hostile item reaches the screen raw")
    func hostile() {
        let mia = Reviewer([Sample.hostile], columns: 120, rows: 40)
        #expect(mia.screen.contains("⟨U+202E⟩"))
        #expect(mia.screen.contains("⟨U+001B⟩"))
        for scalar in mia.screen.unicodeScalars where scalar != "\n" { #expect(ScalarClass(scalar) != .mark) }
    }

    @Test("a picture that is to be softer is not stood in for by what was made of it before")
    func softer() {
        var slot = PreviewSlot()
        var mia = Reviewer([Sample.picture("p", scores: [("spam", 0.8)])])
        mia.press("v")
        guard let plain = mia.state.preview.wanted, let content = mia.state.preview.content else {
            Issue.record("no preview")
            return
        }
        _ = slot.want(plain)
        slot.take(content, for: plain)
        var softer = plain
        softer.softening = [.blur]
        #expect(slot.want(softer) && slot.content == nil)
    }

    @Test("blind first, neither the list nor the account names what an item was flagged for")
    func veiled() {
        var mia = Reviewer([Sample.threat, Sample.harmless], columns: 200, rows: 50, blindFirst: true)
        mia.press("w")
        #expect(mia.state.mode == .review && mia.statusLine.contains("judge it once first"))
        #expect(!mia.lines.contains { $0.prefix(45).contains("hate") })
    }

    @Test("what a screen about the work or a pause covers was not seen, nor looked at")
    func covered() throws {
        var mia = Reviewer([Sample.threat, Sample.harmless])
        mia.press("P")
        #expect(PaintedFrame(mia.state) == PaintedFrame())
        mia.pass(milliseconds: 1_200_000)
        mia.press("j a")
        let draft = try #require(mia.desk.decisions.first?.draft)
        #expect((draft.durationMilliseconds ?? .max) < 10_000)
        mia.press("Q")
        #expect(PaintedFrame(mia.state) == PaintedFrame())
    }
}
