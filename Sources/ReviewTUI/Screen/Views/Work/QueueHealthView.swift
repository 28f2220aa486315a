import Queue

/// How the queue is doing: backlog, ages, who is at work, and where it leads.
enum QueueHealthView {
    static func page(_ health: QueueHealth, _ theme: Theme, _ size: CellSize) -> WorkScreenView.Page {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        let glyphs = theme.glyphs
        // What the smallest screen has no room for goes to bars first and then to the charts.
        let spare = max(0, size.rows - 20)
        let bars = min(5 + spare / 2, max(5, health.lines.count, health.policies.count))
        let plot = min(13, 6 + max(0, spare - 1 - (bars - 5)))
        let (left, right) = (size.columns / 2 - 1, size.columns / 2 + 1)
        let (leftWidth, rightWidth) = (left, size.columns - right)

        buffer.write(glyphs.spelled(summary(health)), row: 0, column: 0, style: theme[.current], width: size.columns)
        buffer.write(
            glyphs.spelled(ages(health)), row: 1, column: 0, style: theme[.text], width: size.columns,
            ellipsis: glyphs.ellipsis)

        SideView.heading(phrase("WAITING BY QUEUE"), 3, theme, into: &buffer)
        buffer.place(
            BarChart(bars: lines(health)).render(theme, CellSize(columns: leftWidth, rows: bars)), row: 4, column: 0)
        buffer.write("WAITING BY LIKELIEST POLICY", row: 3, column: right, style: theme[.heading])
        buffer.place(
            BarChart(bars: policies(health, glyphs)).render(theme, CellSize(columns: rightWidth, rows: bars)), row: 4,
            column: right)

        let charts = 4 + bars + 1
        SideView.heading(phrase("THEY HAVE WAITED UP TO"), charts, theme, into: &buffer)
        buffer.place(
            ageChart(health).render(theme, CellSize(columns: leftWidth, rows: plot)), row: charts + 1, column: 0)
        buffer.write("VERDICTS IN EACH OF THE LAST 24 HOURS", row: charts, column: right, style: theme[.heading])
        buffer.place(
            paceChart(health).render(theme, CellSize(columns: rightWidth, rows: plot)), row: charts + 1, column: right)

        var line = charts + plot + (spare > 0 ? 2 : 1)
        if !health.holders.isEmpty {
            let names = health.holders.map {
                "\(SafeText.line($0.reviewer, limit: 24, ascii: glyphs.ascii)) \($0.items)"
            }
            buffer.write(
                glyphs.spelled(phrase("On desks: ") + names.joined(separator: ", ")), row: line, column: 0,
                style: theme[.text],
                width: size.columns, ellipsis: glyphs.ellipsis)
            line += 1
        }
        _ = SideView.paragraph(
            glyphs.spelled(outlook(health)), from: line, limit: 2, theme[.text], theme, into: &buffer)
        return WorkScreenView.Page(cells: buffer, note: note(health))
    }

    // MARK: Sentences

    private static func summary(_ health: QueueHealth) -> String {
        let leased = health.lines.reduce(0) { $0 + $1.leased }
        let awaiting = health.lines.reduce(0) { $0 + $1.awaiting }
        var parts = [phrase("\(Figures.count(health.waiting)) waiting"), phrase("\(Figures.count(leased)) on desks")]
        if awaiting > 0 { parts.append(phrase("\(Figures.count(awaiting)) for another verdict")) }
        return parts.joined(separator: " · ")
    }

    private static func ages(_ health: QueueHealth) -> String {
        guard let oldest = health.oldest else { return phrase("Nothing waits.") }
        let age = ItemFacts.age(from: oldest, now: health.readAt)
        var parts = [
            health.isExact
                ? phrase("The oldest has waited \(age)") : phrase("The oldest of those looked at has waited \(age)")
        ]
        if let overdue = health.overdue {
            if health.isExact {
                parts.append(
                    overdue.hits == 0 ? phrase("nothing is overdue") : phrase("\(Figures.count(overdue.hits)) overdue"))
            } else {
                parts.append(phrase("\(Figures.percent(overdue)) overdue"))
            }
        }
        return parts.joined(separator: " · ")
    }

    private static func outlook(_ health: QueueHealth) -> String {
        let pace =
            phrase(
                "In 24 hours \(Figures.count(health.firstVerdicts)) were decided and \(Figures.count(health.arrivals)) came in: "
            )
        switch health.outlook {
        case .nothingWaits: return phrase("The queue is empty.")
        case .unknown:
            return phrase("Nobody decided anything in the last 24 hours, so there is no pace to tell from. ")
                + (health.arrivals == 1
                    ? phrase("1 item came in.") : phrase("\(Figures.count(health.arrivals)) items came in."))
        case .shrinks(let hours):
            return pace + phrase("going on like this, the queue is empty in \(Figures.hours(hours)).")
        case .grows(let rate):
            guard rate > 0 else { return pace + phrase("the queue stays as long as it is.") }
            let shown = rate < 10 ? String(Double((rate * 10).rounded()) / 10) : Figures.count(Int(rate.rounded()))
            return pace + phrase("the queue grows by \(shown) an hour.")
        }
    }

    private static func note(_ health: QueueHealth) -> [String] {
        let cut = health.verdictsAreCut ? [phrase("There were more verdicts than are counted.")] : []
        guard !health.isExact else { return [phrase("Counted over everything that waits.")] + cut }
        let looked = Figures.count(health.looked)
        return [
            phrase("Policies and ages: from \(looked) drawn uniformly of what waits."),
            phrase("Brackets: 95 % (Wilson)."),
        ] + cut
    }

    // MARK: Charts

    private static func lines(_ health: QueueHealth) -> [BarChart.Bar] {
        health.lines.map {
            BarChart.Bar(name: $0.name.rawValue, value: Double($0.waiting), figure: Figures.count($0.waiting))
        }.sorted { $0.value > $1.value }
    }

    private static func policies(_ health: QueueHealth, _ glyphs: Glyphs) -> [BarChart.Bar] {
        health.policies.map { part in
            BarChart.Bar(
                name: part.name.map { SafeText.line($0.rawValue, limit: 40, ascii: glyphs.ascii) }
                    ?? phrase("no score"),
                value: Double(part.items),
                figure: health.isExact ? Figures.count(part.items) : "≈ \(Figures.rough(part.items))")
        }
    }

    private static func ageChart(_ health: QueueHealth) -> ColumnChart {
        let names: [QueueHealth.AgeClass: String] = [
            .hour: "1h", .fourHours: "4h", .halfDay: "12h", .day: "1d", .twoDays: "2d", .fourDays: "4d", .week: "7d",
            .more: ">7d",
        ]
        let scale = health.isExact || health.looked == 0 ? 1 : Double(health.waiting) / Double(health.looked)
        let columns = QueueHealth.AgeClass.allCases.map { age in
            ColumnChart.Column(value: Double(health.ages[age] ?? 0) * scale, name: names[age] ?? "")
        }
        let most = columns.map(\.value).max() ?? 0
        return ColumnChart(
            columns: columns, mostInWords: (health.isExact ? "" : "≈ ") + Figures.rough(Int(most.rounded())))
    }

    private static func paceChart(_ health: QueueHealth) -> ColumnChart {
        let names = [0: "-24h", 6: "-18h", 12: "-12h", 18: "-6h", 23: phrase("now")]
        return ColumnChart(
            columns: health.verdictsByHour.enumerated().map {
                ColumnChart.Column(value: Double($1), name: names[$0] ?? "")
            }, mostInWords: Figures.rough(health.verdictsByHour.max() ?? 0))
    }
}
