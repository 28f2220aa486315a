import Queue
import Testing

@testable import ReviewTUI

@Suite("Leases and keys that wait")
struct LeaseTests {
    private let items = [
        Sample.threat, Sample.harmless, Sample.text("post-20", "third"), Sample.text("post-21", "fourth"),
    ]

    @Test("a verdict pressed while another is being written waits, and lands on the item that comes next in line")
    func typedAhead() {
        var mia = Reviewer(items)
        mia.answers = false
        mia.press("a e")
        #expect(mia.record.isEmpty)
        mia.answers = true
        #expect(mia.record == ["post-17 allow", "post-18 escalate"])
    }

    @Test("a waiting verdict is dropped with a sentence where the item it was meant for does not come")
    func neverOnAnother() {
        var mia = Reviewer(items)
        mia.press("j")
        mia.answers = false
        mia.press("j e")
        mia.desk.change { $0.takenByOthers = ["post-20"] }
        mia.answers = true
        #expect(mia.record.isEmpty)
        #expect(mia.statusLine.contains("with another reviewer"))
    }

    @Test("a burst of keys is played in its order: each verdict, digit and note on the item it would have met")
    func burst() throws {
        var mia = Reviewer(items)
        mia.answers = false
        mia.press("a 1 n h i enter x e a")
        #expect(mia.record.isEmpty && mia.statusLine.contains("8 keys wait"))
        mia.answers = true
        // post-18 has no policy over its threshold: 1 chose the likeliest.
        #expect(mia.record == ["post-17 allow", "post-18 remove spam", "post-20 escalate", "post-21 allow"])
        #expect(mia.desk.decisions[1].draft.note == "hi" && mia.desk.decisions[2].draft.note == nil)
    }

    @Test("undo and Escape drop what waits; an undo behind a verdict that is being written takes that one back")
    func takenBack() {
        for key in ["u", "esc"] {
            var mia = Reviewer(items)
            mia.answers = false
            mia.press("a x \(key)")
            mia.answers = true
            #expect(mia.record == ["post-17 allow"] && mia.screen.contains("lovely harbour"))
        }
        var mia = Reviewer(items)
        mia.answers = false
        mia.press("a u")
        mia.answers = true
        #expect(mia.record.isEmpty && mia.screen.contains("vermin") && mia.statusLine.contains("Took back"))
    }

    @Test("what was typed ahead of an item that does not come is dropped, and said so")
    func typedForALostItem() {
        var mia = Reviewer(items)
        mia.answers = false
        mia.press("a 2 x a")
        mia.take(.renewFailed(mia.state.ahead[0].lease!, .leaseLost("The lease is lost.")))
        mia.answers = true
        #expect(mia.record == ["post-17 allow"])
        #expect(mia.state.status.text.contains("post-18 is no longer before you. The 2 keys after it were dropped."))
    }

    @Test("of a long burst only so much is taken blind")
    func longBurst() {
        var mia = Reviewer(items + (0..<40).map { Sample.text("more-\($0)", "more") })
        mia.answers = false
        for _ in 0..<30 { mia.press("a") }
        #expect(mia.statusLine.contains("Too many keys wait"))
        mia.answers = true
        #expect(mia.record.count == 9)
    }

    @Test("leaving waits for the verdict before it, and does not leave where that fails")
    func leavingInTurn() {
        var mia = Reviewer(items)
        mia.answers = false
        mia.press("a a q")
        #expect(!mia.state.isQuitting)
        mia.answers = true
        #expect(mia.record == ["post-17 allow", "post-18 allow"] && mia.hasLeft && mia.desk.leased.isEmpty)

        var ann = Reviewer(items)
        ann.answers = false
        ann.press("a q")
        ann.desk.change { $0.failures["decide"] = .busy("The queue is busy.") }
        ann.answers = true
        #expect(ann.record.isEmpty && !ann.hasLeft && ann.state.status.text.contains("The key after it was dropped."))
        ann.press("a ctrl-c")
        #expect(ann.record == ["post-17 allow"] && ann.hasLeft)
    }

    @Test("who leaves while a claim is on its way gives back what it brings, and goes then")
    func leavingDuringAClaim() throws {
        let mia = Reviewer(items)
        let desk = MemoryDesk(items)
        var state = ConsoleState(reviewer: "mia", taxonomy: Sample.taxonomy, size: CellSize(columns: 80, rows: 24))
        #expect(update(&state, .started(item: nil), at: mia.now).contains(.claim(.next)))
        #expect(update(&state, .key(.control("c")), at: mia.now) == [.release([])])
        let claim = try #require(try desk.claim(.next))
        #expect(update(&state, .claimed(claim, .next), at: mia.now) == [.release([claim.lease]), .quit])
        #expect(update(&state, .key(.control("c")), at: mia.now).isEmpty)
    }

