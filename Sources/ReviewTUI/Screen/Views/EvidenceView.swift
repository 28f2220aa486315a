import Queue

/// What the reviewer said of the evidence, in the side column.
enum EvidenceView {
    /// Draws it from `line` on, and returns the first free line.
    static func draw(_ focus: Focus, from line: Int, _ theme: Theme, into buffer: inout CellBuffer) -> Int {
        guard !focus.evidence.isEmpty else { return line }
        SideView.heading(phrase("EVIDENCE"), line, theme, into: &buffer)
        var line = line + 1
        for text in lines(focus).prefix(4) {
            line = SideView.paragraph(text, from: line, limit: 2, theme[.text], theme, into: &buffer)
        }
        return line + 1
    }

    /// A line for each policy, raw.
    static func lines(_ focus: Focus) -> [String] {
        let scalars = focus.item.text.map { Array($0.unicodeScalars) } ?? []
        let judged = focus.evidence.judged.keys.sorted { ($0?.rawValue ?? "") < ($1?.rawValue ?? "") }
        let highlights = judged.map { policy in
            phrase(
                "\(policy?.rawValue ?? "attention"): highlight \(focus.evidence.isRight(for: policy) == true ? "right" : "wrong")"
            )
        }
        let marks = focus.evidence.marks.map { mark in
            let what =
                switch mark.place {
                case .span(let span):
                    "“\(String(String.UnicodeScalarView(scalars[span.clamped(to: 0..<scalars.count)])))”"
                case .box(let box, _): phrase("a box of \(percent(box.width)) × \(percent(box.height))")
                }
            return "\(mark.policy?.rawValue ?? "no policy"): \(what)"
        }
        return highlights + marks
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}
