import Foundation
import Media
import Queue

/// Draws what `explain` found as lines for a terminal, with the console's own pieces.
struct ExplainedDrawing {
    let explained: Explained
    /// The policies that were asked for: they come first.
    let asked: [PolicyID]
    private let look = StreamLook()

    /// The picture under its heat map, as symbols.
    func draw(_ picture: RGBImage) -> String {
        let size = PreviewGeometry.cells(for: picture.size, in: look.area)
        let preview = SymbolPreview(colors: look.colours, symbols: look.unicode ? .blocks : .ascii)
        return preview.draw(heated(picture), size: size).ansi(depth: look.colours)
    }

    /// The picture with the first explanation's heat over it, glowing as strongly as its score.
    func heated(_ picture: RGBImage) -> RGBImage {
        guard let shown, case .grid(let rows, let columns, let values) = shown.relevance,
            let grid = HeatGrid(rows: rows, columns: columns, values: values)
        else { return picture }
        let scale = Float(strength(of: shown))
        return HeatOverlay(grid: grid, style: .heat, scale: scale, signed: shown.signed).composited(over: picture)
    }

    /// The text with its words lit.
    func draw(_ text: String) -> String {
        Self.lit(text, by: shown, scores: explained.scores, width: look.area.columns, look).ansi(depth: look.colours)
    }

    /// The text's lines with the words lit that an explanation names.
    ///
    /// - Parameter scores: how strongly it may glow; fully where none is of its policy.
    static func lit(
        _ text: String, by explanation: Explanation?, scores: [Score], width: Int, _ look: StreamLook
    ) -> CellBuffer {
        let item = Item(id: ItemID(""), text: text, flaggedAt: .now)
        let focus = Focus(
            item: item, scores: scores, explanations: explanation.map { [$0] } ?? [], hold: .none, taxonomy: [],
            ascii: !look.unicode)
        guard let safe = focus.safeText else { return CellBuffer(size: CellSize(columns: 0, rows: 0)) }
        let heat = TextView.heat(focus)
        let lines = TextWrap.lines(safe.pieces, width: width)
        var buffer = CellBuffer(size: CellSize(columns: width, rows: lines.count))
        for (row, line) in lines.enumerated() {
            var column = 0
            for index in line {
                let piece = safe.pieces[index]
                let style = TextView.style(of: piece, heat: heat[index], look.theme)
                buffer.write(piece.text, row: row, column: column, style: style)
                column += piece.width
            }
        }
        return buffer
    }

    /// Scores, best first, with what is drawn.
    var table: String {
        let rows = explained.scores.map { score in
            [
                score.policy.rawValue, (score.isCalibrated ? "" : "~") + String(format: "%.3f", score.value),
                score.threshold.map { String(format: "%.3f", $0) } ?? "", score.model,
                explained.explanations.filter { $0.policy == score.policy && $0.model == score.model }.map(\.method)
                    .joined(separator: " "),
            ]
        }
        let legend = shown.map { shown in
            "drawn: \(shown.policy.map { "\($0) by " } ?? "")\(shown.method) of \(shown.model)"
        }
        let scores = Table.text(header: ["policy", "score", "threshold", "model", "explained by"], rows: rows)
        return ([legend].compactMap { $0 } + [scores] + sources).joined(separator: "\n")
    }

    /// What the scores were computed with, a line for each that is different.
    private var sources: [String] {
        var lines: [String] = []
        for score in explained.scores {
            guard let provenance = score.provenance else { continue }
            let parts = [
                score.model, "weights \(provenance.weights.prefix(12))…", provenance.head.map(Self.source),
                provenance.precision,
            ]
            let line = SafeText.line("computed by " + parts.compactMap { $0 }.joined(separator: ", "))
            if !lines.contains(line) { lines.append(line) }
        }
        return lines
    }

    /// Every policy's words are a head of their own, which --json tells apart; one line stands for all of a model.
    private static func source(head: String) -> String {
        head.hasPrefix("zero-shot@") ? "the policy's words (zero-shot)" : "head \(head)"
    }

    /// What is drawn: the policy asked for; else the highest score over its threshold; else plain attention.
    private var shown: Explanation? {
        let all = explained.explanations
        if let wanted = asked.lazy.compactMap({ policy in all.first { $0.policy == policy } }).first { return wanted }
        let over = explained.scores.first { $0.proposes(nil) }
        if let over, let match = all.first(where: { $0.policy == over.policy && $0.model == over.model }) {
            return match
        }
        return all.first { $0.policy == nil } ?? all.first
    }

    private func strength(of explanation: Explanation) -> Double {
        guard let policy = explanation.policy else { return 1 }
        return explained.scores.first { $0.policy == policy && $0.model == explanation.model }?.value ?? 1
    }
}
