import Foundation

/// A loaded text transformer with its tokenizer and heads.
final class TextModel {
    private let recipe: Recipe
    private let transformer: ProjectedEncoder
    private let tokenizer: Tokenizer
    private let precision: Engine.Options.Precision
    private let limit: Int
    /// How long every text is made, where the model was trained so (SigLIP).
    private let filledLength: Int?

    /// Tokens a batch: more gain nothing on a few cores and cost memory.
    private static let batchTokens = 512

    init(recipe: Recipe, folder: String, weights: SafeTensors, heads: [Head], engine: Engine) throws {
        self.recipe = recipe
        precision = engine.precision
        let settings = recipe.text ?? Recipe.TextSettings(maximumTokens: 256, pooling: "mean")
        let checkpoint = try Checkpoint(folder: folder, weights: weights)
        guard checkpoint.family == recipe.family else {
            throw ConfigurationError.unsupported(
                path: recipe.file, key: "family",
                reason: "is \(recipe.family.rawValue), and the checkpoint is of \(checkpoint.family.rawValue)")
        }
        let encoder = try checkpoint.textEncoder(pooling: TextPooling(rawValue: settings.pooling) ?? .mean)
        guard case .words(let words) = encoder.embedding else {
            throw ScorerError.wrongModality(model: recipe.id, modality: "pictures")
        }
        tokenizer = try Tokenizer(folder: folder)
        guard tokenizer.largestID < words.words.shape[0] else {
            throw ConfigurationError.unsupported(
                path: folder + "/config.json", key: "vocab_size",
                reason: "is smaller than the tokenizer's vocabulary, which has ids to \(tokenizer.largestID)")
        }
        limit = min(settings.maximumTokens, words.longest)
        filledLength = words.fillsUp ? words.longest : nil
        let depth = encoder.blocks.count
        for head in heads {
            guard let layers = head.explain?.layers else { continue }
            guard layers.count <= depth, layers == Array(depth - layers.count..<depth) else {
                throw RecipeError.invalid(
                    file: head.file, line: 0, key: "explain.layers", reason: "are not the last of the model's \(depth)")
            }
        }
        transformer = ProjectedEncoder(encoder, name: recipe.id, heads: heads, engine: engine) { head in
            (
                head.explain.map { RelevanceMethod($0.method, layers: .last($0.layers.count)) } ?? recipe.relevance,
                head.explain?.contrast ?? .none
            )
        }
    }

    func prepare(explain: ExplainRequest) throws { try transformer.prepare(explain: explain) }

    func assess(_ texts: [String], explain: ExplainRequest) throws -> [Assessment] {
        let encodings = texts.map { tokenizer.encode($0, limit: limit) }
        let inputs = ProjectedEncoder.Inputs(
            lengths: encodings.map { filledLength ?? $0.ids.count }, batch: { Self.batchTokens / max(1, $0) }
        ) { (chosen) throws(EngineError) in try self.inputs(chosen.map { encodings[$0] }) }
        let seen = try transformer.look(at: inputs, explain: explain)
        return zip(encodings, seen).map { encoding, seen in
            Assessment(
                model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: precision,
                embedding: seen.embedding, scores: seen.scores,
                explanations: explanations(encoding, seen),
                untrained: Projection.untrained(explain, scores: seen.scores),
                notes: encoding.truncated ? ["only the first \(limit) tokens of the text were read"] : [])
        }
    }

    private func inputs(_ encodings: [Tokenizer.Encoding]) throws(EngineError) -> [String: Tensor] {
        try Self.inputs(encodings, padding: tokenizer.paddingID, filledUpTo: filledLength)
    }

    /// Token ids padded to the longest, and the mask that says so.
    ///
    /// - Parameter filledLength: where the model wants every text this long and its padding read like any token.
    static func inputs(
        _ encodings: [Tokenizer.Encoding], padding: Int64 = 0, filledUpTo filledLength: Int? = nil
    ) throws(EngineError) -> [String: Tensor] {
        let length = filledLength ?? encodings.map(\.ids.count).max() ?? 0
        var ids: [Int64] = []
        var mask: [Int64] = []
        for encoding in encodings {
            let missing = length - encoding.ids.count
            ids += encoding.ids + repeatElement(padding, count: missing)
            mask +=
                Array(repeating: 1, count: encoding.ids.count)
                + repeatElement(filledLength == nil ? 0 : 1, count: missing)
        }
        let shape = [encodings.count, length]
        return ["ids": try Tensor(ids, shape: shape), "mask": try Tensor(mask, shape: shape)]
    }

    // MARK: Explanations

    private func explanations(
        _ encoding: Tokenizer.Encoding, _ seen: ProjectedEncoder.Seen
    ) -> [ModelExplanation] {
        let real = encoding.ids.count
        let received = Array(seen.received.prefix(real))
        var found: [ModelExplanation] = []
        for (index, head) in transformer.projection.heads.enumerated() {
            let rows = transformer.rows(ofHead: index).filter { seen.maps[$0] != nil }
            let neutral = rows.firstIndex { transformer.directions[$0].policy == nil }
            let published = rows.compactMap { seen.maps[$0].map { Array($0.prefix(real)) } }
            let maps = RelevanceContrast.applied(head.explain?.contrast ?? .none, to: published, neutral: neutral)
            let method = head.explain?.method ?? recipe.relevance.kind
            for (row, map) in zip(rows, maps) {
                guard let policy = transformer.directions[row].policy, seen.wanted.contains(policy) else { continue }
                let weights = RelevanceContrast.weighted(
                    head.explain?.weight ?? .none, RelevanceContrast.floored(head.explain?.floor ?? .none, map),
                    received: received)
                found.append(
                    ModelExplanation(
                        model: recipe.id, policy: policy,
                        method: head.explain?.shownMethod ?? method.rawValue, signed: method.isSigned,
                        relevance: .spans(Self.words(of: encoding, weights: weights))))
            }
        }
        return found
    }

    /// Token weights as words: pieces merged by their maximum, the special tokens around the text dropped.
    static func words(of encoding: Tokenizer.Encoding, weights: [Float]) -> [ModelExplanation.Span] {
        var spans: [ModelExplanation.Span] = []
        var current: Int?
        for (index, word) in encoding.words.enumerated() {
            guard let word else { continue }
            let offsets = encoding.offsets[index]
            if word == current, let last = spans.popLast() {
                spans.append(
                    ModelExplanation.Span(
                        start: min(last.start, offsets.lowerBound), end: max(last.end, offsets.upperBound),
                        weight: max(last.weight, weights[index])))
            } else {
                spans.append(
                    ModelExplanation.Span(
                        start: offsets.lowerBound, end: offsets.upperBound, weight: weights[index]))
                current = word
            }
        }
        return spans
    }
}
