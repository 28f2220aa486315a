import Queue
import Testing

@testable import ReviewTUI

@Suite("The queue's list")
struct ListTests {
    private func many(_ count: Int) -> [ItemContents] {
        (0..<count).map { Sample.text("post-\($0)", "number \($0)", scores: [("spam", 0.5)]) }
    }

    @Test("however long the queue, only a window of it is in memory")
    func window() {
        var mia = Reviewer(many(1_000))
        for _ in 0..<45 { mia.press("pagedown") }
        #expect(mia.state.focus?.id == "post-900")
        #expect(mia.state.list.rows.count <= 600)
        for _ in 0..<40 { mia.press("pageup") }
        #expect(mia.state.focus?.id == "post-100")
        #expect(mia.state.list.rows.count <= 600)
    }

    @Test("the ends are a key away")
    func ends() {
        var mia = Reviewer(many(900))
        mia.press("end")
        #expect(mia.state.focus?.id == "post-899")
        mia.press("home")
        #expect(mia.state.focus?.id == "post-0")
    }

    @Test("the selection stops at both ends")
    func stops() {
        var mia = Reviewer(many(3))
        mia.press("k k")
        #expect(mia.state.focus?.id == "post-0")
        mia.press("j j j j j")
        #expect(mia.state.focus?.id == "post-2")
    }

    @Test("a decided item leaves the list")
    func decided() {
        var mia = Reviewer(many(3))
        mia.press("a")
        #expect(mia.state.list.rows.map(\.id) == ["post-1", "post-2"])
    }

    @Test("an item asked for by id comes first")
    func startingItem() {
        let mia = Reviewer(many(5), startingWith: "post-3")
        #expect(mia.state.focus?.id == "post-3")
        #expect(mia.state.focus?.lease != nil)
    }

    @Test("who goes through the list finds the next items read already, and who judges reads none ahead")
    func nearby() {
        var mia = Reviewer((0..<9).map { Sample.text("post-\($0)", "text \($0)") })
        #expect(mia.desk.calls.filter { $0 == "detail" }.isEmpty)
        mia.press("j j")
        #expect(
            mia.screen.contains("text 2")
                && Set(mia.state.nearby?.read.keys.map(\.rawValue) ?? []) == ["post-3", "post-4"])
        mia.answers = false
        mia.press("j")
        #expect(mia.screen.contains("text 3") && mia.state.selection == nil)
        mia.answers = true
        mia.press("a")
        #expect(mia.record == ["post-3 allow"] && mia.state.nearby == nil)
    }

    @Test("what somebody else changed is read anew before it is shown")
    func nearbyIsFresh() {
        var mia = Reviewer((0..<9).map { Sample.text("post-\($0)", "text \($0)") })
        mia.press("j j")
        mia.desk.change { $0.items[3] = Sample.text("post-3", "changed") }
        mia.take(.queueChanged)
        mia.press("j")
        #expect(mia.screen.contains("changed"))
    }
}
