import Queue
import Testing

@testable import ReviewTUI

@Suite("Verdicts by keystroke")
struct VerdictTests {
    private func three() -> [ItemContents] {
        [Sample.threat, Sample.harmless, Sample.text("post-20", "buy now", scores: [("spam", 0.97)])]
    }

    @Test("one key allows, and the next item comes up")
    func allow() {
        var mia = Reviewer(three())
        #expect(mia.screen.contains("vermin"))
        mia.press("a")
        #expect(mia.record == ["post-17 allow"])
        #expect(mia.screen.contains("lovely harbour"))
        #expect(mia.statusLine.contains("Allowed post-17") && mia.statusLine.contains("u takes it back"))
    }

    @Test("remove takes the policies over their threshold, and says which a person did not touch")
    func removePreselected() throws {
        var mia = Reviewer(three())
        mia.press("x")
        let draft = try #require(mia.desk.decisions.first?.draft)
        #expect(draft.policies == ["hate", "harassment"])
        #expect(draft.preselected == ["hate", "harassment"])
        #expect(draft.deselected.isEmpty)
        #expect(draft.shownScores == ["hate", "harassment", "violence/graphic", "spam"])
        #expect(draft.shownExplanation == .init(method: "legrad", policy: "hate"))
        #expect(draft.durationMilliseconds == 1_000)
    }

    @Test("a number that is no probability is marked, stands last and preselects nothing; a digit still chooses it")
    func uncalibrated() throws {
        var odd = Sample.text("post-21", "buy now", scores: [("hate", 0.2), ("spam", 0.97)])
        odd.scores[1].provenance = Score.Provenance(
            weights: "aa", head: "zero-shot@1", precision: "f32", isCalibrated: false)
        var mia = Reviewer([odd])
        #expect(mia.screen.contains("~.97"))
        mia.press("2 x")
        let draft = try #require(mia.desk.decisions.first?.draft)
        #expect(draft.policies == ["spam"] && draft.preselected == [])
    }

    @Test("digits drop and choose policies, and the record knows whose choice it was")
    func digits() throws {
        var mia = Reviewer(three())
        mia.press("2 4 v r")
        let draft = try #require(mia.desk.decisions.first?.draft)
        #expect(draft.verdict == .restrict)
        #expect(draft.policies == ["hate", "spam"])
        #expect(draft.preselected == ["hate"])
        #expect(draft.deselected == ["harassment"])
        #expect(draft.shownExplanation == nil)
    }

    @Test("a policy dropped and chosen again by hand is the person's choice")
    func chosenAgain() throws {
        var mia = Reviewer(three())
        mia.press("1 1 x")
        let draft = try #require(mia.desk.decisions.first?.draft)
        #expect(draft.policies == ["hate", "harassment"])
        #expect(draft.preselected == ["harassment"])
        #expect(draft.deselected.isEmpty)
    }

    @Test("allow names no policies, whatever was preselected")
    func allowNamesNone() throws {
        var mia = Reviewer(three())
        mia.press("a")
        let draft = try #require(mia.desk.decisions.first?.draft)
        #expect(draft.policies.isEmpty && draft.preselected.isEmpty)
        #expect(draft.shownScores.count == 4)
    }

    @Test("remove without a policy asks for one; Enter takes the highlighted one")
    func picker() {
        var mia = Reviewer([Sample.harmless])
        mia.press("x")
        #expect(mia.record.isEmpty)
        #expect(mia.screen.contains("which rule does it break?"))
        mia.press("down enter")
        #expect(mia.record == ["post-18 remove hate"])
    }

    @Test("Escape leaves the picker without a verdict")
    func pickerLeft() {
        var mia = Reviewer([Sample.harmless])
        mia.press("r esc")
        #expect(mia.record.isEmpty)
        #expect(mia.statusLine.contains("No verdict"))
        mia.press("a")
        #expect(mia.record == ["post-18 allow"])
    }

    @Test("escalate never asks, also without a policy")
    func escalate() {
        var mia = Reviewer([Sample.harmless])
        mia.press("e")
        #expect(mia.record == ["post-18 escalate"])
    }

    @Test("a question goes with an escalation")
    func question() {
        var mia = Reviewer([Sample.harmless])
        mia.press("E")
        mia.type("satire?")
        mia.press("enter")
        #expect(mia.record == ["post-18 escalate"])
        #expect(mia.desk.decisions.first?.draft.note == "satire?")
    }

    @Test("a queue that a dropped escalation named takes no later one; the last escalation again goes where it went")
    func droppedEscalation() throws {
        var mia = Reviewer([Sample.text("post-40", "about a child", scores: [("sexual/minors", 0.9)])])
        mia.press("E")
        mia.type("@legal satire?")
        mia.press("enter esc e y")
        #expect(mia.desk.decisions.last?.draft.verdict == .escalate)
        #expect(mia.desk.decisions.last?.draft.escalatesTo == nil)
        var ann = Reviewer(three())
        ann.press("E")
        ann.type("@legal satire?")
        ann.press("enter .")
        #expect(ann.desk.decisions.map { $0.draft.escalatesTo?.rawValue } == ["legal", "legal"])
    }

