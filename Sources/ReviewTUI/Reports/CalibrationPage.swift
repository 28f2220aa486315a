import Foundation
import Queue

/// A calibration as one HTML page: charts and, beside each, the numbers in a table.
///
/// Self-contained: no script, no network (its own policy forbids both), readable in light and dark and on paper, well-formed
/// as XML too. Everything from a queue is escaped.
struct CalibrationPage {
    let report: CalibrationReport
    let version: String

    var html: String {
        let title = "Calibration of \(report.subjects.count) \(report.subjects.count == 1 ? "policy" : "policies")"
        let head = [
            #"<meta charset="utf-8"/>"#,
            #"<meta name="viewport" content="width=device-width, initial-scale=1"/>"#,
            #"<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>"#,
            #"<meta name="color-scheme" content="light dark"/>"#,
            Markup.element("title", title), "<style>\(Self.style)</style>",
        ]
        var body = [
            Markup.element("h1", title),
            Markup.element(
                "p",
                """
                Every figure is worked out on items whose claim was drawn uniformly, each weighed by one over the share of \
                claims that was drawn, and on items with a known answer, of weight 1. What was fitted or chosen was fitted or \
                chosen on one part of them; what it is worth is told by the other. Brackets are 95 % intervals (Wilson).
                """),
        ]
        if report.subjects.count > 1 { body.append(contents) }
        body += report.subjects.enumerated().map(section)
        if !report.leftOut.isEmpty {
            body.append(Markup.element("h2", "Not calibrated"))
            body.append(
                Markup.element("ul", raw: report.leftOut.map { Markup.element("li", $0.sentence) }.joined()))
        }
        body.append(Markup.element("footer", "reviewtui \(version) calibrate"))
        return """
            <!DOCTYPE html>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
            <head>
            \(head.joined(separator: "\n"))
            </head>
            <body>
            <main>
            \(body.joined(separator: "\n"))
            </main>
            </body>
            </html>

            """
    }

    private var contents: String {
        let links = report.subjects.enumerated().map { index, subject in
            Markup.element(
                "li", raw: Markup.element("a", "\(subject.policy.rawValue) · \(subject.model)", ["href": "#s\(index)"]))
        }
        return Markup.element("nav", raw: Markup.element("ul", raw: links.joined()), ["aria-label": "Contents"])
    }

    // MARK: One direction

    private func section(_ index: Int, _ subject: CalibrationReport.Subject) -> String {
        let parts = [
            Markup.element("h2", "\(subject.policy.rawValue) · \(subject.model)", ["id": "s\(index)"]),
            Markup.element("p", "Head \(subject.head). Calibrated by: \(subject.curve.words)."),
            Markup.element(
                "p",
                """
                Fitted and chosen on \(subject.fitted.rows) rows (\(subject.fitted.words)); held against \
                \(subject.held.rows) others (\(subject.held.words)). \(subject.unlabelled) judged items say nothing of the \
                policy.
                """),
            subject.notes.isEmpty
                ? ""
                : Markup.element(
                    "ul", raw: subject.notes.map { Markup.element("li", $0) }.joined(), ["class": "notes"]),
            errors(subject),
            "<div class=\"pair\">",
            Self.figure(
                Self.reliability(subject, id: "r\(index)"),
                "Squares, dashed: before. Discs: after, with 95 % intervals. Dotted: scores that are what they say."),
            reliabilityTable(subject), "</div>",
            "<div class=\"pair\">", Self.precisionRecall(subject, id: "p\(index)").svg, thresholdTable(subject),
            "</div>",
        ]
        return Markup.element("section", raw: parts.filter { !$0.isEmpty }.joined(separator: "\n"))
    }

    private func errors(_ subject: CalibrationReport.Subject) -> String {
        func row(_ name: String, _ value: (ScoreEvaluation) -> Double?) -> [String] {
            [name] + [subject.held.before, subject.held.after].map { value($0).map(Figures.decimal) ?? "–" }
        }
        return Self.table(
            caption: "Errors on the \(subject.held.rows) rows that were not fitted on; less is better",
            header: ["", "before", "after"],
            [
                row("expected calibration error, 10 bins") { $0.expectedCalibrationError() },
                row("Brier score") { $0.brierScore }, row("log loss") { $0.logLoss },
            ])
    }

