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
        let checkpoint = try Checkpoint(folder: folder, weights: weights)
        guard checkpoint.family == recipe.family else {
            throw ConfigurationError.unsupported(
                path: recipe.file, key: "family",
                reason: "is \(recipe.family.rawValue), and the checkpoint is of \(checkpoint.family.rawValue)")
        }
        let colours =
            try recipe.image?.normalization.map { ($0.mean, $0.deviation) } ?? checkpoint.colours()
        let encoder = try checkpoint.imageEncoder(
            size: recipe.image.map { ImageSize(height: $0.height, width: $0.width) },
            input: .bytes(mean: colours.0, deviation: colours.1))
        guard case .patches(let patches) = encoder.embedding else {
            throw ScorerError.wrongModality(model: recipe.id, modality: "texts")
        }
        self.patches = patches
        explainer = Explainer(encoder, name: recipe.id, engine: engine)
        transformer = ProjectedEncoder(encoder, name: recipe.id, heads: heads, engine: engine) { _ in
            (recipe.relevance, .none)
        }
    }

    func prepare(explain: ExplainRequest) throws { try transformer.prepare(explain: explain) }

    func check(_ method: ExplanationMethod) throws(ExplanationError) { try transformer.encoder.check(method) }

    func assess(
        _ images: [PixelImage], explain: ExplainRequest, by method: ExplanationMethod?
    ) throws -> [Assessment] {
        if let method { try check(method) }
        let inputs = ProjectedEncoder.Inputs(
            lengths: images.map { _ in patches.tokens }, batch: { _ in 1 }
        ) { (chosen) throws(EngineError) in try Self.pixels(chosen.map { images[$0] }) }
        let seen = try transformer.look(at: inputs, explain: method == nil ? explain : .none)
        return try zip(images, seen).map { image, seen in
            Assessment(
                model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: precision,
                embedding: seen.embedding, scores: seen.scores,
                explanations: try method.map { try explanations(image, seen, explain, by: $0) }
                    ?? explanations(seen, explain),
                untrained: Projection.untrained(explain, scores: seen.scores), notes: [])
        }
    }

    private static func pixels(_ images: [PixelImage]) throws(EngineError) -> [String: Tensor] {
        let first = images[0]
        return [
            "pixels": try Tensor(
                images.count == 1 ? first.rgb : images.flatMap(\.rgb),
                shape: [images.count, first.height, first.width, 3])
        ]
    }

    // MARK: Explanations

    private func explanations(_ seen: ProjectedEncoder.Seen, _ explain: ExplainRequest) -> [ModelExplanation] {
        if explain != .none, seen.scores.isEmpty, seen.attention.count == patches.tokens {
            return [explanation(policy: nil, method: "attention", tokens: seen.attention)]
        }
        guard recipe.relevance.kind.isDirected else {
            // One map for all.
            let map = seen.maps.values.first { $0.count == patches.tokens }
            return map.map { [explanation(policy: nil, method: recipe.relevance.kind.rawValue, tokens: $0)] } ?? []
        }
        return transformer.directions.enumerated().compactMap { row, direction in
            guard let policy = direction.policy, seen.wanted.contains(policy), let map = seen.maps[row],
                map.count == patches.tokens
            else { return nil }
            return explanation(policy: policy, method: recipe.relevance.kind.rawValue, tokens: map)
        }
    }

    func relevance(
        of image: PixelImage, to directions: [[Float]], by method: ExplanationMethod
    ) throws -> [ModelExplanation.Relevance] {
        try check(method)
        guard let inGraph = method.inGraph else { return try falls(image, directions: directions) }
        return try explainer.maps(
            Self.pixels([image]), tokens: patches.tokens, directions: directions, inGraph
        ).maps.map(grid)
    }

    private func explanations(
        _ image: PixelImage, _ seen: ProjectedEncoder.Seen, _ explain: ExplainRequest, by method: ExplanationMethod
    ) throws -> [ModelExplanation] {
        guard explain != .none else { return [] }
        let policies = Projection.wanted(explain, among: seen.scores)
        let explained = transformer.projection.heads.flatMap(\.policies).filter { policies.contains($0.policy) }
        guard !method.kind.isDirected || !explained.isEmpty else { return [] }
        let found = try relevance(of: image, to: explained.map(\.direction), by: method)
        let names: [String?] = method.kind.isDirected ? explained.map(\.policy) : [nil]
        return zip(names, found).map { policy, relevance in
            ModelExplanation(
                model: recipe.id, policy: policy, method: method.kind.rawValue, signed: method.kind.isSigned,
                relevance: relevance)
        }
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

    /// Pictures a batch; more gain nothing on a few cores and cost memory.
    private static let batch = 8

    func embeddings(of images: [PixelImage]) throws -> [[Float]] {
        try stride(from: 0, to: images.count, by: Self.batch).flatMap { start in
            let part = Array(images[start..<min(start + Self.batch, images.count)])
            return try explainer.embeddings(Self.pixels(part), count: part.count)
        }
    }
}
