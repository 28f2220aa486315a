import Queue

@testable import ReviewTUI

/// Items and policies that tests of the console share. Written for these tests.
enum Sample {
    /// 2026-11-23T12:00:00Z, when the tests' reviewer sits down.
    static let start: Int64 = 1_795_435_200_000

    static let taxonomy: [Policy] = [
        Policy(
            id: "hate", title: "Hate", summary: "Attacks people for what they are.",
            reasons: ["Slur against a protected group", "Dehumanising comparison"]),
        Policy(id: "harassment", title: "Harassment", summary: "Targets one person."),
        Policy(
            id: "violence/graphic", title: "Graphic violence", summary: "Shows injuries.", severity: 4, soften: [.blur]),
        Policy(id: "sexual", title: "Sexual content", threshold: 0.6),
        Policy(
            id: "sexual/minors", title: "Sexual content with minors", restricted: true, soften: [.blur],
            asks: PolicyQuestion([.escalate: "The post is reported to the authority."])),
        Policy(id: "spam", title: "Spam"),
    ]

    static func text(
        _ id: String, _ text: String, scores: [(String, Double)] = [], spans: [(Int, Int, Float)] = [],
        metadata: String = "{}"
    ) -> ItemContents {
        ItemContents(
            item: Item(
                id: ItemID(id), text: text, language: "en", source: "comments", author: "a9f3",
                flaggedAt: Timestamp(milliseconds: start - 3 * 3_600_000), priority: 0.5, metadata: metadata,
                reports: [Report(reason: "hate"), Report(reason: "hate"), Report(reason: "spam")]),
            scores: scores.map { Score(model: "minilm-l6@1", policy: PolicyID($0.0), value: $0.1) },
            explanations: spans.isEmpty
                ? []
                : [
                    Explanation(
                        model: "minilm-l6@1", policy: PolicyID(scores.first?.0 ?? "hate"), method: "legrad",
                        relevance: .spans(spans.map { Explanation.Span(start: $0.0, end: $0.1, weight: $0.2) }))
                ])
    }

    static func picture(_ id: String, text: String? = nil, scores: [(String, Double)] = []) -> ItemContents {
        let grid = Explanation.Relevance.grid(rows: 2, columns: 2, values: [0, 0.1, 0.2, 0.4])
        let policy = scores.first.map { PolicyID($0.0) }
        return ItemContents(
            item: Item(
                id: ItemID(id), text: text, language: text == nil ? nil : "en",
                media: [
                    MediaReference(
                        path: "img/\(id).jpg", sha256: String(repeating: "a", count: 64), byteCount: 48_200,
                        storedPath: "/nowhere/\(id).jpg")
                ],
                source: "uploads", flaggedAt: Timestamp(milliseconds: start - 90_000)),
            scores: scores.map { Score(model: "dinov2-small@1", policy: PolicyID($0.0), value: $0.1) },
            explanations: [
                Explanation(model: "dinov2-small@1", policy: nil, method: "attention", relevance: grid)
            ]
                + (policy.map {
                    [Explanation(model: "dinov2-small@1", policy: $0, method: "legrad", relevance: grid)]
                } ?? []))
    }

    static let threat = text(
        "post-17", "People like you should not be allowed to breathe. Go back to where you crawled out of, vermin.",
        scores: [("hate", 0.91), ("harassment", 0.64), ("violence/graphic", 0.12), ("spam", 0.03)],
        spans: [(7, 15, 0.2), (36, 43, 0.5), (82, 89, 0.4), (98, 104, 1.0)], metadata: #"{"likes":3,"thread":"t-9"}"#)

    static let harmless = text("post-18", "What a lovely harbour at sunset!", scores: [("hate", 0.02), ("spam", 0.3)])

    static let hostile = text(
        "post-\u{202E}19",
        "a \u{1B}[31mred\u{1B}]0;owned\u{07} \u{202E}abc\u{202C} \u{200B} fr\u{0435}e V\u{300}\u{301}\u{302}\u{303}\u{304}IAGRA"
    )

    /// A posterised slope, in place of a photo.
    static func drawn(_ size: CellSize, unicode: Bool = true) -> Picture {
        var cells = CellBuffer(size: CellSize(columns: max(1, size.columns - 4), rows: max(1, size.rows - 2)))
        for row in 0..<cells.size.rows {
            for column in 0..<cells.size.columns {
                let level = UInt8(min(255, (row * 7 + column * 3) / 32 * 32))
                cells[row, column] = Cell(
                    text: unicode ? "▀" : "#",
                    style: Style(foreground: RGB(level, 100, 60), background: RGB(40, level, 90)))
            }
        }
        return Picture(cells: cells, pixels: nil, pixelWidth: 640, pixelHeight: 480, format: "JPEG")
    }
}