    static func reliability(_ subject: CalibrationReport.Subject, id: String) -> ScalableChart {
        let bins = subject.held.bins()
        let (before, after) = (
            CalibrationReport.Part.points(subject.held.before, bins: bins),
            CalibrationReport.Part.points(subject.held.after, bins: bins)
        )
        func path(_ points: [Plot.Point]) -> [(x: Double, y: Double)] { points.map { ($0.x, $0.y) } }
        return ScalableChart(
            title: "Reliability of \(subject.policy.rawValue) by \(subject.model)",
            description:
                """
                The share of violating items against the mean score in \(bins) bins, before (squares, dashed) and after \
                (discs). On the dotted diagonal scores are what they say. The table beside it has the numbers.
                """,
            xName: "mean score", yName: "share that violates",
            series: [
                .init(style: "guide", line: [(0, 0), (1, 1)]),
                .init(
                    style: "before", line: path(before), points: before.map { Plot.Point(x: $0.x, y: $0.y) },
                    isSquare: true),
                .init(style: "after", line: path(after), points: after),
            ], id: id)
    }

    private func reliabilityTable(_ subject: CalibrationReport.Subject) -> String {
        let rows = subject.held.after.reliability(bins: subject.held.bins()).map { bin in
            [
                "\(Figures.decimal(bin.scores.lowerBound))–\(Figures.decimal(bin.scores.upperBound))",
                Figures.decimal(bin.meanScore), Figures.percent(bin.violating), "\(bin.violating.rows)",
            ]
        }
        return Self.table(
            caption: "Reliability after, on the rows that were not fitted on",
            header: ["scores", "mean", "violate", "rows"],
            rows)
    }

    static func precisionRecall(_ subject: CalibrationReport.Subject, id: String) -> ScalableChart {
        var series = [ScalableChart.Series(style: "after", line: steps(subject.held.after), isStepped: true)]
        for (style, threshold, isSquare) in [
            ("before", Optional(subject.thresholdBefore), true), ("after", subject.choice?.threshold, false),
        ] {
            let evaluation = isSquare ? subject.held.before : subject.held.after
            guard let point = threshold.map(evaluation.operatingPoint), let precision = point.precision,
                let missed = point.missed
            else { continue }
            series.append(
                .init(
                    style: style,
                    points: [Plot.Point(x: 1 - missed.share, y: precision.share, interval: precision.interval)],
                    isSquare: isSquare))
        }
        return ScalableChart(
            title: "Precision and recall of \(subject.policy.rawValue) by \(subject.model)",
            description:
                """
                Precision against recall for every threshold, on the rows that were not fitted on. The square is the \
                threshold in use, the disc the chosen one, each with its 95 % interval. The table beside it has the numbers.
                """,
            xName: "recall", yName: "precision", series: series, id: id)
    }

    /// The curve as steps, thinned to what can be seen.
    private static func steps(_ evaluation: ScoreEvaluation) -> [(x: Double, y: Double)] {
        var points: [(x: Double, y: Double)] = []
        let all = evaluation.precisionRecall()
        for (index, point) in all.enumerated() {
            let last = points.last
            let isFar = last.map { abs($0.x - point.recall) > 0.002 || abs($0.y - point.precision) > 0.002 } ?? true
            if isFar || index + 1 == all.count { points.append((point.recall, point.precision)) }
        }
        return points
    }

    private func thresholdTable(_ subject: CalibrationReport.Subject) -> String {
        func row(_ name: String, _ point: ScoreEvaluation.OperatingPoint) -> [String] {
            [
                name, Figures.decimal(point.threshold), point.flagged.map(Figures.percent) ?? "–",
                point.missed.map(Figures.percent) ?? "–", point.precision.map(Figures.percent) ?? "–",
            ]
        }
        var rows = [row("in use", subject.held.before.operatingPoint(at: subject.thresholdBefore))]
        if let choice = subject.choice {
            rows.append(row("chosen \(choice.aim.words)", choice.bound))
            rows.append(row("the same, where it was chosen", choice.chosen))
        }
        let promise = CalibrationReport.promise(subject)
        return Self.table(
            caption: "Thresholds on the rows that were not fitted on",
            header: ["", "threshold", "at or over it", "missed", "precision"], rows)
            + (promise.map { Markup.element("p", $0) } ?? "")
    }

