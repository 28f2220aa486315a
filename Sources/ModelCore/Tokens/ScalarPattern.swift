/// The regular expressions that published tokenizers use, over Unicode scalars, with the reference's Unicode tables.
///
/// Alternatives of sequences; an element of a sequence is one scalar of a class, repeated or not, or a look ahead at one
/// scalar. The first alternative that fits wins, repetition is greedy, as in Oniguruma. Understood are literals,
/// `[…]` and `[^…]` with ranges, `\p{L}`, `\p{N}`, `\s`, `\S`, `\r`, `\n`, `\t`, `? * + {n} {n,} {n,m}`, `(?:…)`,
/// `(?i:…)`, `(?!…)`, `(?=…)` and `|`. Everything else is refused, patterns that match nothing at all included.
struct ScalarPattern: Sendable {
    struct Fault: Error, Equatable {
        let reason: String
    }

    private let branches: [[Element]]

    /// The literal text.
    init(literal: String) throws(Fault) {
        guard !literal.isEmpty else { throw Fault(reason: "matches nothing") }
        branches = [literal.unicodeScalars.map { .one(ScalarClass($0), 1...1) }]
    }

    init(_ expression: String) throws(Fault) {
        guard expression.utf8.count <= 10_000 else { throw Fault(reason: "is longer than 10,000 bytes") }
        var parser = PatternParser(Array(expression.unicodeScalars))
        branches = try parser.whole()
        guard branches.allSatisfy({ Self.shortest($0) > 0 }) else { throw Fault(reason: "matches nothing") }
    }

    enum Element: Sendable {
        case one(ScalarClass, ClosedRange<Int>)
        case lookAhead(ScalarClass, wanted: Bool)
    }

    private static func shortest(_ branch: [Element]) -> Int {
        branch.reduce(0) { if case .one(_, let count) = $1 { $0 + count.lowerBound } else { $0 } }
    }

    // MARK: Matching

    /// The matches from left to right, none of them empty, none overlapping.
    func matches(in text: AlignedText) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = text.startIndex
        while start < text.endIndex {
            if let end = end(in: text, from: start) {
                found.append(start..<end)
                start = end
            } else {
                start += 1
            }
        }
        return found
    }

    private func end(in text: AlignedText, from start: Int) -> Int? {
        for branch in branches {
            if let end = Self.end(of: branch[...], in: text, from: start) { return end }
        }
        return nil
    }

    private static func end(of branch: ArraySlice<Element>, in text: AlignedText, from start: Int) -> Int? {
        guard let element = branch.first else { return start }
        let rest = branch.dropFirst()
        switch element {
        case .lookAhead(let scalars, let wanted):
            let fits = start < text.endIndex && scalars.contains(text[start].scalar)
            return fits == wanted ? end(of: rest, in: text, from: start) : nil
        case .one(let scalars, let count):
            var end = start
            // `count.upperBound` may be Int.max.
            while end < text.endIndex, end - start < count.upperBound, scalars.contains(text[end].scalar) { end += 1 }
            if rest.isEmpty { return end - start >= count.lowerBound ? end : nil }
            while end - start >= count.lowerBound {
                if let found = Self.end(of: rest, in: text, from: end) { return found }
                end -= 1
            }
            return nil
        }
    }
}

