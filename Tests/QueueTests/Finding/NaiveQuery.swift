import Foundation

@testable import Queue

/// An item as a query sees it, in memory.
struct NaiveItem {
    var id: String
    var text: String?
    var source: String?
    var author: String?
    var language: String?
    var flagged: Int64
    var scores: [(policy: String, value: Double)] = []
    var reports: [String] = []
    var hasMedia = false
    var state = ItemDetail.State.pending
    var holder: String?
    var reviewer: String?
    var verdict: Verdict?
    var decidedPolicies: [String] = []
    var note: String?
}

/// What a query means, written down a second time without SQL, as plainly as possible.
struct NaiveQuery {
    var now: Int64
    var taxonomy: Taxonomy

    func matches(_ item: NaiveItem, _ node: QueryNode) -> Bool {
        switch node {
        case .term(let term): matches(item, term.condition)
        case .not(let inner): !matches(item, inner)
        case .and(let nodes): nodes.allSatisfy { matches(item, $0) }
        case .or(let nodes): nodes.contains { matches(item, $0) }
        }
    }

    private func matches(_ item: NaiveItem, _ condition: QueryCondition) -> Bool {
        switch condition {
        case .text(let words):
            guard let text = item.text else { return false }
            let (all, part) = (FoldedText.fold(text), FoldedText.fold(words))
            return all.indices.contains { all[$0...].starts(with: part) }
        case .policy(let policies):
            let over = item.scores.filter { score in
                score.value >= taxonomy.threshold(for: Score(model: "m@1", policy: PolicyID(score.policy), value: 0))
            }
            let named = over.map(\.policy) + item.reports + item.decidedPolicies
            return policies.contains { policy in named.contains { isUnder($0, policy) } }
        case .score(let policy, let range):
            let values = item.scores.filter { score in policy.map { isUnder(score.policy, $0) } ?? true }.map(\.value)
            return values.max().map { holds($0, range) } ?? false
        case .field(let field, let patterns):
            let values: [String?] =
                switch field {
                case .id: [item.id]
                case .source: [item.source]
                case .author: [item.author]
                case .reviewer: [item.holder, item.reviewer]
                }
            return patterns.contains { pattern in
                values.compactMap { $0 }.contains { value in
                    pattern.isPrefix
                        ? value.utf8.starts(with: pattern.text.utf8) : value.utf8.elementsEqual(pattern.text.utf8)
                }
            }
        case .language(let tags):
            guard let language = item.language?.lowercased() else { return false }
            return tags.contains { language == $0.lowercased() || language.hasPrefix($0.lowercased() + "-") }
        case .state(let states): return states.contains(item.state)
        case .verdict(let verdicts): return item.verdict.map { verdicts.contains($0) } ?? false
        case .queue(let names): return names.contains("default")
        case .age(let range): return holds(Double(now - item.flagged), range)
        case .flagged(let from, let before):
            return item.flagged >= from ?? .min && item.flagged < before ?? .max
        case .has(let parts):
            return parts.contains { part in
                switch part {
                case .media: item.hasMedia
                case .text: item.text != nil
                case .note: item.note != nil
                }
            }
        case .mined, .view: return false
        }
    }

    private func isUnder(_ name: String, _ policy: PolicyID) -> Bool {
        name == policy.rawValue || name.hasPrefix(policy.rawValue + "/")
    }

    private func holds(_ value: Double, _ range: QueryRange) -> Bool {
        if let lower = range.lower, range.isClosed ? value < lower : value <= lower { return false }
        if let upper = range.upper, range.isClosed ? value > upper : value >= upper { return false }
        return true
    }
}

/// Random queries and items from the same few words, so that they meet.
struct RandomQueries {
    var generator: SplitMix64

