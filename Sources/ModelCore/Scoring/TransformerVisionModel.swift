import Foundation

/// A loaded vision transformer with its heads. Without a head it says only where it looked.
final class TransformerVisionModel: VisionModel {
    private let recipe: Recipe
    private let transformer: ProjectedEncoder
    private let patches: PatchEmbedding
    private let precision: Engine.Options.Precision
    private let explainer: Explainer

    init(recipe: Recipe, folder: String, weights: SafeTensors, heads: [Head], engine: Engine) throws {
        self.recipe = recipe
        precision = engine.precision
        let checkpoint = try Checkpoint(of: recipe, folder: folder, weights: weights)
        let colours =
            try recipe.image?.normalization.map { ($0.mean, $0.deviation) } ?? checkpoint.colours()
        let encoder = try checkpoint.imageEncoder(
            size: recipe.image.map { ImageSize(height: $0.height, width: $0.width) },
            input: .bytes(mean: colours.0, deviation: colours.1))
        guard case .patches(let patches) = encoder.embedding else {
            throw ScorerError.wrongModality(model: recipe.id, modality: "texts")
        }
        self.patches = patches
        transformer = ProjectedEncoder(encoder, name: recipe.id, heads: heads, engine: engine) { _ in
            (recipe.relevance, .none)
        }
        explainer = Explainer(transformer.encoder, name: recipe.id, engine: engine)
    }

    func prepare(explain: ExplainRequest) throws { try transformer.prepare(explain: explain) }

    func check(_ method: ExplanationMethod) throws(ExplanationError) { try transformer.encoder.check(method) }

    func assess(
        _ images: [PixelImage], explain: ExplainRequest, by method: ExplanationMethod?
    ) throws -> [Assessment] {
        if let method { try check(method) }
        let seen = try transformer.look(at: inputs(images), explain: method == nil ? explain : .none)
        return try zip(images, seen).map { image, seen in
            Assessment(
                model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: precision,
                embedding: seen.embedding, scores: seen.scores,
                explanations: try method.map { method in
                    try transformer.explanations(of: seen, explain, by: method) {
                        try relevance(of: image, to: $0, by: method)
                    }
                } ?? explanations(seen, explain),
                untrained: Projection.untrained(explain, scores: seen.scores), notes: [])
        }
    }

    func embeddings(of images: [PixelImage]) throws -> [[Float]] { try transformer.embeddings(of: inputs(images)) }

    private func inputs(_ images: [PixelImage]) -> ProjectedEncoder.Inputs {
        ProjectedEncoder.Inputs(lengths: images.map { _ in patches.tokens }, batch: { _ in 1 }) {
            (chosen) throws(EngineError) in try Self.pixels(images[chosen[0]])
        }
    }

    private static func pixels(_ image: PixelImage) throws(EngineError) -> [String: Tensor] {
        ["pixels": try Tensor(image.rgb, shape: [1, image.height, image.width, 3])]
    }

    // MARK: Explanations

    private func explanations(_ seen: ProjectedEncoder.Seen, _ explain: ExplainRequest) -> [ModelExplanation] {
        if explain != .none, seen.scores.isEmpty, !seen.attention.isEmpty {
            return [explanation(policy: nil, method: "attention", tokens: seen.attention)]
        }
        guard recipe.relevance.kind.isDirected else {
            // One map for all.
            return seen.maps.values.first.map {
                [explanation(policy: nil, method: recipe.relevance.kind.rawValue, tokens: $0)]
            } ?? []
        }
        return transformer.directions.enumerated().compactMap { row, direction in
            guard let policy = direction.policy, seen.wanted.contains(policy), let map = seen.maps[row] else {
                return nil
            }
            return explanation(policy: policy, method: recipe.relevance.kind.rawValue, tokens: map)
        }
    }

    func relevance(
        of image: PixelImage, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        try check(method)
        guard let inGraph = method.inGraph else { return try falls(image, directions: directions) }
        return try explainer.maps(
            Self.pixels(image), tokens: patches.tokens, directions: directions, inGraph
        ).maps.map(grid)
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
}
