import Foundation

/// A loaded text transformer with its tokenizer and heads.
final class TextModel {
    private let recipe: Recipe
    private let encoder: Encoder
    private let tokenizer: Tokenizer
    private let projection: Projection
    private let engine: Engine
    private let limit: Int
    /// How long every text is made, where the model was trained so (SigLIP).
    private let filledLength: Int?
    private var scoring: CompiledNetwork?
    private var explaining: [RelevanceMethod: CompiledNetwork] = [:]

    /// Texts a batch; more gain nothing on a few cores and cost memory.
    private static let batch = 16

    init(recipe: Recipe, folder: String, weights: SafeTensors, heads: [Head], engine: Engine) throws {
        self.recipe = recipe
        self.engine = engine
        let settings = recipe.text ?? Recipe.TextSettings(maximumTokens: 256, pooling: "mean")
        let checkpoint = try Checkpoint(folder: folder, weights: weights)
        guard checkpoint.family == recipe.family else {
            throw ConfigurationError.unsupported(
                path: recipe.file, key: "family",
                reason: "is \(recipe.family.rawValue), and the checkpoint is of \(checkpoint.family.rawValue)")
        }
        encoder = try checkpoint.textEncoder(pooling: TextPooling(rawValue: settings.pooling) ?? .mean)
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
        projection = Projection(model: recipe.id, heads: heads)
        let depth = encoder.blocks.count
        for head in heads {
            guard let layers = head.explain?.layers else { continue }
            guard layers.count <= depth, layers == Array(depth - layers.count..<depth) else {
                throw RecipeError.invalid(
                    file: head.file, line: 0, key: "explain.layers", reason: "are not the last of the model's \(depth)")
            }
        }
    }

    func prepare() throws { _ = try scoringNetwork() }

    func assess(
        _ texts: [String], explain: ExplainRequest, by method: ExplanationMethod? = nil
    ) throws -> [Assessment] {
        if let method { try encoder.check(method) }
        let encodings = texts.map { tokenizer.encode($0, limit: limit) }
        let embeddings = try embed(encodings)
        return try zip(encodings, embeddings).map { encoding, embedding in
            let scores = try projection.scores(of: embedding)
            let wanted = Projection.wanted(explain, among: scores)
            let explanations: [ModelExplanation]
            if explain == .none {
                explanations = []
            } else if let method {
                explanations = try self.explanations(encoding, policies: wanted, by: method)
            } else {
                explanations = try self.explanations(encoding, policies: wanted)
            }
            return Assessment(
                model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: engine.precision,
                embedding: embedding, scores: scores,
                explanations: explanations,
                untrained: Projection.untrained(explain, scores: scores),
                notes: encoding.truncated ? ["only the first \(limit) tokens of the text were read"] : [])
        }
    }

    // MARK: Embeddings

