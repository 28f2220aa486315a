import Foundation
import Queue

/// How far people agree with each other, and with models.
enum AgreementView {
    private enum Line {
        case heading([String])
        case row([String])
        case text(String)
        case gap
    }

    static func page(
        _ reading: AgreementReading, scroll: Int, _ theme: Theme, _ size: CellSize
    ) -> WorkScreenView.Page {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        let glyphs = theme.glyphs
        let lines = lines(reading)
        let last = max(0, lines.count - size.rows)
        let columns = columns(size.columns)
        for (row, line) in lines.dropFirst(min(scroll, last)).prefix(size.rows).enumerated() {
            switch line {
            case .gap: break
            case .text(let text):
                buffer.write(
                    glyphs.spelled(text), row: row, column: 0, style: theme[.dim], width: size.columns,
                    ellipsis: glyphs.ellipsis)
            case .heading(let cells), .row(let cells):
                var role = Role.text
                if case .heading = line { role = .heading }
                for (index, cell) in cells.enumerated() {
                    let end = index + 1 < columns.count ? columns[index + 1] - 2 : size.columns
                    buffer.write(
                        SafeText.line(glyphs.spelled(cell), limit: 120, ascii: glyphs.ascii), row: row,
                        column: columns[index], style: theme[role], width: end - columns[index],
                        ellipsis: glyphs.ellipsis)
                }
            }
        }
        return WorkScreenView.Page(cells: buffer, note: note(reading, more: lines.count - scroll - size.rows))
    }

    static func lastScroll(_ reading: AgreementReading, _ size: CellSize) -> Int {
        max(0, lines(reading).count - size.rows)
    }

    private static func columns(_ width: Int) -> [Int] {
        let first = max(28, width - 56)
        return [0, first, first + 7, first + 14, first + 34]
    }

    private static func note(_ reading: AgreementReading, more: Int) -> [String] {
        let from =
            reading.isWhole ? phrase("All verdicts") : phrase("The latest \(Figures.count(reading.rows)) verdicts")
        let below = more > 0 ? [phrase("\(more) more below.")] : []
        return below + ["\(from).", phrase("Brackets: 95 % (bootstrap over items; shares Wilson).")]
    }

    private static func lines(_ reading: AgreementReading) -> [Line] {
        var lines: [Line] = [
            .heading([phrase("BETWEEN PEOPLE"), phrase("items"), phrase("equal"), phrase("alpha"), phrase("AC1")])
        ]
        let reports = reading.reports.filter { $0.items > 0 }
        if reports.isEmpty {
            lines += [
                .text(phrase("No item has verdicts of two people: reviewtui second-review --share .05 asks for some."))
            ]
        }
        for report in reports {
            lines.append(
                .row([
                    report.subject == "verdict" ? phrase("verdict") : report.subject,
                    "\(report.overall[.percent]?.items ?? 0)", equal(report.overall[.percent]),
                    shown(report.overall[.krippendorffAlpha]), shown(report.overall[.gwetAC1]),
                ]))
        }
        if !reports.isEmpty {
            lines.append(.text(phrase("alpha (Krippendorff), AC1 (Gwet): 1 all the same, 0 as chance would have it.")))
        }
        if let verdict = reports.first, verdict.subject == "verdict", !verdict.pairs.isEmpty {
            lines += [
                .gap, .heading([phrase("TWO PEOPLE, THE VERDICT"), phrase("items"), phrase("equal"), phrase("kappa")]),
            ]
            for pair in verdict.pairs {
                lines.append(
                    .row([
                        "\(pair.first), \(pair.second)", "\(pair.estimates[.percent]?.items ?? 0)",
                        equal(pair.estimates[.percent]), shown(pair.estimates[.cohenKappa]),
                    ]))
            }
            if verdict.pairsLeftOut > 0 {
                lines.append(.text(phrase("\(verdict.pairsLeftOut) pairs with fewer items in common are left out.")))
            }
        }
        lines += [.gap, .heading([phrase("PROPOSALS OF MODELS"), phrase("items"), "", phrase("overturned")])]
        lines += proposals(reading.judgement, "")
        lines += proposals(reading.drawnJudgement, phrase(", drawn items"))
        let calls = reading.judgement.firstCallsKept + reading.judgement.firstCallsChanged
        if let changed = Proportion(hits: reading.judgement.firstCallsChanged, of: calls) {
            lines.append(.row([phrase("first calls changed"), "\(calls)", "", Figures.percent(changed)]))
        }
        lines.append(.text(phrase("Only drawn items speak for the whole queue; the others came by urgency.")))
        return lines
    }

    private static func proposals(_ judgement: JudgementStats, _ which: String) -> [Line] {
        [(phrase("explained"), judgement.explained), (phrase("not explained"), judgement.unexplained)].map {
            name, outcomes in
            let count = outcomes.agreed + outcomes.overturned
            let share = Proportion(hits: outcomes.overturned, of: count)
            return .row([name + which, "\(count)", "", share.map(Figures.percent) ?? "–"])
        }
    }

    private static func equal(_ estimate: Estimate?) -> String { estimate?.value.map(Figures.percent) ?? "–" }

    /// `.78 (.71–.84)`; a dash with the reason where there is none.
    private static func shown(_ estimate: Estimate?) -> String {
        guard let estimate, let value = estimate.value else {
            return estimate?.reason == nil ? "–" : phrase("– (all equal)")
        }
        guard let interval = estimate.interval else { return decimal(value) }
        return "\(decimal(value)) (\(decimal(interval.lowerBound))–\(decimal(interval.upperBound)))"
    }

    /// Two decimals without the zero before them; a coefficient may be negative.
    private static func decimal(_ value: Double) -> String {
        let text = String(format: "%.2f", value)
        return text.hasPrefix("0.") ? String(text.dropFirst()) : text.hasPrefix("-0.") ? "-" + text.dropFirst(2) : text
    }
}
