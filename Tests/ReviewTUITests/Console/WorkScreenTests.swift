import Foundation
import Testing

@testable import Queue
@testable import ReviewTUI

/// The screens about the work, as a person goes through them.
@Suite("Screens about the work")
struct WorkScreenTests {
    private func mia(_ items: [ItemContents] = [Sample.threat, Sample.harmless]) -> Reviewer {
        let mia = Reviewer(items)
        mia.desk.change { $0.work = SampleWork.readings }
        return mia
    }

    private func reads(_ mia: Reviewer) -> [String] { mia.desk.calls.filter { $0.hasPrefix("work") } }

    @Test("each opens by its key and by its name, tab and digits go round, esc and q return to the item")
    func opening() {
        var mia = mia()
        for (key, title) in [("Q", "▶1 Queue"), ("S", "▶2 My"), ("C", "▶3 Calibration"), ("A", "▶4 Agreement")] {
            mia.press(key)
            #expect(mia.lines[0].contains(title), "\(key)")
            mia.press(key == "S" ? "esc" : "q")
            #expect(mia.state.mode == .review && !mia.hasLeft)
        }
        mia.press(":")
        mia.type("calibration")
        mia.press("enter")
        #expect(mia.lines[0].contains("▶3"))
        mia.press("tab tab")
        #expect(mia.lines[0].contains("▶1"))
        mia.press("backtab")
        #expect(mia.lines[0].contains("▶4"))
        mia.press("2")
        #expect(mia.lines[0].contains("▶2"))
        mia.press("Q")
        #expect(mia.lines[0].contains("▶1"))
    }

    @Test("it says that it reads before anything is read, and why where it cannot")
    func reading() {
        var mia = mia()
        mia.answers = false
        mia.press("Q")
        #expect(mia.lines[2].contains("reading …"))
        mia.answers = true
        #expect(mia.screen.contains("1,203 waiting"))
        mia.desk.change { $0.failures = ["work own": .busy("Another process is writing: try again.")] }
        mia.press("2")
        #expect(mia.screen.contains("Another process is writing") && !mia.screen.contains("reading …"))
        mia.press("1 2")
        #expect(mia.screen.contains("41 verdicts today"), "the next try came through")
    }

    @Test("no key judges, moves or leaves: the item is as it was, under its lease, without the time that went by")
    func item() {
        var mia = mia()
        let before = mia.state.focus
        mia.press("Q x a r e space u . 9 enter n j k esc")
        #expect(mia.record.isEmpty && mia.state.focus?.id == before?.id && mia.state.mode == .review)
        #expect(mia.state.focus?.lease == before?.lease && !mia.desk.calls.contains("undo"))
        mia.press("x")
        #expect(mia.record == ["post-17 remove harassment+hate"])
        // Two seconds before the screen was opened, and one after it was closed; thirteen on it.
        #expect(mia.desk.decisions.first?.draft.durationMilliseconds == 2_000)
    }

    @Test("the lease is renewed while a screen is open, and nobody's verdict closes it")
    func lease() {
        var mia = mia()
        mia.press("Q")
        for _ in 0..<100 {
            mia.press("k")
            mia.take(.tick)
        }
        #expect(mia.desk.calls.contains("renew") && mia.lines[0].contains("▶1"))
    }

    @Test("others' work is shown within seconds, and a slow queue is not asked without rest")
    func refresh() {
        var mia = mia()
        mia.press("Q")
        #expect(reads(mia).count == 1)
        mia.take(.queueChanged)
        #expect(reads(mia).count == 1, "it was read a second ago")
        mia.press("k k k")
        mia.take(.tick)
        #expect(reads(mia).count == 2, "and is read again once three seconds are over")
        mia.take(.tick)
        #expect(reads(mia).count == 2, "nothing changed since")
        mia.answers = false
        for _ in 0..<4 { mia.press("k") }
        mia.take(.queueChanged)
        for _ in 0..<10 { mia.press("k") }
        mia.answers = true
        #expect(reads(mia).count == 3)
        mia.take(.queueChanged)
        for _ in 0..<50 {
            mia.press("k")
            mia.take(.tick)
        }
        #expect(reads(mia).count == 3, "that one took ten seconds")
        for _ in 0..<60 {
            mia.press("k")
            mia.take(.tick)
        }
        #expect(reads(mia).count == 4)
        mia.press("esc")
        mia.take(.queueChanged)
        mia.take(.tick)
        #expect(reads(mia).count == 4, "nobody looks")
    }

