/// A vocabulary as a tree over bytes: a piece is found by walking, and so are all pieces that begin at a place.
struct PieceTree: Sendable {
    /// (node << 8 | byte) → node
    private var children: NumberTable
    private var ids: [Int32] = [-1]

    static let root: UInt32 = 0
    /// In bytes. Longer pieces are refused, since what a text costs grows with the longest one.
    static let longestPiece = 1024
    /// Nodes beyond this are refused: they take 20 bytes each.
    private static let mostNodes = 8_000_000

    /// - Parameter bytes: how many all pieces have together, roughly.
    init(expectedBytes bytes: Int = 0) {
        // Pieces share beginnings.
        children = NumberTable(expected: min(bytes / 2, Self.mostNodes))
        ids.reserveCapacity(min(bytes / 2, Self.mostNodes))
    }

    /// - Returns: false where the piece is empty or too long, or the tree is full; then nothing was kept of it.
    mutating func insert(_ piece: some Collection<UInt8>, id: Int32) -> Bool {
        guard !piece.isEmpty, piece.count <= Self.longestPiece, ids.count + piece.count <= Self.mostNodes else {
            return false
        }
        var node = Self.root
        for byte in piece {
            let key = UInt64(node) << 8 | UInt64(byte)
            if let next = children[key] {
                node = next
            } else {
                node = UInt32(ids.count)
                children.set(key, node)
                ids.append(-1)
            }
        }
        ids[Int(node)] = id
        return true
    }

    func child(of node: UInt32, _ byte: UInt8) -> UInt32? { children[UInt64(node) << 8 | UInt64(byte)] }

    /// The piece that ends at a node.
    func id(at node: UInt32) -> Int32? {
        let id = ids[Int(node)]
        return id >= 0 ? id : nil
    }

    func id(of piece: some Sequence<UInt8>) -> Int32? {
        var node = Self.root
        for byte in piece {
            guard let next = child(of: node, byte) else { return nil }
            node = next
        }
        return id(at: node)
    }

    func id(of piece: String) -> Int32? { id(of: piece.utf8) }
}