    @Test("a verdict given before the item was on the screen counts as blind")
    func blind() throws {
        var mia = Reviewer(items)
        mia.answers = false
        mia.press("a a")
        mia.answers = true
        let second = try #require(mia.desk.decisions.last?.draft)
        #expect(second.shownScores.isEmpty)
        #expect(second.shownExplanation == nil)
    }

    @Test("a selected item is claimed after a dwell, and a verdict there waits for the claim")
    func browse() {
        var mia = Reviewer(items)
        mia.press("j j")
        #expect(mia.screen.contains("third"))
        #expect(mia.desk.leased.contains("post-20"))
        mia.press("a")
        #expect(mia.record == ["post-20 allow"])
    }

    @Test("browsing keeps at most three leases")
    func fewLeases() {
        var mia = Reviewer(items + (0..<10).map { Sample.text("more-\($0)", "more") })
        for _ in 0..<9 { mia.press("j") }
        #expect(mia.desk.leased.count <= 3)
    }

    @Test("a policy picker does not outlive its item: what was chosen for one is never confirmed on the next")
    func pickerOfALostItem() throws {
        var mia = Reviewer([Sample.picture("p"), Sample.picture("q")])
        mia.press("x")
        guard case .policies = mia.state.mode else {
            Issue.record("the picker is not open")
            return
        }
        let lease = try #require(mia.state.focus?.lease)
        mia.take(.renewFailed(lease, .leaseLost("The lease is lost.")))
        #expect(mia.state.focus?.id == "q" && mia.state.mode == .review)
        mia.press("enter")
        #expect(mia.desk.decisions.isEmpty)
    }

    @Test("after a lost lease the console says so and moves on; nothing is recorded")
    func lost() {
        var mia = Reviewer(items)
        mia.desk.change { $0.leases = [:] }
        mia.press("a")
        #expect(mia.record.isEmpty)
        #expect(mia.statusLine.contains("lease on post-17 was lost"))
        #expect(mia.screen.contains("lovely harbour"))
    }

    @Test("a queue that is busy loses nothing: the same key works a moment later")
    func busy() {
        var mia = Reviewer(items)
        mia.press("3")
        mia.desk.change { $0.failures["decide"] = .busy("The queue is busy.") }
        mia.press("x")
        #expect(mia.record.isEmpty)
        #expect(mia.statusLine.contains("press the key again"))
        mia.press("x")
        #expect(mia.record == ["post-17 remove harassment+hate+violence/graphic"])
    }

    @Test("leases are renewed when half of their time is over, once")
    func renewal() {
        var mia = Reviewer(items)
        mia.answers = false
        var state = mia.state
        #expect(
            update(&state, .tick, at: Sample.start + 60_000).allSatisfy {
                if case .recordExposure = $0 { true } else { false }
            })
        let renewals = update(&state, .tick, at: Sample.start + 91_000).filter {
            if case .renew = $0 { true } else { false }
        }
        #expect(renewals.count == 2)
        #expect(
            !update(&state, .tick, at: Sample.start + 92_000).contains { if case .renew = $0 { true } else { false } })
    }

    @Test("who is away for ten minutes gives back what is held, takes nothing more, and comes back with any key")
    func away() {
        var mia = Reviewer(items)
        mia.answers = false
        var state = mia.state
        let left = update(&state, .tick, at: Sample.start + 601_000)
        #expect(left.contains { if case .release(let leases) = $0 { leases.count == 2 } else { false } })
        #expect(state.focus != nil && state.focus?.lease == nil && state.ahead.isEmpty)
        #expect(update(&state, .tick, at: Sample.start + 650_000).allSatisfy { $0 == .count })
        let back = update(&state, .key(.character("v")), at: Sample.start + 700_000)
        #expect(back.contains { if case .claim(.item) = $0 { true } else { false } })
        #expect(back.contains { if case .claim(.next) = $0 { true } else { false } })
    }

    @Test("an empty queue is asked again when something was written to it")
    func dry() {
        var mia = Reviewer([])
        #expect(mia.screen.contains("Nothing is waiting."))
        mia.desk.change { $0.items = [Sample.harmless] }
        mia.take(.queueChanged)
        #expect(mia.screen.contains("lovely harbour"))
    }

    @Test(
        "a verdict that comes long before a slow terminal shows its item is refused; one typed ahead is recorded as blind"
    )
    func lateScreen() {
        var mia = Reviewer([Sample.threat, Sample.harmless])
        mia.isFast = false
        mia.press("x")
        #expect(mia.record.isEmpty && mia.statusLine.contains("has not reached your screen"))
        mia.take(.painted(PaintedFrame(item: "post-17")))
        mia.press("x")
        #expect(mia.record == ["post-17 remove harassment+hate"])
        mia.press("a")
        #expect(mia.record.count == 1 && mia.statusLine.contains("has not reached your screen"))
        // What was painted before is not this item.
        mia.take(.painted(PaintedFrame(item: "post-17")))
        mia.press("a")
        #expect(mia.record.count == 1)
    }
}
