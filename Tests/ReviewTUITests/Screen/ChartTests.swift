import Testing

@testable import ReviewTUI

/// Charts as lines of text: in Unicode and in ASCII, each as wide as was asked for.
@Suite("Charts")
struct ChartTests {
    private var ascii: Theme {
        var theme = Theme.fallback
        theme.glyphs = .ascii
        return theme
    }

    private func lines(_ cells: CellBuffer) -> [String] { (0..<cells.size.rows).map(cells.line) }

    private let bars = BarChart(bars: [
        .init(name: "hate", value: 8, figure: "8"), .init(name: "a policy with a long name", value: 3, figure: "≈ 3"),
        .init(name: "none", value: 0, figure: "0"), .init(name: "rare", value: 0.01, figure: ".01"),
    ])

    @Test("bars end in eighths of a cell; nothing has no bar, and what is hardly something has one")
    func barChart() {
        let cells = bars.render(.fallback, CellSize(columns: 24, rows: 4))
        #expect(
            lines(cells) == [
                "hate           8 ███████", "a policy wi… ≈ 3 ██▋", "none           0", "rare         .01 ▏",
            ])
        #expect(
            lines(bars.render(ascii, CellSize(columns: 24, rows: 4))) == [
                "hate           8 #######", "a policy wi~ ~ 3 ###", "none           0", "rare         .01 #",
            ])
    }

    @Test("more bars than rows are counted, and a full bar can be given")
    func barsLeftOut() {
        #expect(lines(bars.render(.fallback, CellSize(columns: 24, rows: 3)))[2] == "and 2 more")
        var half = bars
        half.full = 16
        #expect(lines(half.render(.fallback, CellSize(columns: 24, rows: 4)))[0] == "hate           8 ███▌")
    }

    private let columns = ColumnChart(
        columns: [
            .init(value: 0, name: "1h"), .init(value: 1, name: "4h"), .init(value: 9, name: "1d"), .init(value: 16),
        ],
        mostInWords: "16")

    @Test("columns stand on an axis, in eighths of the highest")
    func columnChart() {
        #expect(
            lines(columns.render(.fallback, CellSize(columns: 20, rows: 5))) == [
                "16 │            ███", "   │        ▆▆▆ ███", " 0 │    ▂▂▂ ███ ███", "   └────────────────",
                "    1h  4h  1d",
            ])
        #expect(
            lines(columns.render(ascii, CellSize(columns: 20, rows: 5))) == [
                "16 |            ###", "   |        ... ###", " 0 |    ... ### ###", "   +----------------",
                "    1h  4h  1d",
            ])
    }

    @Test("a row of values is as wide as they are many, and keeps the latest")
    func sparkline() {
        let sparkline = Sparkline(values: [9, 1, 4, 8, 0])
        #expect(sparkline.render(.fallback, columns: 4).line(0) == "▁▄█")
        #expect(sparkline.render(ascii, columns: 5).line(0) == "#..#")
        #expect(Sparkline(values: [0, 0]).render(.fallback, columns: 2).line(0) == "")
    }

    @Test("dots are braille, from the lower left; in ASCII the half of the cell that they are in")
    func dots() {
        var grid = DotGrid(size: CellSize(columns: 2, rows: 1))
        grid.set(0, 0)
        grid.set(3, 3)
        grid.set(9, 9)
        #expect(grid.text(row: 0, column: 0, ascii: false) == "⡀" && grid.text(row: 0, column: 1, ascii: false) == "⠈")
        #expect(grid.text(row: 0, column: 0, ascii: true) == "." && grid.text(row: 0, column: 1, ascii: true) == "'")
        var slope = DotGrid(size: CellSize(columns: 2, rows: 1))
        slope.line(from: (0, 0), to: (3, 3))
        #expect((0..<2).compactMap { slope.text(row: 0, column: $0, ascii: false) }.joined() == "⡠⠊")
        #expect((0..<2).compactMap { slope.text(row: 0, column: $0, ascii: true) }.joined() == ".'")
        #expect(DotGrid(size: CellSize(columns: 2, rows: 1)).text(row: 0, column: 0, ascii: false) == nil)
    }

    @Test("a reliability diagram has the diagonal, and points with their intervals")
    func reliability() {
        let plot = Plot.reliability([
            .init(x: 0.1, y: 0.2, interval: 0.1...0.4), .init(x: 0.9, y: 0.6, interval: 0.3...0.8),
        ])
        #expect(
            lines(plot.render(.fallback, CellSize(columns: 22, rows: 9))) == Self.reliability)
        #expect(lines(plot.render(ascii, CellSize(columns: 22, rows: 9))) == Self.reliabilityInASCII)
    }

    @Test("a stepped line goes level and then down, and its ends are the ends of the axes")
    func steps() {
        let plot = Plot(
            lines: [
                .init(points: [.init(x: 0, y: 1), .init(x: 0.5, y: 0.5), .init(x: 1, y: 0)], isStepped: true)
            ], xName: "work", yName: "missed")
        #expect(lines(plot.render(.fallback, CellSize(columns: 14, rows: 7))) == Self.steps)
    }

    @Test(
        "every chart fills exactly the size it is given, however small",
        arguments: [(0, 0), (1, 1), (3, 2), (7, 3), (40, 12), (121, 33)])
    func sizes(_ columns: Int, _ rows: Int) {
        let size = CellSize(columns: columns, rows: rows)
        let reliability = Plot.reliability([.init(x: 0.5, y: 0.5, interval: 0...1)])
        for theme in [Theme.fallback, ascii] {
            for cells in [
                bars.render(theme, size), self.columns.render(theme, size), reliability.render(theme, size),
            ] {
                #expect(cells.size == size && cells.cells.count == columns * rows)
                for cell in cells.cells where theme.glyphs.ascii {
                    #expect(cell.text.utf8.allSatisfy { $0 < 0x80 })
                }
            }
        }
    }

    private static let reliability = [
        "violating", "1.0│                ⠄", "   │            ⡀ ⠂ ⡆", " .5│          ⠄     ●", "   │  ⡄   ⡀ ⠁       ⡇",
        "   │  ● ⠄           ⠁", "  0│⡀ ⠃", "   └──────────────────", "    0        score 1.0",
    ]
    private static let reliabilityInASCII = [
        "violating", "1.0|                .", "   |            . ' :", " .5|          .     o", "   |  .   . '       :",
        "   |  o .           '", "  0|. '", "   +------------------", "    0        score 1.0",
    ]
    private static let steps = [
        "missed", "1.0│⠉⠉⠉⠉⠉⡇", " .5│     ⣇⣀⣀⣀⣀", "   │         ⢸", "  0│         ⢸", "   └──────────",
        "    0 work 1.0",
    ]
}