    /// Longest first in batches of like length, so that little is computed for padding.
    private func embed(_ encodings: [Tokenizer.Encoding]) throws -> [[Float]] {
        let network = try scoringNetwork()
        var embeddings = [[Float]](repeating: [], count: encodings.count)
        let order = encodings.indices.sorted { encodings[$0].ids.count > encodings[$1].ids.count }
        for start in stride(from: 0, to: order.count, by: Self.batch) {
            let chunk = order[start..<min(start + Self.batch, order.count)]
            let outputs = try network.infer(inputs(chunk.map { encodings[$0] }), wanted: ["embedding"])
            let width = encoder.embeddingWidth
            let values = try outputs.floats("embedding", shape: [chunk.count, width], of: recipe.id)
            for (row, index) in chunk.enumerated() {
                embeddings[index] = Array(values[row * width..<(row + 1) * width])
            }
        }
        return embeddings
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

    private func scoringNetwork() throws -> CompiledNetwork {
        if let scoring { return scoring }
        let network = try engine.compile(encoder.scoreGraph(), name: recipe.id)
        scoring = network
        return network
    }

    // MARK: Explanations

    /// - Throws: ``ExplanationError`` where the method does not apply.
    func check(_ method: ExplanationMethod) throws(ExplanationError) { try encoder.check(method) }

    /// The words of a text with their relevance to each direction, whether a head holds it or not.
    ///
    /// - Returns: one a direction; one in all where the method is about none.
    func relevance(
        of text: String, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        try encoder.check(method)
        let encoding = tokenizer.encode(text, limit: limit)
        return try maps(encoding, directions: directions, by: method).map { spans(encoding, $0, by: method) }
    }

    private func explanations(
        _ encoding: Tokenizer.Encoding, policies: [String], by method: ExplanationMethod
    ) throws -> [ModelExplanation] {
        let explained = projection.heads.flatMap(\.policies).filter { policies.contains($0.policy) }
        guard !method.kind.isDirected || !explained.isEmpty else { return [] }
        let maps = try maps(encoding, directions: explained.map(\.direction), by: method)
        let names: [String?] = method.kind.isDirected ? explained.map(\.policy) : [nil]
        return zip(names, maps).map { policy, map in
            ModelExplanation(
                model: recipe.id, policy: policy, method: method.kind.rawValue, signed: method.kind.isSigned,
                relevance: spans(encoding, map, by: method))
        }
    }

    /// Tokens as words; an occluded word has one value already, at each of its pieces.
    private func spans(
        _ encoding: Tokenizer.Encoding, _ map: [Float], by method: ExplanationMethod
    ) -> ModelExplanation.Relevance {
        .spans(Self.words(of: encoding, weights: map, adding: method.kind == .decomposition))
    }

    /// One value a token: a row a direction, or one row of a method that is about none.
    private func maps(
        _ encoding: Tokenizer.Encoding, directions: [[Float]], by method: ExplanationMethod
    ) throws -> [[Float]] {
        guard let inGraph = method.inGraph else { return try falls(encoding, directions: directions) }
        let (maps, received) = try relevance(encoding, directions: directions, inGraph)
        guard method.kind == .weighted else { return maps }
        return maps.map {
            RelevanceContrast.weighted(
                .receivedAttention, RelevanceContrast.floored(.textMean, $0), received: received)
        }
    }

    /// How far each direction's score falls without a word, at each of its tokens.
    private func falls(_ encoding: Tokenizer.Encoding, directions: [[Float]]) throws -> [[Float]] {
        let variants = Occlusion.withoutEachWord(encoding)
        let units = try embed([encoding] + variants.map(\.rest)).map(Projection.unit)
        return directions.map { direction in
            let scores = units.map { Projection.dot(direction, $0) }
            var map = [Float](repeating: 0, count: encoding.ids.count)
            for (variant, score) in zip(variants, scores.dropFirst()) {
                for token in map.indices where encoding.words[token] == variant.word {
                    map[token] = scores[0] - score
                }
            }
            return map
        }
    }

    private func explanations(_ encoding: Tokenizer.Encoding, policies: [String]) throws -> [ModelExplanation] {
        var found: [ModelExplanation] = []
        for head in projection.heads {
            // The mean contrast needs every policy's map, whichever are shown.
            let contrast = head.explain?.contrast ?? .none
            let computed = contrast == .mean ? head.policies : head.policies.filter { policies.contains($0.policy) }
            guard computed.contains(where: { policies.contains($0.policy) }) else { continue }
            let method =
                head.explain.map { RelevanceMethod($0.method, layers: .last($0.layers.count)) } ?? recipe.relevance
            guard method.kind.isDirected else {
                let map = try relevance(encoding, directions: [], method).maps[0]
                found.append(explanation(encoding, policy: nil, method: method, name: method.kind.rawValue, map))
                continue
            }
            var directions = computed.map(\.direction)
            var neutral: Int?
            if contrast == .neutral, let direction = head.neutral {
                neutral = directions.count
                directions.append(direction)
            }
            let (published, received) = try relevance(encoding, directions: directions, method)
            let maps = RelevanceContrast.applied(contrast, to: published, neutral: neutral)
            for (policy, map) in zip(computed.map(\.policy), maps) where policies.contains(policy) {
                let weights = RelevanceContrast.weighted(
                    head.explain?.weight ?? .none, RelevanceContrast.floored(head.explain?.floor ?? .none, map),
                    received: received)
                let name = head.explain?.shownMethod ?? method.kind.rawValue
                found.append(explanation(encoding, policy: policy, method: method, name: name, weights))
            }
        }
        return found
    }

    private func explanation(
        _ encoding: Tokenizer.Encoding, policy: String?, method: RelevanceMethod, name: String, _ weights: [Float]
    ) -> ModelExplanation {
        ModelExplanation(
            model: recipe.id, policy: policy, method: name, signed: method.kind.isSigned,
            relevance: .spans(Self.words(of: encoding, weights: weights, adding: method.kind.isSigned)))
    }

    /// One row of token relevances a direction (one for all where the method knows none), and the attention that each
    /// token receives.
    private func relevance(
        _ encoding: Tokenizer.Encoding, directions: [[Float]], _ method: RelevanceMethod
    ) throws -> (maps: [[Float]], received: [Float]) {
        let network: CompiledNetwork
        if let known = explaining[method] {
            network = known
        } else {
            network = try engine.compile(encoder.explainGraph(method), name: recipe.id + " explain")
            explaining[method] = network
        }
        var inputs = try inputs([encoding])
        if method.kind.isDirected {
            inputs["directions"] = try Tensor(
                directions.flatMap { $0 }, shape: [directions.count, encoder.embeddingWidth])
        }
        let outputs = try network.infer(inputs, wanted: ["relevance", "received"])
        let tokens = filledLength ?? encoding.ids.count
        let rows = method.kind.isDirected ? directions.count : 1
        let values = try outputs.floats("relevance", shape: [1, rows, tokens], of: recipe.id)
        let received = try outputs.floats("received", shape: [1, tokens], of: recipe.id)
        let real = encoding.ids.count
        return (
            (0..<rows).map { Array(values[$0 * tokens..<$0 * tokens + real]) }, Array(received.prefix(real))
        )
    }

    /// Token weights as words: pieces merged by their maximum, or by their sum where weights add up to a score; the
    /// special tokens around the text dropped.
    static func words(
        of encoding: Tokenizer.Encoding, weights: [Float], adding: Bool = false
    ) -> [ModelExplanation.Span] {
        var spans: [ModelExplanation.Span] = []
        var current: Int?
        for (index, word) in encoding.words.enumerated() {
            guard let word else { continue }
            let offsets = encoding.offsets[index]
            if word == current, let last = spans.popLast() {
                spans.append(
                    ModelExplanation.Span(
                        start: min(last.start, offsets.lowerBound), end: max(last.end, offsets.upperBound),
                        weight: adding ? last.weight + weights[index] : max(last.weight, weights[index])))
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
