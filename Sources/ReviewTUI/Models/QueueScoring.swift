import Media
import ModelCore
import Queue

/// Has models look at the pending items of a queue: reads a page, decodes its pictures, assesses, records.
///
/// Three pages are in the works at most: while the engine looks at one, the pictures of the next are decoded in the worker
/// and what was found on the last is written to the queue. Memory is bounded by that, whatever the queue's length.
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
    let models: InstalledModels

    /// Items a page, the second as many as keep batches of texts of like length, and a transaction worth its sync.
    private static let textPages = (first: 32, later: 256)
    private static let picturePages = (first: 16, later: 16)

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
            try await eachPage(of: model, needing: .text, sizes: Self.textPages, into: &result) { items in
                items.map { $0.text ?? "" }
            } look: { items, texts in
                let found = try await scorer.assessEach(texts: texts, model: model)
                done += items.count
                progress(done, total)
                return zip(items, found).map { item, assessment in
                    assessment.map { ScoredItem(item.id, text: $0) }
                }
            }
        }
        for input in scorer.imageInputs {
            var unreadable: [(item: ItemID, reason: MediaError)] = []
            try await eachPage(of: input.model, needing: .media, sizes: Self.picturePages, into: &result) { items in
                await pictures(of: items, for: input)
            } look: { items, pictures in
                for (item, pictures) in zip(items, pictures) {
                    for case .failure(let reason) in pictures {
                        if case .workerUnavailable = reason { throw reason }
                        unreadable.append((item.id, reason))
                    }
                }
                let found = try await assess(items, pictures: pictures, input: input)
                done += items.count
                progress(done, total)
                return found
            }
            for (item, reason) in unreadable
            where !result.unreadable.contains(where: { $0.item == item && $0.reason == reason }) {
                result.unreadable.append((item, reason))
            }
        }
        return result
    }

    // MARK: Pages

    /// Hands out a model's unscored items page by page and records what `look` made of them. What `look` throws concerns
    /// the model as a whole, which is then left out; a ``MediaError`` concerns the worker.
    ///
    /// - Parameters:
    ///   - prepare: what can be done to a page ahead of its turn.
    ///   - look: one outcome an item, in their order.
    private func eachPage<Prepared: Sendable>(
        of model: String, needing modality: Modality, sizes: (first: Int, later: Int), into result: inout Result,
        prepare: @escaping @Sendable ([Item]) async -> Prepared,
        look: ([Item], Prepared) async throws -> [Swift.Result<ScoredItem, any Error>]
    ) async throws {
        do {
            try await scorer.prepare(model: model)
        } catch {
            result.broken.append((model, error))
            return
        }
        var cursor: Int64?
        func nextPage(of size: Int) throws -> (items: [Item], prepared: Task<Prepared, Never>)? {
            let page = try store.unscored(model: model, needing: modality, after: cursor, limit: size)
            cursor = page.next
            return page.items.isEmpty ? nil : (page.items, Task { await prepare(page.items) })
        }
        var recording: Task<Int, any Error>?
        func finishRecording() async throws {
            let count = try await recording?.value ?? 0
            recording = nil
            if count > 0 { result.items[model, default: 0] += count }
        }
        var ahead = try nextPage(of: sizes.first)
        while let page = ahead {
            ahead = cursor == nil ? nil : try nextPage(of: sizes.later)
            let outcomes: [Swift.Result<ScoredItem, any Error>]
            do {
                outcomes = try await look(page.items, await page.prepared.value)
            } catch {
                ahead?.prepared.cancel()
                try await finishRecording()
                if let error = error as? MediaError { throw error }
                result.broken.append((model, error))
                return
            }
            try await finishRecording()
            let scored = outcomes.compactMap { try? $0.get() }
            if !scored.isEmpty { recording = Task { try record(scored, of: model) } }
            let failed = zip(page.items, outcomes).compactMap { item, outcome in
                if case .failure(let error) = outcome {
                    Failure(item: item.id, model: model, error: error)
                } else {
                    nil
                }
            }
            result.failed += failed
            if scored.isEmpty, result.items[model] == nil, let first = failed.first {
                ahead?.prepared.cancel()
                result.broken.append((model, first.error))
                return
            }
        }
        try await finishRecording()
    }

    private func record(_ scored: [ScoredItem], of model: String) throws -> Int {
        let weights = models.library.recipes.first { $0.id == model }?.weightsSHA256
        let taxonomy = try store.taxonomy()
        try store.record(
            scored.map { $0.about(taxonomy) }, model: model, weights: weights,
            adoption: models.heads.adoption(of: model))
        return scored.count
    }

    // MARK: Pictures

    private typealias Pictures = [Swift.Result<PixelImage, MediaError>]

    /// Of each item, those of its media.
    private func pictures(of items: [Item], for input: ImageInput) async -> [Pictures] {
        var found: [Pictures] = []
        for item in items {
            var pictures: Pictures = []
            for media in item.media {
                do throws(MediaError) {
                    pictures.append(.success(try await decoder.decode(path: media.storedPath, for: input)))
                } catch {
                    pictures.append(.failure(error))
                }
            }
            found.append(pictures)
        }
        return found
    }

    /// One model's word on all pictures of each item: the highest score of each policy, every explanation with the
    /// picture it lies over, and the embedding of each that could be read.
    private func assess(
        _ items: [Item], pictures: [Pictures], input: ImageInput
    ) async throws -> [Swift.Result<ScoredItem, any Error>] {
        let readable = pictures.flatMap { $0.compactMap { try? $0.get() } }
        var found = try await scorer.assessEach(images: readable, model: input.model)[...]
        return zip(items, pictures).map { item, pictures -> Swift.Result<ScoredItem, any Error> in
            var scored = ScoredItem(item: item.id, scores: [])
            var fault: (any Error)?
            for (position, picture) in pictures.enumerated() {
                guard case .success = picture, let outcome = found.popFirst() else { continue }
                switch outcome {
                case .success(let assessment):
                    scored.scores = (scored.scores + assessment.queueScores).highest
                    scored.explanations += assessment.queueExplanations(media: position)
                    scored.embeddings += assessment.storedEmbeddings(at: position)
                case .failure(let error): fault = fault ?? error
                }
            }
            if let fault { return .failure(fault) }
            return .success(scored)
        }
    }
}

extension ScoredItem {
    fileprivate init(_ item: ItemID, text found: Assessment) {
        self.init(
            item: item, scores: found.queueScores, explanations: found.queueExplanations(),
            embeddings: found.storedEmbeddings())
    }
}

extension Assessment {
    /// None for a model that has none.
    ///
    /// - Parameter position: which of the item's media it is of; 0 for a text.
    func storedEmbeddings(at position: Int = 0) -> [StoredEmbedding] {
        embedding.isEmpty
            ? [] : [StoredEmbedding(position: position, vector: embedding, precision: precision.rawValue)]
    }
}
