/// Reads a query by recursive descent, scalar by scalar: a combining mark cannot swallow a quote.
struct QueryParser {
    /// Longest query in scalars, deepest nesting, most terms: far beyond what a person writes, and within what SQLite takes.
    static let lengthLimit = 2000
    static let depthLimit = 32
    static let termLimit = 100

    private let text: String
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var termCount = 0

    init(_ text: String) {
        self.text = text
        scalars = Array(text.unicodeScalars.prefix(Self.lengthLimit + 1))
    }

    mutating func query() throws(QuerySyntaxError) -> QueryNode {
        guard scalars.count <= Self.lengthLimit else {
            throw error("A query has at most \(Self.lengthLimit) characters.", at: Self.lengthLimit)
        }
        skipSpaces()
        if index == scalars.count { return .and([]) }
        let node = try alternatives(depth: 0)
        guard index == scalars.count else {
            throw error("This parenthesis closes nothing: take it away, or put it in quotes.", at: index)
        }
        return node
    }

    // MARK: - Structure

    private mutating func alternatives(depth: Int) throws(QuerySyntaxError) -> QueryNode {
        var nodes = [try conjunction(depth: depth)]
        while take(keyword: "or") { nodes.append(try conjunction(depth: depth)) }
        return .any(nodes)
    }

    private mutating func conjunction(depth: Int) throws(QuerySyntaxError) -> QueryNode {
        var nodes = [try unary(depth: depth)]
        while true {
            skipSpaces()
            if index == scalars.count || scalars[index] == ")" || isAt(keyword: "or") { return .all(nodes) }
            _ = take(keyword: "and")
            nodes.append(try unary(depth: depth))
        }
    }

    private mutating func unary(depth: Int) throws(QuerySyntaxError) -> QueryNode {
        skipSpaces()
        guard depth < Self.depthLimit else { throw error("This is nested too deeply: write it flatter.", at: index) }
        if take(keyword: "not") { return .not(try unary(depth: depth + 1)) }
        if isAt("-") {
            index += 1
            guard index < scalars.count, !isSpace(scalars[index]) else {
                throw error(
                    "A minus stands right before what it takes out; put a minus that is meant in quotes.", at: index - 1
                )
            }
            return .not(try unary(depth: depth + 1))
        }
        guard isAt("(") else { return try term() }
        let opening = index
        index += 1
        skipSpaces()
        if isAt(")") { throw error("There is nothing between these parentheses.", at: opening) }
        let node = try alternatives(depth: depth + 1)
        guard isAt(")") else { throw error("This parenthesis is never closed.", at: opening) }
        index += 1
        return node
    }

    // MARK: - Terms

    private mutating func term() throws(QuerySyntaxError) -> QueryNode {
        guard index < scalars.count, scalars[index] != ")", !isAt(keyword: "or"), !isAt(keyword: "and") else {
            throw error("Something to look for is missing here.", at: index)
        }
        termCount += 1
        guard termCount <= Self.termLimit else {
            throw error("A query has at most \(Self.termLimit) terms.", at: index)
        }
        let start = index
        let condition: QueryCondition
        if isAt("\"") {
            condition = try words(quoted(), at: start)
        } else if let name = fieldName() {
            condition = try field(name, at: start)
        } else {
            condition = try words(bare(until: "()\""), at: start)
        }
        return .term(QueryTerm(condition: condition, offset: start))
    }

    private func words(_ text: String, at start: Int) throws(QuerySyntaxError) -> QueryCondition {
        guard !FoldedText.fold(text).isEmpty else {
            throw error("There is nothing visible to look for here.", at: start)
        }
        return .text(text)
    }

    /// Letters that an operator follows (`score(` as well): then it is a field, known or not. Moves behind them.
    private mutating func fieldName() -> String? {
        var end = index
        while end < scalars.count, scalars[end].isASCII, scalars[end].properties.isAlphabetic { end += 1 }
        guard end > index, end < scalars.count, end - index <= 40 else { return nil }
        let name = string(index..<end).lowercased()
        guard ":<>=".unicodeScalars.contains(scalars[end]) || name == "score" && scalars[end] == "(" else { return nil }
        index = end
        return name
    }

    private mutating func field(_ name: String, at start: Int) throws(QuerySyntaxError) -> QueryCondition {
        switch name {
        case "policy": return .policy(try list(name) { .some(PolicyID($0.text)) })
        case "score": return try score()
        case "id", "source", "author", "reviewer":
            guard let field = QueryField(rawValue: name) else { break }
            return .field(field, try list(name, allowsPrefix: true) { $0 })
        case "lang", "language": return .language(try list("lang") { $0.text })
        case "state":
            return .state(
                try list(name, choices: ["pending", "leased", "awaiting", "decided"]) {
                    ItemDetail.State(rawValue: $0.text)
                })
        case "verdict":
            return .verdict(try list(name, choices: Verdict.allCases.map(\.rawValue)) { Verdict(rawValue: $0.text) })
        case "queue": return .queue(try list(name) { $0.text })
        case "has":
            return .has(try list(name, choices: QueryPart.allCases.map(\.rawValue)) { QueryPart(rawValue: $0.text) })
        case "mined":
            return .mined(
                try list(name, choices: MiningStrategy.allCases.map(\.rawValue)) { MiningStrategy(rawValue: $0.text) })
        case "view":
            let names = try list(name) { $0.text }
            guard names.count == 1 else { throw error("Name one view; several go with or.", at: start) }
            return .view(names[0])
        case "age": return .age(try range(of: "a time such as 3h or 2d", Self.duration))
        case "flagged": return try flagged()
        default: break
        }
        throw error(
            "There is no field “\(Visible.text(name, limit: 40))”. Fields: \(Self.fields). Put it in quotes to look for "
                + "the words.", at: start)
    }

