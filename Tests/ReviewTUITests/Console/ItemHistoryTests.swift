import Testing

@testable import Queue
@testable import ReviewTUI

/// What happened to the item before the reviewer, over the screen.
@Suite struct ItemHistoryOnScreenTests {
    private func record(
        _ verdict: Verdict?, by reviewer: String, isStanding: Bool = true, note: String? = nil, group: GroupMark? = nil
    ) -> ItemHistory.Entry {
        let time = Timestamp(milliseconds: Sample.start - 3_600_000)
        let record = DecisionRecord(
            decision: "d1", item: "post-17", verdict: verdict, policies: verdict == .remove ? ["hate"] : [],
            labels: [:],
            severity: verdict == .remove ? 3 : nil, note: note, reviewer: reviewer, decidedAt: time, scores: [],
            group: group, review: .first, isStanding: isStanding, hash: "")
        return ItemHistory.Entry(time: time, event: .decided(record))
    }

    private func reviewer(blindFirst: Bool = false, author: String? = "a9f3") -> Reviewer {
        let mia = Reviewer([Sample.threat, Sample.harmless], columns: 100, rows: 30, blindFirst: blindFirst)
        let early = Timestamp(milliseconds: Sample.start - 7_200_000)
        mia.desk.change {
            $0.itemHistories["post-17"] = ItemHistory(
                item: "post-17",
                entries: [
                    ItemHistory.Entry(time: early, event: .flagged), ItemHistory.Entry(time: early, event: .ingested),
                    record(
                        .remove, by: "ann", isStanding: false, note: "a \u{1B}[31mslur",
                        group: GroupMark(lead: "d0", size: 7)),
                    record(nil, by: "ann"),
                    ItemHistory.Entry(time: early, event: .appealed(note: "It was satire.")), record(.allow, by: "mia"),
                ], reports: [Report(reason: "hate"), Report(reason: "hate")], author: author)
            $0.authors["a9f3"] = AuthorRecord(
                items: 4, verdicts: [.remove: 2, .allow: 1],
                newest: [
                    AuthorRecord.AuthorItem(
                        item: "post-3", flaggedAt: early, firstLine: "Another \u{202E}one", verdict: .remove,
                        policies: ["spam"])
                ])
        }
        return mia
    }

    @Test("H tells what happened, in words, and tab tells of the author's other items")
    func shown() {
        var mia = reviewer()
        mia.press("H")
        let screen = mia.screen
        #expect(screen.contains("What happened to post-17"))
        #expect(screen.contains("2026-11-23 10:00  flagged") && screen.contains("reported: 2 × hate"))
        #expect(screen.contains("removed as hate by ann, severity 3, in a group of 7: a ⟨U+001B⟩[31mslur"))
        #expect(screen.contains("verdict taken back by ann") && screen.contains("appealed: It was satire."))
        #expect(screen.contains("allowed by you"))
        mia.press("tab")
        #expect(mia.screen.contains("a9f3: 4 other items: 1 allowed, 2 removed, 1 undecided"))
        #expect(mia.screen.contains("post-3, removed as spam: Another ⟨U+202E⟩one"))
        mia.press("tab")
        #expect(mia.screen.contains("allowed by you"))
        mia.press("x")
        #expect(mia.state.mode == .review && mia.record.isEmpty, "a key that closes it decides nothing")
    }

    @Test("Blind first, nothing that was decided on the item or its author is told before the first call")
    func veiled() {
        var mia = reviewer(blindFirst: true)
        mia.press("H")
        #expect(mia.screen.contains("flagged") && mia.screen.contains("hidden until you have judged"))
        #expect(!mia.screen.contains("removed as") && !mia.screen.contains("allowed by"))
        mia.press("tab")
        #expect(!mia.screen.contains("removed") && mia.screen.contains("hidden until you have judged"))
        mia.press("esc a H")
        #expect(mia.screen.contains("removed as hate by ann"))
    }

    @Test("A long history scrolls and stops at its end; without an author there is no second page")
    func long() {
        var mia = reviewer(author: nil)
        mia.desk.change { state in
            let more = (0..<60).map { record(.allow, by: "reviewer-\($0)") }
            state.itemHistories["post-17"]?.entries += more
        }
        mia.press("H tab")
        #expect(mia.screen.contains("What happened to post-17 (") && mia.screen.contains("more below)"))
        #expect(!mia.screen.contains("reviewer-59"))
        for _ in 0..<20 { mia.press("pagedown") }
        #expect(mia.screen.contains("reviewer-59") && !mia.screen.contains("more below"))
        mia.press("k")
        #expect(!mia.screen.contains("reviewer-59"))
    }

    @Test("An answer for an item that is no longer before the reviewer opens nothing")
    func late() {
        var mia = reviewer()
        mia.answers = false
        mia.press("H x")
        mia.answers = true
        #expect(mia.state.focus?.id == "post-18")
        var other = reviewer()
        other.press("x")
        other.take(.itemHistory(nil, "post-17"))
        #expect(other.state.mode == .review)
    }
}
