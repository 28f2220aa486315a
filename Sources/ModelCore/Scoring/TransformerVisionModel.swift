import Foundation

/// A loaded vision transformer with its heads. Without a head it says only where it looked.
final class TransformerVisionModel: VisionModel {
    private let recipe: Recipe
    private let encoder: Encoder
    private let patches: PatchEmbedding
    private let projection: Projection
    private let engine: Engine
    private var scoring: CompiledNetwork?
    /// Of any number of pictures at once.
    private var batching: CompiledNetwork?
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

    func check(_ method: ExplanationMethod) throws(ExplanationError) { try encoder.check(method) }

    func assess(_ image: PixelImage, explain: ExplainRequest, by method: ExplanationMethod?) throws -> Assessment {
        if let method { try encoder.check(method) }
        let pixels = try Tensor(image.rgb, shape: [1, image.height, image.width, 3])
        let outputs = try scoringNetwork().infer(["pixels": pixels])
        let embedding = try outputs.floats("embedding", shape: [1, encoder.embeddingWidth], of: recipe.id)
        let scores = try projection.scores(of: embedding)
        let wanted = Projection.wanted(explain, among: scores)
        let explanations: [ModelExplanation]
        if explain == .none {
            explanations = []
        } else if let method {
            explanations = try self.explanations(image, policies: wanted, by: method)
        } else if scores.isEmpty {
            let attention = try outputs.floats("attention", shape: [1, patches.tokens], of: recipe.id)
            explanations = [explanation(policy: nil, method: "attention", tokens: attention)]
        } else {
            explanations = try self.explanations(pixels, policies: wanted)
        }
        return Assessment(
            model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: engine.precision,
            embedding: embedding, scores: scores, explanations: explanations,
            untrained: Projection.untrained(explain, scores: scores), notes: [])
    }

    // MARK: Explanations

    func relevance(
        of image: PixelImage, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        try encoder.check(method)
        guard let inGraph = method.inGraph else { return try falls(image, directions: directions) }
        let pixels = try Tensor(image.rgb, shape: [1, image.height, image.width, 3])
        return try maps(pixels, directions: directions, inGraph).map(grid)
    }

    private func explanations(
        _ image: PixelImage, policies: [String], by method: ExplanationMethod
    ) throws -> [ModelExplanation] {
        let explained = projection.heads.flatMap(\.policies).filter { policies.contains($0.policy) }
        guard !method.kind.isDirected || !explained.isEmpty else { return [] }
        let found = try relevance(of: image, to: explained.map(\.direction), by: method)
        let names: [String?] = method.kind.isDirected ? explained.map(\.policy) : [nil]
        return zip(names, found).map { policy, relevance in
            ModelExplanation(
                model: recipe.id, policy: policy, method: method.kind.rawValue, signed: method.kind.isSigned,
                relevance: relevance)
        }
    }

    private func explanations(_ pixels: Tensor, policies: [String]) throws -> [ModelExplanation] {
        let explained = projection.heads.flatMap(\.policies).filter { policies.contains($0.policy) }
        guard !explained.isEmpty else { return [] }
        let method = recipe.relevance
        let maps = try maps(pixels, directions: explained.map(\.direction), method)
        let names: [String?] = method.kind.isDirected ? explained.map(\.policy) : [nil]
        return zip(names, maps).map { explanation(policy: $0, method: method.kind.rawValue, tokens: $1) }
    }

    /// One value a token: a row a direction, or one row of a method that is about none.
    private func maps(_ pixels: Tensor, directions: [[Float]], _ method: RelevanceMethod) throws -> [[Float]] {
        var inputs = ["pixels": pixels]
        if method.kind.isDirected {
            inputs["directions"] = try Tensor(
                directions.flatMap { $0 }, shape: [directions.count, encoder.embeddingWidth])
        }
        let rows = method.kind.isDirected ? directions.count : 1
        let values = try explainingNetwork(method).infer(inputs, wanted: ["relevance"])
            .floats("relevance", shape: [1, rows, patches.tokens], of: recipe.id)
        return (0..<rows).map { Array(values[$0 * patches.tokens..<($0 + 1) * patches.tokens]) }
    }

    /// How far each direction's score falls where a square is hidden.
    private func falls(_ image: PixelImage, directions: [[Float]]) throws -> [ModelExplanation.Relevance] {
        let squares = Occlusion.Patches(width: image.width, height: image.height)
        let colour = image.meanColour
        let whole = Projection.unit(try embeddings(of: [image])[0])
        let hidden = try embeddings(of: squares.places.map { squares.hidden(image, at: $0, colour: colour) })
            .map(Projection.unit)
        return directions.map { direction in
            let score = Projection.dot(direction, whole)
            return .grid(
                rows: squares.rows, columns: squares.columns,
                values: squares.map(falls: hidden.map { score - Projection.dot(direction, $0) }))
        }
    }

    /// A map over patches out of one over tokens: those before the patches are no places in the picture.
    private func grid(_ tokens: [Float]) -> ModelExplanation.Relevance {
        .grid(rows: patches.rows, columns: patches.columns, values: Array(tokens.dropFirst(patches.prefixTokens)))
    }

    private func explanation(policy: String?, method: String, tokens: [Float]) -> ModelExplanation {
        ModelExplanation(
            model: recipe.id, policy: policy, method: method,
            signed: RelevanceMethod.Kind(rawValue: method)?.isSigned ?? false,
            relevance: grid(tokens))
    }

    // MARK: Networks

    /// Pictures a batch; more gain nothing on a few cores and cost memory.
    private static let batch = 8

    func embeddings(of images: [PixelImage]) throws -> [[Float]] {
        let network: CompiledNetwork
        if let batching {
            network = batching
        } else {
            network = try engine.compile(encoder.scoreGraph(batch: nil), name: recipe.id + " batch")
            batching = network
        }
        var found: [[Float]] = []
        for start in stride(from: 0, to: images.count, by: Self.batch) {
            let part = images[start..<min(start + Self.batch, images.count)]
            let pixels = try Tensor(
                part.flatMap(\.rgb), shape: [part.count, images[0].height, images[0].width, 3])
            let width = encoder.embeddingWidth
            let values = try network.infer(["pixels": pixels], wanted: ["embedding"])
                .floats("embedding", shape: [part.count, width], of: recipe.id)
            found += (0..<part.count).map { Array(values[$0 * width..<($0 + 1) * width]) }
        }
        return found
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
