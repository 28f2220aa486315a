/// Tokens that are found in a text before anything else is done to it: special ones, written out, and those that were
/// added to a vocabulary after it was learnt.
///
/// A hostile text can write `[SEP]`; it is that token here, as in the reference, and gains nothing but its own
/// misreading.
struct AddedTokens: Sendable {
    struct Token: Sendable {
        var content: String
        var id: Int32
        /// Takes the white space before it, or after it, into itself.
        var stripsLeft = false
        var stripsRight = false
        /// Found in the normalised text, by its own normalised form.
        var normalized = false
    }

    /// Longest match wins, from the left.
    private struct Finder: Sendable {
        private var tree = PieceTree()
        private var firsts: Set<UInt32> = []
        private var tokens: [Token] = []

        var isEmpty: Bool { tokens.isEmpty }

        mutating func insert(_ token: Token, spelled: [Unicode.Scalar]) -> Bool {
            guard let first = spelled.first else { return true }
            let bytes = spelled.flatMap { Array(UTF8.encode($0) ?? .init()) }
            guard tree.insert(bytes, id: Int32(tokens.count)) else { return false }
            firsts.insert(first.value)
            tokens.append(token)
            return true
        }

        func match(in text: AlignedText, at start: Int) -> (token: Token, end: Int)? {
            guard firsts.contains(text[start].scalar.value) else { return nil }
            var node = PieceTree.root
            var found: (Token, Int)?
            var place = start
            while place < text.endIndex {
                for byte in UTF8.encode(text[place].scalar) ?? .init() {
                    guard let next = tree.child(of: node, byte) else { return found }
                    node = next
                }
                place += 1
                if let index = tree.id(at: node) { found = (tokens[Int(index)], place) }
            }
            return found
        }
    }

    private var raw = Finder()
    private var normalized = Finder()

    var areNormalized: Bool { !normalized.isEmpty }

    /// - Returns: false where the token is too long to be kept.
    mutating func insert(_ token: Token, normalizer: Normalizer?) -> Bool {
        let content = Array(token.content.unicodeScalars)
        guard token.normalized, let normalizer else {
            return token.normalized ? normalized.insert(token, spelled: content) : raw.insert(token, spelled: content)
        }
        let aligned = content.map { AlignedScalar($0, start: 0, end: 0) }
        return normalized.insert(token, spelled: normalizer.normalize(aligned[...]).map(\.scalar))
    }

    /// A part of a text: a token, or text between tokens.
    struct Part {
        var text: AlignedText
        var token: Int32?
    }

    func split(_ text: AlignedText, normalized inNormalized: Bool) -> [Part] {
        let finder = inNormalized ? normalized : raw
        guard !finder.isEmpty else { return text.isEmpty ? [] : [Part(text: text)] }
        var parts: [Part] = []
        /// What is before this is in a part.
        var done = text.startIndex
        var place = text.startIndex
        while place < text.endIndex {
            guard let (token, matchEnd) = finder.match(in: text, at: place) else {
                place += 1
                continue
            }
            var (start, end) = (place, matchEnd)
            place = matchEnd
            if token.stripsLeft {
                while start > done, ReferenceUnicode.isWhitespace(text[start - 1].scalar) { start -= 1 }
            }
            if token.stripsRight {
                while end < text.endIndex, ReferenceUnicode.isWhitespace(text[end].scalar) { end += 1 }
            }
            // Where a token took white space in that another begins with.
            start = max(start, min(done, end))
            if done < start { parts.append(Part(text: text[done..<start])) }
            parts.append(Part(text: text[start..<end], token: token.id))
            done = max(done, end)
        }
        if done < text.endIndex { parts.append(Part(text: text[done...])) }
        return parts
    }
}
