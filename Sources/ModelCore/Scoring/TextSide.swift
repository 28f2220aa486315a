/// The side of a model that reads texts: its encoder, and the tokenizer that fits it.
struct TextSide {
    let encoder: Encoder
    let tokenizer: Tokenizer
    /// Longest text in tokens.
    let limit: Int
    /// How long every text is made, where the model was trained so (SigLIP, CoCa).
    let filledLength: Int?
    /// Whether what texts are filled up with is read like any token.
    private let isFillingRead: Bool

    /// Tokens a batch: more gain nothing on a few cores and cost memory.
    private static let batchTokens = 512

    /// - Throws: ``ConfigurationError``, ``TokenizerError`` or ``ScorerError`` where the checkpoint has no such side, or
    ///   a tokenizer of another model.
    init(_ recipe: Recipe, _ checkpoint: Checkpoint) throws {
        encoder = try checkpoint.textEncoder(
            pooling: recipe.text.flatMap { TextPooling(rawValue: $0.pooling) } ?? .mean)
        guard case .words(let words) = encoder.embedding else {
            throw ScorerError.wrongModality(model: recipe.id, modality: "pictures")
        }
        tokenizer = try Tokenizer(folder: checkpoint.folder)
        guard tokenizer.largestID < words.words.shape[0] else {
            throw ConfigurationError.unsupported(
                path: checkpoint.folder + "/config.json", key: "vocab_size",
                reason: "is smaller than the tokenizer's vocabulary, which has ids to \(tokenizer.largestID)")
        }
        limit = min(recipe.text?.maximumTokens ?? words.longest, words.longest)
        filledLength = words.filling == .none ? nil : words.longest
        isFillingRead = words.filling == .read
    }

    func encode(_ texts: [String]) -> [Tokenizer.Encoding] { texts.map { tokenizer.encode($0, limit: limit) } }

    /// Texts for an encoder of ``encoder``.
    func inputs(_ encodings: [Tokenizer.Encoding]) -> ProjectedEncoder.Inputs {
        let lengths = encodings.map { filledLength ?? min(Self.paddedLength($0.ids.count), max(limit, $0.ids.count)) }
        return ProjectedEncoder.Inputs(lengths: lengths, batch: { Self.batchTokens / max(1, $0) }) {
            (chosen) throws(EngineError) in
            try tensors(chosen.map { encodings[$0] }, length: chosen.lazy.map { lengths[$0] }.max())
        }
    }

    /// How long a text of so many tokens is made: up to 16 exactly, then eight lengths an octave. The engine keeps something
    /// for every shape it has met (10,000 tweets explained: 0.3 GB), and of all lengths there are too many.
    static func paddedLength(_ count: Int) -> Int {
        let octave = Int.bitWidth - 1 - max(1, count - 1).leadingZeroBitCount
        let step = 1 << max(0, octave - 3)
        return (count + step - 1) / step * step
    }

    /// - Parameter length: in tokens; nil for that of the longest.
    func tensors(_ encodings: [Tokenizer.Encoding], length: Int? = nil) throws(EngineError) -> [String: Tensor] {
        try Self.tensors(
            encodings, padding: tokenizer.paddingID, filledUpTo: filledLength ?? length, isFillingRead: isFillingRead)
    }

    /// Token ids padded to the longest, and the mask that says so.
    ///
    /// - Parameter filledLength: where every text is to be this long.
    static func tensors(
        _ encodings: [Tokenizer.Encoding], padding: Int64 = 0, filledUpTo filledLength: Int? = nil,
        isFillingRead: Bool = false
    ) throws(EngineError) -> [String: Tensor] {
        let length = filledLength ?? encodings.map(\.ids.count).max() ?? 0
        var ids: [Int64] = []
        var mask: [Int64] = []
        for encoding in encodings {
            let missing = length - encoding.ids.count
            ids += encoding.ids + repeatElement(padding, count: missing)
            mask +=
                Array(repeating: 1, count: encoding.ids.count)
                + repeatElement(isFillingRead ? 1 : 0, count: missing)
        }
        let shape = [encodings.count, length]
        return ["ids": try Tensor(ids, shape: shape), "mask": try Tensor(mask, shape: shape)]
    }
}
