/// The pieces of a unigram model (Kudo 2018): the most probable way to split a word, by Viterbi's algorithm.
///
/// Scores are added in the reference's order, in 64 bits, so that equal sums are equal here and there.
struct Unigram: Sendable {
    let vocabulary: PieceTree
    /// Log probability of each piece by its id.
    let scores: [Double]
    let unknown: Int32
    /// The pieces `<0x00>` to `<0xFF>`, where the vocabulary has them all and unknown text is spelled with them.
    let byteFallback: [Int32]?
    private let unknownScore: Double

    /// - Parameter unknown: the id of the piece for what no piece covers; one of `scores`.
    init(vocabulary: PieceTree, scores: [Double], unknown: Int32, byteFallback: [Int32]?) {
        self.vocabulary = vocabulary
        self.scores = scores
        self.unknown = unknown
        self.byteFallback = byteFallback
        // SentencePiece's penalty (kUnkPenalty).
        unknownScore = (scores.min() ?? 0) - 10
    }

    /// The best way to come to a place.
    private struct Step {
        var score = 0.0
        var start: Int32 = -1
        var id: Int32 = 0
    }

    func append(_ word: SpelledWord, to pieces: inout [PieceModel.Piece]) {
        let bytes = word.bytes
        var steps = Array(repeating: Step(), count: bytes.count + 1)
        func offer(_ id: Int32, _ score: Double, from start: Int, to end: Int) {
            guard steps[end].start < 0 || score > steps[end].score else { return }
            steps[end] = Step(score: score, start: Int32(start), id: id)
        }
        var start = 0
        for item in word.scalars {
            let reached = steps[start].score
            let scalarEnd = start + UTF8.width(item.scalar)
            var coversScalar = false
            var node = PieceTree.root
            var place = start
            while place < bytes.count, let next = vocabulary.child(of: node, bytes[place]) {
                node = next
                place += 1
                guard let id = vocabulary.id(at: node) else { continue }
                offer(id, scores[Int(id)] + reached, from: start, to: place)
                if place == scalarEnd { coversScalar = true }
            }
            if !coversScalar { offer(unknown, unknownScore + reached, from: start, to: scalarEnd) }
            start = scalarEnd
        }

        var found: [(id: Int32, bytes: Range<Int>)] = []
        var end = bytes.count
        while end > 0 {
            let step = steps[end]
            // Every place between scalars is reached.
            guard step.start >= 0 else { break }
            let begin = Int(step.start)
            // Unknown pieces in a row are one.
            if step.id == unknown, let last = found.last, last.id == unknown {
                found[found.count - 1].bytes = begin..<last.bytes.upperBound
            } else {
                found.append((step.id, begin..<end))
            }
            end = begin
        }
        for piece in found.reversed() {
            if let id = piece.id == unknown ? vocabulary.id(of: bytes[piece.bytes]) : piece.id {
                pieces.append(PieceModel.Piece(id: id, bytes: piece.bytes))
            } else if let byteFallback {
                for byte in bytes[piece.bytes] {
                    pieces.append(PieceModel.Piece(id: byteFallback[Int(byte)], bytes: piece.bytes))
                }
            } else {
                pieces.append(PieceModel.Piece(id: unknown, bytes: piece.bytes))
            }
        }
    }
}