    private static let fields =
        "policy, score, source, lang, state, verdict, reviewer, author, id, queue, age, flagged, has, mined, view"

    /// `name:a|b`: one or more values.
    private mutating func list<Value>(
        _ name: String, choices: [String]? = nil, allowsPrefix: Bool = false, _ value: (QueryPattern) -> Value?
    ) throws(QuerySyntaxError) -> [Value] {
        guard isAt(":") else { throw error("After \(name) comes a colon.", at: index) }
        var values: [Value] = []
        repeat {
            index += 1
            let start = index
            var pattern = QueryPattern(text: isAt("\"") ? try quoted() : bare(until: "|()\""))
            if isAt("*", previousQuote: start) {
                index += 1
                pattern.isPrefix = true
            } else if scalars[start..<index].last == "*", scalars[start] != "\"" {
                pattern = QueryPattern(text: String(pattern.text.dropLast()), isPrefix: true)
            }
            guard !pattern.text.isEmpty, !pattern.text.unicodeScalars.contains("\0") else {
                throw error(
                    "After \(name): comes \(choices.map { $0.joined(separator: ", ") } ?? "a value").", at: start)
            }
            guard allowsPrefix || !pattern.isPrefix else {
                throw error(
                    "The star works for id, source, author and reviewer; put one that is meant in quotes.",
                    at: index - 1)
            }
            guard let found = value(pattern) else {
                throw error("\(name) is one of \((choices ?? []).joined(separator: ", ")).", at: start)
            }
            values.append(found)
            if values.count > Self.termLimit { throw error("These are too many values.", at: start) }
        } while isAt("|")
        return values
    }

    private mutating func score() throws(QuerySyntaxError) -> QueryCondition {
        var policy: PolicyID?
        if isAt("(") {
            index += 1
            let start = index
            let name = bare(until: "()\"")
            guard !name.isEmpty else { throw error("Name a policy: score(hate)>0.8.", at: start) }
            guard isAt(")") else {
                throw error("The policy's name ends with a parenthesis: score(hate)>0.8.", at: index)
            }
            index += 1
            policy = PolicyID(name)
        }
        return .score(policy, try range(of: "a score from 0 to 1, such as 0.8", Self.share))
    }

    /// `>x`, `>=x`, `<x`, `<=x`, `:x`, `:x..y`, `:x..`, `:..y`.
    private mutating func range(
        of kind: String, _ number: (String) -> Double?
    ) throws(QuerySyntaxError) -> QueryRange {
        let sign = try comparison()
        let start = index
        func bound(_ text: String, _ offset: Int) throws(QuerySyntaxError) -> Double {
            guard let value = number(text) else { throw error("Here comes \(kind).", at: start + offset) }
            return value
        }
        let (first, second, secondOffset) = ends(bare(until: "()\""))
        if sign != ":" {
            guard second == nil else { throw error("A range follows a colon, not \(sign).", at: start) }
            let value = try bound(first, 0)
            return sign.hasPrefix(">")
                ? QueryRange(lower: value, upper: nil, isClosed: sign.count == 2)
                : QueryRange(lower: nil, upper: value, isClosed: sign.count == 2)
        }
        guard let second else {
            let value = try bound(first, 0)
            return QueryRange(lower: value, upper: value, isClosed: true)
        }
        let lower = first.isEmpty ? nil : try bound(first, 0)
        let upper = second.isEmpty ? nil : try bound(second, secondOffset)
        guard lower != nil || upper != nil else { throw error("Here comes \(kind).", at: start) }
        if let lower, let upper, lower > upper { throw error("This range ends before it begins.", at: start) }
        return QueryRange(lower: lower, upper: upper, isClosed: true)
    }

