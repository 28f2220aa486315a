import Foundation
import Media
import ModelCore
import Queue

/// Draws every method's word on one policy side by side: pictures as tiles, texts as lines.
///
/// Each map glows at its own full strength, whatever the score: faint maps could not be compared. The score is in the
/// heading.
struct ComparisonDrawing {
    let explained: Explained
    /// The policies that were asked for: the first is compared.
    let asked: [PolicyID]
    let look: StreamLook

    init(explained: Explained, asked: [PolicyID], look: StreamLook = StreamLook()) {
        self.explained = explained
        self.asked = asked
        self.look = look
    }

    // MARK: Pictures

    /// Narrower tiles show nothing.
    private static let leastTile = 25
    private static let gap = 2

    func draw(_ picture: RGBImage) -> String {
        let across = max(1, min(panels.count + 1, (look.area.columns + Self.gap) / (Self.leastTile + Self.gap)))
        let widest = (look.area.columns + Self.gap) / across - Self.gap
        let tile = PreviewGeometry.cells(for: picture.size, in: CellSize(columns: widest, rows: widest / 2 + 2))
        let rows = (panels.count + across) / across
        // Two lines of caption above each tile, one blank line below.
        let height = tile.rows + 3
        var buffer = CellBuffer(size: CellSize(columns: look.area.columns, rows: rows * height - 1))
        let preview = SymbolPreview(colors: look.colours, symbols: look.unicode ? .blocks : .ascii)
        // No cell shows more than eight by eight pixels, and heat costs by the pixel.
        let small = picture.fitting(PixelSize(width: tile.columns * 8, height: tile.rows * 16), filter: .area)
        func place(_ index: Int, _ title: String, _ subtitle: String, _ image: RGBImage) {
            let (row, column) = (index / across * height, index % across * (widest + Self.gap))
            let ellipsis = look.theme.glyphs.ellipsis
            buffer.write(title, row: row, column: column, style: bold, width: widest, ellipsis: ellipsis)
            buffer.write(
                subtitle, row: row + 1, column: column, style: look.theme[.dim], width: widest, ellipsis: ellipsis)
            buffer.place(preview.draw(image, size: tile), row: row + 2, column: column)
        }
        place(0, "the picture", "", small)
        for (index, panel) in panels.enumerated() {
            place(index + 1, panel.title, SafeText.line(panel.explanation.model), heated(small, panel.explanation))
        }
        return ([heading, buffer.ansi(depth: look.colours)] + [scale].compactMap { $0 } + legend).joined(
            separator: "\n")
    }

    /// The same as one picture, each tile under its method's name.
    func sheet(_ picture: RGBImage) -> RGBImage? {
        let small = picture.fitting(PixelSize(width: 360, height: 360), filter: .area)
        let tiles = panels.map { ContactSheet.Tile(caption: $0.title, image: heated(small, $0.explanation)) }
        let original = ContactSheet.Tile(caption: "picture", image: small)
        return ContactSheet.image(of: [original] + tiles, across: 3)
    }

    private func heated(_ picture: RGBImage, _ explanation: Explanation) -> RGBImage {
        guard case .grid(let rows, let columns, let values) = explanation.relevance,
            let grid = HeatGrid(rows: rows, columns: columns, values: values)
        else { return picture }
        return HeatOverlay(grid: grid, style: .heat, scale: 1).composited(over: picture)
    }

    // MARK: Texts

    func draw(_ text: String) -> String {
        let margin = min(look.area.columns / 2, (panels.map { CellWidth.of($0.title) }.max() ?? 0) + Self.gap)
        let blocks = panels.map { panel in
            let lit = ExplainedDrawing.lit(
                text, by: panel.explanation, scores: [], width: look.area.columns - margin, look)
            var buffer = CellBuffer(size: CellSize(columns: look.area.columns, rows: max(1, lit.size.rows)))
            buffer.write(panel.title, row: 0, column: 0, style: bold, width: margin - 1)
            buffer.place(lit, row: 0, column: margin)
            return buffer.ansi(depth: look.colours)
        }
        return ([heading, ""] + blocks + [""] + legend).joined(separator: "\n")
    }

    // MARK: What is compared

    private struct Panel {
        let title: String
        let explanation: Explanation
    }

    /// What explains the compared policy, and what is about none.
    private var panels: [Panel] {
        explained.explanations.filter { $0.policy == policy || $0.policy == nil }.map { explanation in
            let isUsual = explained.usual[explanation.model] == explanation.method
            return Panel(title: explanation.method + (isUsual ? " *" : ""), explanation: explanation)
        }
    }

    /// The one asked for; else the highest score that something explains.
    private var policy: PolicyID? {
        let explainable = Set(explained.explanations.compactMap(\.policy))
        return asked.first(where: explainable.contains)
            ?? explained.scores.first { explainable.contains($0.policy) }?.policy
    }

    private var heading: String {
        guard let policy else { return "No policy has a head here: only what looks at no policy can be compared." }
        let scores = explained.scores.filter { $0.policy == policy }
            .map { String(format: "%.3f by ", $0.value) + $0.model }
        return SafeText.line("\(policy): \(scores.joined(separator: ", "))")
    }

    private var bold: Style {
        var style = look.theme[.text]
        style.bold = true
        return style
    }

    /// The colours from no relevance to the most.
    private var scale: String? {
        guard look.colours != .mono else { return nil }
        var buffer = CellBuffer(size: CellSize(columns: 16, rows: 1))
        for column in 0..<16 {
            buffer[0, column] = Cell(text: " ", style: Style(background: Colormap.color(Float(column) / 15)))
        }
        return "none \(buffer.ansi(depth: look.colours)) most of the map"
    }

    /// What each method says, and how to read the maps.
    private var legend: [String] {
        var kinds: [ExplanationMethod.Kind] = []
        for panel in panels {
            if let kind = ExplanationMethod.Kind(rawValue: panel.explanation.method), !kinds.contains(kind) {
                kinds.append(kind)
            }
        }
        let width = kinds.map(\.rawValue.count).max() ?? 0
        let lines = kinds.map { kind in
            kind.rawValue + String(repeating: " ", count: width - kind.rawValue.count + Self.gap) + kind.summary
        }
        return lines + [
            "* shown where no method is named. Every map at its own full strength; of signed",
            "  ones only what speaks for the policy.",
        ]
    }
}
