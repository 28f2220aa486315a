import Queue

/// A reviewer's own work. Nobody else is on it: there is no one to be measured against.
enum OwnStatisticsView {
    static func page(_ own: OwnStatistics, daysOfMonth: [Int], _ theme: Theme, _ size: CellSize) -> WorkScreenView.Page
    {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        let glyphs = theme.glyphs
        let (left, right) = (size.columns * 2 / 5, size.columns * 2 / 5 + 3)

        buffer.write(
            glyphs.spelled(today(own)), row: 0, column: 0, style: theme[.current], width: size.columns,
            ellipsis: glyphs.ellipsis)
        buffer.write(
            glyphs.spelled(pace(own)), row: 1, column: 0, style: theme[.text], width: size.columns,
            ellipsis: glyphs.ellipsis)

        SideView.heading(phrase("TODAY’S VERDICTS").spelled(in: glyphs), 3, theme, into: &buffer)
        let bars = Verdict.allCases.map { verdict in
            let count = own.today[verdict] ?? 0
            return BarChart.Bar(name: verdict.rawValue, value: Double(count), figure: Figures.count(count))
        }
        buffer.place(BarChart(bars: bars).render(theme, CellSize(columns: left, rows: 4)), row: 4, column: 0)

        buffer.write("LOOKED AT ONCE MORE", row: 3, column: right, style: theme[.heading])
        for (offset, line) in lookedAt(own).enumerated() {
            let width = size.columns - right
            buffer.write(
                glyphs.spelled(line.0), row: 4 + offset, column: right, style: theme[.dim], width: width,
                ellipsis: glyphs.ellipsis)
            buffer.write(
                glyphs.spelled(line.1), row: 4 + offset, column: right + 15, style: theme[.text], width: width - 15,
                ellipsis: glyphs.ellipsis)
        }

        SideView.heading(phrase("VERDICTS A DAY, THE LAST \(own.days.count) DAYS"), 9, theme, into: &buffer)
        buffer.place(
            days(own, daysOfMonth).render(
                theme, CellSize(columns: size.columns, rows: min(14, max(5, size.rows - 13)))), row: 10,
            column: 0)
        _ = SideView.paragraph(
            phrase(
                "These figures are for you alone, and nobody is ranked by them. Hard items take longer, and should."),
            from: size.rows - 2, limit: 2, theme[.dim], theme, into: &buffer)
        return WorkScreenView.Page(
            cells: buffer,
            note: [
                phrase("Looked at once more: of the days shown, up to yesterday."), phrase("Brackets: 95 % (Wilson)."),
            ])
    }

    private static func today(_ own: OwnStatistics) -> String {
        let count = own.verdictsByDay.last ?? 0
        guard count > 0 else { return phrase("No verdict today yet.") }
        var parts = [count == 1 ? phrase("1 verdict today") : phrase("\(Figures.count(count)) verdicts today")]
        if own.undoneToday > 0 { parts.append(phrase("\(own.undoneToday) taken back")) }
        return parts.joined(separator: " · ")
    }

    private static func pace(_ own: OwnStatistics) -> String {
        var parts: [String] = []
        if let median = own.medianToday {
            parts.append(phrase("half took less than \(Figures.duration(milliseconds: median))"))
        }
        if let median = own.medianOfAll {
            parts.append(phrase("over the days below \(Figures.duration(milliseconds: median))"))
        }
        if let rate = own.perHourToday {
            parts.append(phrase("\(Figures.count(Int(rate.rounded()))) an hour while at it"))
        }
        return parts.joined(separator: " · ")
    }

    private static func lookedAt(_ own: OwnStatistics) -> [(String, String)] {
        func line(_ proportion: Proportion?, _ word: String, otherwise: String) -> String {
            guard let proportion else { return otherwise }
            return "\(Figures.parts(proportion)) \(word), \(Figures.percent(proportion))"
        }
        return [
            (phrase("second reviews"), line(own.secondReviews, phrase("agree"), otherwise: phrase("none yet"))),
            (phrase("known answers"), line(own.gold, phrase("met"), otherwise: phrase("too few to tell"))),
            (phrase("appeals"), line(own.appealsUpheld, phrase("upheld"), otherwise: phrase("none settled"))),
        ]
    }

    private static func days(_ own: OwnStatistics, _ daysOfMonth: [Int]) -> ColumnChart {
        let last = own.verdictsByDay.count - 1
        return ColumnChart(
            columns: own.verdictsByDay.enumerated().map { index, count in
                let name =
                    index == last ? phrase("today") : "\(daysOfMonth.indices.contains(index) ? daysOfMonth[index] : 0)."
                return ColumnChart.Column(value: Double(count), name: name, isEmphasised: index == last)
            }, mostInWords: Figures.rough(own.verdictsByDay.max() ?? 0))
    }
}

extension String {
    /// In the characters that there are.
    fileprivate func spelled(in glyphs: Glyphs) -> String { glyphs.spelled(self) }
}
