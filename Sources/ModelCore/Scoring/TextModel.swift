import Foundation

/// A loaded text transformer with its tokenizer and heads.
final class TextModel {
    private let recipe: Recipe
    private let side: TextSide
    private let projection: Projection
    private let engine: Engine
    private var scoring: CompiledNetwork?
    private var explaining: [RelevanceMethod: CompiledNetwork] = [:]

    init(recipe: Recipe, folder: String, weights: SafeTensors, heads: [Head], engine: Engine) throws {
        self.recipe = recipe
        self.engine = engine
        let checkpoint = try Checkpoint(folder: folder, weights: weights)
        guard checkpoint.family == recipe.family else {
            throw ConfigurationError.unsupported(
                path: recipe.file, key: "family",
                reason: "is \(recipe.family.rawValue), and the checkpoint is of \(checkpoint.family.rawValue)")
        }
        side = try TextSide(recipe, checkpoint)
        projection = Projection(model: recipe.id, heads: heads)
        let depth = side.encoder.blocks.count
        for head in heads {
            guard let layers = head.explain?.layers else { continue }
            guard layers.count <= depth, layers == Array(depth - layers.count..<depth) else {
                throw RecipeError.invalid(
                    file: head.file, line: 0, key: "explain.layers", reason: "are not the last of the model's \(depth)")
            }
        }
    }

    func prepare() throws { _ = try scoringNetwork() }

    func assess(_ texts: [String], explain: ExplainRequest) throws -> [Assessment] {
        let encodings = side.encode(texts)
        let embeddings = try side.embed(encodings, by: scoringNetwork(), model: recipe.id)
        return try zip(encodings, embeddings).map { encoding, embedding in
            let scores = try projection.scores(of: embedding)
            let wanted = Projection.wanted(explain, among: scores)
            return Assessment(
                model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: engine.precision,
                embedding: embedding, scores: scores,
                explanations: try explanations(encoding, policies: wanted),
                untrained: Projection.untrained(explain, scores: scores),
                notes: encoding.truncated ? ["only the first \(side.limit) tokens of the text were read"] : [])
        }
    }

    private func scoringNetwork() throws -> CompiledNetwork {
        if let scoring { return scoring }
        let network = try engine.compile(side.encoder.scoreGraph(), name: recipe.id)
        scoring = network
        return network
    }

    // MARK: Explanations

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
                // One map, however many heads ask for it.
                guard !found.contains(where: { $0.policy == nil }) else { continue }
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
            network = try engine.compile(side.encoder.explainGraph(method), name: recipe.id + " explain")
            explaining[method] = network
        }
        var inputs = try side.inputs([encoding])
        if method.kind.isDirected {
            inputs["directions"] = try Tensor(
                directions.flatMap { $0 }, shape: [directions.count, side.encoder.embeddingWidth])
        }
        let outputs = try network.infer(inputs, wanted: ["relevance", "received"])
        let (tokens, rows) = (side.filledLength ?? encoding.ids.count, max(1, directions.count))
        let values = try outputs.floats("relevance", shape: [1, rows, tokens], of: recipe.id)
        let received = try outputs.floats("received", shape: [1, tokens], of: recipe.id)
        let real = encoding.ids.count
        return ((0..<rows).map { Array(values[$0 * tokens..<$0 * tokens + real]) }, Array(received.prefix(real)))
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
