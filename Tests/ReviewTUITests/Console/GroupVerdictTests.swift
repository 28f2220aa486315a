import Testing

@testable import Queue
@testable import ReviewTUI

/// One key decides a group: what it decides, what it leaves, and how it is taken back.
@Suite struct GroupVerdictTests {
    private static func posts(_ count: Int) -> [ItemContents] {
        (1...count).map { Sample.text("post-\($0)", "Buy now", scores: [("spam", 0.9)]) }
    }

    private func reviewer(_ count: Int = 4, grouped: Int? = nil, blindFirst: Bool = false) -> Reviewer {
        let reviewer = Reviewer(Self.posts(count), columns: 120, rows: 40, blindFirst: blindFirst)
        reviewer.desk.change { $0.group = (1...(grouped ?? count)).map { ItemID("post-\($0)") } }
        return reviewer
    }

    @Test("A verdict key on the sheet decides everything that waits, each by itself, and says so")
    func decided() {
        var mia = reviewer(5, grouped: 4)
        mia.press("t")
        #expect(mia.screen.contains("The group of post-1: 4 of 4 in"))
        mia.press("n")
        mia.type("seen")
        mia.press("enter s 3 x")
        #expect(mia.record == (1...4).map { "post-\($0) remove spam" })
        #expect(mia.statusLine.contains("Removed 4 of 4 as spam · u takes them back"))
        let drafts = mia.desk.decisions.map(\.draft)
        #expect(drafts[0].group == GroupMark(size: 4) && drafts[0].preselected == ["spam"])
        for member in drafts.dropFirst() {
            #expect(member.group == GroupMark(lead: "d post-1", size: 4))
            #expect(member.note == "seen" && member.severity == 3)
            // Nothing the model said of it was on the screen: the label is the person's.
            #expect(member.preselected.isEmpty && member.shownScores.isEmpty && member.shownExplanation == nil)
            #expect(member.durationMilliseconds == nil && member.firstCall == nil)
        }
        #expect(mia.state.focus?.id == "post-5" && mia.state.sheet == nil && mia.state.mode == .review)
        mia.press(".")
        #expect(mia.desk.decisions.last?.draft.group == nil, "the same again is for one item")
    }

    @Test("What is picked out, held, decided, restricted or asked about stays, and is named")
    func left() {
        var mia = reviewer(7)
        mia.desk.change {
            $0.takenByOthers = ["post-3"]
            $0.standings["post-4"] = .restricted
            $0.standings["post-5"] = .handedOn
        }
        mia.press("t right space")
        #expect(mia.screen.contains("3 of 7 in, 1 excepted, 1 held, 1 restricted, 1 apart"))
        mia.press("right space")
        #expect(mia.statusLine.contains("post-3 is held by ann"))
        mia.press("right space")
        #expect(mia.statusLine.contains("one by one"))
        mia.press("home space")
        #expect(mia.statusLine.contains("leads the group"))
        // Somebody takes one between the look and the verdict.
        mia.desk.change { $0.takenByOthers.insert("post-7") }
        mia.press("x")
        #expect(mia.record == ["post-1 remove spam", "post-6 remove spam"])
        #expect(mia.statusLine.contains("Removed 2 of 7 as spam; 2 held by ann, 1 excepted, 1 restricted, 1 to be"))
    }

    @Test("Picked out and taken in again, an item is decided with the others")
    func takenIn() {
        var mia = reviewer(3)
        mia.press("t l space")
        #expect(mia.screen.contains("2 of 3 in, 1 excepted"))
        mia.press("space a")
        #expect(mia.record == ["post-1 allow", "post-2 allow", "post-3 allow"])
        #expect(mia.desk.decisions.allSatisfy { $0.draft.policies.isEmpty })
    }

    @Test("A single undo takes the whole group back, and the item that led it is before the reviewer again")
    func undone() {
        var mia = reviewer(5, grouped: 4)
        mia.press("t x")
        #expect(mia.state.focus?.id == "post-5")
        mia.press("u")
        #expect(mia.record.isEmpty && mia.state.focus?.id == "post-1")
        #expect(mia.state.focus?.lease != nil && mia.state.groupUndo == nil && !mia.state.undoIsAsked)
        #expect(mia.statusLine.contains("Took back “remove” on 4 of 4; post-1 is before you again."))
        mia.press("x")
        #expect(mia.record == ["post-1 remove spam"], "alone again")
    }

