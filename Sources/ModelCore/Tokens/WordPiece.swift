import Foundation

/// Splits text into BERT's word pieces, with ids and offsets identical to those of the Hugging Face `tokenizers`
/// library (BertNormalizer, BertPreTokenizer, WordPiece), on any input.
///
/// Offsets count Unicode scalars of the text as it was given, whatever normalisation does to it.
public struct WordPiece: Sendable {
    /// A text as the model sees it, [CLS] and [SEP] included.
    public struct Encoding: Sendable, Hashable {
        public let ids: [Int64]
        /// Half-open ranges of Unicode scalars of the original text; 0..<0 for the two special tokens around it.
        public let offsets: [Range<Int>]
        /// Which word each token is a piece of; nil for the two special tokens around the text.
        public let words: [Int?]
        /// Whether the text went on beyond the limit.
        public let truncated: Bool
    }

    /// Longest word that is looked up; a longer one is unknown as a whole.
    private static let longestWord = 100

    private let pieces: PieceTree
    private let unknown: Int64
    private let classifier: Int64
    private let separator: Int64
    /// Special tokens, found in the raw text before anything else, as the reference does.
    private let special: [(scalars: [Unicode.Scalar], id: Int64)]

    /// Reads `vocab.txt`: one piece a line, its id the line's number from 0.
    ///
    /// - Throws: ``ConfigurationError``.
    public init(vocabulary path: String) throws(ConfigurationError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
        var tree = PieceTree()
        var ids: [[UInt8]: Int64] = [:]
        var lines = data.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.count <= 1_000_000 else { throw .unreadable(path: path, reason: "it has too many lines") }
        for (id, line) in lines.enumerated() {
            let bytes = Array(line.last == 0x0D ? line.dropLast() : line)
            tree.insert(bytes, id: Int64(id))
            ids[bytes] = Int64(id)
        }
        func required(_ name: String) throws(ConfigurationError) -> Int64 {
            guard let id = ids[Array(name.utf8)] else {
                throw .unsupported(path: path, key: name, reason: "is not in the vocabulary")
            }
            return id
        }
        pieces = tree
        unknown = try required("[UNK]")
        classifier = try required("[CLS]")
        separator = try required("[SEP]")
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].compactMap { name in
            ids[Array(name.utf8)].map { (Array(name.unicodeScalars), $0) }
        }
    }

    /// - Parameter limit: most tokens that are given out, the two special ones included; nil for all.
    public func encode(_ text: String, limit: Int? = nil) -> Encoding {
        let scalars = Array(text.unicodeScalars)
        let room = limit.map { max(0, $0 - 2) } ?? .max
        var ids: [Int64] = [classifier]
        var offsets = [0..<0]
        var words: [Int?] = [nil]
        var word = 0
        var truncated = false

        func take(_ id: Int64, _ range: Range<Int>) {
            if ids.count - 1 < room {
                ids.append(id)
                offsets.append(range)
                words.append(word)
            } else {
                truncated = true
            }
        }

        for part in split(scalars) {
            if truncated { break }
            if let id = part.id {
                take(id, part.range)
                word += 1
                continue
            }
            // Piece by piece between spaces, so that a text of megabytes is not normalised for its first lines.
            // Normalisation looks across no space.
            for chunk in scalars[part.range].split(whereSeparator: { $0 == " " || $0 == "\n" }) {
                for wordScalars in BertWords.split(BertNormalizer.normalize(scalars, in: chunk.indices)) {
                    for piece in lookUp(wordScalars) {
                        let range = wordScalars[piece.range]
                        take(piece.id, (range.first?.start ?? 0)..<(range.last?.end ?? 0))
                    }
                    word += 1
                    if truncated { break }
                }
                if truncated { break }
            }
        }
        return Encoding(
            ids: ids + [separator], offsets: offsets + [0..<0], words: words + [nil], truncated: truncated)
    }

    // MARK: Pieces of a word

    private func lookUp(_ word: ArraySlice<NormalizedScalar>) -> [(id: Int64, range: Range<Int>)] {
        let whole = [(unknown, word.startIndex..<word.endIndex)]
        guard word.count <= Self.longestWord else { return whole }
        var found: [(id: Int64, range: Range<Int>)] = []
        var start = word.startIndex
        while start < word.endIndex {
            guard let (id, end) = pieces.longest(in: word[start...], continuing: start > word.startIndex) else {
                return whole
            }
            found.append((id, start..<end))
            start = end
        }
        return found
    }

    // MARK: Special tokens written out in the text

    private struct Part {
        let range: Range<Int>
        /// Set where the part is a special token.
        let id: Int64?
    }

    private func split(_ scalars: [Unicode.Scalar]) -> [Part] {
        var parts: [Part] = []
        var start = 0
        var position = 0
        while position < scalars.count {
            if scalars[position] == "[",
                let (token, id) = special.first(where: { scalars[position...].starts(with: $0.scalars) })
            {
                if start < position { parts.append(Part(range: start..<position, id: nil)) }
                parts.append(Part(range: position..<position + token.count, id: id))
                position += token.count
                start = position
            } else {
                position += 1
            }
        }
        if start < scalars.count { parts.append(Part(range: start..<scalars.count, id: nil)) }
        return parts
    }
}

/// The vocabulary as a tree over Unicode scalars, so that the longest piece at a position is found in one walk.
private struct PieceTree: Sendable {
    private var children: [UInt64: Int32] = [:]
    private var ids: [Int64] = [-1, -1]

    /// Roots: 0 for pieces that start a word, 1 for those that go on with one (`##`).
    private static let roots: (start: Int32, continuing: Int32) = (0, 1)

    mutating func insert(_ piece: [UInt8], id: Int64) {
        let goesOn = piece.starts(with: [0x23, 0x23])
        var node = goesOn ? Self.roots.continuing : Self.roots.start
        for scalar in String(decoding: goesOn ? piece.dropFirst(2) : piece[...], as: UTF8.self).unicodeScalars {
            let key = Self.key(node, scalar)
            if let next = children[key] {
                node = next
            } else {
                node = Int32(ids.count)
                children[key] = node
                ids.append(-1)
            }
        }
        if node > 1 { ids[Int(node)] = id }
    }

    func longest(in word: ArraySlice<NormalizedScalar>, continuing: Bool) -> (id: Int64, end: Int)? {
        var node = continuing ? Self.roots.continuing : Self.roots.start
        var found: (id: Int64, end: Int)?
        for position in word.indices {
            guard let next = children[Self.key(node, word[position].scalar)] else { break }
            node = next
            if ids[Int(node)] >= 0 { found = (ids[Int(node)], position + 1) }
        }
        return found
    }

    private static func key(_ node: Int32, _ scalar: Unicode.Scalar) -> UInt64 {
        UInt64(UInt32(bitPattern: node)) << 32 | UInt64(scalar.value)
    }
}
