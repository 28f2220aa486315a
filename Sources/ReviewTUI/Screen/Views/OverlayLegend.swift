import Foundation

/// One row that says what the overlay on the picture means in numbers: heat as a ramp between its least and greatest
/// value, the other styles by the values at which they change.
enum OverlayLegend {
    static func draw(
        _ overlay: PreviewRequest.Overlay, row: Int, _ depth: ColorDepth, _ theme: Theme, into buffer: inout CellBuffer
    ) {
        guard let heat = overlay.heat else { return }
        let top = heat.grid.top
        guard overlay.style == .heat else {
            buffer.write(
                words(overlay.style, top), row: row, column: 0, style: theme[.dim], width: buffer.size.columns,
                ellipsis: theme.glyphs.ellipsis)
            return
        }
        // Symmetrical where there are signs: the middle is always 0.
        let greatest = overlay.signed ? heat.grid.magnitude : top
        var column = buffer.write(
            (overlay.signed ? "-" + number(greatest) : "0") + " ", row: row, column: 0, style: theme[.dim])
        let end = " " + (overlay.signed ? "+" : "") + number(greatest)
        let steps = min(24, buffer.size.columns - column - CellWidth.of(end))
        for step in 0..<max(0, steps) {
            let part = (Float(step) + 0.5) / Float(steps)
            let relevance = greatest > 0 ? (overlay.signed ? 2 * part - 1 : part) : 0
            buffer[row, column] = cell(heat, relevance, depth)
            column += 1
        }
        buffer.write(end, row: row, column: column, style: theme[.dim])
    }

    /// The heat's own colour for a relevance, without the picture that shines through; without colour as much ink as the
    /// relevance is strong.
    private static func cell(_ heat: HeatOverlay, _ relevance: Float, _ depth: ColorDepth) -> Cell {
        guard depth != .mono else {
            let ink = InkPreview.ramp
            let character = ink[min(ink.count - 1, Int(abs(relevance) * Float(ink.count)))]
            return Cell(text: String(character), style: .plain)
        }
        return Cell(text: " ", style: Style(background: heat.glow(of: relevance).color))
    }

    private static func words(_ style: OverlayStyle, _ top: Float) -> String {
        switch style {
        case .contour: phrase("lines: ") + HeatOverlay.contours.map { number($0 * top) }.joined(separator: " ")
        case .spotlight: phrase("dark 0, bright \(number(top))")
        case .mask: phrase("hidden under \(number(HeatOverlay.maskLevel * top))")
        case .heat, .off: ""
        }
    }

    private static func number(_ value: Float) -> String { String(format: "%.2g", value) }
}
