import Foundation

/// A loaded vision transformer with its heads. Without a head it says only where it looked.
final class TransformerVisionModel: VisionModel {
    private let recipe: Recipe
    private let encoder: Encoder
    private let patches: PatchEmbedding
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
        let colours =
            try recipe.image?.normalization.map { ($0.mean, $0.deviation) } ?? checkpoint.colours()
        encoder = try checkpoint.imageEncoder(
            size: recipe.image.map { ImageSize(height: $0.height, width: $0.width) },
            input: .bytes(mean: colours.0, deviation: colours.1))
        guard case .patches(let patches) = encoder.embedding else {
            throw ScorerError.wrongModality(model: recipe.id, modality: "texts")
        }
        self.patches = patches
        projection = Projection(model: recipe.id, heads: heads)
    }

    func prepare() throws { _ = try scoringNetwork() }

    func assess(_ image: PixelImage, explain: ExplainRequest) throws -> Assessment {
        let pixels = try Tensor(image.rgb, shape: [1, image.height, image.width, 3])
        let outputs = try scoringNetwork().infer(["pixels": pixels])
        let embedding = try outputs.floats("embedding", shape: [1, encoder.embeddingWidth], of: recipe.id)
        let scores = try projection.scores(of: embedding)
        var explanations = try explanations(pixels, policies: Projection.wanted(explain, among: scores))
        if explain != .none, scores.isEmpty {
            let attention = try outputs.floats("attention", shape: [1, patches.tokens], of: recipe.id)
            explanations.append(explanation(policy: nil, method: "attention", tokens: attention))
        }
        return Assessment(
            model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: engine.precision,
            embedding: embedding, scores: scores, explanations: explanations,
            untrained: Projection.untrained(explain, scores: scores), notes: [])
    }

    private func explanations(_ pixels: Tensor, policies: [String]) throws -> [ModelExplanation] {
        let directions = projection.heads.flatMap(\.policies).filter { policies.contains($0.policy) }
        guard !directions.isEmpty else { return [] }
        let method = recipe.relevance
        var inputs = ["pixels": pixels]
        guard method.kind.isDirected else {
            let map = try explainingNetwork(method).infer(inputs, wanted: ["relevance"])
                .floats("relevance", shape: [1, 1, patches.tokens], of: recipe.id)
            return [explanation(policy: nil, method: method.kind.rawValue, tokens: map)]
        }
        inputs["directions"] = try Tensor(
            directions.flatMap(\.direction), shape: [directions.count, encoder.embeddingWidth])
        let values = try explainingNetwork(method).infer(inputs, wanted: ["relevance"])
            .floats("relevance", shape: [1, directions.count, patches.tokens], of: recipe.id)
        return directions.enumerated().map { row, direction in
            let tokens = Array(values[row * patches.tokens..<(row + 1) * patches.tokens])
            return explanation(policy: direction.policy, method: method.kind.rawValue, tokens: tokens)
        }
    }

    /// A map over patches out of one over tokens: those before the patches are no places in the picture.
    private func explanation(policy: String?, method: String, tokens: [Float]) -> ModelExplanation {
        ModelExplanation(
            model: recipe.id, policy: policy, method: method,
            signed: RelevanceMethod.Kind(rawValue: method)?.isSigned ?? false,
            relevance: .grid(
                rows: patches.rows, columns: patches.columns,
                values: Array(tokens.dropFirst(patches.prefixTokens))))
    }

    private func scoringNetwork() throws -> CompiledNetwork {
        if let scoring { return scoring }
        let network = try engine.compile(encoder.scoreGraph(), name: recipe.id)
        scoring = network
        return network
    }

    private func explainingNetwork(_ method: RelevanceMethod) throws -> CompiledNetwork {
        if let known = explaining[method] { return known }
        let network = try engine.compile(encoder.explainGraph(method), name: recipe.id + " explain")
        explaining[method] = network
        return network
    }
}
