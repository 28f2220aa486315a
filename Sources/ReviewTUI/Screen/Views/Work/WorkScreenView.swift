import Foundation
import Queue

/// The frame of the screens about the work: their names above, what a figure rests on and the keys below.
enum WorkScreenView {
    /// What a screen draws: its cells, and a line about where the figures come from.
    struct Page {
        var cells: CellBuffer
        /// Sentences, the ones that matter most first: those that have no room are left out.
        var note: [String]
    }

    static func render(_ screen: WorkScreen, _ state: ConsoleState, _ theme: Theme) -> CellBuffer {
        let size = state.size
        let glyphs = theme.glyphs
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        let slot = state.work[screen.view] ?? WorkSlot()
        buffer.place(tabs(screen, slot, theme, size.columns), row: 0, column: 0)
        let body = body(size)
        var note: [String] = []
        if let reading = slot.reading {
            let page = page(reading, screen, state, theme, body.size)
            buffer.place(page.cells, row: body.row, column: body.column)
            note = page.note
        } else {
            let text = slot.failure == nil ? phrase("reading …") : ""
            buffer.write(glyphs.spelled(text), row: body.row, column: body.column, style: theme[.dim])
        }
        if let failure = slot.failure {
            buffer.write(
                glyphs.spelled(failure), row: size.rows - 2, column: 1, style: theme[.statusBad],
                width: size.columns - 2, ellipsis: glyphs.ellipsis)
        } else {
            buffer.write(
                fitting(note.map(glyphs.spelled), size.columns - 2), row: size.rows - 2, column: 1, style: theme[.dim],
                width: size.columns - 2, ellipsis: glyphs.ellipsis)
        }
        let hints = HintsView.render(state, theme, CellSize(columns: size.columns, rows: 1))
        buffer.place(hints, row: size.rows - 1, column: 0)
        return buffer
    }

    /// As many sentences as have room, the first in any case.
    private static func fitting(_ sentences: [String], _ width: Int) -> String {
        sentences.dropFirst().reduce(sentences.first ?? "") { line, next in
            CellWidth.of(line) + 1 + CellWidth.of(next) <= width ? "\(line) \(next)" : line
        }
    }

    /// Where a screen draws, between its title and its last two rows.
    static func body(_ size: CellSize) -> Rect {
        Rect(row: 2, column: 1, columns: size.columns - 2, rows: size.rows - 4)
    }

    /// Keys from the left as far as there is room, and the ones that never give way.
    static func hints(_ screen: WorkScreen) -> HintsView.Hints {
        let own: [Hint] =
            switch screen.view {
            case .calibration:
                [
                    Hint("←/→", "threshold"), Hint("↑/↓", "policy"), Hint("home", "as it is"),
                    Hint("pgup/pgdn", "by .10"),
                ]
            case .agreement: [Hint("j/k", "scroll")]
            case .health, .own: []
            }
        return (own, [Hint("tab", "next"), Hint("1–4", "screens"), .back])
    }

    static func lastScroll(_ screen: WorkScreen, _ state: ConsoleState) -> Int {
        guard screen.view == .agreement, case .agreement(let reading)? = state.work[.agreement]?.reading else {
            return 0
        }
        return AgreementView.lastScroll(reading, body(state.size).size)
    }

    private static func page(
        _ reading: WorkReading, _ screen: WorkScreen, _ state: ConsoleState, _ theme: Theme, _ size: CellSize
    ) -> Page {
        switch reading {
        case .health(let health): QueueHealthView.page(health, theme, size)
        case .own(let own, let days): OwnStatisticsView.page(own, daysOfMonth: days, theme, size)
        case .calibration(let reading): CalibrationView.page(reading, screen, theme, size)
        case .agreement(let reading): AgreementView.page(reading, scroll: screen.scroll, theme, size)
        }
    }

    private static func tabs(_ screen: WorkScreen, _ slot: WorkSlot, _ theme: Theme, _ columns: Int) -> CellBuffer {
        var buffer = CellBuffer(
            size: CellSize(columns: columns, rows: 1), filledWith: Cell(text: " ", style: theme[.titleBar]))
        var column = 0
        for view in WorkView.allCases {
            let isOpen = view == screen.view
            let style = theme[isOpen ? .selected : .titleBar]
            let mark = isOpen ? theme.glyphs.pointer : " "
            column += buffer.write("\(mark)\(view.rawValue + 1) \(view.title) ", row: 0, column: column, style: style)
        }
        if let reading = slot.reading {
            buffer.writeRight(
                "read \(clock(reading.readAt)) UTC", row: 0, endColumn: columns - 1, style: theme[.titleBar])
        }
        return buffer
    }

    /// `12:03:10` in UTC.
    private static func clock(_ time: Timestamp) -> String {
        let seconds = (time.milliseconds / 1000) % 86_400
        return String(format: "%02d:%02d:%02d", Int(seconds / 3600), Int(seconds / 60 % 60), Int(seconds % 60))
    }
}

/// Numbers as the screens about the work spell them.
enum Figures {
    /// `0 %`, `.4 %`, `3.1 %`, `42 %`: two digits where there are two to tell.
    static func percent(_ share: Double) -> String { "\(points(share)) %" }

    /// `42 % (37–48)`: a share and its 95 % interval.
    static func percent(_ proportion: Proportion) -> String {
        let interval = proportion.interval
        return "\(percent(proportion.share)) (\(points(interval.lowerBound))–\(points(interval.upperBound)))"
    }

    /// `45 of 1,200`.
    static func parts(_ proportion: Proportion) -> String {
        phrase("\(rough(proportion.hits)) of \(rough(proportion.rows))")
    }

    private static func points(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        guard tenths < 100, tenths % 10 != 0 else { return "\((tenths + 5) / 10)" }
        return (tenths >= 10 ? "\(tenths / 10)" : "") + ".\(tenths % 10)"
    }

    /// A number with its thousands apart; from a million on in thousands.
    static func count(_ number: Int) -> String {
        number < 1_000_000 ? TitleView.grouped(number) : "\(TitleView.grouped((number + 500) / 1000))k"
    }

    /// A number that is only estimated, with three digits at most from ten thousand on: `9,120`, `24.1k`, `1.2M`.
    static func rough(_ number: Int) -> String {
        switch number {
        case ..<10_000: count(number)
        case ..<99_950: String(format: "%.1fk", Double(number) / 1_000)
        case ..<999_500: "\((number + 500) / 1_000)k"
        default: String(format: "%.1fM", Double(number) / 1_000_000)
        }
    }

    /// How long, in the largest units that say something: `40 min`, `3.5 h`, `12 d`.
    static func hours(_ hours: Double) -> String {
        switch hours {
        case ..<1: phrase("\(max(1, Int((hours * 60).rounded()))) min")
        case ..<10: String(format: "%.1f h", hours)
        case ..<72: "\(Int(hours.rounded())) h"
        case ..<8_760: "\(TitleView.grouped(Int((hours / 24).rounded()))) d"
        default: phrase("more than a year")
        }
    }

    /// `8.4 s`, `2 min`.
    static func duration(milliseconds: Int64) -> String {
        switch milliseconds {
        case ..<100_000: String(format: "%.1f s", Double(milliseconds) / 1000)
        default: hours(Double(milliseconds) / 3_600_000)
        }
    }
}
