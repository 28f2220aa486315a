import Queue

/// What one model's scores for one policy are worth, and what another threshold would do.
enum CalibrationView {
    static func page(
        _ reading: CalibrationReading, _ screen: WorkScreen, _ theme: Theme, _ size: CellSize
    ) -> WorkScreenView.Page {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        guard let index = reading.index(of: screen) else {
            _ = SideView.paragraph(
                phrase("No model has scored anything here as a probability yet: reviewtui score does it."), from: 0,
                limit: 3,
                theme[.text], theme, into: &buffer)
            return WorkScreenView.Page(cells: buffer, note: [])
        }
        let subject = reading.subjects[index]
        let glyphs = theme.glyphs
        let position = phrase("\(index + 1) of \(reading.subjects.count)")
        let end = buffer.writeRight(position, row: 0, endColumn: size.columns, style: theme[.dim])
        buffer.write(
            glyphs.spelled("\(safe(subject.policy.rawValue, glyphs)) · \(safe(subject.model, glyphs))"), row: 0,
            column: 0, style: theme[.current], width: end - 2, ellipsis: glyphs.ellipsis)
        buffer.write(
            glyphs.spelled(rows(subject)), row: 1, column: 0, style: theme[.text], width: size.columns,
            ellipsis: glyphs.ellipsis)
        if let warning = warning(subject) {
            buffer.write(
                glyphs.spelled(warning), row: 2, column: 0, style: theme[.statusBad], width: size.columns,
                ellipsis: glyphs.ellipsis)
        }
        let left = min(52, size.columns * 2 / 5)
        SideView.heading(phrase("RELIABILITY"), 4, theme, into: &buffer)
        buffer.place(
            reliability(subject).render(theme, CellSize(columns: left, rows: min(left / 2 + 3, size.rows - 6))), row: 5,
            column: 0)
        if let error = subject.evaluation.expectedCalibrationError(), let brier = subject.evaluation.brierScore {
            buffer.write(
                glyphs.spelled(phrase("off by \(decimal(error)) · Brier \(decimal(brier))")),
                row: min(left / 2 + 8, size.rows - 1),
                column: 0, style: theme[.dim], width: left, ellipsis: glyphs.ellipsis)
        }
        let right = CellSize(columns: size.columns - left - 3, rows: size.rows - 4)
        buffer.place(simulator(reading, subject, screen, theme, right), row: 4, column: left + 3)
        return WorkScreenView.Page(cells: buffer, note: note(reading, subject))
    }

    // MARK: Words

    private static func safe(_ text: String, _ glyphs: Glyphs) -> String {
        SafeText.line(text, limit: 60, ascii: glyphs.ascii)
    }

    private static func rows(_ subject: CalibrationReading.Subject) -> String {
        let evaluation = subject.evaluation
        var parts = [
            phrase("\(Figures.count(evaluation.rows.count)) judged (\(Figures.count(subject.drawn)) drawn uniformly, ")
                + phrase("\(Figures.count(subject.known)) known)"),
            phrase("\(Figures.count(evaluation.violating)) violate it"),
        ]
        if subject.unlabelled > 0 { parts.append(phrase("\(Figures.count(subject.unlabelled)) left open")) }
        return parts.joined(separator: " · ")
    }

    private static func warning(_ subject: CalibrationReading.Subject) -> String? {
        let evaluation = subject.evaluation
        if subject.drawn == 0, !evaluation.rows.isEmpty {
            return phrase("Known answers only: chosen items say nothing of the whole queue.")
        }
        guard !evaluation.isEnough else { return nil }
        return phrase("Too few to choose a threshold by: \(ScoreEvaluation.rowsNeeded) judged and ")
            + phrase("\(ScoreEvaluation.violatingNeeded) violating are needed.")
    }

    private static func note(_ reading: CalibrationReading, _ subject: CalibrationReading.Subject) -> [String] {
        let cut =
            reading.isCut ? [phrase("The latest \(Figures.count(CalibrationReading.mostItems)) drawn items.")] : []
        let open = subject.unlabelled > 0 ? [phrase("Left open: the verdict says nothing of it.")] : []
        return [phrase("A trial: nothing is changed. Brackets: 95 % (Wilson), weighted by draw.")] + cut + open
    }

    private static func decimal(_ value: Double) -> String { ScoresView.short(value) }

    // MARK: The diagram

    private static func reliability(_ subject: CalibrationReading.Subject) -> Plot {
        // Few rows make few bins, of some twenty each.
        let bins = max(4, min(10, subject.evaluation.rows.count / 20))
        return .reliability(
            subject.evaluation.reliability(bins: bins).map {
                Plot.Point(x: $0.meanScore, y: $0.violating.share, interval: $0.violating.interval)
            })
    }

    // MARK: The simulator

