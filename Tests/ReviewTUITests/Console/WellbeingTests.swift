import Queue
import Testing

@testable import ReviewTUI

/// In ``Sample``, `violence/graphic` is of severity 4 and blurs, `hate` is of severity 2.
@Suite("The exposure account and pauses")
struct WellbeingTests {
    private let violent = Sample.picture("p", scores: [("violence/graphic", 0.8)])
    private let hateful = Sample.text("post-60", "vermin", scores: [("hate", 0.9)])
    private let plain = ItemContents(
        item: Item(id: "plain", text: "sunset", flaggedAt: Timestamp(milliseconds: Sample.start)), scores: [],
        explanations: [])

    private func weighted(_ mia: Reviewer) -> Int64 { (mia.desk.exposed + mia.state.meter.unsaved).weighted }

    @Test("text counts from the moment it is shown, times the severity of its gravest policy")
    func text() {
        var mia = Reviewer([hateful])
        mia.pass(milliseconds: 30_000)
        // One second goes by between sitting down and the first look at the clock.
        #expect(weighted(mia) == 2 * 31_000)
        let family = (mia.desk.exposed + mia.state.meter.unsaved).families["hate"]
        #expect(family == Exposure.Family(shown: 31_000, weighted: 62_000, items: 1))
    }

    @Test("a harmless item counts nothing, but the time at the console does")
    func harmless() {
        var mia = Reviewer([plain])
        mia.pass(milliseconds: 30_000)
        #expect(weighted(mia) == 0 && mia.state.meter.unsaved.present == 31_000 && mia.state.meter.unsaved.items == 1)
    }

    @Test("a picture counts while it is as it is: not blurred, not in blocks, not in lines; grey counts in full")
    func picture() {
        var mia = Reviewer([violent])
        mia.pass(milliseconds: 20_000)
        #expect(weighted(mia) == 0)
        mia.press("b")
        let before = weighted(mia)
        mia.pass(milliseconds: 10_000)
        #expect(weighted(mia) - before == 4 * 11_000)
        for key in ["d", "l", "b"] {
            mia.press(key)
            let start = weighted(mia)
            mia.pass(milliseconds: 10_000)
            #expect(weighted(mia) == start, "\(key)")
            mia.press(key)
        }
        mia.press("g")
        let start = weighted(mia)
        mia.pass(milliseconds: 10_000)
        #expect(weighted(mia) > start)
    }

    @Test("a hidden picture counts nothing")
    func hidden() {
        var mia = Reviewer([Sample.picture("p", scores: [("sexual/minors", 0.8)])])
        mia.pass(milliseconds: 20_000)
        #expect(weighted(mia) == 0)
    }

    @Test("two minutes after the last key nobody is taken to look any more")
    func idle() {
        var mia = Reviewer([hateful])
        mia.pass(milliseconds: 900_000)
        let total = mia.desk.exposed + mia.state.meter.unsaved
        #expect(total.present == 120_000 && total.weighted == 240_000)
    }

    @Test("a gap between two events counts no more than ten seconds: the machine slept")
    func asleep() {
        let mia = Reviewer([hateful])
        var state = mia.state
        _ = update(&state, .tick, at: mia.now + 50_000)
        #expect(state.meter.unsaved.present == 10_000)
    }

    @Test("it is written once a minute and on leaving, not with each verdict, and not at all where nobody wants it")
    func written() {
        let writes = { (mia: Reviewer) in mia.desk.calls.filter { $0 == "exposure" }.count }
        var mia = Reviewer([hateful, plain, Sample.harmless])
        mia.press("x a")
        #expect(writes(mia) == 0)
        mia.pass(milliseconds: 70_000)
        #expect(writes(mia) == 1)
        mia.press("q")
        #expect(writes(mia) == 2 && mia.hasLeft && mia.desk.exposed.items == 3)
        var ben = Reviewer([hateful], wellbeing: { $0.keepsAccount = false })
        ben.pass(milliseconds: 100_000)
        ben.press("w")
        #expect(ben.screen.contains("nothing is kept") && ben.screen.contains("hate"))
        ben.press("esc q")
        #expect(writes(ben) == 0)
    }

    @Test("what could not be written goes with the next")
    func failed() {
        var mia = Reviewer([hateful])
        mia.desk.change { $0.failures["exposure"] = .busy("The queue is busy.") }
        mia.pass(milliseconds: 130_000)
        mia.press("q")
        #expect(mia.desk.exposed.present == 120_000)
    }

    @Test("w shows today by group of policies and the last days, and any key leaves it")
    func screen() {
        var mia = Reviewer([hateful, plain])
        mia.pass(milliseconds: 100_000)
        mia.press("w")
        #expect(mia.screen.contains("What you have looked at") && mia.screen.contains("no pause"))
        #expect(mia.lines.contains { $0.contains("hate") && $0.contains("1 min") && $0.contains("3.3") })
        #expect(mia.lines.contains { $0.contains("11-26") && $0.contains("3.3") })
        #expect(mia.screen.contains("11-20"))
        mia.press("a")
        #expect(mia.state.mode == .review && mia.record.isEmpty)
        mia.press("w P")
        #expect(mia.state.isPaused)
    }

