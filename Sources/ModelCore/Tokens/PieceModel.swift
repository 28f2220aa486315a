/// The three ways in which published models take a word apart, behind one question.
enum PieceModel: Sendable {
    case wordPiece(WordPiece)
    case bytePairs(BytePairs)
    case unigram(Unigram)

    /// A piece of a word: its id, and which bytes of the word it is.
    struct Piece: Hashable {
        var id: Int32
        var bytes: Range<Int>
    }

    /// Appends the pieces of a word, from its start to its end.
    func append(_ word: SpelledWord, to pieces: inout [Piece]) {
        switch self {
        case .wordPiece(let model): model.append(word, to: &pieces)
        case .bytePairs(let model): model.append(word, to: &pieces)
        case .unigram(let model): model.append(word, to: &pieces)
        }
    }

    /// The id of a piece that is exactly this.
    func id(of piece: String) -> Int32? { vocabulary.id(of: piece) }

    var vocabulary: PieceTree {
        switch self {
        case .wordPiece(let model): model.vocabulary
        case .bytePairs(let model): model.vocabulary
        case .unigram(let model): model.vocabulary
        }
    }
}

/// A word as bytes, which know the scalars that they spell.
struct SpelledWord {
    let scalars: AlignedText
    private(set) var bytes: [UInt8] = []
    /// The scalar of each byte, counted from the word's first; left out where each has one byte.
    private var owners: [Int32] = []

    init(_ scalars: AlignedText) {
        self.scalars = scalars
        bytes.reserveCapacity(scalars.count + 8)
        for (index, item) in scalars.enumerated() {
            if item.scalar.value < 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: item.scalar.value))
                if !owners.isEmpty { owners.append(Int32(index)) }
            } else {
                if owners.isEmpty { owners = (0..<Int32(index)).map(\.self) }
                for byte in UTF8.encode(item.scalar) ?? .init() {
                    bytes.append(byte)
                    owners.append(Int32(index))
                }
            }
        }
    }

    /// Which part of the original a range of bytes stands for; 0..<0 for one outside the word.
    func original(_ range: Range<Int>) -> Range<Int> {
        guard !range.isEmpty, range.lowerBound < bytes.count else { return 0..<0 }
        let last = min(range.upperBound, bytes.count) - 1
        let (first, end) = (scalar(of: range.lowerBound), scalar(of: last))
        let start = Int(scalars[first].start)
        return start..<max(start, Int(scalars[end].end))
    }

    private func scalar(of byte: Int) -> Int {
        scalars.startIndex + (owners.isEmpty ? byte : Int(owners[byte]))
    }
}