    @Test("One verdict of a group is taken back by itself, in the history or on the sheet")
    func individually() {
        var mia = reviewer(5, grouped: 4)
        mia.press("t x h j")
        #expect(mia.screen.contains("(group of 4) spam"))
        mia.press("t")
        #expect(mia.record == ["post-1", "post-2", "post-4"].map { "\($0) remove spam" })
        #expect(mia.statusLine.contains("Took back “remove” on post-3. It waits in the queue again."))
        #expect(mia.state.focus?.id == "post-5", "what is before the reviewer stays")
        // From the sheet of the one that waits again.
        mia.press("home")
        #expect(mia.state.focus?.id == "post-3")
        mia.press("t right u")
        #expect(mia.record == ["post-2", "post-4"].map { "\($0) remove spam" })
        #expect(mia.state.mode == .sheet)
        mia.press("u")
        #expect(mia.statusLine.contains("no verdict of yours on post-1"))
    }

    @Test("What cannot be undone is asked about before it falls on a group, and not answered by the key that asked")
    func question() {
        let final = Policy(id: "spam", title: "Spam", asks: PolicyQuestion([.remove: "The account is closed."]))
        var mia = Reviewer(
            [Sample.text("post-1", "one", scores: [("spam", 0.9)]), Sample.text("post-2", "one")], columns: 120,
            rows: 40, taxonomy: [final])
        mia.desk.change { $0.group = ["post-1", "post-2"] }
        mia.press("t x x")
        #expect(mia.record.isEmpty && mia.screen.contains("The account is closed."))
        mia.press("esc")
        #expect(mia.record.isEmpty && mia.state.mode == .sheet)
        mia.press("x y")
        #expect(mia.record == ["post-1 remove spam", "post-2 remove spam"])
    }

    @Test(
        "Who comes to the group under the reviewer's eyes is out until picked, and who was never on the screen is left")
    func unseen() {
        let items = (1...12).map { Sample.text("post-\($0)", "one", scores: [("spam", 0.9)]) }
        var mia = Reviewer(items, columns: 80, rows: 24)
        mia.desk.change { $0.group = items.prefix(11).map(\.item.id) }
        mia.press("t")
        mia.desk.change { $0.group = [items[0].item.id, items[11].item.id] + items[1..<11].map(\.item.id) }
        mia.take(.queueChanged)
        mia.press("x")
        #expect(!mia.record.contains("post-12 remove spam"))
        #expect(mia.record.count == 7)
        #expect(mia.statusLine.contains("not seen"))
    }

    @Test("Without a policy the list of policies comes first, and leads back to the sheet if nothing is chosen")
    func picker() {
        var mia = Reviewer([Sample.text("post-1", "one"), Sample.text("post-2", "one")], columns: 120, rows: 40)
        mia.desk.change { $0.group = ["post-1", "post-2"] }
        mia.press("t x")
        #expect(mia.screen.contains("Remove: which rule does it break?"))
        mia.press("esc")
        #expect(mia.state.mode == .sheet && mia.record.isEmpty)
        mia.press("x s")
        #expect(mia.record.isEmpty, "s leads on to sexual/minors, too")
        mia.press("s")
        #expect(mia.record == ["post-1 remove sexual", "post-2 remove sexual"])
    }

    @Test("Restricted items and policies never take others along")
    func restricted() {
        var mia = Reviewer(
            [
                Sample.text("post-1", "one", scores: [("sexual/minors", 0.9)]), Sample.text("post-2", "one"),
                Sample.text("post-3", "one", scores: [("hate", 0.1)]),
            ], columns: 120, rows: 40)
        mia.desk.change { $0.group = ["post-1", "post-2", "post-3"] }
        mia.press("t x")
        #expect(mia.record.isEmpty && mia.statusLine.contains("one by one"))
        mia.press("esc e y")
        #expect(mia.record == ["post-1 escalate sexual/minors"], "alone it can be decided")
        mia.press("p")
        for _ in Sample.taxonomy where mia.state.mode != .review {
            if case .policies(let picker) = mia.state.mode, Sample.taxonomy[picker.index].restricted { break }
            mia.press("down")
        }
        mia.press("space esc t r")
        #expect(mia.record == ["post-1 escalate sexual/minors"])
        #expect(mia.statusLine.contains("sexual/minors is about is decided one by one"))
    }

