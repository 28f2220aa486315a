import ModelCore
import Queue

/// Everything that people have said of items that one model has embedded: a table of embeddings and, row by row, what is
/// known. What heads and calibrations are fitted on.
struct JudgedItems: Sendable {
    struct Item: Sendable {
        /// Of ``table``, one for each picture.
        var rows: Range<Int>
        var labels: [PolicyID: TrainingLabel]
        var split: Split?
        var cluster: Int64
        var sampled: Double?
        var isGold: Bool
    }

    /// Which side an item is on. No cluster is on two, so that nothing is judged on what it was fitted on.
    enum Part: Sendable {
        case training
        case validation
        /// Split test, and items with a known answer whose twins nothing was fitted on.
        case heldOut
        /// Between two splits, or a known answer with twins among what is fitted on.
        case none
    }

    let table: EmbeddingTable
    let items: [Item]
    let extent: TrainingExtent
    /// Clusters with an item that is fitted on.
    private let fitted: Set<Int64>

    /// Reads them, a page at a time; takes as long as the record is. An embedding of another width than the first, or with
    /// a number that is not finite, is passed over.
    ///
    /// - Parameter weights: SHA-256 of the model's weights.
    /// - Throws: what the queue says; `CancellationError` where `isCancelled` says so between two pages.
    static func read(
        from store: QueueStore, model: String, weights: String, isCancelled: () -> Bool = { false }
    ) throws -> JudgedItems {
        var table: EmbeddingTable?
        var items: [Item] = []
        let extent = try store.trainingRows(model: model, weights: weights) { page in
            if isCancelled() { throw CancellationError() }
            for row in page {
                guard let width = row.embeddings.first?.count, width > 0 else { continue }
                var own = table ?? EmbeddingTable(width: width)
                table = nil
                let start = own.count
                for embedding in row.embeddings { own.append(embedding) }
                let rows = start..<own.count
                table = own
                guard !rows.isEmpty else { continue }
                items.append(
                    Item(
                        rows: rows, labels: row.labels, split: row.split, cluster: row.cluster, sampled: row.sampled,
                        isGold: row.isGold))
            }
        }
        let fitted = Set(items.lazy.filter { $0.split == .train && !$0.isGold }.map(\.cluster))
        return JudgedItems(table: table ?? EmbeddingTable(width: 1), items: items, extent: extent, fitted: fitted)
    }

    private init(table: EmbeddingTable, items: [Item], extent: TrainingExtent, fitted: Set<Int64>) {
        (self.table, self.items, self.extent, self.fitted) = (table, items, extent, fitted)
    }

    func part(of item: Item) -> Part {
        if item.isGold { return fitted.contains(item.cluster) ? .none : .heldOut }
        return switch item.split {
        case .train: .training
        case .validation: .validation
        case .test: .heldOut
        case nil: .none
        }
    }

    // MARK: One policy

    /// How much an item counts.
    struct Weighing: Sendable, Hashable {
        /// Of a label that the model proposed and a person confirmed with one key; 1 for one that a person gave. In
        /// [0, 1]; at 0 no direction is fitted on them.
        var originModel = 0.25
        /// Whether an item that was drawn uniformly weighs one over the share of claims that was drawn.
        var bySampling = false

        /// In the fit, and in calibrations and figures.
        func weights(_ label: TrainingLabel, sampled: Double?) -> (fit: Double, standsFor: Double) {
            let standsFor = bySampling ? sampled.map { $0 > 0 ? 1 / $0 : 1 } ?? 1 : 1
            return (standsFor * (label.origin == .model ? originModel : 1), standsFor)
        }
    }

    /// Items of one part with something said of a policy, with their places in ``items``.
    func labelled(_ policy: PolicyID, _ part: Part, _ weighing: Weighing) -> (places: [Int], items: [LabelledItem]) {
        var (places, found) = ([Int](), [LabelledItem]())
        for (place, item) in items.enumerated() {
            guard let label = item.labels[policy], self.part(of: item) == part else { continue }
            let weights = weighing.weights(label, sampled: item.sampled)
            places.append(place)
            found.append(
                LabelledItem(
                    rows: item.rows, target: label.target, weight: weights.fit, standsFor: weights.standsFor,
                    cluster: item.cluster))
        }
        return (places, found)
    }

    /// The highest logit over an item's pictures: what it is scored by.
    func logit(of item: Item, on direction: Head.PolicyDirection) -> Double {
        let fit = LinearFit(direction: direction.direction.map(Double.init), bias: direction.bias)
        return item.rows.map { table.projection(of: $0, on: fit) }.max() ?? direction.bias
    }
}
