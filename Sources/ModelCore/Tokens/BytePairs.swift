/// Byte-pair encoding (Sennrich et al. 2016): a word's scalars, neighbours merged in the order in which merges were
/// learnt, until none is left.
///
/// The next merge comes off a heap, as in the reference: a word of n scalars costs n log n, whatever it holds.
struct BytePairs: Sendable {
    let vocabulary: PieceTree
    let settings: Settings
    /// left << 32 | right → rank
    private let ranks: NumberTable
    /// What the merge of each rank makes.
    private let merged: [Int32]
    /// A scalar's id within a word, and as the last of one; from 0 for the first 512, which spell bytes.
    private let low: (inner: [Int32], last: [Int32])

    struct Settings: Sendable {
        /// Marks the last scalar of a word (CLIP's `</w>`).
        var suffix = ""
        var unknown: Int32?
        var fusesUnknown = false
        /// The pieces `<0x00>` to `<0xFF>`, where unknown text is spelled with them.
        var byteFallback: [Int32]?
        /// A word that the vocabulary has is that piece, whatever merges would make of it.
        var prefersWholeWords = false
    }

    /// - Parameter merges: pairs of ids with the id they make, by rank.
    init(vocabulary: PieceTree, merges: [(left: Int32, right: Int32, made: Int32)], settings: Settings) {
        var ranks = NumberTable(expected: merges.count)
        for (rank, merge) in merges.enumerated() { ranks.set(Self.key(merge.left, merge.right), UInt32(rank)) }
        self.vocabulary = vocabulary
        self.settings = settings
        self.ranks = ranks
        merged = merges.map(\.made)
        let suffix = Array(settings.suffix.utf8)
        let spelled = (0..<UInt32(512)).map { value in
            Array(Unicode.Scalar(value).flatMap { UTF8.encode($0) } ?? .init())
        }
        low = (
            spelled.map { vocabulary.id(of: $0) ?? -1 }, spelled.map { vocabulary.id(of: $0 + suffix) ?? -1 }
        )
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// A piece of a word in the making. `length` is 0 once it was merged into the one before it.
    private struct Symbol {
        var id: Int32
        var previous: Int32
        var next: Int32
        var length: Int32
    }

    func append(_ word: SpelledWord, to pieces: inout [PieceModel.Piece]) {
        if settings.prefersWholeWords, let id = vocabulary.id(of: word.bytes) {
            pieces.append(PieceModel.Piece(id: id, bytes: 0..<word.bytes.count))
            return
        }
        var symbols = self.symbols(of: word)
        merge(&symbols)
        var start = 0
        for symbol in symbols where symbol.length > 0 {
            pieces.append(PieceModel.Piece(id: symbol.id, bytes: start..<start + Int(symbol.length)))
            start += Int(symbol.length)
        }
    }

    private func id(of scalar: Unicode.Scalar, last: Bool) -> Int32? {
        if scalar.value < 512 {
            let id = last ? low.last[Int(scalar.value)] : low.inner[Int(scalar.value)]
            return id >= 0 ? id : nil
        }
        let bytes = UTF8.encode(scalar) ?? .init()
        return last ? vocabulary.id(of: Array(bytes) + settings.suffix.utf8) : vocabulary.id(of: bytes)
    }

    private func symbols(of word: SpelledWord) -> [Symbol] {
        var symbols: [Symbol] = []
        symbols.reserveCapacity(word.scalars.count)
        func add(_ id: Int32, _ length: Int) {
            let index = Int32(truncatingIfNeeded: symbols.count)
            symbols.append(
                Symbol(id: id, previous: index - 1, next: index + 1, length: Int32(truncatingIfNeeded: length)))
        }
        /// Bytes of unknown scalars that have not been added yet.
        var unknownLength = 0
        let lastIndex = word.scalars.endIndex - 1
        for index in word.scalars.indices {
            let scalar = word.scalars[index].scalar
            if let id = id(of: scalar, last: index == lastIndex) {
                if unknownLength > 0, let unknown = settings.unknown { add(unknown, unknownLength) }
                unknownLength = 0
                add(id, UTF8.width(scalar))
            } else if let fallback = settings.byteFallback {
                let suffix = index == lastIndex ? Array(settings.suffix.utf8) : []
                for byte in Array(UTF8.encode(scalar) ?? .init()) + suffix { add(fallback[Int(byte)], 1) }
            } else if let unknown = settings.unknown {
                if unknownLength > 0, !settings.fusesUnknown {
                    add(unknown, unknownLength)
                    unknownLength = 0
                }
                unknownLength += UTF8.width(scalar)
            }
            // Without a piece for the unknown the scalar is dropped, and offsets do not count it: so the reference.
        }
        if unknownLength > 0, let unknown = settings.unknown { add(unknown, unknownLength) }
        if let last = symbols.indices.last { symbols[last].next = -1 }
        return symbols
    }

    private func merge(_ symbols: inout [Symbol]) {
        guard symbols.count > 1 else { return }
        // rank << 32 | place of the left one: of equal ranks the leftmost comes first.
        var queue = MinHeap()
        for place in 0..<symbols.count - 1 {
            if let rank = ranks[Self.key(symbols[place].id, symbols[place + 1].id)] {
                queue.append(UInt64(rank) << 32 | UInt64(place))
            }
        }
        queue.arrange()
        while let entry = queue.popLeast() {
            let place = Int(entry & 0xFFFF_FFFF)
            let made = merged[Int(entry >> 32)]
            let left = symbols[place]
            guard left.length > 0, left.next >= 0 else { continue }
            let right = symbols[Int(left.next)]
            // Only if the two still make the same, for they may have changed since.
            guard let rank = ranks[Self.key(left.id, right.id)], merged[Int(rank)] == made else { continue }
            symbols[place] = Symbol(
                id: made, previous: left.previous, next: right.next, length: left.length + right.length)
            symbols[Int(left.next)].length = 0
            if right.next >= 0 { symbols[Int(right.next)].previous = Int32(truncatingIfNeeded: place) }
            if left.previous >= 0, let rank = ranks[Self.key(symbols[Int(left.previous)].id, made)] {
                queue.push(UInt64(rank) << 32 | UInt64(left.previous))
            }
            if right.next >= 0, let rank = ranks[Self.key(made, symbols[Int(right.next)].id)] {
                queue.push(UInt64(rank) << 32 | UInt64(place))
            }
        }
    }
}

/// A binary heap of numbers, the least on top.
private struct MinHeap {
    private var numbers: [UInt64] = []

    /// Adds one without order; ``arrange()`` must follow.
    mutating func append(_ number: UInt64) { numbers.append(number) }

    mutating func arrange() {
        for place in stride(from: numbers.count / 2 - 1, through: 0, by: -1) { sink(place) }
    }

    mutating func push(_ number: UInt64) {
        var place = numbers.count
        numbers.append(number)
        while place > 0, numbers[(place - 1) / 2] > number {
            numbers[place] = numbers[(place - 1) / 2]
            place = (place - 1) / 2
        }
        numbers[place] = number
    }

    mutating func popLeast() -> UInt64? {
        guard let least = numbers.first, let last = numbers.popLast() else { return nil }
        if !numbers.isEmpty {
            numbers[0] = last
            sink(0)
        }
        return least
    }

    private mutating func sink(_ start: Int) {
        let number = numbers[start]
        var place = start
        while true {
            var child = 2 * place + 1
            guard child < numbers.count else { break }
            if child + 1 < numbers.count, numbers[child + 1] < numbers[child] { child += 1 }
            guard numbers[child] < number else { break }
            numbers[place] = numbers[child]
            place = child
        }
        numbers[place] = number
    }
}
