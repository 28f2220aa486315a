/// How an item came to be judged: what the selection bias of a row is undone by.
enum Sampling: Sendable, Hashable {
    /// Drawn with the same probability as every other that waited.
    case uniform
    /// By its rank, or by name.
    case rank
    /// Chosen by a mining.
    case mined(MiningStrategy)

    /// For the column `sampling`.
    var name: String {
        switch self {
        case .uniform: "uniform"
        case .rank: "rank"
        case .mined: "mined"
        }
    }
}

extension Sampling {
    init(_ row: PreparedStatement) {
        if !row.isNull(DecisionColumn.sampled) {
            self = .uniform
        } else {
            let strategy = row.isNull(DecisionColumn.mined) ? nil : row.bytes(DecisionColumn.mined)
            self =
                strategy.flatMap { MiningStrategy(rawValue: String(decoding: $0, as: UTF8.self)) }.map(Sampling.mined)
                ?? .rank
        }
    }
}

extension SnapshotRow {
    var sampling: Sampling { sampled == nil ? mined.map(Sampling.mined) ?? .rank : .uniform }
}
