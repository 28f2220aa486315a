import Testing

@testable import ModelCore

@Suite struct DiversityTests {
    /// Three heaps of 40, 20 and 10 rows around the axes, and one row far from all of them; width 9, so that rows end
    /// between vectors.
    private static let table: EmbeddingTable = {
        var random = SeededGenerator(seed: 5)
        var table = EmbeddingTable(width: 9)
        for (axis, size) in [40, 20, 10].enumerated() {
            for _ in 0..<size {
                var row = (0..<9).map { _ in Float.random(in: -0.1...0.1, using: &random) }
                row[axis] += 1
                table.append(row)
            }
        }
        table.append((0..<9).map { $0 == 8 ? -1 : 0 })
        return table
    }()

    private static func heap(_ row: Int) -> Int { row < 40 ? 0 : row < 60 ? 1 : row < 70 ? 2 : 3 }

    @Test func `TypiClust asks about the middle of the largest heaps first`() {
        let chosen = Diversity.typical(Self.table, count: 3)
        #expect(chosen.map(Self.heap) == [0, 1, 2])
        // The most typical of a heap has its neighbours closer than most.
        func spread(_ row: Int, _ heap: Range<Int>) -> Float {
            heap.filter { $0 != row }.map { (2 - 2 * Self.table.product(row, $0)).squareRoot() }.sorted().prefix(20)
                .reduce(0, +)
        }
        let spreads = (0..<40).map { spread($0, 0..<40) }.sorted()
        #expect(spread(chosen[0], 0..<40) == spreads[0])
        #expect(Diversity.typical(Self.table, count: 3) == chosen, "the same seed, the same choice")
    }

    @Test func `Heaps that hold a verdict come last`() {
        let chosen = Diversity.typical(Self.table, judged: [0, 45], count: 1)
        #expect(chosen.map(Self.heap) == [2])
    }

    @Test func `The core-set spreads out: far from what is judged and from one another`() {
        let chosen = Diversity.coreSet(Self.table, count: 4)
        #expect(Set(chosen.map(Self.heap)) == [0, 1, 2, 3])
        let further = Diversity.coreSet(Self.table, judged: [0, 45, 62], count: 1)
        #expect(further == [70], "the row that nothing is near")
    }

    @Test(arguments: [false, true])
    func `Only candidates are chosen, each once, and never more than there are`(isTypical: Bool) {
        func chosen(_ table: EmbeddingTable, from candidates: [Int]?, judged: [Int] = [], _ count: Int) -> [Int] {
            isTypical
                ? Diversity.typical(table, candidates: candidates, judged: judged, count: count)
                : Diversity.coreSet(table, candidates: candidates, judged: judged, count: count)
        }
        let found = chosen(Self.table, from: [3, 50, 61, 4], judged: [4], 10)
        #expect(Set(found) == [3, 50, 61] && found.count == 3)
        #expect(chosen(Self.table, from: [], 3).isEmpty && chosen(Self.table, from: nil, 0).isEmpty)
        #expect(chosen(EmbeddingTable(width: 3), from: nil, 3).isEmpty)
    }

    @Test func `k-means finds heaps that lie apart`() {
        let found = KMeans.clusters(of: Array(0..<70), in: Self.table, count: 3, seed: 2)
        for heap in [0..<40, 40..<60, 60..<70] { #expect(Set(heap.map { found.assignment[$0] }).count == 1) }
        #expect(Set(found.assignment).count == 3)
    }
}