    private static func simulator(
        _ reading: CalibrationReading, _ subject: CalibrationReading.Subject, _ screen: WorkScreen, _ theme: Theme,
        _ size: CellSize
    ) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        let glyphs = theme.glyphs
        let tried = screen.threshold ?? subject.threshold
        let isMoved = Int((tried * 100).rounded()) != Int((subject.threshold * 100).rounded())
        let thresholds = isMoved ? [subject.threshold, tried] : [subject.threshold]
        let columns = [14, 14 + (size.columns - 14) / 2]
        func write(_ text: String, _ row: Int, _ column: Int, _ role: Role, width: Int = .max) {
            buffer.write(
                glyphs.spelled(text), row: row, column: column, style: theme[role], width: width,
                ellipsis: glyphs.ellipsis)
        }
        SideView.heading(phrase("THRESHOLD"), 0, theme, into: &buffer)
        slider(now: subject.threshold, tried: tried, row: 1, theme, into: &buffer)
        for (name, explained, row) in [
            (phrase("at or over it"), phrase("of judged"), 5), (phrase("of what waits"), "", 7),
            (phrase("missed"), phrase("of violating"), 9),
            (phrase("precision"), phrase("of those over"), 11),
        ] {
            write(name, row, 0, .text)
            write(explained, row + 1, 0, .dim, width: columns[0] - 1)
        }
        for (threshold, column) in zip(thresholds, columns) {
            let point = subject.evaluation.operatingPoint(at: threshold)
            let width = (columns[1] - columns[0]) - 1
            let role: Role = column == columns[0] ? .text : .current
            write((column == columns[0] ? phrase("now ") : phrase("tried ")) + decimal(threshold), 3, column, .heading)
            write(point.flagged.map(Figures.percent) ?? phrase("not known"), 5, column, role, width: width)
            write(point.flagged.map(Figures.parts) ?? "", 6, column, .dim, width: width)
            let waiting = waiting(reading, subject, threshold)
            write(waiting.0, 7, column, role, width: width)
            write(waiting.1, 8, column, .dim, width: width)
            write(point.missed.map(Figures.percent) ?? phrase("not known"), 9, column, role, width: width)
            write(point.missed.map(Figures.parts) ?? "", 10, column, .dim, width: width)
            write(point.precision.map(Figures.percent) ?? phrase("nothing is"), 11, column, role, width: width)
            write(point.precision.map(Figures.parts) ?? "", 12, column, .dim, width: width)
        }
        if !isMoved { write("← → try another", 3, columns[1], .dim) }
        if size.rows >= 24 { tradeOff(subject, theme, into: &buffer) }
        return buffer
    }

    /// How many of the waiting items are at or over a threshold: the number, and its interval.
    private static func waiting(
        _ reading: CalibrationReading, _ subject: CalibrationReading.Subject, _ threshold: Double
    ) -> (String, String) {
        guard let over = reading.waiting(over: threshold, for: subject) else { return (phrase("nothing waits"), "") }
        if reading.waitingIsWhole { return (Figures.count(over.hits), phrase("all counted")) }
        func items(_ share: Double) -> String { Figures.rough(Int((share * Double(reading.waiting)).rounded())) }
        return ("≈ \(items(over.share))", "(\(items(over.interval.lowerBound))–\(items(over.interval.upperBound)))")
    }

    /// All thresholds from 0 to 1 in a row: where it is, and where it is tried.
    private static func slider(now: Double, tried: Double, row: Int, _ theme: Theme, into buffer: inout CellBuffer) {
        let glyphs = theme.glyphs
        let width = buffer.size.columns - 5
        guard width > 4 else { return }
        buffer.write("0", row: row, column: 0, style: theme[.dim])
        buffer.write("1", row: row, column: width + 3, style: theme[.dim])
        func place(_ value: Double) -> Int { 2 + Int((value * Double(width - 1)).rounded()) }
        for column in 2..<(2 + width) {
            buffer[row, column] = Cell(text: glyphs.horizontal, style: theme[.rule])
        }
        buffer[row, place(now)] = Cell(text: glyphs.threshold, style: theme[.threshold])
        if place(tried) != place(now) { buffer[row, place(tried)] = Cell(text: glyphs.point, style: theme[.barHigh]) }
    }

    private static func tradeOff(
        _ subject: CalibrationReading.Subject, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        let points = subject.evaluation.tradeOff()
        SideView.heading(phrase("MISSED FOR LESS WORK"), 15, theme, into: &buffer)
        let size = CellSize(columns: min(48, buffer.size.columns), rows: min(16, buffer.size.rows - 16))
        let line = Plot.Line(points: points.map { Plot.Point(x: $0.flagged, y: $0.missed) }, isStepped: true)
        let now = subject.evaluation.operatingPoint(at: subject.threshold)
        let place = now.flagged.flatMap { flagged in
            now.missed.map { Plot.Point(x: flagged.share, y: $0.share) }
        }
        let plot = Plot(
            lines: [line], points: [place].compactMap { $0 }, xName: phrase("share at or over it"),
            yName: phrase("missed"))
        buffer.place(plot.render(theme, size), row: 16, column: 0)
    }
}
