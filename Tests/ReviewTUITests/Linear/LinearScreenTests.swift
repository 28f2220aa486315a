import Queue
import Testing

@testable import ReviewTUI

@Suite("The review in lines")
struct LinearScreenTests {
    private func grid(_ rows: Int, _ columns: Int, lit: [Int: Float]) -> Explanation {
        var values = [Float](repeating: 0, count: rows * columns)
        for (index, value) in lit { values[index] = value }
        return Explanation(
            model: "m@1", policy: "hate", method: "legrad",
            relevance: .grid(rows: rows, columns: columns, values: values))
    }

    private func said(_ mia: Reviewer) -> [String] { LinearScreen.item(mia.state).flatMap(\.lines) }

    @Test("a map is told by the ninths that hold most of it, and what speaks against counts for nothing")
    func places() {
        #expect(
            LinearScreen.strongestPlaces(grid(6, 6, lit: [0: 3, 35: 1])) == ["upper left (75 %)", "lower right (25 %)"])
        #expect(LinearScreen.strongestPlaces(grid(3, 3, lit: [4: 1, 0: -5])) == ["middle (100 %)"])
        #expect(LinearScreen.strongestPlaces(grid(3, 3, lit: [:])).isEmpty)
        // Smaller than three by three: the nearest ninths.
        #expect(LinearScreen.strongestPlaces(grid(1, 1, lit: [0: 1])) == ["upper left (100 %)"])
    }

    @Test("an item is said in full: words, scores, where the model looked, what is chosen")
    func item() {
        let mia = Reviewer([Sample.threat])
        let lines = said(mia)
        #expect(lines.first?.hasPrefix("Item post-17: text.") == true)
        #expect(lines.contains { $0.contains("vermin") })
        #expect(lines.contains { $0.hasPrefix("1 hate: ") && $0.contains("over its threshold") })
        #expect(lines.contains { $0.hasPrefix("For hate the model looked at the words “") })
        #expect(lines.contains("Chosen: harassment, hate."))
    }

    @Test("a hidden explanation is not said, nor anything of a model before the first call of a blind review")
    func veiled() {
        var mia = Reviewer([Sample.threat])
        mia.press("v")
        #expect(!said(mia).contains { $0.contains("looked at") })
        let blind = Reviewer([Sample.threat], blindFirst: true)
        #expect(said(blind).contains("Scores are hidden until you judge."))
        #expect(!said(blind).contains { $0.contains("looked at") || $0.contains("threshold") })
    }

    @Test("a line is a key, a name, or the answer to what is open; an empty one changes nothing")
    func lines() {
        var mia = Reviewer([Sample.threat, Sample.harmless])
        mia.take(.line("note"))
        mia.take(.line("a slur"))
        #expect(mia.state.focus?.note == "a slur")
        mia.take(.line(""))
        mia.take(.line("policies"))
        mia.take(.line("spam"))
        mia.take(.line("hate"))
        mia.take(.line(""))
        #expect(mia.state.focus?.choice.chosen == ["harassment", "spam"])
        mia.take(.line("remove"))
        #expect(mia.record == ["post-17 remove harassment+spam"])
        mia.take(.line("x"))
        #expect(LinearScreen.dialog(mia.state, .fallback).contains { $0.contains("violence/graphic") })
        mia.take(.line("hate"))
        #expect(mia.record.count == 2)
    }

    @Test("help is said once and is not in the way of the next line")
    func help() {
        var mia = Reviewer([Sample.threat])
        mia.take(.line("help"))
        let help = LinearScreen.dialog(mia.state, .fallback)
        #expect(help.contains("a or allow: Allow: it breaks no rule"))
        #expect(help.count == Command.table.count)
        mia.take(.line("a"))
        #expect(mia.record == ["post-17 allow"])
    }

    @Test("a command's name that meets an open window closes it and is carried out as one, not letter by letter")
    func windows() {
        for window in ["item-history", "history", "wellbeing", "queue-health", "help"] {
            var mia = Reviewer([Sample.threat, Sample.harmless])
            mia.take(.line(window))
            mia.take(.line("remove"))
            #expect(mia.record == ["post-17 remove harassment+hate"], "\(window)")
        }
        var mia = Reviewer([Sample.threat, Sample.harmless])
        mia.take(.line("severity"))
        mia.take(.line("remove"))
        #expect(mia.record.isEmpty && mia.statusLine.contains("no answer here"))
        mia.take(.line("esc"))
        mia.take(.line("pause"))
        mia.take(.line("remove"))
        #expect(mia.record.isEmpty && mia.state.mode == .review)
    }

    @Test("the end of the input answers nothing that is open, and esc in a line of input is no text")
    func ends() {
        var mia = Reviewer([Sample.threat, Sample.harmless])
        mia.take(.line("allow"))
        mia.take(.line("escalate-question"))
        mia.take(.line("esc"))
        #expect(mia.record == ["post-17 allow"] && mia.state.mode == .review)
        mia.take(.line("x"))
        mia.take(.key(.control("c")))
        #expect(mia.record == ["post-17 allow"] && mia.hasLeft)
    }

    @Test("screens about the work are read out, and so is what would be marked")
    func screens() {
        var mia = Reviewer([Sample.threat])
        mia.desk.change { $0.work = SampleWork.readings }
        mia.take(.line("queue-health"))
        #expect(LinearScreen.dialog(mia.state, .fallback).contains { $0.contains("WAITING BY QUEUE") })
        mia.take(.line(""))
        mia.take(.line("mark"))
        #expect(LinearScreen.dialog(mia.state, .fallback) == ["“People”"])
    }
}
