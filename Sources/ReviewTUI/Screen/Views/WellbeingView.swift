import Queue

/// What the reviewer has looked at, for the reviewer.
enum WellbeingView {
    static func draw(
        _ days: [ExposureDay], _ state: ConsoleState, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        let today = days.last?.exposure ?? Exposure()
        let families = rows(of: today)
        let hasWeek = days.count > 1
        let count = 5 + max(1, families.count) + (hasWeek ? days.count + 2 : 0)
        let width = min(state.size.columns - 8, 70)
        let rect = Rect(
            row: max(0, (state.size.rows - 2 - count) / 2), column: (state.size.columns - width) / 2, columns: width,
            rows: count + 2)
        buffer.box(rect, title: title(hasWeek), theme: theme)
        var table = Lines(rect: rect, theme: theme)
        table.say("\(day(today))", .dialog, into: &buffer)
        table.say("\(stretch(state.meter.stretch))", .dialog, into: &buffer)
        table.say("", .dialog, into: &buffer)
        table.head("TODAY", [phrase("items"), phrase("shown"), phrase("account")], into: &buffer)
        let most = Swift.max(1, families.map(\.1.weighted).max() ?? 1)
        for (name, family) in families {
            table.row(
                name, ["\(family.items)", clock(family.shown), points(family.weighted)],
                share: Double(family.weighted) / Double(most), into: &buffer)
        }
        if families.isEmpty { table.say("nothing grave has been shown", .dialog, into: &buffer) }
        table.say("", .dialog, into: &buffer)
        guard hasWeek else { return }
        table.head("LAST DAYS", [phrase("items"), phrase("here"), phrase("account")], into: &buffer)
        let greatest = Swift.max(1, days.map(\.exposure.weighted).max() ?? 1)
        for day in days {
            table.row(
                String(day.day.dropFirst(5)),
                ["\(day.exposure.items)", clock(day.exposure.present), points(day.exposure.weighted)],
                share: Double(day.exposure.weighted) / Double(greatest), into: &buffer)
        }
        table.say("account: severity × minutes shown, no measure of harm", .dialogTitle, into: &buffer)
    }

    private static func title(_ isKept: Bool) -> String {
        isKept ? phrase("What you have looked at") : phrase("What you have looked at since you came (nothing is kept)")
    }

    private static func day(_ today: Exposure) -> String {
        let pauses =
            today.pauses == 0
            ? phrase("no pause")
            : phrase(
                "\(today.pauses) \(today.pauses == 1 ? phrase("pause") : phrase("pauses")), \(clock(today.paused))")
        return
            phrase(
                "\(clock(today.present)) at the console · \(today.items) \(today.items == 1 ? phrase("item") : phrase("items")) · \(pauses)"
            )
    }

    private static func stretch(_ stretch: ExposureMeter.Stretch) -> String {
        phrase("since the last pause: \(clock(stretch.present)), \(clock(stretch.heavy)) of it with grave items")
    }

    /// Families by their share, the least of many as one.
    private static func rows(of exposure: Exposure) -> [(String, Exposure.Family)] {
        let sorted = exposure.families.sorted { ($1.value.weighted, $0.key) < ($0.value.weighted, $1.key) }
        let shown = sorted.prefix(sorted.count > 5 ? 4 : 5).map {
            (SafeText.line($0.key.rawValue, limit: 30), $0.value)
        }
        let rest = sorted.dropFirst(shown.count).map(\.value)
        guard !rest.isEmpty else { return shown }
        return shown + [
            (
                phrase("\(rest.count) others"),
                Exposure.Family(
                    shown: rest.reduce(0) { $0 + $1.shown }, weighted: rest.reduce(0) { $0 + $1.weighted },
                    items: rest.reduce(0) { $0 + $1.items })
            )
        ]
    }

    /// `3 h 5 min`, `12 min`, `40 s`.
    static func clock(_ milliseconds: Int64) -> String {
        let minutes = milliseconds / 60_000
        switch milliseconds {
        case ..<60_000: return phrase("\(milliseconds / 1000) s")
        case ..<3_600_000: return phrase("\(minutes) min")
        default: return phrase("\(minutes / 60) h \(minutes % 60) min")
        }
    }

    /// Severity × minutes, with one decimal where it is small.
    private static func points(_ weighted: Int64) -> String {
        let tenths = weighted / 6_000
        return tenths >= 100 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    /// Lines of the box from the top.
    private struct Lines {
        let rect: Rect
        let theme: Theme
        var next = 0

        init(rect: Rect, theme: Theme) {
            self.rect = rect
            self.theme = theme
        }

        private var row: Int { rect.row + 1 + next }
        private var left: Int { rect.column + 2 }
        private static let columns = [20, 32, 42]

        mutating func say(_ phrase: Phrase, _ role: Role, into buffer: inout CellBuffer) {
            buffer.write(
                theme.glyphs.spelled(phrase.text), row: row, column: left, style: theme[role],
                width: rect.size.columns - 4,
                ellipsis: theme.glyphs.ellipsis)
            next += 1
        }

        mutating func head(_ title: Phrase, _ heads: [String], into buffer: inout CellBuffer) {
            buffer.write(title, row: row, column: left, style: theme[.dialogTitle])
            for (head, end) in zip(heads, Self.columns) {
                buffer.writeRight(head, row: row, endColumn: left + end, style: theme[.dialogTitle])
            }
            next += 1
        }

        /// - Parameter share: how far the bar reaches, in [0, 1].
        mutating func row(_ name: String, _ values: [String], share: Double, into buffer: inout CellBuffer) {
            let glyphs = theme.glyphs
            buffer.write(
                name, row: row, column: left, style: theme[.dialog], width: 15, ellipsis: glyphs.ellipsis)
            for (value, end) in zip(values, Self.columns) {
                buffer.writeRight(value, row: row, endColumn: left + end, style: theme[.dialog])
            }
            let start = left + 44
            BarChart.bar(
                share: share, row: row, column: start, width: rect.column + rect.size.columns - 2 - start,
                theme[.dialog], glyphs, into: &buffer)
            next += 1
        }
    }
}