    @Test("a question can name the queue that takes the item")
    func questionToAQueue() {
        var mia = Reviewer(three())
        mia.press("E")
        mia.type("@legal satire?")
        mia.press("enter E")
        mia.type("@Not/One what?")
        mia.press("enter")
        #expect(mia.record == ["post-17 escalate harassment+hate"])
        #expect(mia.statusLine.contains("cannot be the name of a queue"))
        #expect(mia.desk.decisions.first?.draft.escalatesTo?.rawValue == "legal")
        #expect(mia.desk.decisions.first?.draft.note == "satire?")
        mia.press("e")
        #expect(mia.desk.decisions.last?.draft.escalatesTo == nil)
    }

    @Test("a note goes with the verdict, and letters typed into it are no commands")
    func note() {
        var mia = Reviewer(three())
        mia.press("n")
        mia.type("axe q")
        mia.press("enter a")
        #expect(mia.record == ["post-17 allow"])
        #expect(mia.desk.decisions.first?.draft.note == "axe q")
    }

    @Test("the arrows bring back what was entered before, of its own kind, and what was being typed")
    func recalled() {
        var mia = Reviewer(three())
        mia.press("n")
        mia.type("one")
        mia.press("enter a n")
        mia.type("two")
        mia.press("enter a n")
        mia.type("ne")
        mia.press("up up up")
        #expect(mia.statusLine.contains("Note: one"))
        mia.press("down")
        #expect(mia.statusLine.contains("Note: two"))
        mia.press("down")
        mia.type("w")
        #expect(mia.statusLine.contains("Note: new"))
        mia.press("up up enter a")
        #expect(mia.desk.decisions.map(\.draft.note) == ["one", "two", "one"])
        mia.press(": up")
        #expect(!mia.statusLine.contains("one"))
    }

    @Test("pasted text is never taken for verdicts")
    func paste() {
        var mia = Reviewer(three())
        mia.take(.paste("axxa"))
        #expect(mia.record.isEmpty)
        #expect(mia.screen.contains("vermin"))
        mia.press("n")
        mia.take(.paste("two\nlines \u{1B}[31m\u{202E}"))
        mia.press("enter a")
        #expect(mia.desk.decisions.first?.draft.note == "two lines [31m")
    }

    @Test("skip records nothing, shows the next, and does not bring the item straight back")
    func skip() {
        var mia = Reviewer(three())
        mia.press("space a")
        #expect(mia.record == ["post-18 allow"])
        #expect(mia.screen.contains("buy now"))
        mia.press("a")
        #expect(mia.screen.contains("vermin"))
        mia.press("q")
        #expect(mia.desk.leased.isEmpty)
        #expect(mia.hasLeft)
    }

    @Test("undo brings the item back under a lease, and a second one goes further back")
    func undo() {
        var mia = Reviewer(three())
        mia.press("a a u")
        #expect(mia.screen.contains("lovely harbour"))
        #expect(mia.statusLine.contains("Took back"))
        #expect(mia.record == ["post-17 allow"])
        mia.press("u")
        #expect(mia.screen.contains("vermin"))
        mia.press("x e a")
        #expect(mia.record == ["post-17 remove harassment+hate", "post-18 escalate", "post-20 allow"])
    }

    @Test("a verdict key pressed while an undo is under way lands on no item")
    func verdictDuringUndo() {
        var mia = Reviewer(three())
        mia.press("a")
        var state = mia.state
        #expect(update(&state, .key(.character("u")), at: state.now).contains(.undo))
        let effects = update(&state, .key(.character("a")), at: state.now)
        #expect(!effects.contains { if case .decide = $0 { true } else { false } })
        #expect(state.waiting.isEmpty && state.status.text.contains("Nothing was recorded"))
    }

    @Test(
        "a policy is chosen by the letters of its key, the nested one by two, and a letter pressed twice is the first")
    func letters() {
        var mia = Reviewer([Sample.harmless, Sample.text("post-30", "two"), Sample.text("post-31", "three")])
        mia.press("x g")
        #expect(mia.record == ["post-18 remove violence/graphic"])
        mia.press("x s")
        #expect(mia.record.count == 1 && mia.screen.contains("s m"))
        mia.press("m")
        #expect(mia.record.last == "post-30 remove sexual/minors")
        mia.press("r s s")
        #expect(mia.record.last == "post-31 restrict sexual")
    }

    @Test("the key that asked for a policy is no answer, whatever letter a policy has")
    func askingKey() {
        var mia = Reviewer([Sample.harmless])
        mia.press("x x x")
        #expect(mia.record.isEmpty)
        mia.use(try! Keymap(toml: "name = \"odd\"\n[keys]\nremove = [\"h\"]\nquit = [\"q\"]", file: "odd.toml"))
        mia.press("esc h h")
        #expect(mia.record.isEmpty)
        mia.press("a")
        #expect(mia.record == ["post-18 remove harassment"])
    }

