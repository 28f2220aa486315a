/// How a text is split before its pieces are looked up: the pre-tokenizers of `tokenizer.json`.
indirect enum PreTokenizer: Sendable {
    case bert
    case whitespace
    case punctuation(SplitBehavior)
    case split(ScalarPattern, SplitBehavior, inverted: Bool)
    case byteLevel(prefixesSpace: Bool, splits: Bool)
    case metaspace(Metaspace)
    case sequence([PreTokenizer])

    struct Metaspace: Sendable {
        enum Prefix: String, Sendable, CaseIterable { case always, first, never }

        var replacement: Unicode.Scalar
        var prefix: Prefix
        var splits: Bool
    }

    /// Whether it makes words; without, they are told by the mark that stands for a space.
    var makesWords: Bool {
        switch self {
        case .bert, .whitespace, .punctuation, .split: true
        case .byteLevel(_, let splits): splits
        case .metaspace(let metaspace): metaspace.splits
        case .sequence(let parts): parts.contains(where: \.makesWords)
        }
    }

    /// The parts of a text, none of them empty.
    func split(_ text: AlignedText) -> [AlignedText] {
        switch self {
        case .bert: Self.words(text)
        case .whitespace: text.split { ReferenceUnicode.isWhitespace($0.scalar) }
        case .punctuation(let behavior):
            behavior.parts(
                of: text,
                matches: text.indices.lazy
                    .filter { ReferenceUnicode.isPunctuation(text[$0].scalar) }.map { $0..<$0 + 1 })
        case .split(let pattern, let behavior, let inverted):
            behavior.parts(of: text, matches: pattern.matches(in: text), inverted: inverted)
        case .byteLevel(let prefixesSpace, let splits):
            ByteLevel.split(text, prefixesSpace: prefixesSpace, splits: splits)
        case .metaspace(let metaspace): Self.split(text, metaspace)
        case .sequence(let parts): parts.reduce([text]) { texts, part in texts.flatMap(part.split) }
        }
    }

    /// BertPreTokenizer: words between white space, every punctuation mark a word of its own.
    private static func words(_ text: AlignedText) -> [AlignedText] {
        var words: [AlignedText] = []
        var start = text.startIndex
        for index in text.indices {
            let scalar = text[index].scalar
            let space = ReferenceUnicode.isWhitespace(scalar)
            guard space || ReferenceUnicode.isPunctuation(scalar) else { continue }
            if start < index { words.append(text[start..<index]) }
            if !space { words.append(text[index...index]) }
            start = index + 1
        }
        if start < text.endIndex { words.append(text[start...]) }
        return words
    }

    private static func split(_ text: AlignedText, _ metaspace: Metaspace) -> [AlignedText] {
        guard let first = text.first else { return [] }
        var marked = text.map { $0.scalar == " " ? $0.replaced(by: metaspace.replacement) : $0 }
        let prefixes =
            switch metaspace.prefix {
            case .always: true
            case .first: first.start == 0
            case .never: false
            }
        if prefixes, marked[0].scalar != metaspace.replacement {
            marked.insert(first.replaced(by: metaspace.replacement), at: 0)
        }
        guard metaspace.splits else { return [marked[...]] }
        let matches = marked.indices.lazy.filter { marked[$0].scalar == metaspace.replacement }.map { $0..<$0 + 1 }
        return SplitBehavior.mergedWithNext.parts(of: marked[...], matches: matches)
    }
}

/// What becomes of the matches when a text is split at them.
enum SplitBehavior: String, Sendable, CaseIterable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"

    /// - Parameter inverted: the matches are the text, what lies between them is what it is split at.
    func parts(
        of text: AlignedText, matches: some Sequence<Range<Int>>, inverted: Bool = false
    ) -> [AlignedText] {
        var parts: [(range: Range<Int>, delimits: Bool)] = []
        var end = text.startIndex
        for match in matches {
            if end < match.lowerBound { parts.append((end..<match.lowerBound, inverted)) }
            parts.append((match, !inverted))
            end = match.upperBound
        }
        if end < text.endIndex { parts.append((end..<text.endIndex, inverted)) }
        return merged(parts).map { text[$0] }
    }

    private func merged(_ parts: [(range: Range<Int>, delimits: Bool)]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var previousDelimits = false
        switch self {
        case .removed: return parts.filter { !$0.delimits }.map(\.range)
        case .isolated: return parts.map(\.range)
        case .contiguous, .mergedWithPrevious:
            for part in parts {
                let joins = self == .contiguous ? part.delimits == previousDelimits : part.delimits && !previousDelimits
                if joins, let last = result.popLast() {
                    result.append(last.lowerBound..<part.range.upperBound)
                } else {
                    result.append(part.range)
                }
                previousDelimits = part.delimits
            }
            return result
        case .mergedWithNext:
            for part in parts.reversed() {
                if part.delimits, !previousDelimits, let last = result.popLast() {
                    result.append(part.range.lowerBound..<last.upperBound)
                } else {
                    result.append(part.range)
                }
                previousDelimits = part.delimits
            }
            return result.reversed()
        }
    }
}
