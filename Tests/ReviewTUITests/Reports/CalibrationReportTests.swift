import Foundation
import ModelCore
import Testing

@testable import Queue
@testable import ReviewTUI

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct CalibrationReportTests {
    /// Two halves of 200 rows each; the names come from somebody who means no good.
    private var report: CalibrationReport {
        var generator = SplitMix64(seed: 8)
        func part(_ count: Int) -> CalibrationReport.Part {
            let rows = (0..<count).map { _ -> (Double, Bool, Double) in
                let score = Double(generator.below(1000)) / 1000
                return (score, Double(generator.below(1000)) / 1000 < score * score, generator.below(3) == 0 ? 1 : 20)
            }
            func evaluation(_ change: (Double) -> Double) -> ScoreEvaluation {
                ScoreEvaluation(rows: rows.map { ScoredLabel(score: change($0.0), isViolation: $0.1, weight: $0.2) })
            }
            return .init(before: evaluation { $0 }, after: evaluation { $0 * $0 }, drawn: rows.count { $0.2 > 1 })
        }
        let (fitted, held) = (part(200), part(200))
        var subject = CalibrationReport.Subject(
            policy: "violence/<script>alert(1)</script>", model: "m@1\u{202E}\u{1B}[31m", head: "h&\"'@1",
            curve: .platt(a: 2, b: -1), fitted: fitted, held: held, unlabelled: 3, thresholdBefore: 0.5)
        subject.choice = try? ThresholdChoice(.precision(0.8), on: fitted.after, boundedBy: held.after)
        subject.notes = ["A note with <b>markup</b>."]
        return CalibrationReport(
            subjects: [subject, subject],
            leftOut: [.init(model: "<m>", policy: "hate", reason: "too few & far between")])
    }

    private func page() -> String { CalibrationPage(report: report, version: "1").html }

    @Test("The page is well-formed, and what it names cannot be taken for markup")
    func escaped() throws {
        let html = page()
        let parser = XMLParser(data: Data(html.utf8))
        let isSound = parser.parse()
        #expect(isSound, "\(String(describing: parser.parserError)) at line \(parser.lineNumber)")
        #expect(!html.contains("<script") && !html.contains("<b>") && !html.contains("<m>"))
        #expect(html.contains("violence/&lt;script&gt;") && html.contains("h&amp;&quot;&#39;@1"))
        // Escapes and bidi controls are marks, as on the screen.
        #expect(!html.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" } && html.contains("⟨U+202E⟩"))
    }

    @Test("The page needs nothing but itself: no script, no network, light and dark, charts with names and tables")
    func selfContained() {
        let html = page()
        #expect(html.contains("default-src 'none'") && html.contains("prefers-color-scheme:dark"))
        #expect(!html.contains("src=\"") && !html.contains("href=\"http") && !html.contains("@import"))
        #expect(!html.contains("url("))
        let charts = html.components(separatedBy: "<svg").count - 1
        #expect(charts == 4)
        #expect(html.components(separatedBy: "role=\"img\"").count - 1 == charts)
        #expect(html.components(separatedBy: "<desc").count - 1 == charts)
        #expect(html.components(separatedBy: "<table").count - 1 == 6)
        // Ids that labels refer to are there once.
        for id in ["r0-title", "p0-desc", "r1-title", "p1-desc"] {
            #expect(html.components(separatedBy: "id=\"\(id)\"").count == 2, "\(id)")
        }
    }

    @Test("Every figure says which rows it used, in both forms")
    func rows() throws {
        let subject = try #require(report.subjects.first)
        let words =
            "200 others (\(subject.held.drawn) drawn uniformly, \(subject.held.known) known; \(subject.held.violating) violate)"
        #expect(page().contains("held against \(words)"))
        let cells = CalibrationDrawing(report: report, theme: .fallback, columns: 80).cells()
        let text = cells.flatMap { cells in (0..<cells.size.rows).map(cells.line) }.joined(separator: " ")
            .split(separator: " ").joined(separator: " ")
        #expect(
            text.contains("200 rows not fitted on (\(subject.held.drawn) drawn uniformly, \(subject.held.known) known;")
        )
        #expect(text.contains("3 judged items say nothing of it."))
        #expect(text.contains("With 95 %, at least"))
    }

    @Test("In a terminal it fits its width, in Unicode and in ASCII", arguments: [80, 120], [false, true])
    func drawing(columns: Int, ascii: Bool) {
        var theme = Theme.fallback
        if ascii { theme.glyphs = .ascii }
        for cells in CalibrationDrawing(report: report, theme: theme, columns: columns).cells() {
            #expect(cells.size.columns == columns)
            let lines = (0..<cells.size.rows).map(cells.line)
            #expect(lines.joined().contains("RELIABILITY BEFORE") && lines.joined().contains("PRECISION, RECALL"))
            #expect(!lines.joined().contains("\u{1B}"))
            if ascii { #expect(lines.joined().filter { !$0.isASCII }.isEmpty) }
            #expect(lines.joined().contains(ascii ? "o" : "●"))
        }
    }
}
