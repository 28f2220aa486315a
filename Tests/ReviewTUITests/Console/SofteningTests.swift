import Queue
import Testing

@testable import ReviewTUI

/// In ``Sample``, `violence/graphic` blurs.
@Suite("Softening in the console")
struct ConsoleSofteningTests {
    private let violent = Sample.picture("p", scores: [("violence/graphic", 0.8)])

    private func looks(_ mia: Reviewer) -> [String] { mia.desk.calls.filter { $0.hasPrefix("reveal") } }

    @Test("b, g, d and l turn each softening on and off by itself, and all together")
    func toggles() {
        var mia = Reviewer([Sample.picture("p")])
        mia.press("b g d l")
        #expect(mia.state.preview.wanted?.softening == [.blur, .grey, .detail, .lines])
        #expect(mia.screen.contains("grey, blur, lines,"))
        mia.press("d b")
        #expect(mia.state.preview.wanted?.softening == [.grey, .lines])
        mia.press("g l")
        #expect(mia.state.preview.wanted?.softening == [] && !mia.screen.contains("SOFTENED"))
        #expect(looks(mia).isEmpty)
    }

    @Test("the side column says which policy softens, and what was taken off")
    func said() {
        var mia = Reviewer([violent], columns: 120, rows: 40)
        mia.press("d")
        #expect(mia.screen.contains("blur: violence/graphic") && mia.screen.contains("detail: you"))
        mia.press("b")
        #expect(mia.screen.contains("off, on record: blur") && !mia.screen.contains("blur: violence"))
    }

    @Test("taking off what a policy set goes on record before it is shown; taking off one's own does not")
    func recorded() {
        var mia = Reviewer([violent])
        mia.press("g g d")
        #expect(looks(mia).isEmpty)
        mia.press("b")
        #expect(looks(mia) == ["reveal blurred"] && mia.state.preview.wanted?.softening == [.detail])
        mia.desk.change { $0.failures["reveal blurred"] = .failed("The disk is full.") }
        mia.press("b b")
        #expect(mia.state.preview.wanted?.softening == [.detail, .blur] && mia.screen.contains("The disk is full."))
    }

    @Test("what config.toml wants softened is softened in every item, in previews made ahead, too")
    func standing() {
        var mia = Reviewer([Sample.picture("o"), violent, Sample.picture("r")], wellbeing: { $0.soften = [.grey] })
        #expect(mia.state.preview.wanted?.softening == [.grey])
        #expect(mia.state.aheadPreview.wanted?.softening == [.grey, .blur])
        mia.press("g")
        #expect(mia.state.preview.wanted?.softening == [] && looks(mia).isEmpty)
        mia.press("a")
        #expect(mia.state.preview.wanted?.softening == [.grey, .blur])
    }

    @Test("a report softens as a score does, and so does a policy above the one named")
    func reported() {
        let item = Item(
            id: "p", media: Sample.picture("p").item.media, flaggedAt: Timestamp(milliseconds: Sample.start),
            reports: [Report(reason: "violence/graphic/animals")])
        let mia = Reviewer([ItemContents(item: item, scores: [], explanations: [])])
        #expect(mia.state.preview.wanted?.softening == [.blur])
    }

    @Test("a restricted picture stays hidden from every toggle, and comes softened again when it was hidden")
    func restricted() {
        var mia = Reviewer([Sample.picture("p", scores: [("sexual/minors", 0.8)])])
        mia.press("g")
        #expect(mia.statusLine.contains("hidden") && mia.state.preview.wanted == nil)
        mia.press("i b g")
        #expect(looks(mia) == ["reveal hidden", "reveal blurred"])
        #expect(mia.state.preview.wanted?.softening == [.grey])
        mia.press("i i")
        #expect(mia.state.preview.wanted?.softening == [.grey, .blur])
    }

    @Test("blind first, the policy that softens is not named")
    func veiled() {
        let mia = Reviewer([violent], columns: 120, rows: 40, blindFirst: true)
        #expect(mia.screen.contains("blur: a policy") && !mia.screen.contains("violence/graphic"))
    }

    @Test("a post without a picture has nothing to soften")
    func text() {
        var mia = Reviewer([Sample.harmless])
        mia.press("d")
        #expect(mia.statusLine.contains("There is no picture."))
    }
}