/// A set of scalars as a pattern writes it.
struct ScalarClass: Sendable {
    enum Part: Sendable {
        case range(ClosedRange<UInt32>)
        case letter, number, space
        indirect case not(Part)

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .range(let range): range.contains(scalar.value)
            case .letter: ReferenceUnicode.isLetter(scalar)
            case .number: ReferenceUnicode.isNumber(scalar)
            case .space: ReferenceUnicode.isWhitespace(scalar)
            case .not(let part): !part.contains(scalar)
            }
        }
    }

    private let parts: [Part]
    private let negated: Bool
    /// The answers for ASCII.
    private let low: (UInt64, UInt64)

    init(_ parts: [Part], negated: Bool = false) {
        func contains(_ value: UInt32) -> Bool {
            Unicode.Scalar(value).map { scalar in parts.contains { $0.contains(scalar) } != negated } ?? false
        }
        func bits(_ values: Range<UInt32>) -> UInt64 {
            values.reduce(0) { contains($1) ? $0 | 1 << UInt64($1 % 64) : $0 }
        }
        self.parts = parts
        self.negated = negated
        low = (bits(0..<64), bits(64..<128))
    }

    init(_ scalar: Unicode.Scalar) { self.init([.range(scalar.value...scalar.value)]) }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<64: low.0 >> UInt64(scalar.value) & 1 == 1
        case ..<128: low.1 >> UInt64(scalar.value - 64) & 1 == 1
        default: parts.contains { $0.contains(scalar) } != negated
        }
    }

    /// With the other cases of ASCII letters, and the two scalars outside ASCII that fold to one: ſ and the Kelvin sign.
    func ignoringCase() -> ScalarClass {
        var more = parts
        for value in UInt32(0x41)...0x5A {
            let (upper, lower) = (value, value | 0x20)
            let variants = [upper, lower] + (lower == 0x73 ? [0x17F] : []) + (lower == 0x6B ? [0x212A] : [])
            let holds = variants.contains { variant in
                Unicode.Scalar(variant).map { scalar in parts.contains { $0.contains(scalar) } } ?? false
            }
            if holds { more += variants.map { .range($0...$0) } }
        }
        return ScalarClass(more, negated: negated)
    }
}

/// Reads a pattern into its alternatives; groups are multiplied out.
private struct PatternParser {
    typealias Fault = ScalarPattern.Fault
    typealias Element = ScalarPattern.Element

    private let source: [Unicode.Scalar]
    private var place = 0
    private var ignoresCase = false

    private static let mostBranches = 256
    private static let deepest = 8
    private static let longestBranch = 64
    private static let mostRepeats = 10_000

    init(_ source: [Unicode.Scalar]) { self.source = source }

    private var next: Unicode.Scalar? { place < source.count ? source[place] : nil }

    private func fault(_ reason: String) -> Fault { Fault(reason: "\(reason) at character \(place + 1)") }

    private mutating func skip(_ text: String) -> Bool {
        guard source[place...].starts(with: text.unicodeScalars) else { return false }
        place += text.unicodeScalars.count
        return true
    }

    mutating func whole() throws(Fault) -> [[Element]] {
        let branches = try alternatives(depth: 0)
        guard place == source.count else { throw fault("has a bracket too many") }
        return branches
    }

    private mutating func alternatives(depth: Int) throws(Fault) -> [[Element]] {
        guard depth <= Self.deepest else { throw fault("is nested too deeply") }
        var found: [[Element]] = []
        repeat {
            found += try sequence(depth: depth)
            guard found.count <= Self.mostBranches else { throw fault("has too many alternatives") }
        } while skip("|")
        return found
    }

    /// The alternatives that a sequence makes when its groups are multiplied out.
    private mutating func sequence(depth: Int) throws(Fault) -> [[Element]] {
        var found: [[Element]] = [[]]
        while let scalar = next, scalar != "|", scalar != ")" {
            var choices: [[Element]]
            if skip("(?!") {
                choices = [[.lookAhead(try oneScalar(depth: depth), wanted: false)]]
            } else if skip("(?=") {
                choices = [[.lookAhead(try oneScalar(depth: depth), wanted: true)]]
            } else if skip("(?:") {
                choices = try group(depth: depth)
            } else if skip("(?i:") {
                let outer = ignoresCase
                ignoresCase = true
                choices = try group(depth: depth)
                ignoresCase = outer
            } else {
                let scalars = try self.scalars()
                choices = [[.one(ignoresCase ? scalars.ignoringCase() : scalars, try repetition())]]
            }
            guard found.count * choices.count <= Self.mostBranches,
                (found.map(\.count).max() ?? 0) + (choices.map(\.count).max() ?? 0) <= Self.longestBranch
            else { throw fault("is too long") }
            found = found.flatMap { branch in choices.map { branch + $0 } }
        }
        return found
    }

