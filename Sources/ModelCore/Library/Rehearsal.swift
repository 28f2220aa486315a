/// Describing a model's networks without compiling them, so that a tensor that is missing or of another shape is found
/// before the model is kept.
enum Rehearsal {
    /// - Parameter recipe: read back from the folder it will stay in.
    /// - Throws: ``WeightsError``, ``ConfigurationError`` or ``TokenizerError``.
    static func run(_ recipe: Recipe, _ checkpoint: Checkpoint) throws {
        if recipe.prompts != nil {
            let graphs = try JointModel(recipe, checkpoint, input: .normalized).graphs
            _ = try graphs.pictureGraph()
            _ = try graphs.readingGraph(explaining: nil)
            _ = try graphs.readingGraph(explaining: CrossMethod())
            if !checkpoint.hasImageEmbedding { return }
        }
        let encoder: Encoder
        switch recipe.modality {
        case .image:
            encoder = try checkpoint.imageEncoder(
                size: recipe.image.map { ImageSize(height: $0.height, width: $0.width) }, input: .normalized)
        case .text:
            encoder = try checkpoint.textEncoder(
                pooling: recipe.text.flatMap { TextPooling(rawValue: $0.pooling) } ?? .mean)
            _ = try Tokenizer(folder: checkpoint.folder)
        }
        _ = try encoder.scoreGraph()
        _ = try encoder.explainGraph(recipe.relevance)
    }
}
