/// What a snapshot holds, counted while it is written: for its manifest and its data card.
struct SnapshotCounts: Sendable {
    /// A kind of row: the same verdict and, byte for byte, the same labels.
    private struct Kind: Hashable {
        var verdict: [UInt8]
        var labels: [UInt8]
    }

    /// Rows by split; the last place is for those in none.
    private var kinds: [Kind: SIMD4<Int64>] = [:]
    private(set) var rows = 0
    /// Rows by how their item came to be judged.
    private(set) var samplings: [Sampling: Int] = [:]
    /// Rows on items that several reviewers judged.
    private(set) var shared = 0
    /// Rows left out because too few reviewers agree.
    var disputed = 0

    mutating func add(
        verdict: UnsafeBufferPointer<UInt8>, labels: UnsafeBufferPointer<UInt8>, split: Split?, sampling: Sampling,
        isShared: Bool
    ) {
        kinds[Kind(verdict: Array(verdict), labels: Array(labels)), default: .zero][split?.rawValue ?? 3] += 1
        rows += 1
        samplings[sampling, default: 0] += 1
        if isShared { shared += 1 }
    }

    mutating func add(_ other: SnapshotCounts) {
        kinds.merge(other.kinds) { $0 &+ $1 }
        rows += other.rows
        samplings.merge(other.samplings) { $0 + $1 }
        shared += other.shared
        disputed += other.disputed
    }

    // MARK: - Tables

    /// Rows in each split, and under `none` those that stand between clusters of several.
    var splits: [String: Int] {
        let sums = kinds.values.reduce(SIMD4<Int64>.zero) { $0 &+ $1 }
        var splits = Split.allCases.reduce(into: [:]) { $0[$1.name] = Int(sums[$1.rawValue]) }
        if sums[3] > 0 { splits["none"] = Int(sums[3]) }
        return splits
    }

    /// `{"uniform":…,"rank":…,"mined":{strategy:…}}`.
    var samplingJSON: JSONValue {
        let mined = MiningStrategy.allCases.compactMap { strategy in
            samplings[.mined(strategy)].map { JSONMember(strategy.rawValue, .integer(Int64($0))) }
        }
        return [
            "uniform": .integer(Int64(samplings[.uniform] ?? 0)), "rank": .integer(Int64(samplings[.rank] ?? 0)),
            "mined": .object(mined),
        ]
    }

    /// Rows of each verdict by split, the last place for those in none.
    var verdicts: [(verdict: String, rows: SIMD4<Int64>)] {
        var sums: [String: SIMD4<Int64>] = [:]
        for (kind, rows) in kinds { sums[String(decoding: kind.verdict, as: UTF8.self), default: .zero] &+= rows }
        return Verdict.allCases.compactMap { verdict in sums[verdict.rawValue].map { (verdict.rawValue, $0) } }
    }

    /// A policy's labels by split, the last place for those in none.
    struct PolicyCount {
        var policy: PolicyID
        var violations = SIMD4<Int64>.zero
        var others = SIMD4<Int64>.zero
        /// Those that a reviewer confirmed with one key.
        var byModel: Int64 = 0
    }

    /// In the order of the policies' ids.
    var policies: [PolicyCount] {
        var counts: [PolicyID: PolicyCount] = [:]
        for (kind, rows) in kinds {
            for label in StoredLabel.list(String(decoding: kind.labels, as: UTF8.self)) {
                var count = counts[label.policy] ?? PolicyCount(policy: label.policy)
                if label.isViolation { count.violations &+= rows } else { count.others &+= rows }
                if label.origin == .model { count.byModel += rows.wrappedSum() }
                counts[label.policy] = count
            }
        }
        return counts.values.sorted { $0.policy < $1.policy }
    }
}