    private mutating func group(depth: Int) throws(Fault) -> [[Element]] {
        let branches = try alternatives(depth: depth + 1)
        guard skip(")") else { throw fault("has an open bracket") }
        if let next, "?*+{".unicodeScalars.contains(next) { throw fault("repeats a group") }
        return branches
    }

    private mutating func oneScalar(depth: Int) throws(Fault) -> ScalarClass {
        let scalars = try self.scalars()
        guard skip(")") else { throw fault("looks ahead at more than one character") }
        return ignoresCase ? scalars.ignoringCase() : scalars
    }

    private mutating func repetition() throws(Fault) -> ClosedRange<Int> {
        var range = 1...1
        if skip("?") {
            range = 0...1
        } else if skip("*") {
            range = 0...Int.max
        } else if skip("+") {
            range = 1...Int.max
        } else if skip("{") {
            let least = try number()
            var most = least
            if skip(",") { most = next == "}" ? Int.max : try number() }
            guard skip("}"), least <= most else { throw fault("has a repetition that is none") }
            range = least...most
        } else {
            return range
        }
        if let next, "?+".unicodeScalars.contains(next) { throw fault("has a lazy or possessive repetition") }
        return range
    }

    private mutating func number() throws(Fault) -> Int {
        let digits = source[place...].prefix { (0x30...0x39).contains($0.value) }
        place += digits.count
        guard let value = Int(String(String.UnicodeScalarView(digits))), value <= Self.mostRepeats else {
            throw fault("has a repetition that is none")
        }
        return value
    }

    /// One literal, escape or class.
    private mutating func scalars() throws(Fault) -> ScalarClass {
        guard let scalar = next else { throw fault("stops") }
        if scalar == "[" { return try bracketed() }
        if scalar == "\\" { return ScalarClass([try escape()]) }
        guard !".^$*+?{}()".unicodeScalars.contains(scalar) else { throw fault("has an unknown `\(scalar)`") }
        place += 1
        return ScalarClass(scalar)
    }

    private mutating func escape() throws(Fault) -> ScalarClass.Part {
        place += 1
        if skip("p{L}") { return .letter }
        if skip("p{N}") { return .number }
        guard let scalar = next else { throw fault("stops") }
        place += 1
        switch scalar {
        case "s": return .space
        case "S": return .not(.space)
        case "r": return .range(0x0D...0x0D)
        case "n": return .range(0x0A...0x0A)
        case "t": return .range(0x09...0x09)
        // A backslash before a mark of ASCII means the mark.
        case _ where scalar.isASCII && !scalar.properties.isAlphabetic && !(0x30...0x39).contains(scalar.value):
            return .range(scalar.value...scalar.value)
        default: throw fault("has an unknown escape")
        }
    }

    private mutating func bracketed() throws(Fault) -> ScalarClass {
        place += 1
        let negated = skip("^")
        var parts: [ScalarClass.Part] = []
        while let scalar = next, scalar != "]" || parts.isEmpty {
            // Oniguruma's nested classes, intersections and named classes.
            guard scalar != "[", scalar != "&" || source.dropFirst(place + 1).first != "&" else {
                throw fault("has a class within a class")
            }
            var part = scalar == "\\" ? try escape() : .range(scalar.value...scalar.value)
            if scalar != "\\" { place += 1 }
            if case .range(let first) = part, next == "-", let last = source.dropFirst(place + 1).first, last != "]" {
                place += 1
                let end = last == "\\" ? try escape() : .range(last.value...last.value)
                if last != "\\" { place += 1 }
                guard case .range(let last) = end, first.lowerBound <= last.lowerBound else {
                    throw fault("has a range that is none")
                }
                part = .range(first.lowerBound...last.lowerBound)
            }
            parts.append(part)
        }
        guard skip("]") else { throw fault("has an open class") }
        return ScalarClass(parts, negated: negated)
    }
}
