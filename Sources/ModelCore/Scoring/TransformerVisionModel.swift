import Foundation

/// A loaded vision transformer with its heads. Without a head it says only where it looked.
final class TransformerVisionModel: VisionModel {
    private let recipe: Recipe
    private let family: DINOv2
    private let projection: Projection
    private let engine: Engine
    private var scoring: CompiledNetwork?
    private var explaining: [RelevanceMethod: CompiledNetwork] = [:]

    init(recipe: Recipe, folder: String, weights: SafeTensors, heads: [Head], engine: Engine) throws {
        self.recipe = recipe
        self.engine = engine
        let normalization = try recipe.image?.normalization ?? .published(in: folder)
        let size: (height: Int, width: Int) = recipe.image.map { ($0.height, $0.width) } ?? (224, 224)
        let configuration = try FamilyConfiguration.dinov2(path: folder + "/config.json")
        guard size.height % configuration.patchSize == 0, size.width % configuration.patchSize == 0 else {
            throw ConfigurationError.unsupported(
                path: recipe.file, key: "image.width",
                reason: "is not a multiple of the patch size \(configuration.patchSize)")
        }
        family = DINOv2(
            configuration: configuration, weights: weights, inputSize: size,
            input: .bytes(mean: normalization.mean, deviation: normalization.deviation))
        projection = Projection(model: recipe.id, heads: heads)
    }

    func prepare() throws { _ = try scoringNetwork() }

    func assess(_ image: PixelImage, explain: ExplainRequest) throws -> Assessment {
        let pixels = try Tensor(image.rgb, shape: [1, image.height, image.width, 3])
        let outputs = try scoringNetwork().infer(["pixels": pixels])
        let embedding = try outputs.floats("embedding", shape: [1, family.configuration.width], of: recipe.id)
        let scores = try projection.scores(of: embedding)
        var explanations = try explanations(pixels, policies: Projection.wanted(explain, among: scores))
        if explain != .none, scores.isEmpty {
            let attention = try outputs.floats("attention", shape: [1, family.tokens], of: recipe.id)
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
        var inputs = ["pixels": pixels]
        inputs["directions"] = try Tensor(
            directions.flatMap(\.direction), shape: [directions.count, family.configuration.width])
        let method = recipe.relevance
        let values = try explainingNetwork(method).infer(inputs, wanted: ["relevance"])
            .floats("relevance", shape: [1, directions.count, family.tokens], of: recipe.id)
        return directions.enumerated().map { row, direction in
            let tokens = Array(values[row * family.tokens..<(row + 1) * family.tokens])
            return explanation(policy: direction.policy, method: method.pooling.rawValue, tokens: tokens)
        }
    }

    /// A map over patches out of one over tokens: the class token is no place in the picture.
    private func explanation(policy: String?, method: String, tokens: [Float]) -> ModelExplanation {
        ModelExplanation(
            model: recipe.id, policy: policy, method: method, signed: false,
            relevance: .grid(rows: family.rows, columns: family.columns, values: Array(tokens.dropFirst())))
    }

    private func scoringNetwork() throws -> CompiledNetwork {
        if let scoring { return scoring }
        let network = try engine.compile(family.scoreGraph(), name: recipe.id)
        scoring = network
        return network
    }

    private func explainingNetwork(_ method: RelevanceMethod) throws -> CompiledNetwork {
        if let known = explaining[method] { return known }
        let clamped = RelevanceMethod(
            pooling: method.pooling, layers: min(method.layers, family.configuration.layers), normalized: true)
        let network = try engine.compile(family.explainGraph(clamped), name: recipe.id + " explain")
        explaining[method] = network
        return network
    }
}

extension Recipe.ImageSettings.Normalization {
    /// What the `preprocessor_config.json` beside the weights says.
    static func published(in folder: String) throws(ConfigurationError) -> Self {
        let file = try ConfigurationFile(path: folder + "/preprocessor_config.json")
        return Self(mean: try file.triple("image_mean"), deviation: try file.triple("image_std"))
    }
}
