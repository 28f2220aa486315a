extension QueryNode {
    /// The node in the language, in its one canonical form.
    var text: String {
        switch self {
        case .term(let term): term.condition.text
        case .not(let node): "-" + node.atom
        case .and(let nodes):
            nodes.map { node in if case .or = node { node.atom } else { node.text } }.joined(separator: " ")
        case .or(let nodes): nodes.map(\.text).joined(separator: " or ")
        }
    }

    private var atom: String {
        switch self {
        case .term, .not: text
        case .and, .or: "(\(text))"
        }
    }
}

extension QueryCondition {
    var text: String {
        switch self {
        case .text(let words): return Self.isPlainWord(words) ? words : Self.quoted(words)
        case .policy(let policies): return "policy:" + Self.list(policies.map(\.rawValue))
        case .score(let policy, let range):
            return "score" + (policy.map { "(\($0.rawValue))" } ?? "") + range.text { "\($0)" }
        case .field(let field, let patterns):
            let values = patterns.map { pattern in
                Self.isPlainValue(pattern.text) && !pattern.text.hasSuffix("*")
                    ? pattern.text + (pattern.isPrefix ? "*" : "")
                    : Self.quoted(pattern.text) + (pattern.isPrefix ? "*" : "")
            }
            return "\(field.rawValue):" + values.joined(separator: "|")
        case .language(let tags): return "lang:" + Self.list(tags)
        case .state(let states): return "state:" + Self.list(states.map(\.rawValue))
        case .verdict(let verdicts): return "verdict:" + Self.list(verdicts.map(\.rawValue))
        case .queue(let names): return "queue:" + Self.list(names)
        case .age(let range): return "age" + range.text(Self.duration)
        case .flagged(let from, let before):
            if let from, let before, Self.moment(from) == Self.lastMoment(before) {
                return "flagged:" + Self.moment(from)
            }
            return "flagged:" + (from.map(Self.moment) ?? "") + ".." + (before.map(Self.lastMoment) ?? "")
        case .has(let parts): return "has:" + Self.list(parts.map(\.rawValue))
        case .mined(let strategies): return "mined:" + Self.list(strategies.map(\.rawValue))
        case .view(let name): return "view:" + Self.list([name])
        }
    }

    private static func list(_ values: [String]) -> String {
        values.map { isPlainValue($0) && !$0.hasSuffix("*") ? $0 : quoted($0) }.joined(separator: "|")
    }

    static func quoted(_ text: String) -> String {
        var view = String.UnicodeScalarView(["\""])
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { view.append("\\") }
            view.append(scalar)
        }
        view.append("\"")
        return String(view)
    }

    /// Needs no quotes where words are looked for: letters and digits, and no word of the language.
    private static func isPlainWord(_ text: String) -> Bool {
        let isPlain = text.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || ("0"..."9").contains($0) }
        return isPlain && !text.isEmpty && !["and", "or", "not"].contains(text.lowercased())
    }

    private static func isPlainValue(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_/.@:#+".unicodeScalars.contains($0)
            }
    }

    /// The largest unit that leaves a whole number.
    private static func duration(_ milliseconds: Double) -> String {
        for (unit, length) in [("d", 86_400_000.0), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
        where milliseconds.truncatingRemainder(dividingBy: length) == 0 && milliseconds >= length {
            return "\(Int64(milliseconds / length))\(unit)"
        }
        return "\(milliseconds / 1000)s"
    }

    /// A day where a day begins with this millisecond.
    private static func moment(_ milliseconds: Int64) -> String {
        let text = Timestamp(milliseconds: milliseconds).rfc3339
        return text.hasSuffix("T00:00:00Z") ? String(text.prefix { $0 != "T" }) : text
    }

    /// The day that ends before this millisecond, or else the millisecond before it.
    private static func lastMoment(_ milliseconds: Int64) -> String {
        let day = moment(milliseconds - 86_400_000)
        return day.contains("T") ? Timestamp(milliseconds: milliseconds - 1).rfc3339 : day
    }
}

extension QueryRange {
    func text(_ number: (Double) -> String) -> String {
        switch (lower, upper) {
        case (let lower?, let upper?) where lower == upper: ":" + number(lower)
        case (let lower?, let upper?): ":" + number(lower) + ".." + number(upper)
        case (let lower?, nil): (isClosed ? ">=" : ">") + number(lower)
        case (nil, let upper?): (isClosed ? "<=" : "<") + number(upper)
        case (nil, nil): ""
        }
    }
}
