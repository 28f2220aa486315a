/// k-means by Lloyd's iterations (1982) from k-means++ centres (Arthur and Vassilvitskii 2007), the same for the same seed.
struct KMeans {
    /// Of each point.
    let assignment: [Int]
    let count: Int

    private static let rounds = 20

    /// - Parameters:
    ///   - points: rows of the table.
    ///   - count: of clusters, from 1 to the number of points; clusters may end up empty.
    static func clusters(of points: [Int], in table: EmbeddingTable, count: Int, seed: UInt64) -> KMeans {
        let width = table.width
        var centres = startingCentres(of: points, in: table, count: count, seed: seed)
        var assignment = [Int](repeating: -1, count: points.count)
        for _ in 0..<rounds {
            // ‖x − c‖² = ‖x‖² − 2·x·c + ‖c‖², of which the first is the same for every centre.
            let lengths = (0..<count).map { centre in
                centres.withUnsafeBufferPointer { centres in
                    centres.baseAddress.map { scalarProduct($0 + centre * width, $0 + centre * width, width) } ?? 0
                }
            }
            var moved = false
            table.values.withUnsafeBufferPointer { values in
                centres.withUnsafeBufferPointer { centres in
                    guard let rows = values.baseAddress, let start = centres.baseAddress else { return }
                    for (place, point) in points.enumerated() {
                        var best = (centre: 0, distance: Float.infinity)
                        for centre in 0..<count {
                            let product = scalarProduct(rows + point * width, start + centre * width, width)
                            let distance = lengths[centre] - 2 * product
                            if distance < best.distance { best = (centre, distance) }
                        }
                        if assignment[place] != best.centre {
                            assignment[place] = best.centre
                            moved = true
                        }
                    }
                }
            }
            guard moved else { break }
            var sums = [Float](repeating: 0, count: count * width)
            var sizes = [Int](repeating: 0, count: count)
            for (place, point) in points.enumerated() {
                sizes[assignment[place]] += 1
                let start = assignment[place] * width
                for (column, value) in table.row(point).enumerated() { sums[start + column] += value }
            }
            // An empty cluster's centre stays where it is.
            for centre in 0..<count where sizes[centre] > 0 {
                for column in 0..<width {
                    centres[centre * width + column] = sums[centre * width + column] / Float(sizes[centre])
                }
            }
        }
        return KMeans(assignment: assignment, count: count)
    }

    /// Each next centre is a point drawn by its squared distance to the nearest centre so far.
    private static func startingCentres(
        of points: [Int], in table: EmbeddingTable, count: Int, seed: UInt64
    ) -> [Float] {
        var random = SeededGenerator(seed: seed)
        var distances = [Float](repeating: .infinity, count: points.count)
        var centres: [Float] = []
        var next = Int.random(in: points.indices, using: &random)
        for _ in 0..<count {
            centres += table.row(points[next])
            var total = 0.0
            for place in points.indices {
                let distance = max(0, 2 - 2 * table.product(points[place], points[next]))
                distances[place] = min(distances[place], distance)
                total += Double(distances[place])
            }
            var drawn = total > 0 ? Double.random(in: 0..<total, using: &random) : 0
            for place in points.indices {
                drawn -= Double(distances[place])
                if drawn < 0 || place == points.count - 1 {
                    next = place
                    break
                }
            }
        }
        return centres
    }
}
