/// Why an input cannot be assessed.
public enum ScorerError: Error, CustomStringConvertible, Sendable, Equatable {
    case wrongModality(model: String, modality: String)
    case wrongSize(model: String, wanted: String, given: String)
    /// A head whose directions do not fit the model's embeddings.
    case unfitHead(file: String, width: Int, embedding: Int)
    /// A network that gave something of another shape than its description promises.
    case unexpectedOutput(model: String, output: String, wanted: String, given: String)
    /// Numbers that are no numbers, or no probabilities. `what` says which.
    case unsound(model: String, what: String)
    /// A model whose answer does not depend on what it is given.
    case indifferent(model: String)

    public var description: String {
        switch self {
        case .wrongModality(let model, let modality):
            "Model \(model) takes \(modality); give it that, or choose another model (`reviewtui model list`)."
        case .wrongSize(let model, let wanted, let given):
            "Model \(model) takes pictures of \(wanted) pixels and was given \(given)."
        case .unfitHead(let file, let width, let embedding):
            "\(file) holds directions of \(width) numbers, the model's embeddings have \(embedding). Fit the head again."
        case .unexpectedOutput(let model, let output, let wanted, let given):
            "Model \(model) gave \(given) as \(output) where \(wanted) was due. See `reviewtui model check \(model)`."
        case .unsound(let model, let what):
            "Model \(model) gave numbers that are not finite: \(what). Nothing of it was kept. See `reviewtui model "
                + "check \(model)`."
        case .indifferent(let model):
            "Model \(model) says the same of two different inputs: its weights or its description are broken."
        }
    }
}
