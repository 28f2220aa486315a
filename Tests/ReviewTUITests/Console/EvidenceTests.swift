import Media
import Queue
import Testing

@testable import ReviewTUI

@Suite("Where the evidence is")
struct EvidenceTests {
    private func draft(_ mia: Reviewer) throws -> DecisionDraft { try #require(mia.desk.decisions.first?.draft) }

    @Test("y says that the highlight is right: its strongest words go into the record, with the policy")
    func confirm() throws {
        var mia = Reviewer([
            Sample.text(
                "p", "you are vermin and scum", scores: [("hate", 0.9)],
                spans: [(8, 14, 0.9), (0, 3, 0.3), (19, 23, 0.5)])
        ])
        mia.press("y")
        #expect(mia.screen.contains("hate: highlight right"))
        mia.press("x")
        let rationale = Rationale(policy: "hate", evidence: .spans([8..<14, 19..<23]), origin: .model)
        #expect(try draft(mia).rationales == [rationale])
        #expect(try draft(mia).shownExplanation?.confirmed == true)
    }

    @Test("Y says that it is wrong; the same key again unsays it, the other one changes it")
    func reject() throws {
        var mia = Reviewer([Sample.threat])
        mia.press("Y")
        #expect(mia.screen.contains("hate: highlight wrong"))
        mia.press("Y")
        #expect(mia.state.focus?.evidence.isEmpty == true)
        mia.press("y Y a")
        #expect(try draft(mia).rationales.allSatisfy(\.isRejected))
        #expect(try draft(mia).shownExplanation?.confirmed == false)
    }

    @Test("nothing is said of what is not shown")
    func hidden() throws {
        var mia = Reviewer([Sample.threat])
        mia.press("v y")
        #expect(mia.state.focus?.evidence.isEmpty == true && mia.statusLine.contains("No highlight is shown"))
        var blind = Reviewer([Sample.threat], blindFirst: true)
        blind.press("y")
        #expect(blind.state.focus?.evidence.isEmpty == true && blind.statusLine.contains("hidden until you judge"))
    }

    @Test("a highlight on a picture is kept as the patches above half of its maximum")
    func patches() throws {
        var mia = Reviewer([Sample.picture("p", scores: [("violence/graphic", 0.9)])])
        let values = try #require(mia.state.focus?.gridExplanation).relevance
        guard case .grid(let rows, let columns, let numbers) = values else {
            Issue.record("no grid")
            return
        }
        mia.press("y x")
        let top = numbers.max() ?? 0
        let lit = numbers.indices.filter { numbers[$0] >= top / 2 }
        #expect(
            try draft(mia).rationales == [
                Rationale(
                    policy: "violence/graphic", evidence: .patches(lit, rows: rows, columns: columns, media: 0),
                    origin: .model)
            ])
    }

    @Test("words are marked one by one or several at once, and d drops a mark")
    func words() throws {
        var mia = Reviewer([Sample.text("p", "you are vermin and scum", scores: [("hate", 0.9)])])
        mia.press("m l l enter")
        #expect(mia.state.mode == .review && mia.screen.contains("hate: “vermin”"))
        mia.press("m home space l enter m end enter m d esc x")
        #expect(
            try draft(mia).rationales == [
                Rationale(policy: "hate", evidence: .spans([8..<14, 19..<23]), origin: .person)
            ])
        #expect(try draft(mia).shownExplanation?.confirmed == nil)
    }

    @Test("j and k go to the word below and above, and the text follows")
    func lines() throws {
        let text = (0..<60).map { "line\($0) word" }.joined(separator: "\n")
        var mia = Reviewer([Sample.text("p", text, scores: [("hate", 0.9)])])
        mia.press("m l")
        for _ in 0..<40 { mia.press("j") }
        #expect(mia.screen.contains("line40 word"))
        mia.press("enter x")
        let spans = try draft(mia).rationales.first?.evidence
        let start = text.unicodeScalars.count - (40..<60).map { "line\($0) word\n".count }.reduce(-1, +)
        #expect(spans == .spans([start + 7..<start + 11]))
    }

    @Test("a box moves and grows within the picture, and is drawn on it")
    func box() throws {
        var mia = Reviewer([Sample.picture("p", scores: [("violence/graphic", 0.9)])], columns: 160, rows: 40)
        mia.press("m")
        #expect(mia.state.preview.wanted?.boxes.count == 1)
        for _ in 0..<10 { mia.press("h") }
        mia.press("k L L J")
        for _ in 0..<30 { mia.press("K") }
        let box = Rationale.Box(x: 0, y: 0.3, width: 0.4, height: 0.05)
        #expect(mia.state.preview.wanted?.boxes == [box])
        mia.press("enter")
        #expect(mia.screen.contains("a box of 40 % × 5 %") && mia.state.preview.wanted?.boxes == [box])
        mia.press("m d esc")
        #expect(mia.state.preview.wanted?.boxes == [])
        mia.press("m enter x")
        #expect(
            try draft(mia).rationales == [
                Rationale(
                    policy: "violence/graphic",
                    evidence: .boxes([Rationale.Box(x: 0.35, y: 0.35, width: 0.3, height: 0.3)], media: 0),
                    origin: .person)
            ])
    }

    @Test("a hidden picture is not marked")
    func restricted() {
        var mia = Reviewer([Sample.picture("p", scores: [("sexual/minors", 0.9)])])
        mia.press("m")
        #expect(mia.state.mode == .review && mia.statusLine.contains("nothing to mark"))
    }

    @Test("double-width letters are marked one by one, marks of hostile text as what they stand for")
    func otherScripts() {
        let words = TextWords(SafeText("ab 漢字x\u{202E}y"))
        #expect(words.source == [0..<2, 3..<4, 4..<5, 5..<8])
    }

    @Test("a box is outlined where it lies, on the whole and on a part of a picture")
    func outline() {
        let grey = RGBImage(width: 100, height: 50, red: 128, green: 128, blue: 128)
        let drawn = grey.outlining([Rationale.Box(x: 0.5, y: 0.2, width: 0.4, height: 0.6)])
        func value(_ image: RGBImage, _ x: Int, _ y: Int) -> UInt8 { image.pixels[(y * image.width + x) * 3] }
        #expect(value(drawn, 50, 10) == 0 && value(drawn, 51, 11) == 255 && value(drawn, 89, 39) == 0)
        #expect(value(drawn, 49, 10) == 128 && value(drawn, 60, 25) == 128 && value(drawn, 90, 40) == 128)
        let part = PixelRect(x: 40, y: 0, width: 60, height: 50)
        let cut = grey.cropped(x: 40, y: 0, size: part.size)
            .outlining([Rationale.Box(x: 0.5, y: 0.2, width: 0.4, height: 0.6)], part: part, of: grey.size)
        #expect(value(cut, 10, 10) == 0 && value(cut, 9, 10) == 128)
    }
}
