import Foundation

/// A loaded vision transformer with its heads. Without a head it says only where it looked.
final class TransformerVisionModel: VisionModel {
    private let recipe: Recipe
    private let transformer: ProjectedEncoder
    private let patches: PatchEmbedding
    private let precision: Engine.Options.Precision

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
        transformer = ProjectedEncoder(encoder, name: recipe.id, heads: heads, engine: engine) { _ in
            (recipe.relevance, .none)
        }
    }

    func prepare(explain: ExplainRequest) throws { try transformer.prepare(explain: explain) }

    func assess(_ images: [PixelImage], explain: ExplainRequest) throws -> [Assessment] {
        let inputs = ProjectedEncoder.Inputs(
            lengths: images.map { _ in patches.tokens }, batch: { _ in 1 }
        ) { (chosen) throws(EngineError) in
            let first = images[chosen[0]]
            return [
                "pixels": try Tensor(
                    chosen.count == 1 ? first.rgb : chosen.flatMap { images[$0].rgb },
                    shape: [chosen.count, first.height, first.width, 3])
            ]
        }
        return try transformer.look(at: inputs, explain: explain).map { seen in
            Assessment(
                model: recipe.id, weightsSHA256: recipe.weightsSHA256, precision: precision,
                embedding: seen.embedding, scores: seen.scores, explanations: explanations(seen, explain),
                untrained: Projection.untrained(explain, scores: seen.scores), notes: [])
        }
    }

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

    /// A map over patches out of one over tokens: those before the patches are no places in the picture.
    private func explanation(policy: String?, method: String, tokens: [Float]) -> ModelExplanation {
        ModelExplanation(
            model: recipe.id, policy: policy, method: method,
            signed: RelevanceMethod.Kind(rawValue: method)?.isSigned ?? false,
            relevance: .grid(
                rows: patches.rows, columns: patches.columns,
                values: Array(tokens.dropFirst(patches.prefixTokens))))
    }
}
