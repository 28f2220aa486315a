import Media
import ModelCore
import Queue

/// Has models embed decided items that have no embedding, so that heads can be fitted on the verdicts: imported decisions,
/// and those from before a model was there.
///
/// Nothing else is recorded: what an item was scored when it was decided stays as it is.
struct QueueEmbedding: Sendable {
    struct Result: Sendable {
        /// Items embedded, by model.
        var items: [String: Int] = [:]
        /// Items that a model could not embed.
        var failed = 0
        /// Models that could not be used.
        var broken: [(model: String, error: any Error)] = []
    }

    let store: QueueStore
    let scorer: Scorer
    let decoder: MediaDecoder
    let models: InstalledModels

    private static let textPage = 256
    private static let picturePage = 16

    /// - Parameter progress: called with the number of items done and the total, after each page.
    /// - Throws: what concerns the queue or the media worker; what concerns a model is in the result.
    func run(progress: (Int, Int) -> Void) async throws -> Result {
        var result = Result()
        var (done, total) = (0, 0)
        for model in scorer.textModels {
            total += try store.decidedWithoutEmbeddingCount(model: model, needing: .text)
        }
        for input in scorer.imageInputs {
            total += try store.decidedWithoutEmbeddingCount(model: input.model, needing: .media)
        }
        func look(
            _ model: String, _ modality: Modality, _ size: Int,
            _ embed: ([Item]) async throws -> [[StoredEmbedding]]
        ) async throws {
            var cursor: Int64?
            repeat {
                let page = try store.decidedWithoutEmbedding(
                    model: model, needing: modality, after: cursor, limit: size)
                cursor = page.next
                guard !page.items.isEmpty else { break }
                let found: [[StoredEmbedding]]
                do {
                    found = try await embed(page.items)
                } catch {
                    if let error = error as? MediaError { throw error }
                    result.broken.append((model, error))
                    return
                }
                let embedded = zip(page.items, found).filter { !$1.isEmpty }
                    .map { ScoredItem(item: $0.id, scores: [], embeddings: $1) }
                let weights = models.library.recipes.first { $0.id == model }?.weightsSHA256 ?? ""
                try store.record(embeddings: embedded, model: model, weights: weights)
                result.items[model, default: 0] += embedded.count
                result.failed += page.items.count - embedded.count
                done += page.items.count
                progress(done, total)
            } while cursor != nil
        }
        for model in scorer.textModels {
            try await look(model, .text, Self.textPage) { items in
                try await scorer.assessEach(texts: items.map { $0.text ?? "" }, model: model, explain: .none).map {
                    (try? $0.get())?.storedEmbeddings() ?? []
                }
            }
        }
        for input in scorer.imageInputs {
            try await look(input.model, .media, Self.picturePage) { items in try await embed(items, for: input) }
        }
        return result
    }

    /// One for each picture that can be read.
    private func embed(_ items: [Item], for input: ImageInput) async throws -> [[StoredEmbedding]] {
        var pictures: [(item: Int, position: Int, pixels: PixelImage)] = []
        for (number, item) in items.enumerated() {
            for (position, medium) in item.media.enumerated() {
                do throws(MediaError) {
                    pictures.append((number, position, try await decoder.decode(path: medium.storedPath, for: input)))
                } catch {
                    if case .workerUnavailable = error { throw error }
                }
            }
        }
        let found = try await scorer.assessEach(images: pictures.map(\.pixels), model: input.model, explain: .none)
        var embeddings = [[StoredEmbedding]](repeating: [], count: items.count)
        for (picture, outcome) in zip(pictures, found) {
            embeddings[picture.item] += (try? outcome.get())?.storedEmbeddings(at: picture.position) ?? []
        }
        return embeddings
    }
}