    // MARK: Parts

    private static func figure(_ chart: ScalableChart, _ caption: String) -> String {
        Markup.element("figure", raw: chart.svg + Markup.element("figcaption", caption))
    }

    private static func table(caption: String, header: [String], _ rows: [[String]]) -> String {
        let head = Markup.element(
            "tr", raw: header.map { Markup.element("th", $0, ["scope": "col"]) }.joined())
        let body = rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == 0 ? Markup.element("th", cell, ["scope": "row"]) : Markup.element("td", cell)
            }
            return Markup.element("tr", raw: cells.joined())
        }
        return Markup.element(
            "table",
            raw: Markup.element("caption", caption) + Markup.element("thead", raw: head)
                + Markup.element("tbody", raw: body.joined()))
    }

    /// Okabe and Ito's blue and orange (2008), which nearly everybody can tell apart, darker on white and lighter on black.
    private static let style = """
        :root{--ground:#fff;--ink:#1b1b1b;--soft:#5c5c5c;--rule:#d4d4d4;--before:#a35200;--after:#005a94}
        @media (prefers-color-scheme:dark){:root{--ground:#161616;--ink:#e8e8e8;--soft:#a8a8a8;--rule:#3a3a3a;--before:#e69f00;--after:#56b4e9}}
        body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
        main{max-width:62rem;margin:0 auto;padding:1.5rem}
        h2{border-top:1px solid var(--rule);padding-top:1.5rem;margin-top:2rem}
        .pair{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:flex-start;margin:1rem 0}
        figure{margin:0;width:21rem;max-width:100%;flex:none}svg{width:21rem;max-width:100%;height:auto;flex:none}figcaption{color:var(--soft);font-size:.85rem}
        .label{fill:var(--soft);font-size:11px}
        .axis{stroke:var(--soft);stroke-width:1}.faint{stroke:var(--rule);stroke-width:.5}
        .curve{fill:none;stroke-width:2}
        .guide{stroke:var(--soft);stroke-dasharray:1 4}
        .before{stroke:var(--before);fill:var(--ground)}.before.curve{fill:none;stroke-dasharray:6 4}
        .after{stroke:var(--after);fill:var(--after)}.after.curve{fill:none}
        .whisker{stroke-width:1.2}.mark{stroke-width:1.5}
        table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
        caption{text-align:left;color:var(--soft);padding-bottom:.3rem}
        th,td{padding:.2rem .9rem .2rem 0;text-align:left;font-weight:normal;border-bottom:1px solid var(--rule);vertical-align:top}
        thead th{color:var(--soft)}
        .notes{color:var(--soft)}footer{margin-top:2rem;color:var(--soft)}
        """
}

extension CalibrationReport {
    /// What may be promised of a threshold, by the rows that had no say in it.
    static func promise(_ subject: Subject) -> String? {
        guard let choice = subject.choice else { return nil }
        switch choice.aim {
        case .precision(let wanted):
            guard let precision = choice.bound.precision else {
                return "None of the rows that were not fitted on reaches it: how precise it is is not known."
            }
            let met =
                precision.atLeast >= wanted
                ? "which is what was wanted" : "less than the wanted \(Figures.percent(wanted))"
            return "With 95 %, at least \(Figures.percent(precision.atLeast)) of what it flags violates: \(met)."
        case .recall(let wanted):
            guard let missed = choice.bound.missed else {
                return "None of the rows that were not fitted on violates: what it misses is not known."
            }
            let found = 1 - missed.atMost
            let met = found >= wanted ? "which is what was wanted" : "less than the wanted \(Figures.percent(wanted))"
            return "With 95 %, it finds at least \(Figures.percent(found)) of what violates: \(met)."
        case .balance:
            return choice.bound.precision.map {
                "With 95 %, at least \(Figures.percent($0.atLeast)) of what it flags violates."
            }
        }
    }
}
