/// A chart over [0, 1] × [0, 1] in dots, with axes and their names: lines, steps, points with their intervals.
struct Plot: Hashable, Sendable {
    struct Line: Hashable, Sendable {
        /// From left to right.
        var points: [Point]
        /// Goes level to the next point and then up or down, instead of straight.
        var isStepped = false
        /// One dot in so many.
        var every = 1
        var role: Role = .barLow
    }

    struct Point: Hashable, Sendable {
        var x: Double
        var y: Double
        /// How far up and down the value may lie; nil for a place.
        var interval: ClosedRange<Double>?
    }

    var lines: [Line] = []
    /// Drawn over the lines, each as a mark with its interval.
    var points: [Point] = []
    /// Written at the ends of the axes.
    var xName: String
    var yName: String

    /// The reliability diagram of Murphy and Winkler (1977): how often it was true against what was said, beside the
    /// diagonal on which both are one.
    static func reliability(_ points: [Point]) -> Plot {
        Plot(
            lines: [Line(points: [Point(x: 0, y: 0), Point(x: 1, y: 1)], every: 4, role: .dim)], points: points,
            xName: phrase("score"), yName: phrase("violating"))
    }

    /// - Returns: Exactly `size`: a row with the name of the upright axis, the plot, the level axis, its numbers.
    func render(_ theme: Theme, _ size: CellSize) -> CellBuffer {
        var buffer = CellBuffer(size: size, filledWith: Cell(text: " ", style: theme[.text]))
        let glyphs = theme.glyphs
        let gutter = 3
        let (columns, rows) = (size.columns - gutter - 1, size.rows - 3)
        guard columns > 3, rows > 1 else { return buffer }
        let dim = theme[.dim]
        buffer.write(
            glyphs.spelled(yName), row: 0, column: 0, style: dim, width: size.columns, ellipsis: glyphs.ellipsis)
        Axes.draw(row: 1, column: gutter, columns: columns, rows: rows, theme, into: &buffer)
        for (text, row) in [("1.0", 1), (".5", 1 + (rows - 1) / 2), ("0", rows)] {
            buffer.writeRight(text, row: row, endColumn: gutter, style: dim)
        }
        buffer.write("0", row: rows + 2, column: gutter + 1, style: dim)
        let name = buffer.writeRight(
            glyphs.spelled("\(xName) 1.0"), row: rows + 2, endColumn: size.columns, style: dim)
        let middle = gutter + columns / 2
        if middle + 3 <= name { buffer.write(".5", row: rows + 2, column: middle, style: dim) }
        let inner = CellSize(columns: columns, rows: rows)
        for line in lines {
            grid(of: line, inner).draw(
                row: 1, column: gutter + 1, style: theme[line.role], ascii: glyphs.ascii, into: &buffer)
        }
        mark(inner, column: gutter + 1, theme, into: &buffer)
        return buffer
    }

    private func grid(of line: Line, _ inner: CellSize) -> DotGrid {
        var grid = DotGrid(size: inner)
        let places = line.points.map { Self.place($0.x, $0.y, in: grid) }
        if places.count == 1, let only = places.first { grid.set(only.x, only.y) }
        for (from, to) in zip(places, places.dropFirst()) {
            if line.isStepped {
                grid.line(from: from, to: (to.x, from.y), every: line.every)
                grid.line(from: (to.x, from.y), to: to, every: line.every)
            } else {
                grid.line(from: from, to: to, every: line.every)
            }
        }
        return grid
    }

    private func mark(_ inner: CellSize, column: Int, _ theme: Theme, into buffer: inout CellBuffer) {
        let grid = DotGrid(size: inner)
        for point in points {
            if let interval = point.interval {
                var bar = grid
                let (low, high) = (
                    Self.place(point.x, interval.lowerBound, in: grid),
                    Self.place(point.x, interval.upperBound, in: grid)
                )
                bar.line(from: low, to: high)
                bar.draw(row: 1, column: column, style: theme[.barLow], ascii: theme.glyphs.ascii, into: &buffer)
            }
        }
        for point in points {
            let place = Self.place(point.x, point.y, in: grid)
            buffer[1 + inner.rows - 1 - place.y / 4, column + place.x / 2] = Cell(
                text: theme.glyphs.point, style: theme[.barHigh])
        }
    }

    private static func place(_ x: Double, _ y: Double, in grid: DotGrid) -> (x: Int, y: Int) {
        func dot(_ value: Double, of count: Int) -> Int { Int((min(1, max(0, value)) * Double(count - 1)).rounded()) }
        return (dot(x, of: grid.width), dot(y, of: grid.height))
    }
}
