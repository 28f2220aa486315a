import Foundation

/// Items that stand for the others: what to ask about first, before any model knows anything.
///
/// Both methods look at no more than ``sampleLimit`` candidates, drawn uniformly, so that they cost the same for ten
/// thousand pending items and a million: a few seconds on one core.
public enum Diversity {
    /// Candidates that are looked at; of more, so many are drawn.
    public static let sampleLimit = 10_000

    /// TypiClust (Hacohen, Dekel and Weinshall 2022, "Active Learning on a Budget: Opposite Strategies Suit High and Low
    /// Budgets", algorithm 1): k-means into as many clusters as there will be judged items, then of each cluster that has
    /// none, the largest first, the most typical item. Typicality is one over the mean distance to the 20 nearest
    /// neighbours in the cluster (their equation 4). Clusters of fewer than five items count last, as in their code.
    ///
    /// - Parameters:
    ///   - candidates: rows to choose from; nil for all but the judged.
    ///   - judged: rows that have a verdict: their clusters come last.
    ///   - seed: of the sample and of k-means.
    /// - Returns: rows, the first to ask about first; fewer than `count` where there are fewer candidates.
    public static func typical(
        _ table: EmbeddingTable, candidates: [Int]? = nil, judged: [Int] = [], count: Int, seed: UInt64 = 1
    ) -> [Int] {
        var random = SeededGenerator(seed: seed)
        let pool = sample(candidates, of: table, without: judged, &random)
        guard count > 0, !pool.isEmpty else { return [] }
        let known = Array(judged.shuffled(using: &random).prefix(clusterLimit))
        let points = pool + known
        let clusters = KMeans.clusters(
            of: points, in: table, count: min(known.count + count, clusterLimit, points.count), seed: random.next())
        var members = [[Int]](repeating: [], count: clusters.count)
        var judgedIn = [Int](repeating: 0, count: clusters.count)
        for (place, cluster) in clusters.assignment.enumerated() {
            if place < pool.count { members[cluster].append(points[place]) } else { judgedIn[cluster] += 1 }
        }
        var chosen: [Int] = []
        while chosen.count < count {
            let best = members.indices.filter { !members[$0].isEmpty }.min { first, second in
                let (a, b) = (members[first].count, members[second].count)
                return (judgedIn[first], a < smallCluster ? 1 : 0, -a, first)
                    < (judgedIn[second], b < smallCluster ? 1 : 0, -b, second)
            }
            guard let best, let typical = mostTypical(members[best], table) else { break }
            chosen.append(typical)
            members[best].removeAll { $0 == typical }
            judgedIn[best] += 1
        }
        return chosen
    }

    /// Core-set by k-centre greedy (Sener and Savarese 2018, "Active Learning for Convolutional Neural Networks: A Core-Set
    /// Approach", algorithm 1): again and again the item that is furthest from all that are judged or chosen. With none
    /// judged the first is the one nearest to the mean.
    ///
    /// - Parameters: as of ``typical(_:candidates:judged:count:seed:)``.
    public static func coreSet(
        _ table: EmbeddingTable, candidates: [Int]? = nil, judged: [Int] = [], count: Int, seed: UInt64 = 1
    ) -> [Int] {
        var random = SeededGenerator(seed: seed)
        let pool = sample(candidates, of: table, without: judged, &random)
        guard count > 0, !pool.isEmpty else { return [] }
        // The nearest centre by the largest product: rows have length 1.
        var nearest = [Float](repeating: -.infinity, count: pool.count)
        var chosen: [Int] = []
        var taken: Set<Int> = []
        func take(centre row: Int) {
            for place in pool.indices { nearest[place] = max(nearest[place], table.product(pool[place], row)) }
        }
        for row in judged.shuffled(using: &random).prefix(clusterLimit) { take(centre: row) }
        if judged.isEmpty, let first = nearestToMean(pool, table) {
            chosen.append(pool[first])
            taken.insert(first)
            take(centre: pool[first])
        }
        while chosen.count < min(count, pool.count) {
            let furthest = pool.indices.lazy.filter { !taken.contains($0) }.min { nearest[$0] < nearest[$1] }
            guard let furthest else { break }
            chosen.append(pool[furthest])
            taken.insert(furthest)
            take(centre: pool[furthest])
        }
        return chosen
    }

    // MARK: Machinery

    /// Most clusters, and most judged rows that are looked at: the paper's own limit.
    private static let clusterLimit = 500
    private static let smallCluster = 5
    private static let neighbours = 20
    /// Most members of a cluster whose distances are computed, since their number grows as the square.
    private static let memberLimit = 500

    private static func sample(
        _ candidates: [Int]?, of table: EmbeddingTable, without judged: [Int], _ random: inout SeededGenerator
    ) -> [Int] {
        let known = Set(judged)
        var pool = (candidates ?? Array(0..<table.count)).filter { !known.contains($0) }
        guard pool.count > sampleLimit else { return pool }
        for place in 0..<sampleLimit { pool.swapAt(place, Int.random(in: place..<pool.count, using: &random)) }
        return Array(pool.prefix(sampleLimit))
    }

    private static func mostTypical(_ members: [Int], _ table: EmbeddingTable) -> Int? {
        // Rows come in a drawn or in the caller's order: every so-manyth is as good a sample as another.
        let step = max(1, members.count / memberLimit)
        let looked = stride(from: 0, to: members.count, by: step).map { members[$0] }
        let count = min(neighbours, looked.count - 1)
        guard count > 0 else { return members.first }
        var best: (row: Int, distance: Float)?
        for row in looked {
            var nearest = [Float]()
            for other in looked where other != row { nearest.append(max(0, 2 - 2 * table.product(row, other))) }
            nearest.sort()
            let distance = nearest.prefix(count).reduce(0) { $0 + $1.squareRoot() }
            if distance < best?.distance ?? .infinity { best = (row, distance) }
        }
        return best?.row
    }

    private static func nearestToMean(_ pool: [Int], _ table: EmbeddingTable) -> Int? {
        var mean = [Float](repeating: 0, count: table.width)
        for row in pool { for (column, value) in table.row(row).enumerated() { mean[column] += value } }
        return pool.indices.max { first, second in
            Projection.dot(mean, Array(table.row(pool[first]))) < Projection.dot(mean, Array(table.row(pool[second])))
        }
    }
}
