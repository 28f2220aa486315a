extension [String: Tensor] {
    /// The values of a network's float output, which must have come out in the shape that the model's description
    /// promises: a slice of anything else would be somebody else's number.
    ///
    /// - Parameters:
    ///   - shape: a nil dimension may be anything.
    ///   - model: for the message.
    /// - Throws: ``ScorerError/unexpectedOutput(model:output:wanted:given:)``.
    func floats(_ name: String, shape: [Int?], of model: String) throws(ScorerError) -> [Float] {
        let wanted = shape.map { $0.map(String.init) ?? "?" }.joined(separator: "×")
        guard let tensor = self[name], case .float(let values) = tensor.values else {
            throw .unexpectedOutput(model: model, output: name, wanted: wanted, given: "no numbers")
        }
        let fits = tensor.shape.count == shape.count && zip(tensor.shape, shape).allSatisfy { $1 == nil || $0 == $1 }
        guard fits else {
            let given = tensor.shape.map(String.init).joined(separator: "×")
            throw .unexpectedOutput(model: model, output: name, wanted: wanted, given: given)
        }
        return values
    }
}

extension Assessment {
    /// Where a number that is not finite stands, or a score outside [0, 1]; nil where all are sound.
    var unsound: String? {
        if !embedding.allSatisfy(\.isFinite) { return "its embedding" }
        if let score = scores.first(where: { !(0...1).contains($0.probability) }) {
            return "its score for \(score.policy)"
        }
        for explanation in explanations where !explanation.relevance.isSound {
            return "its explanation (\(explanation.method))"
        }
        return nil
    }
}

extension ModelExplanation.Relevance {
    /// Whether all of it is finite and fills its grid.
    var isSound: Bool {
        switch self {
        case .grid(let rows, let columns, let values):
            values.count == rows * columns && values.allSatisfy(\.isFinite)
        case .spans(let spans): spans.allSatisfy(\.weight.isFinite)
        }
    }
}