    private mutating func flagged() throws(QuerySyntaxError) -> QueryCondition {
        let sign = try comparison()
        let start = index
        func span(_ text: String, _ offset: Int) throws(QuerySyntaxError) -> (Int64, Int64) {
            guard let span = Self.span(text) else {
                throw error(
                    "Here comes a day such as 2026-01-31, or a time such as 2026-01-31T10:00:00Z.", at: start + offset)
            }
            return span
        }
        let (first, second, secondOffset) = ends(bare(until: "()\""))
        if sign != ":" {
            guard second == nil else { throw error("A range follows a colon, not \(sign).", at: start) }
            let (from, before) = try span(first, 0)
            switch sign {
            case ">": return .flagged(from: before, before: nil)
            case ">=": return .flagged(from: from, before: nil)
            case "<": return .flagged(from: nil, before: from)
            default: return .flagged(from: nil, before: before)
            }
        }
        guard let second else {
            let (from, before) = try span(first, 0)
            return .flagged(from: from, before: before)
        }
        let from = first.isEmpty ? nil : try span(first, 0).0
        let before = second.isEmpty ? nil : try span(second, secondOffset).1
        guard from != nil || before != nil else { _ = try span("", 0); return .flagged(from: nil, before: nil) }
        if let from, let before, from >= before { throw error("This range ends before it begins.", at: start) }
        return .flagged(from: from, before: before)
    }

    private mutating func comparison() throws(QuerySyntaxError) -> String {
        let start = index
        while index < scalars.count, index - start < 2, ":<>=".unicodeScalars.contains(scalars[index]) { index += 1 }
        let sign = string(start..<index)
        guard [":", "<", ">", "<=", ">="].contains(sign) else {
            throw error("Here comes one of : < > <= >=.", at: start)
        }
        return sign
    }

    /// Both ends of `a..b`; only the first where there are no two dots.
    private func ends(_ value: String) -> (String, String?, Int) {
        let all = Array(value.unicodeScalars)
        guard let dots = all.indices.dropLast().first(where: { all[$0] == "." && all[$0 + 1] == "." }) else {
            return (value, nil, 0)
        }
        func part(_ range: Range<Int>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: all[range])
            return String(view)
        }
        return (part(0..<dots), part(dots + 2..<all.count), dots + 2)
    }

    // MARK: - Values

    static func share(_ text: String) -> Double? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || ".e-".utf8.contains($0) }), text.utf8.count <= 40,
            let value = Double(text), (0...1).contains(value)
        else { return nil }
        return value
    }

    /// Milliseconds: `90s`, `15m`, `3h`, `2d`, `1.5w`.
    static func duration(_ text: String) -> Double? {
        let units = ["s": 1000.0, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000]
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard !number.isEmpty, number.utf8.count <= 20, let unit = units[String(text.dropFirst(number.count))],
            let value = Double(number), value * unit <= 100_000 * 86_400_000
        else { return nil }
        return (value * unit).rounded()
    }

    /// The milliseconds of a day (in UTC), or the one of a time.
    static func span(_ text: String) -> (Int64, Int64)? {
        if text.utf8.count == 10, let day = Timestamp(rfc3339: text + "T00:00:00Z") {
            return (day.milliseconds, day.milliseconds + 86_400_000)
        }
        return Timestamp(rfc3339: text).map { ($0.milliseconds, $0.milliseconds + 1) }
    }

    // MARK: - Scalars

    private func isAt(_ scalar: Unicode.Scalar) -> Bool { index < scalars.count && scalars[index] == scalar }

    /// At a star right behind a quoted value.
    private func isAt(_ scalar: Unicode.Scalar, previousQuote start: Int) -> Bool {
        isAt(scalar) && start < index && scalars[start] == "\""
    }

    private func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || scalar.properties.generalCategory == .control && scalar != "\0"
    }

    private mutating func skipSpaces() {
        while index < scalars.count, isSpace(scalars[index]) { index += 1 }
    }

    /// A word of the language, in any case, that ends where words end.
    private func isAt(keyword: String) -> Bool {
        let end = index + keyword.unicodeScalars.count
        guard end <= scalars.count, string(index..<end).lowercased() == keyword else { return false }
        return end == scalars.count || isSpace(scalars[end]) || "()\"".unicodeScalars.contains(scalars[end])
    }

    private mutating func take(keyword: String) -> Bool {
        skipSpaces()
        guard isAt(keyword: keyword) else { return false }
        index += keyword.unicodeScalars.count
        return true
    }

    private mutating func bare(until ends: String) -> String {
        let start = index
        while index < scalars.count, !isSpace(scalars[index]), !ends.unicodeScalars.contains(scalars[index]) {
            index += 1
        }
        return string(start..<index)
    }

    /// Between quotes; a backslash lets a quote or a backslash stand for itself.
    private mutating func quoted() throws(QuerySyntaxError) -> String {
        let opening = index
        index += 1
        var view = String.UnicodeScalarView()
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            switch scalar {
            case "\"": return String(view)
            case "\\" where index < scalars.count && (scalars[index] == "\"" || scalars[index] == "\\"):
                view.append(scalars[index])
                index += 1
            default: view.append(scalar)
            }
        }
        throw error("This quote is never closed.", at: opening)
    }

    private func string(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        return String(view)
    }

    private func error(_ sentence: String, at offset: Int) -> QuerySyntaxError {
        QuerySyntaxError(sentence: sentence, query: text, offset: min(offset, scalars.count))
    }
}