    static let words = ["hate", "Straße", "仇恨", "仇恨言论", "ab", "привет", "🚒", "\"q\" AND x*", "กำ", "हिन्दी", "%_", "سلام"]
    static let policies = ["hate", "hate/threatening", "violence", "violence/graphic", "spam"]
    static let sources = ["uploads", "up", "comments", "e\u{301}", "é", "a\"b"]
    static let languages = ["de", "de-AT", "en", "deu"]
    static let reviewers = ["ann", "ben"]

    mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &generator)]
    }
    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }
    mutating func some<Value>(_ values: [Value]) -> [Value] {
        (0..<Int.random(in: 1...2, using: &generator)).map { _ in pick(values) }
    }
    mutating func share() -> Double { Double(Int.random(in: 0...20, using: &generator)) / 20 }

    mutating func item(_ number: Int) -> NaiveItem {
        var item = NaiveItem(id: "item-\(number)", flagged: TestQueue.start.milliseconds)
        item.text = chance(0.85) ? (0..<3).map { _ in pick(Self.words) }.joined(separator: pick([" ", "", "\0"])) : nil
        item.hasMedia = item.text == nil || chance(0.2)
        item.source = chance(0.7) ? pick(Self.sources) : nil
        item.author = chance(0.5) ? pick(Self.sources) : nil
        item.language = chance(0.7) ? pick(Self.languages) : nil
        item.flagged -= Int64(Int.random(in: 0...96, using: &generator)) * 3_600_000
        let scored = chance(0.7) ? Set(some(Self.policies)).sorted() : []
        for policy in scored { item.scores.append((policy, share())) }
        item.reports = chance(0.2) ? [pick(Self.policies)] : []
        return item
    }

    mutating func range(_ number: (inout RandomQueries) -> Double) -> QueryRange {
        let (a, b) = (number(&self), number(&self))
        switch Int.random(in: 0...3, using: &generator) {
        case 0: return QueryRange(lower: min(a, b), upper: max(a, b), isClosed: true)
        case 1: return QueryRange(lower: a, upper: nil, isClosed: chance(0.5))
        case 2: return QueryRange(lower: nil, upper: a, isClosed: chance(0.5))
        default: return QueryRange(lower: a, upper: a, isClosed: true)
        }
    }

    mutating func condition() -> QueryCondition {
        switch Int.random(in: 0...13, using: &generator) {
        case 0...3: return .text(pick(Self.words))
        case 4: return .policy(some(Self.policies).map { PolicyID($0) })
        case 5: return .score(nil, range { $0.share() })
        case 6: return .score(PolicyID(pick(Self.policies)), range { $0.share() })
        case 7:
            let field = pick([QueryField.source, .author, .reviewer, .id])
            let values =
                field == .reviewer ? Self.reviewers : field == .id ? ["item-3", "item-17", "item-1"] : Self.sources
            let patterns = some(values).map { QueryPattern(text: $0, isPrefix: chance(0.3)) }
            return .field(field, patterns)
        case 8: return .language(some(["de", "DE", "en", "fr"]))
        case 9: return .state(some([.pending, .leased, .decided]))
        case 10: return .verdict(some(Verdict.allCases))
        case 11: return .age(range { Double(Int.random(in: 0...96, using: &$0.generator)) * 3_600_000 })
        case 12:
            let from = TestQueue.start.milliseconds - Int64(Int.random(in: 0...96, using: &generator)) * 3_600_000
            return .flagged(from: from, before: chance(0.5) ? from + 86_400_000 : nil)
        default: return .has(some(QueryPart.allCases))
        }
    }

    mutating func node(depth: Int) -> QueryNode {
        switch depth == 0 ? 0 : Int.random(in: 0...5, using: &generator) {
        case 1: return .not(node(depth: depth - 1))
        case 2, 3: return .all([node(depth: depth - 1), node(depth: depth - 1)])
        case 4: return .any([node(depth: depth - 1), node(depth: depth - 1)])
        default: return .term(QueryTerm(condition: condition(), offset: 0))
        }
    }
}
