import Media
import Testing

@testable import ReviewTUI

@Suite("What a terminal's answers mean for pictures")
struct TerminalAnswersTests {
    private let cells = CellSize(columns: 100, rows: 40)
    private let cell = PixelSize(width: 9, height: 18)

    private func answers(
        _ version: String?, kitty: Bool? = nil, sixel: Bool = false, sized: Bool = true
    ) -> TerminalAnswers {
        var answers = TerminalAnswers()
        if let kitty { answers.take(.kittyGraphics(kitty), cells: cells) }
        if sized { answers.take(.cell(cell), cells: cells) }
        if let version { answers.take(.version(version), cells: cells) }
        answers.take(.attributes(sixel ? [62, 4, 22] : [62, 22]), cells: cells)
        return answers
    }

    private func drawn(
        _ answers: TerminalAnswers, _ choice: GraphicsChoice = .auto, depth: ColorDepth = .indexed, tmux: Bool = false
    ) -> ScreenAbilities.Graphics {
        answers.graphics(choice, abilities: ScreenAbilities(colours: depth), throughTmux: tmux)
    }

    @Test(
        "kitty since 0.28 and Ghostty get kitty's graphics",
        arguments: [
            ("kitty(0.28.0)", true), ("kitty(0.38.1)", true), ("kitty(1.0.0)", true), ("ghostty 1.1.3", true),
            ("kitty(0.27.1)", false), ("kitty(", false), ("foot(1.16.2)", false),
            ("Konsole 24.08.1", false),
        ])
    func placeholders(version: String, expected: Bool) {
        let found = drawn(answers(version, kitty: true))
        #expect(found == (expected ? .kitty(cell: cell, throughTmux: false) : .symbols))
    }

    @Test("a terminal that speaks kitty's protocol without placeholders gets sixel where it has it")
    func wezterm() {
        #expect(drawn(answers("WezTerm 2024", kitty: true, sixel: true)) == .sixel(cell: cell, colours: 256))
    }

    @Test("iTerm2 and WezTerm get inline images, where they say nothing of sixel; a name like theirs gets none")
    func inlineImages() {
        for version in ["iTerm2 3.4.23", "WezTerm 20240203-110809-5046fc22"] {
            #expect(drawn(answers(version)) == .inlineImages(cell: cell))
            #expect(drawn(answers(version, sixel: true)) == .sixel(cell: cell, colours: 256))
            // They scale: a cell of another size leaves a picture's shape as it is.
            #expect(drawn(answers(version, sized: false)) == .inlineImages(cell: PreviewGeometry.assumedCell))
            #expect(drawn(answers(version), tmux: true) == .symbols)
        }
        #expect(drawn(answers("XTerm(379) iTerm2")) == .symbols)
        #expect(drawn(TerminalAnswers(), .iterm2) == .inlineImages(cell: PreviewGeometry.assumedCell))
        let advice = GraphicsAdvice(answers: answers("iTerm2 3.4.23"), abilities: ScreenAbilities())
        #expect(advice.found == "iTerm2's inline images (iTerm2 3.4.23)" && advice.improvements.isEmpty)
    }

    @Test("kitty's name without its answer is not enough")
    func unanswered() {
        #expect(drawn(answers("kitty(0.38.1)")) == .symbols)
        #expect(drawn(answers("kitty(0.38.1)", kitty: false)) == .symbols)
    }

    @Test("placeholders need colours for their ids", arguments: [ColorDepth.mono, .eight, .sixteen])
    func fewColours(depth: ColorDepth) {
        #expect(drawn(answers("kitty(0.38.1)", kitty: true), depth: depth) == .symbols)
        #expect(drawn(answers("kitty(0.38.1)", kitty: true), .kitty, depth: depth) == .symbols)
    }