    @Test("Blind first, the sheet is closed until the item has been judged once")
    func veiled() {
        var mia = reviewer(3, blindFirst: true)
        mia.press("t")
        #expect(mia.state.mode == .review && mia.statusLine.contains("hidden until you have judged"))
        mia.press("a t")
        #expect(mia.state.mode == .sheet)
    }

    @Test("Where nothing looks or reads like the item, it says so and nothing opens")
    func alone() {
        var mia = reviewer(3, grouped: 1)
        mia.press("t")
        #expect(
            mia.state.mode == .review && mia.statusLine.contains("Nothing in the queue looks or reads like post-1."))
        mia.press("x")
        #expect(mia.record == ["post-1 remove spam"])
    }

    @Test("Keys before the group is read, and while it is recorded, decide nothing; esc stops with what is done")
    func slow() {
        var mia = reviewer(4)
        mia.answers = false
        mia.press("t x")
        #expect(mia.statusLine.contains("still being looked for"))
        mia.answers = true
        #expect(mia.record.isEmpty && mia.screen.contains("4 of 4 in"))
        mia.answers = false
        mia.press("x a x")
        #expect(mia.statusLine.contains("is being recorded"))
        mia.press("esc")
        mia.answers = true
        #expect(mia.record == ["post-1 remove spam"])
        #expect(mia.statusLine.contains("Removed 1 of 4 as spam; 3 not reached"))
        #expect(mia.state.focus?.id == "post-2")
    }

    @Test("Where the item's own verdict cannot be recorded, nothing else of the group is decided")
    func leadFails() {
        var mia = reviewer(3)
        mia.press("t")
        mia.desk.change { $0.failures["decide"] = .busy("The queue is busy.") }
        mia.press("x")
        #expect(mia.record.isEmpty && mia.statusLine.contains("Not recorded: press the key again."))
        #expect(mia.state.mode == .sheet && mia.state.sheet?.work == nil)
        mia.press("x")
        #expect(mia.record.count == 3)
    }

    @Test("Leaving in the middle gives every lease back and decides no more")
    func leaving() {
        var mia = reviewer(4)
        mia.answers = false
        mia.press("t")
        mia.answers = true
        mia.answers = false
        mia.press("x ctrl-c")
        mia.answers = true
        #expect(mia.hasLeft && mia.desk.leased.isEmpty)
        #expect(mia.record == ["post-1 remove spam"])
    }

    @Test("Nothing on the sheet is raw, and restricted members show nothing of themselves")
    func hostile() {
        var mia = Reviewer(
            [Sample.hostile, Sample.picture("photo-1", text: "secret words", scores: [("sexual/minors", 0.9)])],
            columns: 120, rows: 40)
        mia.desk.change { $0.group = [Sample.hostile.item.id, "photo-1"] }
        mia.press("t")
        #expect(!mia.screen.contains("secret words") && mia.screen.contains("not shown"))
        #expect(!mia.screen.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control })
        #expect(mia.screen.contains("⟨U+202E⟩"))
        mia.press("right enter")
        #expect(!mia.screen.contains("secret words"))
    }

    @Test("A picture that its policy blurs is blurred on the sheet, and so is what looks like one")
    func blurred() {
        var asked: [PreviewRequest] = []
        let items = [
            Sample.picture("photo-1", scores: [("violence/graphic", 0.9)]),
            Sample.picture("photo-2", scores: [("spam", 0.9)]),
        ]
        var mia = Reviewer(items, columns: 120, rows: 40, preview: .some(nil))
        mia.desk.change { $0.group = ["photo-1", "photo-2"] }
        mia.preview = nil
        mia.press("t")
        asked = mia.state.sheet.map { sheet in sheet.thumbnails.values.compactMap(\.wanted) } ?? []
        #expect(asked.count == 2 && asked.allSatisfy { $0.softening == [.blur] && $0.overlay == nil })
        #expect(asked.allSatisfy { $0.abilities.graphics == .symbols })
    }
}
