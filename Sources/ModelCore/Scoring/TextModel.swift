import Foundation

/// A loaded text transformer with its tokenizer and heads.
final class TextModel {
    private let recipe: Recipe
    private let side: TextSide
    private let transformer: ProjectedEncoder
    private let precision: Engine.Options.Precision
    private let explainer: Explainer

    init(recipe: Recipe, folder: String, weights: SafeTensors, heads: [Head], engine: Engine) throws {
        self.recipe = recipe
        precision = engine.precision
        side = try TextSide(recipe, Checkpoint(of: recipe, folder: folder, weights: weights))
        let depth = side.encoder.blocks.count
        for head in heads {
            guard let layers = head.explain?.layers else { continue }
            guard layers.count <= depth, layers == Array(depth - layers.count..<depth) else {
                throw RecipeError.invalid(
                    file: head.file, line: 0, key: "explain.layers", reason: "are not the last of the model's \(depth)")
            }
        }
        transformer = ProjectedEncoder(side.encoder, name: recipe.id, heads: heads, engine: engine) { head in
            (
                head.explain.map { RelevanceMethod($0.method, layers: .last($0.layers.count)) } ?? recipe.relevance,
                head.explain?.contrast ?? .none
            )
        }
        explainer = Explainer(transformer.encoder, name: recipe.id, engine: engine)
    }

    func prepare(explain: ExplainRequest) throws { try transformer.prepare(explain: explain) }

    /// - Parameter method: nil for what the heads or the recipe say.
    func assess(
        _ texts: [String], explain: ExplainRequest, by method: ExplanationMethod? = nil
    ) throws -> [Assessment] {
        if let method { try check(method) }
        let encodings = side.encode(texts)
        let seen = try transformer.look(at: side.inputs(encodings), explain: method == nil ? explain : .none)
        return try zip(encodings, seen).map { encoding, seen in
            Assessment(
                model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: precision,
                embedding: seen.embedding, scores: seen.scores,
                explanations: try method.map { method in
                    try transformer.explanations(of: seen, explain, by: method) {
                        try relevance(of: encoding, to: $0, by: method)
                    }
                } ?? explanations(encoding, seen),
                untrained: Projection.untrained(explain, scores: seen.scores),
                notes: encoding.truncated ? ["only the first \(side.limit) tokens of the text were read"] : [])
        }
    }

    // MARK: Explanations by any method

    /// - Throws: ``ExplanationError`` where the method does not apply.
    func check(_ method: ExplanationMethod) throws(ExplanationError) { try transformer.encoder.check(method) }

    /// The words of a text with their relevance to each direction, whether a head holds it or not.
    ///
    /// - Returns: one a direction; one in all where the method is about none.
    func relevance(
        of text: String, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        try check(method)
        return try relevance(of: side.encode([text])[0], to: directions, by: method)
    }

    /// Tokens as words; an occluded word has one value already, at each of its pieces.
    private func relevance(
        of encoding: Tokenizer.Encoding, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        try maps(encoding, directions: directions, by: method).map {
            .spans(Self.words(of: encoding, weights: $0, adding: method.kind == .decomposition))
        }
    }

    /// One value a token: a row a direction, or one row of a method that is about none.
    private func maps(
        _ encoding: Tokenizer.Encoding, directions: [[Float]], by method: ExplanationMethod
    ) throws -> [[Float]] {
        guard let inGraph = method.inGraph else { return try falls(encoding, directions: directions) }
        let real = encoding.ids.count
        let found = try explainer.maps(
            side.tensors([encoding]), tokens: side.filledLength ?? real, directions: directions, inGraph)
        let maps = found.maps.map { Array($0.prefix(real)) }
        guard method.kind == .weighted else { return maps }
        return maps.map {
            RelevanceContrast.weighted(
                .receivedAttention, RelevanceContrast.floored(.textMean, $0),
                received: Array(found.received.prefix(real)))
        }
    }

    /// How far each direction's score falls without a word, at each of its tokens.
    private func falls(_ encoding: Tokenizer.Encoding, directions: [[Float]]) throws -> [[Float]] {
        let variants = Occlusion.withoutEachWord(encoding)
        let units = try transformer.embeddings(of: side.inputs([encoding] + variants.map(\.rest))).map(Projection.unit)
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

    // MARK: Explanations by the heads' own

    private func explanations(
        _ encoding: Tokenizer.Encoding, _ seen: ProjectedEncoder.Seen
    ) -> [ModelExplanation] {
        let real = encoding.ids.count
        let received = Array(seen.received.prefix(real))
        var found: [ModelExplanation] = []
        for (index, head) in transformer.projection.heads.enumerated() {
            let rows = transformer.rows(ofHead: index).filter { seen.maps[$0] != nil }
            let method = head.explain?.method ?? recipe.relevance.kind
            let published = rows.compactMap { seen.maps[$0].map { Array($0.prefix(real)) } }
            guard method.isDirected else {
                // One map, however many heads ask for it.
                if let map = published.first, !found.contains(where: { $0.policy == nil }) {
                    found.append(explanation(encoding, policy: nil, method, name: method.rawValue, map))
                }
                continue
            }
            let neutral = rows.firstIndex { transformer.directions[$0].policy == nil }
            let maps = RelevanceContrast.applied(head.explain?.contrast ?? .none, to: published, neutral: neutral)
            for (row, map) in zip(rows, maps) {
                guard let policy = transformer.directions[row].policy, seen.wanted.contains(policy) else { continue }
                let weights = RelevanceContrast.weighted(
                    head.explain?.weight ?? .none, RelevanceContrast.floored(head.explain?.floor ?? .none, map),
                    received: received)
                let name = head.explain?.shownMethod ?? method.rawValue
                found.append(explanation(encoding, policy: policy, method, name: name, weights))
            }
        }
        return found
    }

    private func explanation(
        _ encoding: Tokenizer.Encoding, policy: String?, _ method: RelevanceMethod.Kind, name: String,
        _ weights: [Float]
    ) -> ModelExplanation {
        ModelExplanation(
            model: recipe.id, policy: policy, method: name, signed: method.isSigned,
            relevance: .spans(Self.words(of: encoding, weights: weights, adding: method.isSigned)))
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
