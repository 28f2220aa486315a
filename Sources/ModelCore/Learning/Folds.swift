/// Parts of labelled rows for cross-validation, no cluster in two of them.
///
/// Clusters are given out one by one, those with most violating rows first and in a drawn but fixed order among equals,
/// each to the fold that has fewest violating rows, then fewest rows: both classes stand in every fold where there are
/// clusters enough. The same rows give the same folds, in whatever order they come.
public enum Folds {
    /// - Returns: the fold of each row, from 0; nil where two folds with both classes in what is left cannot be made. There
    ///   are fewer than `count` folds where fewer clusters hold one of the classes.
    public static func assigned(_ rows: LabelledRows, count: Int = 5, seed: UInt64 = 1) -> [Int]? {
        struct Cluster {
            var positives = 0
            var size = 0
            let order: UInt64
        }
        var clusters: [Int64: Cluster] = [:]
        for (cluster, target) in zip(rows.clusters, rows.targets) {
            var known = clusters[cluster] ?? Cluster(order: SeededGenerator.mixed(UInt64(bitPattern: cluster) &+ seed))
            known.positives += target >= 0.5 ? 1 : 0
            known.size += 1
            clusters[cluster] = known
        }
        let violating = clusters.values.count { $0.positives > 0 }
        let sound = clusters.values.count { $0.positives < $0.size }
        let count = min(count, violating, sound)
        guard count >= 2 else { return nil }
        let order = clusters.sorted { first, second in
            (second.value.positives, second.value.size, first.value.order, first.key)
                < (first.value.positives, first.value.size, second.value.order, second.key)
        }
        var folds = [(positives: Int, size: Int)](repeating: (0, 0), count: count)
        var places: [Int64: Int] = [:]
        for (cluster, known) in order {
            var best = 0
            for fold in 1..<count {
                let better =
                    known.positives > 0
                    ? (folds[fold].positives, folds[fold].size) < (folds[best].positives, folds[best].size)
                    : folds[fold].size < folds[best].size
                if better { best = fold }
            }
            folds[best].positives += known.positives
            folds[best].size += known.size
            places[cluster] = best
        }
        return rows.clusters.map { places[$0] ?? 0 }
    }
}

/// Pseudo-random numbers that a seed determines on every machine: SplitMix64 (Steele, Lea and Flood 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.finished(state)
    }

    /// One number for another, as unlike as chance.
    static func mixed(_ number: UInt64) -> UInt64 { finished(number &+ 0x9E37_79B9_7F4A_7C15) }

    private static func finished(_ state: UInt64) -> UInt64 {
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
