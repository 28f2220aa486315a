/// BERT's pieces (Schuster and Nakajima 2012; Wu et al. 2016): from the left, the longest that the vocabulary has, and
/// the whole word unknown where it has none.
struct WordPiece: Sendable {
    let vocabulary: PieceTree
    let unknown: Int32
    /// Pieces that go on with a word, without the mark that says so.
    let continuing: PieceTree
    /// The longest word that is taken apart, in scalars; a longer one is unknown as a whole.
    let longestWord: Int

    func append(_ word: SpelledWord, to pieces: inout [PieceModel.Piece]) {
        let before = pieces.count
        var start = 0
        while start < word.bytes.count {
            guard word.scalars.count <= longestWord, let piece = longest(in: word.bytes, from: start) else {
                pieces.removeSubrange(before...)
                pieces.append(PieceModel.Piece(id: unknown, bytes: 0..<word.bytes.count))
                return
            }
            pieces.append(piece)
            start = piece.bytes.upperBound
        }
    }

    private func longest(in bytes: [UInt8], from start: Int) -> PieceModel.Piece? {
        let tree = start == 0 ? vocabulary : continuing
        var node = PieceTree.root
        var found: PieceModel.Piece?
        for place in start..<bytes.count {
            guard let next = tree.child(of: node, bytes[place]) else { break }
            node = next
            if let id = tree.id(at: node) { found = PieceModel.Piece(id: id, bytes: start..<place + 1) }
        }
        return found
    }
}