    @Test("blind first: nothing of the model is seen until a first call, and both calls are recorded")
    func blindFirst() throws {
        var mia = Reviewer(three(), blindFirst: true)
        #expect(mia.screen.contains("hidden until you judge"))
        #expect(!mia.screen.contains(".91") && !mia.screen.contains("legrad"))
        mia.press("x h")
        #expect(mia.record.isEmpty && mia.screen.contains(".91") && mia.screen.contains("legrad"))
        #expect(mia.statusLine.contains("First call: remove for hate"))
        mia.press("enter")
        #expect(mia.record == ["post-17 remove hate"])
        let kept = try #require(mia.desk.decisions.last?.draft)
        #expect(kept.firstCall == .init(verdict: .remove, policies: ["hate"]))
        #expect(kept.preselected.isEmpty && kept.shownScores.contains("hate") && kept.shownExplanation != nil)
        // The next item is veiled again; another verdict changes the first call.
        #expect(mia.screen.contains("hidden until you judge"))
        mia.press("a e")
        #expect(mia.record.last == "post-18 escalate")
        #expect(mia.desk.decisions.last?.draft.firstCall == .init(verdict: .allow, policies: []))
        mia.press("enter")
        #expect(mia.record.count == 2 && mia.statusLine.contains("no first call"))
    }

    @Test("blind first: no preview is made with an explanation in it before the first call, the next item's neither")
    func blindPreviews() {
        var mia = Reviewer(
            [Sample.picture("p", scores: [("spam", 0.9)]), Sample.picture("q", scores: [("spam", 0.9)])],
            blindFirst: true)
        #expect(mia.state.preview.wanted != nil && mia.state.preview.wanted?.overlay == nil)
        #expect(mia.state.aheadPreview.wanted != nil && mia.state.aheadPreview.wanted?.overlay == nil)
        mia.press("a")
        #expect(mia.state.preview.wanted?.overlay != nil && mia.state.aheadPreview.wanted?.overlay == nil)
    }

    @Test("letters choose several policies before a verdict, and none that is no key")
    func severalLetters() {
        var mia = Reviewer([Sample.harmless])
        mia.press("p h a z esc x")
        #expect(mia.record == ["post-18 remove harassment+hate"])
    }

    @Test("how grave it is goes with the verdict, and can be unsaid")
    func severity() {
        var mia = Reviewer(three())
        mia.press("s")
        #expect(mia.screen.contains("How grave is it?"))
        mia.press("4")
        #expect(mia.screen.contains("4 grave"))
        mia.press("x s 2 s 0 a s esc a")
        #expect(mia.desk.decisions.map(\.draft.severity) == [4, nil, nil])
    }

    @Test("the last verdict is done again with its policies, severity and note; what differs is the person's choice")
    func repeated() throws {
        var mia = Reviewer([Sample.threat, Sample.text("post-30", "two", scores: [("spam", 0.97)])])
        mia.press(".")
        #expect(mia.record.isEmpty && mia.statusLine.contains("no verdict yet"))
        mia.press("2 s 3 n")
        mia.type("again")
        mia.press("enter x .")
        #expect(mia.record == ["post-17 remove hate", "post-30 remove hate"])
        let draft = try #require(mia.desk.decisions.last?.draft)
        #expect(draft.severity == 3 && draft.note == "again")
        #expect(draft.deselected == ["spam"] && draft.preselected.isEmpty)
    }

    @Test("the history shows what was decided, newest first, and u in it takes the latest back")
    func history() {
        var mia = Reviewer(three())
        mia.press("x a h")
        #expect(mia.screen.contains("Your last verdicts: u takes the latest back"))
        let allowed = mia.lines.firstIndex { $0.contains("allowed") && $0.contains("post-18") }
        let removed = mia.lines.firstIndex { $0.contains("removed") && $0.contains("post-17") && $0.contains("hate") }
        #expect(allowed.map { $0 + 1 } == removed && removed != nil)
        mia.press("u")
        #expect(mia.state.mode == .review && mia.record == ["post-17 remove harassment+hate"])
        mia.press("h j esc")
        #expect(mia.state.mode == .review)
    }

    @Test("with nothing to undo the console says so")
    func nothingToUndo() {
        var mia = Reviewer(three())
        mia.press("u")
        #expect(mia.statusLine.contains("nothing to undo"))
        #expect(mia.screen.contains("vermin"))
    }

    @Test("leaving gives every lease back")
    func quit() {
        var mia = Reviewer(three())
        #expect(mia.desk.leased == ["post-17", "post-18"])
        mia.press("q")
        #expect(mia.desk.leased.isEmpty && mia.hasLeft)
    }
}

extension ItemID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(value) }
}
