import Queue
import Testing

@testable import ReviewTUI

@Suite("Heads that are fitted again behind the reviewer's back")
struct RefitTests {
    private static let hate = RefitNews.Change(policy: "hate", before: 0.61, after: 0.68, isAdopted: true)

    private func items(_ count: Int) -> [ItemContents] {
        (0..<count).map { Sample.text("post-\($0)", "vermin", scores: [("hate", 0.9)]) }
    }

    private func fitting(after every: Int?, _ count: Int = 8) -> Reviewer {
        Reviewer(items(count), columns: 100, refitEvery: every)
    }

    @Test("after so many verdicts one is asked for, once, and the next only when it is done")
    func counts() {
        var mia = fitting(after: 3)
        mia.press("x x")
        #expect(!mia.state.refit.isUnderWay && mia.refits == 0)
        mia.press("x")
        #expect(mia.state.refit.isUnderWay && mia.refits == 1)
        #expect(mia.screen.contains("fitting heads"))
        mia.press("x x x")
        #expect(mia.refits == 1)
        mia.take(.refitted(RefitNews(changes: [Self.hate], rescored: 12, leftOut: [])))
        // The three that fell meanwhile are enough for another.
        #expect(mia.refits == 2)
    }

    @Test("neither a skip nor a verdict that was not recorded counts, and without being asked for it never happens")
    func never() {
        var mia = fitting(after: nil)
        mia.press("x x x x x")
        #expect(mia.refits == 0)
        var lea = fitting(after: 1)
        lea.press("space j")
        #expect(lea.refits == 0)
    }

    @Test("the title bar tells what came of it for a minute; the status line stays with the last verdict")
    func told() {
        var mia = fitting(after: 2)
        mia.press("x x")
        let status = mia.state.status
        let other = RefitNews.Change(policy: "spam", before: nil, after: 0.5, isAdopted: true)
        mia.take(.refitted(RefitNews(changes: [Self.hate, other], rescored: 1, leftOut: [])))
        #expect(mia.state.status == status && status.text.contains("takes it back"))
        // What was learnt from nothing has gained most.
        #expect(mia.screen.contains("spam learnt, 0.50 +1"))
        mia.pass(milliseconds: 65_000)
        #expect(!mia.screen.contains("learnt"))
        mia.take(
            .refitted(
                RefitNews(
                    changes: [RefitNews.Change(policy: "hate", before: 0.6, after: 0.5, isAdopted: false)], rescored: 0,
                    leftOut: [])))
        #expect(mia.screen.contains("no better head"))
    }

    @Test("`:refit` asks for it at once; one at a time; a failure says why and loses nothing")
    func asked() {
        var mia = fitting(after: nil)
        mia.press(":")
        mia.type("refit")
        mia.press("enter")
        #expect(mia.refits == 1)
        mia.press(":")
        mia.type("refit")
        mia.press("enter")
        #expect(mia.refits == 1 && mia.state.status.text.contains("already"))
        mia.take(.refitFailed(.failed("No models are here.")))
        #expect(
            mia.state.status.text == "Heads could not be fitted: No models are here." && !mia.state.refit.isUnderWay)
        mia.press("x")
        #expect(mia.state.status.text.contains("Removed"))
    }
}
