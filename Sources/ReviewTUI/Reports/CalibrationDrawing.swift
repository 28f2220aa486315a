import Queue

/// A calibration drawn in a terminal: for each direction its charts, then what the figures are and rest on.
struct CalibrationDrawing {
    let report: CalibrationReport
    let theme: Theme
    /// Of the terminal, 80 and more.
    let columns: Int

    /// One drawing after another, each with an empty row behind.
    func cells() -> [CellBuffer] { report.subjects.map(draw) }

    private static let chartRows = 15

    private func draw(_ subject: CalibrationReport.Subject) -> CellBuffer {
        let glyphs = theme.glyphs
        let words = lines(subject).flatMap { $0.role == .text ? wrapped($0) : [$0] }
        let size = CellSize(columns: columns, rows: 3 + Self.chartRows + words.count + 1)
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        func write(_ text: String, _ row: Int, _ column: Int, _ role: Role, width: Int = .max) {
            buffer.write(
                glyphs.spelled(text), row: row, column: column, style: theme[role], width: width,
                ellipsis: glyphs.ellipsis)
        }
        func safe(_ text: String) -> String { SafeText.line(text, limit: 80, ascii: glyphs.ascii) }
        write("\(safe(subject.policy.rawValue)) · \(safe(subject.model)) · \(safe(subject.head))", 0, 0, .current)
        let gap = 2
        let width = (columns - 2 * gap) / 3
        let chart = CellSize(columns: width, rows: Self.chartRows)
        // A whisker takes a column, and the bins must stay apart.
        let bins = subject.held.bins(most: width / 4)
        let charts: [(String, Plot)] = [
            ("RELIABILITY BEFORE", .reliability(CalibrationReport.Part.points(subject.held.before, bins: bins))),
            ("RELIABILITY AFTER", .reliability(CalibrationReport.Part.points(subject.held.after, bins: bins))),
            ("PRECISION, RECALL", precisionRecall(subject)),
        ]
        for (index, (title, plot)) in charts.enumerated() {
            let column = index * (width + gap)
            write(title, 2, column, .heading, width: width)
            buffer.place(plot.render(theme, chart), row: 3, column: column)
        }
        for (index, line) in words.enumerated() {
            write(line.text, 3 + Self.chartRows + index, 0, line.role)
        }
        return buffer
    }

    private func precisionRecall(_ subject: CalibrationReport.Subject) -> Plot {
        let points = subject.held.after.precisionRecall().map { Plot.Point(x: $0.recall, y: $0.precision) }
        var plot = Plot(lines: [Plot.Line(points: points, isStepped: true)], xName: "recall", yName: "precision")
        if let bound = subject.choice?.bound, let precision = bound.precision, let missed = bound.missed {
            plot.points = [Plot.Point(x: 1 - missed.share, y: precision.share, interval: precision.interval)]
        }
        return plot
    }

    // MARK: Words

    private struct Line {
        var text: String
        var role = Role.text
    }

    private func lines(_ subject: CalibrationReport.Subject) -> [Line] {
        let (before, after) = (subject.held.before, subject.held.after)
        func change(_ name: String, _ value: (ScoreEvaluation) -> Double?) -> String {
            "\(name) \(value(before).map(Figures.decimal) ?? "–") → \(value(after).map(Figures.decimal) ?? "–")"
        }
        var lines = [
            Line(
                text: [
                    change("calibration error") { $0.expectedCalibrationError() }, change("Brier") { $0.brierScore },
                    change("log loss") { $0.logLoss },
                ].joined(separator: " · ")),
            Line(text: "calibrated by \(subject.curve.words)"),
        ]
        func threshold(_ name: String, _ point: ScoreEvaluation.OperatingPoint) -> Line {
            Line(
                text:
                    "\(name) \(Figures.decimal(point.threshold)): at or over it \(point.flagged.map(Figures.percent) ?? "–"), "
                    + "missed \(point.missed.map(Figures.percent) ?? "–"), "
                    + "precision \(point.precision.map(Figures.percent) ?? "–")")
        }
        lines.append(threshold("threshold in use", before.operatingPoint(at: subject.thresholdBefore)))
        if let choice = subject.choice {
            lines.append(threshold("chosen \(choice.aim.words),", choice.bound))
            if let promise = CalibrationReport.promise(subject) { lines.append(Line(text: promise)) }
        }
        lines.append(
            Line(
                text: """
                    Charts and figures: \(subject.held.rows) rows not fitted on (\(subject.held.words)). Fitted and chosen on \
                    \(subject.fitted.rows) others (\(subject.fitted.words)). \(subject.unlabelled) judged items say nothing of it.
                    """))
        lines += subject.notes.map { Line(text: $0) }
        return lines
    }

    private func wrapped(_ line: Line) -> [Line] {
        var rows: [String] = [""]
        for word in line.text.split(separator: " ") {
            let last = rows[rows.count - 1]
            if last.isEmpty {
                rows[rows.count - 1] = String(word)
            } else if CellWidth.of(last) + 1 + CellWidth.of(String(word)) <= columns {
                rows[rows.count - 1] = "\(last) \(word)"
            } else {
                rows.append("  \(word)")
            }
        }
        return rows.map { Line(text: $0, role: line.role) }
    }
}
