import Queue
import Testing

@testable import ReviewTUI

@Suite("A filter over the list")
struct FilterTests {
    private let posts = (0..<12).map { Sample.text("post-\($0)", $0 % 3 == 0 ? "fizz \($0)" : "number \($0)") }

    @Test("the list holds what matches, and one verdict after another goes through it")
    func verdicts() {
        var mia = Reviewer(posts)
        mia.press("/")
        mia.type("fizz")
        mia.press("enter")
        #expect(mia.state.list.rows.map(\.id) == ["post-0", "post-3", "post-6", "post-9"])
        #expect(mia.state.focus?.id == "post-0" && mia.state.focus?.lease != nil)
        #expect(mia.statusLine.contains("fizz (esc: all)"))
        mia.press("a a a a")
        #expect(mia.record == ["post-0 allow", "post-3 allow", "post-6 allow", "post-9 allow"])
        #expect(mia.state.focus == nil && mia.desk.leased.isEmpty)
        mia.press("esc")
        #expect(mia.state.filter.isEmpty && mia.state.focus?.id == "post-1")
        #expect(mia.state.list.rows.count == 8)
    }

    @Test("what was held before and does not match is given back")
    func release() {
        var mia = Reviewer(posts)
        mia.press("j j")
        mia.press("/")
        mia.type("fizz")
        mia.press("enter")
        #expect(mia.desk.leased.isSubset(of: ["post-0", "post-3", "post-6", "post-9"]))
        #expect(mia.desk.leased.count == 2, "the item on the screen and the one after it")
    }

    @Test("an item that somebody else holds is passed over")
    func taken() {
        var mia = Reviewer(posts)
        mia.desk.change { $0.takenByOthers = ["post-3"] }
        mia.press("/")
        mia.type("fizz")
        mia.press("enter a a")
        #expect(mia.record == ["post-0 allow", "post-6 allow"])
    }

    @Test("a mistake is pointed at, nothing changes, and it can be mended")
    func mistake() {
        var mia = Reviewer(posts, columns: 100)
        mia.press("f")
        mia.type("fizz score>x")
        mia.press("enter")
        guard case .prompt(let prompt) = mia.state.mode else {
            Issue.record("the prompt is closed")
            return
        }
        #expect(prompt.error?.offset == 11 && mia.state.filter.isEmpty)
        #expect(mia.statusLine.contains("fizz score>x") && mia.statusLine.contains("a score from 0 to 1"))
        let frame = mia.frame.cells
        let row = frame.size.rows - 2
        let column = 1 + "Filter: fizz score>".count
        #expect(
            frame[row, column].text == "x" && frame[row, column].style.reverse != frame[row, column - 1].style.reverse)
        for _ in 0..<8 { mia.press("backspace") }
        mia.press("enter")
        #expect(mia.state.filter.canonicalText == "fizz")
    }

    @Test("f shows the present filter, and an emptied one lists everything again")
    func prefilled() {
        var mia = Reviewer(posts)
        mia.press("/")
        mia.type("fizz")
        mia.press("enter f")
        #expect(mia.statusLine.contains("Filter: fizz"))
        mia.press("ctrl-u enter")
        #expect(mia.state.filter.isEmpty && mia.state.list.rows.count == 12)
    }

    @Test("the answer to a filter that was left is not shown, and its lease is given back")
    func late() {
        var mia = Reviewer(posts)
        mia.answers = false
        mia.press("/")
        mia.type("fizz")
        mia.press("enter esc")
        mia.answers = true
        #expect(mia.state.list.rows.count == 12 && mia.state.filter.isEmpty)
        #expect(mia.desk.leased.isSubset(of: Set(mia.state.leases.map(\.item))))
    }

    @Test("a search that fails is told once and not repeated for ever")
    func failing() {
        var mia = Reviewer(posts)
        mia.desk.change { $0.failures["page"] = .busy("Looking took longer than 5 s.") }
        mia.press("/")
        mia.type("fizz")
        mia.press("enter")
        #expect(mia.statusLine.contains("Looking took longer") && mia.state.focus == nil)
        mia.press("esc")
        #expect(mia.state.focus?.id == "post-0")
    }

    @Test("nothing matches: it says so, and how to go on")
    func nothing() {
        var mia = Reviewer(posts)
        mia.press("/")
        mia.type("zebra")
        mia.press("enter")
        #expect(mia.statusLine.contains("Nothing else matches") && mia.desk.leased.isEmpty)
    }
}
