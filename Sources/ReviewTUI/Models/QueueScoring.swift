import Media
import ModelCore
import Queue

/// Has models look at the pending items of a queue: reads a page, decodes its pictures, assesses, records.
///
/// What is recorded stays recorded, so a run that was stopped goes on where it stopped. An item that a model fails on
/// stays unscored by it and takes no other with it; a model that fails on everything is left out.
struct QueueScoring: Sendable {
    struct Result: Sendable {
        /// Items looked at, by model.
        var items: [String: Int] = [:]
        /// Pictures that no model could see, with the reason, in the order they came.
        var unreadable: [(item: ItemID, reason: MediaError)] = []
        /// Items that a model failed on and that therefore have no score of it.
        var failed: [Failure] = []
        /// Models that could not be used, or failed on every item of their first page.
        var broken: [(model: String, error: any Error)] = []
    }

    struct Failure: Sendable {
        let item: ItemID
        let model: String
        let error: any Error
    }

    let store: QueueStore
    let scorer: Scorer
    let decoder: MediaDecoder
    let library: ModelLibrary

    private static let pageSize = 32

    /// Scores everything that is pending.
    ///
    /// - Parameter progress: called with the number of items done and the total, after each page.
    /// - Throws: what concerns the queue or the media worker; what concerns a model or an item is in the result.
    func run(progress: (Int, Int) -> Void) async throws -> Result {
        var result = Result()
        var total = 0
        for model in scorer.textModels { total += try store.unscoredCount(model: model, needing: .text) }
        for input in scorer.imageInputs { total += try store.unscoredCount(model: input.model, needing: .media) }
        var done = 0
        for model in scorer.textModels {
            try await eachPage(of: model, needing: .text, into: &result) { items, page in
                let found = try await scorer.assessEach(texts: items.map { $0.text ?? "" }, model: model)
                for (item, assessment) in zip(items, found) {
                    page.append(
                        item.id,
                        assessment.map { assessment in
                            ScoredItem(
                                item: item.id, scores: assessment.queueScores,
                                explanations: assessment.queueExplanations(), embedding: assessment.storedEmbedding)
                        })
                }
                done += items.count
                progress(done, total)
            }
        }
        for input in scorer.imageInputs {
            var unreadable: [(item: ItemID, reason: MediaError)] = []
            try await eachPage(of: input.model, needing: .media, into: &result) { items, page in
                try await scorer.prepare(model: input.model)
                // The next item's pictures are decoded in the worker while the engine looks at this one's.
                var upcoming = items.first.map { pictures(of: $0, for: input) }
                for (position, item) in items.enumerated() {
                    let current = upcoming
                    upcoming = position + 1 < items.count ? pictures(of: items[position + 1], for: input) : nil
                    guard let current else { break }
                    let pictures = try await current.value.map { picture in try picture.orWorkerFailure }
                    unreadable += pictures.compactMap { if case .failure(let why) = $0 { (item.id, why) } else { nil } }
                    do {
                        page.append(item.id, .success(try await assess(item, pictures: pictures, input: input)))
                    } catch {
                        page.append(item.id, .failure(error))
                    }
                    progress(done + position + 1, total)
                }
                done += items.count
            }
            for (item, reason) in unreadable
            where !result.unreadable.contains(where: { $0.item == item && $0.reason == reason }) {
                result.unreadable.append((item, reason))
            }
        }
        return result
    }

    /// What a model made of one page of items.
    private struct Page {
        var scored: [ScoredItem] = []
        var failed: [(item: ItemID, error: any Error)] = []

        mutating func append(_ item: ItemID, _ outcome: Swift.Result<ScoredItem, any Error>) {
            switch outcome {
            case .success(let found): scored.append(found)
            case .failure(let error): failed.append((item, error))
            }
        }
    }

    /// Hands out a model's unscored items page by page and records what `body` made of them. What `body` throws
    /// concerns the model as a whole, which is then left out.
    private func eachPage(
        of model: String, needing modality: Modality, into result: inout Result,
        _ body: ([Item], inout Page) async throws -> Void
    ) async throws {
        var cursor: Int64?
        repeat {
            let items = try store.unscored(model: model, needing: modality, after: cursor, limit: Self.pageSize)
            cursor = items.next
            guard !items.items.isEmpty else { continue }
            var page = Page()
            do {
                try await body(items.items, &page)
            } catch let error as MediaError {
                throw error
            } catch {
                result.broken.append((model, error))
                return
            }
            try record(page.scored, of: model, into: &result)
            result.failed += page.failed.map { Failure(item: $0.item, model: model, error: $0.error) }
            if let first = page.failed.first, result.items[model] == nil {
                result.broken.append((model, first.error))
                return
            }
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
    private func assess(_ item: Item, pictures: Pictures, input: ImageInput) async throws -> ScoredItem {
        var scored = ScoredItem(item: item.id, scores: [])
        for (position, picture) in pictures.enumerated() {
            guard case .success(let pixels) = picture,
                let found = try await scorer.assess(images: [pixels], model: input.model).first
            else { continue }
            scored.scores = Self.highest(scored.scores + found.queueScores)
            scored.explanations += found.queueExplanations(media: position)
            scored.embedding = scored.embedding ?? found.storedEmbedding
        }
        return scored
    }

    private static func highest(_ scores: [Score]) -> [Score] {
        var best: [PolicyID: Score] = [:]
        for score in scores where score.value > (best[score.policy]?.value ?? -1) { best[score.policy] = score }
        return best.values.sorted { $0.policy < $1.policy }
    }

    private func record(_ scored: [ScoredItem], of model: String, into result: inout Result) throws {
        guard !scored.isEmpty else { return }
        let weights = library.recipes.first { $0.id == model }?.weightsSHA256
        try store.record(scored, model: model, weights: weights)
        result.items[model, default: 0] += scored.count
    }
}

extension Assessment {
    /// nil for a model without one.
    fileprivate var storedEmbedding: [Float]? { embedding.isEmpty ? nil : embedding }
}

extension Swift.Result where Success == PixelImage, Failure == MediaError {
    /// Itself; a worker that is not there is nobody's picture's fault.
    ///
    /// - Throws: ``MediaError/workerUnavailable(detail:)``.
    fileprivate var orWorkerFailure: Self {
        get throws(MediaError) {
            if case .failure(.workerUnavailable(let detail)) = self { throw .workerUnavailable(detail: detail) }
            return self
        }
    }
}
