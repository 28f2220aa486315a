/// A checkpoint that reads picture and text together: its graphs, and how texts come into them.
struct JointModel {
    let graphs: any JointGraphs
    let texts: any JointTexts

    /// - Parameter input: in what form pictures come in.
    /// - Throws: ``ConfigurationError``, ``WeightsError``, ``TokenizerError``, ``PromptError`` or ``RecipeError`` for what
    ///   the checkpoint or its recipe lacks.
    init(_ recipe: Recipe, _ checkpoint: Checkpoint, input: PatchEmbedding.Input) throws {
        let size = recipe.image.map { ImageSize(height: $0.height, width: $0.width) }
        switch (checkpoint.family, recipe.prompts?.by) {
        case (.blip, .matching), (.albef, .matching):
            graphs = try checkpoint.matcher(size: size, input: input)
            texts = PlainTexts(try TextSide(recipe, checkpoint), limit: recipe.prompts?.maximumTokens)
        case (.flamingo, .question(let question)):
            let flamingo = try checkpoint.flamingo(size: size, input: input)
            graphs = flamingo
            texts = try QuestionTexts(
                question, folder: checkpoint.folder, words: flamingo.words.reduce(0) { $0 + $1.shape[0] },
                limit: min(recipe.prompts?.maximumTokens ?? flamingo.longest, flamingo.longest))
        case (.coca, nil):
            graphs = try checkpoint.coca(size: size, input: input)
            texts = PlainTexts(try TextSide(recipe, checkpoint), limit: nil)
        default:
            throw RecipeError.invalid(
                file: recipe.file, line: 0, key: "prompts.by",
                reason: "is no way in which a model of the family \(checkpoint.family.rawValue) is asked")
        }
    }
}

/// How texts come into graphs that read a picture from them.
protocol JointTexts: Sendable {
    /// - Throws: ``PromptError/tooLong(text:limit:)`` or ``PromptError/pictureMark(text:)``: a prompt that is cut would be
    ///   another one.
    func encode(_ text: String) throws(PromptError) -> Tokenizer.Encoding
    /// The network's tensors, beside the picture's.
    func inputs(_ encodings: [Tokenizer.Encoding]) throws(EngineError) -> [String: Tensor]
}

/// Texts as they are: captions, and what is held against a picture.
struct PlainTexts: JointTexts {
    private let side: TextSide
    private let limit: Int

    init(_ side: TextSide, limit: Int?) {
        self.side = side
        self.limit = min(limit ?? side.limit, side.limit)
    }

    func encode(_ text: String) throws(PromptError) -> Tokenizer.Encoding {
        let encoding = side.tokenizer.encode(text, limit: limit)
        guard !encoding.truncated else { throw .tooLong(text: text, limit: limit) }
        return encoding
    }

    func inputs(_ encodings: [Tokenizer.Encoding]) throws(EngineError) -> [String: Tensor] {
        try side.tensors(encodings)
    }
}
