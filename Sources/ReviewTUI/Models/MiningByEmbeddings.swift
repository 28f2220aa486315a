import Foundation
import ModelCore
import Queue
import Synchronization

/// The strategies of ``MiningStrategy`` for which the queue needs a model's embeddings.
struct MiningByEmbeddings: Sendable {
    let store: QueueStore
    let model: EmbeddingModel

    /// - Parameter name: `name@version`; nil for the only model that has made embeddings here.
    init(store: QueueStore, model name: String?) throws {
        self.store = store
        let models = try store.embeddingModels()
        let names = models.map(\.name).joined(separator: ", ")
        guard !models.isEmpty else {
            throw CommandFailure(
                .usage, "No model has made embeddings here: run reviewtui score with one that does (model list tells).")
        }
        if let name {
            guard let known = models.first(where: { $0.name == name }) else {
                throw CommandFailure(
                    .usage, "“\(SafeText.line(name))” has made no embeddings here; these have: \(names).")
            }
            model = known
        } else {
            guard models.count == 1 else { throw CommandFailure(.usage, "Name one model with --model: \(names).") }
            model = models[0]
        }
    }

    /// Candidates that are looked at: of more, so many are drawn.
    private static let mostCandidates = 10_000

    // MARK: - Diversity

    /// Brings forward the pending items that stand for most others and are unlike what was judged.
    ///
    /// The value is one minus the cosine between an item and the nearest judged or earlier chosen one, over two; 1 for the
    /// first of all.
    func diverse(_ rules: MiningRules, seed: UInt64 = 1) throws -> MiningReport {
        var random = SeededGenerator(seed: seed)
        guard rules.count > 0 else { return try store.bringForward([], rules, looked: 0) }
        let candidates = try store.embeddedCandidates(
            for: rules.strategy, model: model.name, limit: Self.mostCandidates, using: &random)
        guard let width = candidates.items.first?.embedding.count else {
            return try store.bringForward([], rules, looked: 0)
        }
        var table = EmbeddingTable(width: width)
        table.reserveCapacity(candidates.items.count)
        var ids: [Int: ItemID] = [:]
        for (item, embedding) in candidates.items {
            if let row = table.append(embedding) { ids[row] = item }
        }
        var judged: [Int] = []
        try store.trainingRows(model: model.name, weights: model.weights) { page in
            judged += page.compactMap { row in row.embeddings.first.flatMap { table.append($0) } }
        }
        // No spare ones for those that are claimed meanwhile: the clusters are as many as are asked for.
        let chosen = Diversity.typical(
            table, candidates: ids.keys.sorted(), judged: judged, count: rules.count, seed: seed)
        let found = chosen.enumerated().compactMap { place, row -> MinedItem? in
            guard let id = ids[row] else { return nil }
            let near = (judged.prefix(500) + chosen.prefix(place)).map { table.product(row, $0) }.max()
            return MinedItem(item: id, value: near.map { max(0, (1 - Double($0)) / 2) } ?? 1, reason: .stands)
        }
        return try store.bringForward(found, rules, looked: candidates.total)
    }

    // MARK: - Label errors

    /// Sends the verdicts to a second reviewer whose labels are likely wrong, by confident learning.
    ///
    /// A policy's fit is made on items of split train alone; each of these is judged by the fit that left its cluster out, the
    /// others by one that saw none of them. What is fitted is thrown away. Known answers are no verdicts and are not asked
    /// about. The value is one minus the probability of the label.
    ///
    /// - Parameter progress: Called with the policies looked at so far, and their number; from any thread, one at a time.
    func labelErrors(
        _ rules: MiningRules, progress: @Sendable (Int, Int) -> Void = { _, _ in }
    ) throws -> MiningReport {
        let judged = try JudgedItems.read(from: store, model: model.name, weights: model.weights)
        let policies = Set(judged.items.lazy.flatMap(\.labels.keys)).sorted().filter { policy in
            rules.policy.map { policy == $0 || policy.ancestors.contains($0) } ?? true
        }
        var likeliest: [ItemID: MinedItem] = [:]
        var looked: Set<ItemID> = []
        let done = Mutex(0)
        let predictions = Concurrently.map(policies.count) { place in
            defer {
                done.withLock { count in
                    count += 1
                    progress(count, policies.count)
                }
            }
            return judged.predictions(of: policies[place])
        }
        for (policy, predicted) in zip(policies, predictions) {
            let findings = ConfidentLearning.issues(
                labels: predicted.map(\.isViolation), probabilities: predicted.map(\.probability))
            looked.formUnion(predicted.map(\.item))
            for row in findings.issues where predicted[row].isOnesOwn {
                let said = predicted[row]
                let value = said.isViolation ? 1 - said.probability : said.probability
                guard value > likeliest[said.item]?.value ?? 0 else { continue }
                likeliest[said.item] = MinedItem(
                    item: said.item, value: value,
                    reason: .contradicted(
                        policy: policy, isViolation: said.isViolation, model: model.name, probability: said.probability)
                )
            }
        }
        let found = likeliest.values.sorted { ($1.value, $0.item.rawValue) < ($0.value, $1.item.rawValue) }
        return try store.sendToSecondReview(found, rules, looked: looked.count)
    }
}

/// A label, and what a fit says of it that has not seen it.
private struct Predicted {
    var item: ItemID
    var isViolation: Bool
    var probability: Double
    /// Whether one reviewer judged it: the others were looked at again already.
    var isOnesOwn: Bool
}

extension JudgedItems {
    /// Of every item with a label of this policy; none where there are too few to fit on.
    fileprivate func predictions(of policy: PolicyID) -> [Predicted] {
        let training = labelled(policy, .training, Weighing())
        guard let fitted = try? HeadFitting().fit(policy.rawValue, table, training: training.items, validation: []),
            fitted.outOfFold.count == training.items.count
        else { return [] }
        let outOfFold = Dictionary(uniqueKeysWithValues: zip(training.places, fitted.outOfFold))
        let direction = LinearFit(direction: fitted.direction, bias: fitted.bias)
        return items.enumerated().compactMap { place, item in
            guard let label = item.labels[policy], !item.isGold else { return nil }
            // An item is what its most telling picture is.
            let logit =
                outOfFold[place] ?? item.rows.map { table.projection(of: $0, on: direction) }.max() ?? fitted.bias
            return Predicted(
                item: item.item, isViolation: label.target >= 0.5,
                probability: CalibrationCurve.identity.probability(ofLogit: logit), isOnesOwn: label.judges == 1)
        }
    }
}