    @Test("left and right try a threshold, home takes it back, and nothing is changed by it")
    func threshold() {
        var mia = mia()
        mia.press("C")
        #expect(mia.screen.contains("hate · m@1") && mia.screen.contains("1 of 2") && mia.screen.contains("now .50"))
        let before = mia.lines.first { $0.contains("at or over it") }
        #expect(before?.contains("40 % (34–46)") == true, "\(before ?? "")")
        mia.press("right right pageup")
        #expect(mia.screen.contains("tried .62") && mia.screen.contains("now .50"))
        let moved = mia.lines.first { $0.contains("at or over it") }
        #expect(moved?.hasPrefix(before ?? "-") == true && moved != before, "both are seen side by side")
        mia.press("pagedown pagedown pagedown pagedown pagedown pagedown pagedown")
        #expect(mia.screen.contains("tried .00"))
        mia.press("home")
        #expect(!mia.screen.contains("tried") && mia.screen.contains("nothing is changed"))
        mia.press("down")
        #expect(mia.screen.contains("spam · m@1") && mia.screen.contains("93 judged and 21 violating are needed"))
        mia.press("right")
        mia.take(.work(SampleWork.readings[.calibration]!))
        #expect(mia.screen.contains("spam · m@1") && mia.screen.contains("tried .51"), "a new reading leaves it be")
        mia.press("up")
        #expect(mia.screen.contains("hate · m@1") && !mia.screen.contains("tried"))
        #expect(Set(mia.desk.calls).isDisjoint(with: ["decide", "release", "skip", "undo"]))
    }

    @Test("agreement scrolls to its last line and no further")
    func scrolling() {
        var mia = mia()
        mia.press("A end")
        let end = mia.screen
        #expect(end.contains("Only drawn items speak") || end.contains("first calls changed"))
        mia.press("j pagedown")
        #expect(mia.screen == end)
        mia.press("home")
        #expect(mia.screen.contains("BETWEEN PEOPLE"))
    }

    @Test("names that came from outside are shown safely")
    func hostile() {
        var mia = mia()
        mia.desk.change {
            guard case .health(var health)? = $0.work[.health] else { return }
            health.holders = [QueueHealth.Holder(reviewer: "e\u{1B}[31mve\u{202E}", items: 1)]
            health.policies[0].name = "ha\u{1B}te"
            $0.work[.health] = .health(health)
        }
        mia.press("Q")
        #expect(!mia.screen.contains("\u{1B}") && !mia.screen.contains("\u{202E}") && mia.screen.contains("⟨U+202E⟩"))
    }

    @Test("the days are the local ones, also where the clock is changed between them")
    func days() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "Europe/Vienna"))
        // 2026-10-26T10:00Z, the day after the clock went back.
        let days = LocalDays.upToToday(3, now: Timestamp(milliseconds: 1_793_008_800_000), calendar: calendar)
        #expect(
            days.map(\.rfc3339) == ["2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"].map { $0 })
        #expect(days.map { LocalDays.dayOfMonth($0, calendar: calendar) } == [24, 25, 26])
        let now = Timestamp(milliseconds: 1_793_008_800_000)
        #expect(LocalDays.name(now: now, zone: calendar.timeZone) == "2026-10-26")
        #expect(LocalDays.name(before: 2, now: now, zone: calendar.timeZone) == "2026-10-24")
    }

    @Test("figures are spelled with the digits that say something")
    func figures() {
        #expect(Figures.percent(0) == "0 %" && Figures.percent(0.004) == ".4 %" && Figures.percent(0.0314) == "3.1 %")
        #expect(Figures.percent(0.5) == "50 %" && Figures.percent(0.998) == "100 %" && Figures.percent(0.03) == "3 %")
        #expect(Figures.count(999_999) == "999,999" && Figures.count(1_234_567) == "1,235k")
        #expect(Figures.rough(9_999) == "9,999" && Figures.rough(24_120) == "24.1k" && Figures.rough(99_960) == "100k")
        #expect(Figures.rough(999_600) == "1.0M")
        #expect(Figures.hours(0.01) == "1 min" && Figures.hours(3.46) == "3.5 h" && Figures.hours(300) == "13 d")
        #expect(Figures.duration(milliseconds: 8_420) == "8.4 s" && Figures.duration(milliseconds: 180_000) == "3 min")
    }
}
