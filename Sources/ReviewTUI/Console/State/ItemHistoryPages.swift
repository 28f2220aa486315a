import Queue

/// The history of the item in focus, and its author's other items: two pages of lines, safe to show.
struct ItemHistoryPages: Hashable, Sendable {
    struct Line: Hashable, Sendable {
        /// When, as `2026-11-23 10:05`; empty for a line that speaks of no moment.
        var moment: String
        var text: SafeText
        /// Whether it no longer counts: a verdict that was taken back, or that a later one replaced.
        var isPast = false
    }

    let item: ItemID
    let history: [Line]
    /// Nil where the source names no author.
    let author: [Line]?
    var showsAuthor = false
    var scroll = 0

    var shown: [Line] { showsAuthor ? author ?? [] : history }

    /// - parameter author: nil where there is none, or nobody is to know it yet.
    /// - parameter isVeiled: whether what was decided is kept back until a first call.
    init(_ history: ItemHistory, author: AuthorRecord?, isVeiled: Bool, reviewer: String, ascii: Bool) {
        item = history.item
        func line(_ time: Timestamp?, _ text: String, isPast: Bool = false) -> Line {
            Line(
                moment: time.map(ItemFacts.moment) ?? "", text: SafeText(text, limit: 2_000, ascii: ascii),
                isPast: isPast)
        }
        var lines = history.entries.map { entry in
            switch entry.event {
            case .created: line(entry.time, phrase("posted"))
            case .flagged: line(entry.time, phrase("flagged"))
            case .ingested: line(entry.time, phrase("taken into the queue"))
            case .decided(let record):
                line(
                    entry.time, Self.words(for: record, reviewer: reviewer),
                    isPast: record.verdict != nil && !record.isStanding)
            case .appealed(let note): line(entry.time, phrase("appealed") + (note.map { ": \($0)" } ?? ""))
            }
        }
        if !history.reports.isEmpty {
            let counted = Dictionary(history.reports.map { ($0.reason, 1) }, uniquingKeysWith: +)
            let words = counted.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(8).map { reason, count in
                count > 1 ? "\(count) × \(reason.prefix(60))" : String(reason.prefix(60))
            }
            let flagged = history.entries.firstIndex { $0.event == .flagged } ?? -1
            lines.insert(line(nil, phrase("reported: ") + words.joined(separator: ", ")), at: flagged + 1)
        }
        if isVeiled {
            lines.append(line(nil, phrase("What was decided is hidden until you have judged the item once.")))
        }
        self.history = lines
        self.author =
            isVeiled && history.author != nil
            ? [
                line(
                    nil, phrase("What the author's other items came to is hidden until you have judged this one once."))
            ]
            : author.map { Self.lines(of: $0, name: history.author ?? "", line) }
    }

    /// "removed as hate by ann, severity 3, in a group of 7: note".
    private static func words(for record: DecisionRecord, reviewer: String) -> String {
        let who = record.reviewer == reviewer ? phrase("you") : record.reviewer
        guard let verdict = record.verdict else { return phrase("verdict taken back by \(who)") }
        var words = verdict.pastWithin
        if !record.policies.isEmpty {
            words += phrase(" as \(record.policies.map(\.rawValue).joined(separator: ", "))")
        }
        words += phrase(" by \(who)")
        switch record.review {
        case .first: break
        case .second: words += phrase(", second review")
        case .third: words += phrase(", third review")
        case .appeal: words += phrase(", on the appeal")
        case .gold: words += phrase(", on gold")
        case .escalated: words += phrase(", on the escalation")
        }
        if let severity = record.severity { words += phrase(", severity \(severity)") }
        if let group = record.group { words += phrase(", in a group of \(group.size)") }
        return words + (record.note.map { ": \($0)" } ?? "")
    }

    private static func lines(
        of record: AuthorRecord, name: String, _ line: (Timestamp?, String, Bool) -> Line
    ) -> [Line] {
        guard record.items > 0 else {
            return [line(nil, phrase("\(name): nothing else of this author is in the queue."), false)]
        }
        let counts = Verdict.allCases.compactMap { verdict in
            record.verdicts[verdict].map { "\($0) \(verdict.pastWithin)" }
        }
        let undecided = record.undecided > 0 ? [phrase("\(record.undecided) undecided")] : []
        let more = record.isCut ? phrase("the newest ") : ""
        let total = more + (record.items == 1 ? phrase("1 other item") : phrase("\(record.items) other items"))
        return [line(nil, "\(name): \(total): \((counts + undecided).joined(separator: ", "))", false)]
            + record.newest.map { item in
                let policies = item.policies.map(\.rawValue).joined(separator: ", ")
                let verdict =
                    item.verdict.map { $0.pastWithin + (policies.isEmpty ? "" : phrase(" as \(policies)")) }
                    ?? phrase("undecided")
                let words = item.firstLine.map { ": \($0)" } ?? ""
                return line(item.flaggedAt, "\(item.item.rawValue), \(verdict)\(words)", false)
            }
    }
}