    @Test("a pause covers the screen, gives the leases back and takes nothing new; any key ends it and does no more")
    func pause() {
        var mia = Reviewer([hateful, plain, violent])
        #expect(mia.desk.leased.count == 2)
        mia.press("P")
        #expect(mia.desk.leased.isEmpty)
        #expect(
            mia.screen.contains("Any key goes on.") && !mia.screen.contains("vermin") && !mia.screen.contains("post-60")
        )
        mia.pass(milliseconds: 180_000)
        #expect(mia.desk.leased.isEmpty && mia.screen.contains("3 minutes"))
        mia.press("x")
        #expect(mia.record.isEmpty && mia.screen.contains("vermin") && mia.desk.leased.contains("post-60"))
        #expect(mia.desk.exposed.pauses == 1 && mia.desk.exposed.paused >= 180_000)
        mia.press("x")
        #expect(mia.record == ["post-60 remove hate"])
    }

    @Test("an item that somebody took during the pause is gone from the screen after it")
    func taken() {
        var mia = Reviewer([hateful, plain])
        mia.press("P")
        mia.desk.change { $0.takenByOthers = ["post-60"] }
        mia.press("j")
        #expect(mia.state.focus?.id == "plain" && mia.statusLine.contains("another reviewer"))
    }

    @Test("time of a pause is no time at the console, and a pause of seconds is none")
    func short() {
        var mia = Reviewer([hateful])
        mia.press("P")
        let before = mia.desk.exposed.present + mia.state.meter.unsaved.present
        mia.pass(milliseconds: 30_000)
        mia.press("j")
        #expect(mia.desk.exposed.present + mia.state.meter.unsaved.present == before)
        #expect((mia.desk.exposed + mia.state.meter.unsaved).pauses == 0)
    }

    @Test("a pause waits for the verdict that is being written")
    func afterVerdict() {
        var mia = Reviewer([hateful, plain])
        mia.answers = false
        mia.press("x P")
        #expect(mia.state.mode == .review)
        mia.answers = true
        #expect(mia.record == ["post-60 remove hate"] && mia.state.isPaused && mia.desk.leased.isEmpty)
    }

    @Test("a pause is offered after so long, quietly, and no more once one was taken")
    func offered() {
        var mia = Reviewer([hateful], columns: 120, wellbeing: { $0.pauseAfter = 60_000 })
        #expect(!mia.statusLine.contains("a pause?"))
        mia.pass(milliseconds: 90_000)
        #expect(mia.statusLine.contains("1 min at the console since the last pause · P takes one"))
        #expect(mia.statusLine.contains("P: a pause?"))
        mia.press("n h i enter")
        #expect(mia.statusLine.contains("The note goes") && mia.statusLine.contains("P: a pause?"))
        mia.press("P")
        mia.pass(milliseconds: 70_000)
        mia.press("j")
        #expect(!mia.statusLine.contains("a pause?"))
        var ben = Reviewer([hateful], wellbeing: { ($0.pauseAfter, $0.exposureLimit) = (nil, 60_000) })
        ben.pass(milliseconds: 60_000)
        #expect(ben.statusLine.contains("You have looked at"))
        var cleo = Reviewer([hateful], wellbeing: { ($0.pauseAfter, $0.exposureLimit) = (nil, nil) })
        cleo.pass(milliseconds: 110_000)
        #expect(!cleo.statusLine.contains("pause"))
    }

    @Test("five minutes without a key are a pause that nobody asked for")
    func unasked() {
        var mia = Reviewer([hateful], wellbeing: { $0.pauseAfter = 60_000 })
        mia.pass(milliseconds: 400_000)
        #expect(mia.statusLine.contains("a pause?"))
        mia.press("j")
        #expect(!mia.statusLine.contains("a pause?") && mia.desk.exposed.pauses == 0)
    }

    @Test("after so many heavy items in a row a light one is asked for, once, and only by setting")
    func interleaved() {
        func grave(_ id: String) -> ItemContents { Sample.text(id, id, scores: [("violence/graphic", 0.9)]) }
        func mild(_ id: String) -> ItemContents {
            ItemContents(
                item: Item(id: ItemID(id), text: id, flaggedAt: Timestamp(milliseconds: Sample.start)), scores: [],
                explanations: [])
        }
        let items = ["a", "b", "c", "d", "e"].map(grave) + ["l", "m"].map(mild)
        var mia = Reviewer(items, wellbeing: { $0.interleave = 2 })
        mia.press("a a a a a a a")
        #expect(mia.desk.decisions.map(\.item.rawValue) == ["a", "b", "l", "c", "d", "m", "e"])
        var ben = Reviewer(items)
        ben.press("a a a a a a a")
        #expect(!ben.desk.calls.contains("lighter"))
    }
}
