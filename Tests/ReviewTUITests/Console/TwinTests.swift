import Testing

@testable import Queue
@testable import ReviewTUI

/// That an item has twins, and what was decided on them, is seen beside it.
@Suite struct TwinsOnScreenTests {
    private func group(
        _ twins: [(distance: Int?, hasSameText: Bool)], _ verdicts: [GroupVerdict], isCut: Bool = false
    ) -> TwinGroup {
        TwinGroup(
            item: "post-17",
            twins: twins.enumerated().map { number, twin in
                TwinGroup.Twin(
                    item: ItemID("twin-\(number)"), distance: twin.distance, hasSameText: twin.hasSameText,
                    isDecided: false)
            }, verdicts: verdicts, isCut: isCut, isComplete: true)
    }

    @Test("The side column tells how many twins there are and what was decided on them, a line each")
    func shown() {
        var reviewer = Reviewer([Sample.harmless, Sample.threat], columns: 200, rows: 40)
        reviewer.desk.change {
            $0.twins["post-17"] = group(
                [(4, false), (30, true), (nil, true)],
                [
                    GroupVerdict(verdict: .remove, policies: ["hate"], items: 2, reviewers: 2),
                    GroupVerdict(verdict: .allow, policies: [], items: 1, reviewers: 1),
                ])
        }
        #expect(!reviewer.screen.contains("TWINS"))
        reviewer.press("a")
        #expect(reviewer.screen.contains("TWINS"))
        #expect(reviewer.screen.contains("2 look alike, 1 has the same text"))
        #expect(reviewer.screen.contains("removed twice as hate, by two people"))
        #expect(reviewer.screen.contains("allowed once, by one person"))
        #expect(reviewer.record == ["post-18 allow"], "twins decide nothing")
        reviewer.take(.resized(CellSize(columns: 80, rows: 24)))
        let side = reviewer.lines.joined(separator: " ")
        #expect(side.contains("removed") && side.contains("twice"), "a narrow column breaks the line")
    }

    @Test("Twins that nobody has decided are told of as such")
    func undecided() {
        let lines = TwinLines(group([(nil, true), (nil, true)], [], isCut: true)).lines
        #expect(lines == ["more than 2 have the same text", "none of them is decided"])
        #expect(TwinLines(group([], [])).lines.isEmpty && TwinLines(nil).lines.isEmpty)
    }

    @Test("Many verdicts by many people are counted")
    func many() {
        let decided = GroupVerdict(verdict: .restrict, policies: ["sexual", "spam"], items: 12, reviewers: 3)
        #expect(
            TwinLines(group([(0, false)], [decided])).lines.last == "restricted 12 times as sexual, spam, by 3 people")
    }

    @Test("Twins are looked for once an item is held, and an answer for another item is not shown")
    func askedOnce() {
        var state = ConsoleState(reviewer: "mia", taxonomy: Sample.taxonomy, size: CellSize(columns: 80, rows: 24))
        let desk = MemoryDesk([Sample.threat, Sample.harmless])
        _ = update(&state, .started(item: nil), at: Sample.start)
        let claim = try? desk.claim(.next)
        let effects = update(&state, .claimed(claim, .next), at: Sample.start)
        #expect(effects.filter { $0 == .loadTwins("post-17") }.count == 1)
        #expect(!update(&state, .tick, at: Sample.start + 1).contains(.loadTwins("post-17")))
        _ = update(&state, .twins(.known(["of another"]), "post-18"), at: Sample.start + 2)
        #expect(state.focus?.twins == .asked)
    }
}
