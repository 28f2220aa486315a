/// Why an input cannot be assessed.
public enum ScorerError: Error, CustomStringConvertible, Sendable, Equatable {
    case wrongModality(model: String, modality: String)
    case wrongSize(model: String, wanted: String, given: String)
    /// A head whose directions do not fit the model's embeddings.
    case unfitHead(file: String, width: Int, embedding: Int)

    public var description: String {
        switch self {
        case .wrongModality(let model, let modality):
            "Model \(model) takes \(modality); give it that, or choose another model (`reviewtui model list`)."
        case .wrongSize(let model, let wanted, let given):
            "Model \(model) takes pictures of \(wanted) pixels and was given \(given)."
        case .unfitHead(let file, let width, let embedding):
            "\(file) holds directions of \(width) numbers, the model's embeddings have \(embedding). Fit the head again."
        }
    }
}
