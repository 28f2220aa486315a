import ModelCore
import Queue

/// Brings the scores of everything that waits up to date with the heads in use, from stored embeddings: no network is
/// loaded and no picture decoded.
///
/// A page is read, projected and written, each write a transaction of its own, so reviewers go on meanwhile. Where somebody
/// adopts another head before the end, it begins again with that. A run that is stopped has brought some items up to date;
/// the next one finds nothing to write there.
struct Rescoring: Sendable {
    struct Result: Sendable {
        /// Items looked at, by model.
        var items: [String: Int] = [:]
        /// Of these, those with other scores now.
        var changed: [String: Int] = [:]
        /// Items whose explanations are of a head that no longer scores them: `score` makes them anew.
        var stale: [String: Int] = [:]
        /// Models whose items were left as they are, and why.
        var left: [(model: String, reason: String)] = []

        var total: Int { items.values.reduce(0, +) }
    }

    let store: QueueStore
    var locations = Locations()

    /// Items a page. A transaction of so many takes a few milliseconds (docs/queue.md).
    static let pageLength = 50

    /// Re-scores for the models that need it.
    ///
    /// - Parameters:
    ///   - models: `name@version` of those to look after; nil for all.
    ///   - progress: called with the items done and the fraction of the queue looked through, after each page.
    /// - Throws: what concerns the queue.
    func run(models: [String]? = nil, progress: (Int, Double) -> Void = { _, _ in }) throws -> Result {
        var result = Result()
        for model in try models ?? store.headsInUse().adoptions.keys.sorted()
        where try store.needsRescoring(model: model) {
            try rescore(model, into: &result, progress: progress)
        }
        return result
    }

    private func rescore(
        _ model: String, into result: inout Result, progress: (Int, Double) -> Void
    ) throws {
        while true {
            let installed = try InstalledModels(of: store, locations: locations)
            guard let recipe = installed.library.recipes.first(where: { $0.id == model }) else {
                return result.left.append((model, "the model is not here (`reviewtui model list`)"))
            }
            var pass = Pass(installed, model: model, recorded: Set(try store.heads().map(\.id)))
            var (cursor, items, changed) = (Int64?.none, 0, 0)
            repeat {
                let page = try store.pendingEmbeddings(model: model, after: cursor, limit: Self.pageLength)
                if let weights = page.weights, weights != recipe.weightsSHA256 {
                    return result.left.append(
                        (
                            model,
                            "its embeddings here are of other weights: give these a new version, then run reviewtui score"
                        ))
                }
                let scored: [RescoredItem]
                do {
                    scored = try page.items.map { RescoredItem($0, scores: try pass.scores(of: $0)) }
                } catch let error as ScorerError {
                    return result.left.append((model, "\(error)"))
                }
                guard let count = try store.rescore(scored, model: model, adoption: pass.adoption) else { break }
                items += scored.count
                changed += count
                cursor = page.next
                progress(result.total + items, page.fraction)
            } while cursor != nil
            // Nil where other heads are in use by now: what was written by the earlier ones is written over.
            guard try store.markRescored(model: model, adoption: pass.adoption) else { continue }
            result.items[model] = items
            result.changed[model] = changed
            result.stale[model] = try store.staleCount(model: model)
            return
        }
    }
}

/// The heads of one model as they are in use at one moment.
private struct Pass {
    /// ``HeadsInUse/adoption(of:)``.
    let adoption: Int64
    private let model: String
    private let installed: InstalledModels
    /// Every head that the queue ever had: a score by one of these that is not in use is nobody's.
    private let recorded: Set<String>
    /// By precision of the embeddings.
    private var scorers: [String: EmbeddingScorer] = [:]

    init(_ installed: InstalledModels, model: String, recorded: Set<String>) {
        adoption = installed.heads.adoption(of: model)
        self.model = model
        self.installed = installed
        self.recorded = recorded
    }

    /// What the model says of an item now: the highest over its pictures by every fitted head; and what is not the fitted
    /// heads' business as it was.
    ///
    /// Where a head was taken back and nothing fitted scores its policy any more, its words do again, as far as they did
    /// when the model looked at the item and a direction is at hand; else nothing does.
    mutating func scores(of item: EmbeddedItem) throws -> [Score] {
        guard let first = item.embeddings.first else { return item.scores }
        // Those from before it was kept are of the precision that their scores name.
        let precision =
            first.precision ?? item.scores.lazy.compactMap(\.provenance?.precision).first
            ?? Engine.Options.Precision.f32.rawValue
        let scorer = try scorer(precision, width: first.vector.count)
        func queueScores(_ found: [Assessment.PolicyScore]) -> [Score] {
            found.map { Score($0, model: scorer.model, weights: scorer.weightsSHA256, precision: precision) }
        }
        let fitted = try item.embeddings.flatMap { queueScores(try scorer.scores(of: $0.vector)) }.highest
        let known = Set(fitted.map(\.policy))
        let others = item.scores.filter { !known.contains($0.policy) }
        let kept = others.filter { score in !(score.provenance?.head.map(recorded.contains) ?? false) }
        let orphans = Set(others.map(\.policy)).subtracting(kept.map(\.policy))
        guard !orphans.isEmpty else { return fitted + kept }
        let words = try item.embeddings.flatMap { queueScores(try scorer.scoresInWords(of: $0.vector)) }.highest
            .filter { orphans.contains($0.policy) && ($0.isCalibrated || item.admitsUncalibrated) }
        return fitted + kept + words
    }

    private mutating func scorer(_ precision: String, width: Int) throws -> EmbeddingScorer {
        if let known = scorers[precision] { return known }
        let scorer = try EmbeddingScorer(
            installed.library, model: model, width: width,
            precision: Engine.Options.Precision(rawValue: precision) ?? .f32,
            directionCache: installed.directionCache)
        scorers[precision] = scorer
        return scorer
    }
}
