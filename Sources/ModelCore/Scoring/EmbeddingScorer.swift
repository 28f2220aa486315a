/// Scores embeddings that a model made earlier by the heads that are in use now, without loading a network.
///
///     let scorer = try EmbeddingScorer(library, model: "minilm-l6@1", width: 384, precision: .f32)
///     let scores = try scorer.scores(of: embedding)
///
/// They are the numbers, bit for bit, that a ``Scorer`` gives for an input with this embedding: both project by
/// ``Projection``.
public struct EmbeddingScorer: Sendable {
    /// `name@version`.
    public let model: String
    /// Of the model's weights, 64 hex digits.
    public let weightsSHA256: String
    private let fitted: Projection
    private let words: Projection

    /// - Parameters:
    ///   - width: numbers in an embedding.
    ///   - precision: that the embeddings were computed with: directions made of words are kept by it.
    ///   - directionCache: where a ``Scorer`` keeps directions made of words; nil knows none.
    /// - Throws: ``RecipeError/unknownModel(name:known:)``; ``ScorerError/unfitHead(file:width:embedding:)`` where a head in
    ///   use is for embeddings of another width.
    public init(
        _ library: ModelLibrary, model: String, width: Int, precision: Engine.Options.Precision,
        directionCache: String? = nil
    ) throws {
        let recipe = try library.recipe(model)
        self.model = recipe.id
        weightsSHA256 = recipe.weightsSHA256
        let heads = library.heads(of: recipe)
        fitted = Projection(
            model: recipe.id,
            heads: heads.compactMap {
                library.admitted($0.calibrated(by: library.calibrations), admittingUncalibrated: false)
            })
        let cache = DirectionCache(folder: directionCache)
        // A model that reads picture and text together has no directions for words.
        let asked = recipe.prompts == nil ? library.policiesInWords(for: recipe) : []
        words = Projection(
            model: recipe.id,
            heads: asked.compactMap { policy in
                cache.direction(DirectionCache.key(policy, recipe, precision: precision), width: width).map {
                    Head(
                        zeroShot: policy, $0, model: recipe.id, weightsSHA256: recipe.weightsSHA256, explain: nil
                    ).calibrated(by: library.calibrations)
                }
            })
        _ = try fitted.scores(of: [Float](repeating: 0, count: width))
    }

    /// By every fitted head that is in use, as `score` records them.
    ///
    /// - Parameter embedding: as the network gave it, not of length 1.
    /// - Throws: ``ScorerError/unfitHead(file:width:embedding:)`` for an embedding of another width;
    ///   ``ScorerError/unsound(model:what:)`` where a number is not finite.
    public func scores(of embedding: [Float]) throws(ScorerError) -> [Assessment.PolicyScore] {
        try sound(fitted.scores(of: embedding))
    }

    /// In the words of the policies that no fitted head knows, as far as a ``Scorer`` has made directions of them.
    ///
    /// - Throws: as ``scores(of:)``.
    public func scoresInWords(of embedding: [Float]) throws(ScorerError) -> [Assessment.PolicyScore] {
        try sound(words.scores(of: embedding))
    }

    private func sound(_ scores: [Assessment.PolicyScore]) throws(ScorerError) -> [Assessment.PolicyScore] {
        if let bad = scores.first(where: { !(0...1).contains($0.probability) }) {
            throw .unsound(model: model, what: "its score for \(bad.policy)")
        }
        return scores
    }
}
