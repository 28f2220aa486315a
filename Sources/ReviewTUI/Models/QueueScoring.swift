import Media
import ModelCore
import Queue

/// Has models look at the pending items of a queue: reads a page, decodes its pictures, assesses, records.
///
/// What is recorded stays recorded, so a run that was stopped goes on where it stopped.
struct QueueScoring: Sendable {
    struct Result: Sendable {
        /// Items looked at, by model.
        var items: [String: Int] = [:]
        /// Pictures that no model could see, with the reason, in the order they came.
        var unreadable: [(item: ItemID, reason: MediaError)] = []
    }

    let store: QueueStore
    let scorer: Scorer
    let decoder: MediaDecoder
    let library: ModelLibrary

    private static let pageSize = 32

    /// Scores everything that is pending.
    ///
    /// - Parameter progress: called with the number of items done and the total, after each page.
    func run(progress: (Int, Int) -> Void) async throws -> Result {
        var result = Result()
        var total = 0
        for model in scorer.textModels { total += try store.unscoredCount(model: model, needing: .text) }
        for input in scorer.imageInputs { total += try store.unscoredCount(model: input.model, needing: .media) }
        var done = 0
        for model in scorer.textModels {
            try await eachPage(of: model, needing: .text) { items in
                let assessments = try await scorer.assess(texts: items.map { $0.text ?? "" }, model: model)
                let scored = zip(items, assessments).map { item, assessment in
                    ScoredItem(
                        item: item.id, scores: assessment.queueScores,
                        explanations: assessment.queueExplanations(), embedding: assessment.storedEmbedding)
                }
                try record(scored, of: model, into: &result)
                done += items.count
                progress(done, total)
            }
        }
        for input in scorer.imageInputs {
            try await eachPage(of: input.model, needing: .media) { items in
                // The next item's pictures are decoded in the worker while the engine looks at this one's.
                var scored: [ScoredItem] = []
                var upcoming = items.first.map { pictures(of: $0, for: input) }
                for (position, item) in items.enumerated() {
                    let current = upcoming
                    upcoming = position + 1 < items.count ? pictures(of: items[position + 1], for: input) : nil
                    guard let current else { break }
                    scored.append(try await assess(item, pictures: await current.value, input: input, into: &result))
                    progress(done + position + 1, total)
                }
                try record(scored, of: input.model, into: &result)
                done += items.count
            }
        }
        return result
    }

    private func eachPage(
        of model: String, needing modality: Modality, _ body: ([Item]) async throws -> Void
    ) async throws {
        var cursor: Int64?
        repeat {
            let page = try store.unscored(model: model, needing: modality, after: cursor, limit: Self.pageSize)
            if !page.items.isEmpty { try await body(page.items) }
            cursor = page.next
        } while cursor != nil
    }

    private typealias Pictures = [Swift.Result<PixelImage, MediaError>]

    private func pictures(of item: Item, for input: ImageInput) -> Task<Pictures, Never> {
        Task {
            var pictures: Pictures = []
            for media in item.media {
                do throws(MediaError) {
                    pictures.append(.success(try await decoder.decode(path: media.storedPath, for: input)))
                } catch {
                    pictures.append(.failure(error))
                }
            }
            return pictures
        }
    }

    /// One model's word on all pictures of an item: the highest score of each policy, every explanation with the
    /// picture it lies over, and the embedding of the first that could be read.
    private func assess(
        _ item: Item, pictures: Pictures, input: ImageInput, into result: inout Result
    ) async throws -> ScoredItem {
        var scored = ScoredItem(item: item.id, scores: [])
        for (position, picture) in pictures.enumerated() {
            switch picture {
            case .failure(.workerUnavailable(let detail)): throw MediaError.workerUnavailable(detail: detail)
            case .failure(let reason):
                if !result.unreadable.contains(where: { $0.item == item.id && $0.reason == reason }) {
                    result.unreadable.append((item.id, reason))
                }
            case .success(let pixels):
                guard let found = try await scorer.assess(images: [pixels], model: input.model).first else { continue }
                scored.scores = Self.highest(scored.scores + found.queueScores)
                scored.explanations += found.queueExplanations(media: position)
                scored.embedding = scored.embedding ?? found.storedEmbedding
            }
        }
        return scored
    }

    private static func highest(_ scores: [Score]) -> [Score] {
        var best: [PolicyID: Score] = [:]
        for score in scores where score.value > (best[score.policy]?.value ?? -1) { best[score.policy] = score }
        return best.values.sorted { $0.policy < $1.policy }
    }

    private func record(_ scored: [ScoredItem], of model: String, into result: inout Result) throws {
        let weights = library.recipes.first { $0.id == model }?.weightsSHA256
        try store.record(scored, model: model, weights: weights)
        result.items[model, default: 0] += scored.count
    }
}

extension Assessment {
    /// nil for a model without one.
    fileprivate var storedEmbedding: [Float]? { embedding.isEmpty ? nil : embedding }
}