    @Test("sixel waits for the size of a cell; kitty does without")
    func sizes() {
        #expect(drawn(answers(nil, sixel: true, sized: false)) == .symbols)
        #expect(
            drawn(answers("kitty(0.38.1)", kitty: true, sized: false))
                == .kitty(cell: PreviewGeometry.assumedCell, throughTmux: false))
    }

    @Test("a text area gives the size of a cell, but not over one that was given itself")
    func textArea() {
        var answers = TerminalAnswers()
        answers.take(.textArea(PixelSize(width: 1000, height: 800)), cells: cells)
        #expect(answers.cell == PixelSize(width: 10, height: 20))
        answers.take(.cell(cell), cells: cells)
        answers.take(.textArea(PixelSize(width: 1000, height: 800)), cells: cells)
        #expect(answers.cell == cell)
        answers.take(.cell(PixelSize(width: 0, height: 900)), cells: cells)
        #expect(answers.cell == nil)
    }

    @Test("nothing is drawn in pixels before the last answer, nor inside tmux")
    func early() {
        var early = TerminalAnswers()
        early.take(.kittyGraphics(true), cells: cells)
        early.take(.version("kitty(0.38.1)"), cells: cells)
        #expect(drawn(early) == .symbols)
        #expect(drawn(answers("kitty(0.38.1)", kitty: true), tmux: true) == .symbols)
    }

    @Test("a choice is taken at its word, tmux or not, answered or not")
    func chosen() {
        let none = TerminalAnswers()
        #expect(drawn(none, .kitty, tmux: true) == .kitty(cell: PreviewGeometry.assumedCell, throughTmux: true))
        #expect(drawn(none, .sixel) == .sixel(cell: PreviewGeometry.assumedCell, colours: 256))
        let kitty = answers("kitty(0.38.1)", kitty: true)
        #expect(drawn(kitty, .symbols) == .symbols)
        #expect(drawn(kitty, .ascii) == .ascii)
    }
}

@Suite("What doctor says of graphics")
struct GraphicsAdviceTests {
    private func answers(_ version: String, sixel: Bool = false, kitty: Bool = false) -> TerminalAnswers {
        var answers = TerminalAnswers()
        let cells = CellSize(columns: 80, rows: 24)
        answers.take(.kittyGraphics(kitty), cells: cells)
        answers.take(.cell(PixelSize(width: 10, height: 20)), cells: cells)
        answers.take(.version(version), cells: cells)
        answers.take(.attributes(sixel ? [62, 4] : [62]), cells: cells)
        return answers
    }

    @Test("nothing is to be improved in kitty")
    func kitty() {
        let advice = GraphicsAdvice(answers: answers("kitty(0.38.1)", kitty: true), abilities: ScreenAbilities())
        #expect(advice.found.hasPrefix("kitty graphics") && advice.found.contains("10×20"))
        #expect(advice.improvements.isEmpty)
    }

    @Test("kitty without colours is told what stands in the way")
    func withoutColours() {
        let advice = GraphicsAdvice(
            answers: answers("kitty(0.38.1)", kitty: true), abilities: ScreenAbilities(colours: .mono))
        #expect(advice.found.hasPrefix("half-blocks"))
        #expect(advice.improvements.contains { $0.contains("NO_COLOR") })
    }

    @Test("xterm without sixel is told how to start it with")
    func xterm() {
        let advice = GraphicsAdvice(answers: answers("XTerm(379)"), abilities: ScreenAbilities())
        #expect(advice.found == "half-blocks (XTerm(379))")
        #expect(advice.improvements.contains { $0.contains("vt340") })
        let sixel = GraphicsAdvice(answers: answers("XTerm(379)", sixel: true), abilities: ScreenAbilities())
        #expect(sixel.found.hasPrefix("sixel, 256 colours, cells of 10×20"))
        #expect(sixel.improvements.isEmpty)
    }

    @Test("inside tmux, in silence and without a terminal there is a way to go on")
    func others() {
        let tmux = GraphicsAdvice(answers: nil, abilities: ScreenAbilities(), isInTmux: true)
        #expect(tmux.improvements.contains { $0.contains("allow-passthrough") })
        let silent = GraphicsAdvice(answers: nil, abilities: ScreenAbilities())
        #expect(silent.improvements.contains { $0.contains("--graphics") })
        let pipe = GraphicsAdvice(answers: nil, abilities: ScreenAbilities(unicode: false), couldAsk: false)
        #expect(pipe.improvements.contains { $0.contains("LC_ALL") })
    }
}
