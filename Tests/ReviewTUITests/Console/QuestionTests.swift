import Queue
import Testing

@testable import ReviewTUI

/// Verdicts that cannot be undone downstream. In ``Sample``, escalating for `sexual/minors` is one.
@Suite("The question before a final verdict")
struct QuestionTests {
    private let grave = Sample.text("post-40", "about a child", scores: [("sexual/minors", 0.9)])

    @Test("says what happens, records nothing by itself, and yes records the verdict")
    func yes() {
        var mia = Reviewer([grave, Sample.harmless])
        mia.press("e")
        #expect(mia.record.isEmpty)
        #expect(mia.screen.contains("Escalate post-40? It cannot be undone"))
        #expect(mia.screen.contains("The post is reported to the authority."))
        mia.press("y")
        #expect(mia.record == ["post-40 escalate sexual/minors"])
        #expect(mia.state.mode == .review)
    }

    @Test("is not answered by the key that asked, however often it is pressed, nor by other verdict keys")
    func sameKey() {
        var mia = Reviewer([grave])
        mia.press("e e e a x r space .")
        #expect(mia.record.isEmpty && mia.screen.contains("It cannot be undone"))
        mia.press("enter")
        #expect(mia.record == ["post-40 escalate sexual/minors"])
    }

    @Test("is not answered by Enter where Enter asked")
    func enterAsked() {
        var mia = Reviewer([grave])
        mia.press("E")
        mia.type("please look")
        mia.press("enter enter enter")
        #expect(mia.record.isEmpty && mia.screen.contains("y or Y: escalate"))
        mia.press("y")
        #expect(mia.record == ["post-40 escalate sexual/minors"])
        #expect(mia.desk.decisions.first?.draft.note == "please look")
    }

    @Test("is not answered by y where y is the verdict's key")
    func yIsTaken() throws {
        var mia = Reviewer([grave])
        mia.use(try Keymap(toml: "name = \"odd\"\n[keys]\nescalate = [\"y\", \"e\"]\nquit = [\"q\"]", file: "odd.toml"))
        mia.press("e y y")
        #expect(mia.record.isEmpty)
        mia.press("enter")
        #expect(mia.record.count == 1)
    }

    @Test("Escape leaves it, and the item stays")
    func no() {
        var mia = Reviewer([grave, Sample.harmless])
        mia.press("e esc")
        #expect(mia.record.isEmpty && mia.state.focus?.id == "post-40" && mia.statusLine.contains("No verdict"))
        mia.press("a")
        #expect(mia.record == ["post-40 allow"])
    }

    @Test("keys that came before it could be seen are no answer")
    func burst() {
        var mia = Reviewer([grave])
        mia.burst("e y y enter")
        #expect(mia.record.isEmpty && mia.screen.contains("It cannot be undone"))
        mia.press("y")
        #expect(mia.record.count == 1)
    }

    @Test("a verdict typed ahead asks when its item comes, and what was typed behind it is dropped")
    func typedAhead() {
        var mia = Reviewer([Sample.harmless, grave, Sample.text("post-41", "next")])
        mia.answers = false
        mia.press("a e y a")
        mia.answers = true
        #expect(mia.record == ["post-18 allow"])
        #expect(mia.screen.contains("Escalate post-40?") && mia.statusLine.contains("2 keys after it were dropped"))
        mia.press("y")
        #expect(mia.record == ["post-18 allow", "post-40 escalate sexual/minors"])
    }

    @Test("an escalation for a report alone asks too; without either nothing asks")
    func reported() {
        let reported = ItemContents(
            item: Item(
                id: "post-42", text: "reported", flaggedAt: Timestamp(milliseconds: Sample.start),
                reports: [Report(reason: "sexual/minors")]), scores: [], explanations: [])
        var mia = Reviewer([reported, Sample.harmless])
        mia.press("e")
        #expect(mia.record.isEmpty && mia.screen.contains("sexual/minors"))
        mia.press("y e")
        #expect(mia.record == ["post-42 escalate", "post-18 escalate"])
    }

    @Test("remove under the same policy does not ask where only the escalation is final")
    func otherVerdict() {
        var mia = Reviewer([grave])
        mia.press("x")
        #expect(mia.record == ["post-40 remove sexual/minors"])
    }

    @Test("a lease that went back while nobody answered is taken again, and the question is put again")
    func away() {
        var mia = Reviewer([grave])
        mia.press("e")
        mia.pass(milliseconds: 700_000)
        #expect(mia.desk.leased.isEmpty && mia.record.isEmpty)
        mia.press("y y")
        #expect(mia.record.isEmpty && mia.screen.contains("enter or Y: escalate"))
        mia.press("enter")
        #expect(mia.record.count == 1)
    }
}
