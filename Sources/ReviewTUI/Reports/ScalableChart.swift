import Foundation

/// A chart over [0, 1] × [0, 1] as inline SVG: the lines and points of a ``Plot``, for a page instead of a terminal.
///
/// Colours come from the page (`.before`, `.after`, `.guide`, `.axis`), so that it can be light or dark; shapes and dashes
/// tell the series apart without them.
struct ScalableChart {
    struct Series {
        /// A class of the page's style sheet: `before`, `after` or `guide`.
        var style: String
        var line: [(x: Double, y: Double)] = []
        var isStepped = false
        var points: [Plot.Point] = []
        /// Squares instead of discs.
        var isSquare = false
    }

    /// What it is called, and what is to be seen in it, for those who do not see it.
    var title: String
    var description: String
    var xName: String
    var yName: String
    var series: [Series]
    /// Unique in the page.
    var id: String

    private static let size = 300.0
    private static let (left, bottom, top, right) = (46.0, 40.0, 10.0, 10.0)

    var svg: String {
        let size = Self.size
        var parts = [
            Markup.element("title", title, ["id": "\(id)-title"]),
            Markup.element("desc", description, ["id": "\(id)-desc"]),
        ]
        for tick in [0, 0.25, 0.5, 0.75, 1] {
            let (x, y) = (Self.x(tick), Self.y(tick))
            parts.append(line("axis", (x, Self.y(0)), (x, Self.y(1)), faint: true))
            parts.append(line("axis", (Self.x(0), y), (Self.x(1), y), faint: true))
            let name = Self.number(tick)
            parts.append(label(name, x, Self.y(0) + 15, anchor: "middle"))
            parts.append(label(name, Self.x(0) - 6, y + 4, anchor: "end"))
        }
        parts.append(label(xName, (Self.x(0) + Self.x(1)) / 2, size - 6, anchor: "middle"))
        parts.append(
            Markup.element(
                "text", yName,
                [
                    "class": "label", "text-anchor": "middle",
                    "transform": "translate(12 \(Self.short((Self.y(0) + Self.y(1)) / 2))) rotate(-90)",
                ]))
        parts += series.flatMap(draw)
        return Markup.element(
            "svg", raw: parts.joined(separator: "\n"),
            [
                "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(Int(size)) \(Int(size))", "role": "img",
                "aria-labelledby": "\(id)-title \(id)-desc",
            ])
    }

    private func draw(_ series: Series) -> [String] {
        var parts: [String] = []
        if let first = series.line.first {
            var path = "M\(Self.short(Self.x(first.x))) \(Self.short(Self.y(first.y)))"
            for point in series.line.dropFirst() {
                if series.isStepped {
                    path += "H\(Self.short(Self.x(point.x)))V\(Self.short(Self.y(point.y)))"
                } else {
                    path += "L\(Self.short(Self.x(point.x))) \(Self.short(Self.y(point.y)))"
                }
            }
            parts.append(Markup.empty("path", ["class": "\(series.style) curve", "d": path]))
        }
        for point in series.points {
            let (x, y) = (Self.x(point.x), Self.y(point.y))
            if let interval = point.interval {
                parts.append(
                    line("\(series.style) whisker", (x, Self.y(interval.lowerBound)), (x, Self.y(interval.upperBound))))
            }
            parts.append(
                series.isSquare
                    ? Markup.empty(
                        "rect",
                        [
                            "class": "\(series.style) mark", "x": Self.short(x - 3.5), "y": Self.short(y - 3.5),
                            "width": "7", "height": "7",
                        ])
                    : Markup.empty(
                        "circle",
                        ["class": "\(series.style) mark", "cx": Self.short(x), "cy": Self.short(y), "r": "4"]))
        }
        return parts
    }

    private func line(
        _ style: String, _ from: (Double, Double), _ to: (Double, Double), faint: Bool = false
    ) -> String {
        Markup.empty(
            "line",
            [
                "class": faint ? "\(style) faint" : style, "x1": Self.short(from.0), "y1": Self.short(from.1),
                "x2": Self.short(to.0), "y2": Self.short(to.1),
            ])
    }

    private func label(_ text: String, _ x: Double, _ y: Double, anchor: String) -> String {
        Markup.element(
            "text", text, ["class": "label", "x": Self.short(x), "y": Self.short(y), "text-anchor": anchor])
    }

    private static func x(_ value: Double) -> Double { left + min(1, max(0, value)) * (size - left - right) }
    private static func y(_ value: Double) -> Double { size - bottom - min(1, max(0, value)) * (size - bottom - top) }
    private static func short(_ value: Double) -> String { String(format: "%.1f", value) }
    private static func number(_ value: Double) -> String {
        String(format: value == 0.25 || value == 0.75 ? "%.2f" : "%.1f", value)
    }
}
