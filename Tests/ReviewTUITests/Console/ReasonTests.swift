import Queue
import Testing

@testable import ReviewTUI

/// In ``Sample``, the policy `hate` has two reasons and the others none.
@Suite("Reason templates")
struct ReasonTests {
    @Test("one key puts a reason of a chosen policy into the note, and the note can be edited")
    func picked() {
        var mia = Reviewer([Sample.threat, Sample.harmless])
        mia.press("R")
        #expect(mia.screen.contains("Slur against a protected group"))
        mia.press("2")
        #expect(mia.state.focus?.note == "Dehumanising comparison" && mia.screen.contains("Dehumanising"))
        mia.press("n ! enter x")
        #expect(mia.desk.decisions.first?.draft.note == "Dehumanising comparison!")
    }

    @Test("a second reason stands behind the first, the same one not twice")
    func two() {
        var mia = Reviewer([Sample.threat])
        mia.press("R 1 R j enter R 1")
        #expect(mia.state.focus?.note == "Slur against a protected group. Dehumanising comparison")
    }

    @Test("Escape leaves the note as it was")
    func left() {
        var mia = Reviewer([Sample.threat])
        mia.press("R j esc")
        #expect(mia.state.mode == .review && mia.state.focus?.note == nil)
    }

    @Test("policies without reasons say so, and reports serve where nothing is chosen")
    func none() {
        var mia = Reviewer([Sample.text("post-50", "x", scores: [("spam", 0.9)])])
        mia.press("R")
        #expect(mia.state.mode == .review && mia.statusLine.contains("policy file"))
        // The sample's texts are reported as hate.
        mia.press("1 R 1")
        #expect(mia.state.focus?.note == "Slur against a protected group")
        var ben = Reviewer([Sample.picture("p")])
        ben.press("R")
        #expect(ben.statusLine.contains("Choose a policy first (p)"))
    }

    @Test("Tab in the note goes through the reasons that begin as typed, and back to the first")
    func tab() {
        var mia = Reviewer([Sample.threat])
        mia.press("n tab")
        #expect(mia.statusLine.contains("Note: Slur against"))
        mia.press("tab")
        #expect(mia.statusLine.contains("Note: Dehumanising"))
        mia.press("tab")
        #expect(mia.statusLine.contains("Note: Slur"))
        mia.press("ctrl-u d tab enter x")
        #expect(mia.desk.decisions.first?.draft.note == "Dehumanising comparison")
    }
}
