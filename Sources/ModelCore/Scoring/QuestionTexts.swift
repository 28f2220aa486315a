/// Questions about one picture as IDEFICS reads them, and the tokens of their two answers:
///
///     <s><fake_token_around_image><image><fake_token_around_image>Question: does this picture show …? Answer:
///
/// Every token from `<image>` on may read the picture. Texts are padded on the left, since the answer follows the last
/// token.
///
/// Source: transformers 5.24, `IdeficsProcessor`; the form of the question Laurençon et al. 2023, "OBELICS", whose
/// prompts for VQAv2 are "Question: … Answer: …", with answers in lower case.
struct QuestionTexts: JointTexts {
    private let tokenizer: Tokenizer
    private let limit: Int
    private let pictureID: Int64
    /// Yes, then no.
    private let answers: [Int64]

    private static let beginning = "<s>"
    private static let around = "<fake_token_around_image>"
    private static let picture = "<image>"

    /// - Parameters:
    ///   - folder: with the checkpoint's tokenizer.
    ///   - words: that the model has embeddings of.
    ///   - limit: tokens that it reads.
    /// - Throws: ``TokenizerError``, ``PromptError`` or ``ConfigurationError``.
    init(_ question: Recipe.Prompts.Question, folder: String, words: Int, limit: Int) throws {
        let tokenizer = try Tokenizer(folder: folder)
        guard tokenizer.largestID < words else {
            throw ConfigurationError.unsupported(
                path: folder + "/config.json", key: "vocab_size",
                reason: "is smaller than the tokenizer's vocabulary, which has ids to \(tokenizer.largestID)")
        }
        for mark in [Self.beginning, Self.around, Self.picture] where Self.ids(mark, tokenizer).count != 1 {
            throw PromptError.noToken(folder: folder, token: mark)
        }
        let asked = Self.ids(Self.put(question.wording), tokenizer)
        func answer(_ text: String) throws(PromptError) -> Int64 {
            let answered = Self.ids("\(Self.put(question.wording)) \(text)", tokenizer)
            guard answered.count == asked.count + 1, answered.starts(with: asked), let last = answered.last else {
                throw .noAnswer(folder: folder, answer: text)
            }
            return last
        }
        answers = [try answer(question.yes), try answer(question.no)]
        guard answers[0] != answers[1] else { throw PromptError.noAnswer(folder: folder, answer: question.no) }
        pictureID = Self.ids(Self.picture, tokenizer)[0]
        self.tokenizer = tokenizer
        self.limit = limit
    }

    func encode(_ text: String) throws(PromptError) -> Tokenizer.Encoding {
        let encoding = Self.withoutSpecial(tokenizer.encode(Self.put(text)))
        guard encoding.ids.count <= limit else { throw .tooLong(text: text, limit: limit) }
        guard encoding.ids.count(where: { $0 == pictureID }) == 1 else { throw .pictureMark(text: text) }
        return encoding
    }

    func inputs(_ encodings: [Tokenizer.Encoding]) throws(EngineError) -> [String: Tensor] {
        let length = encodings.map(\.ids.count).max() ?? 0
        var ids: [Int64] = []
        var mask: [Int64] = []
        var seesPicture: [Int64] = []
        func same(_ value: Int64, _ count: Int) -> [Int64] { Array(repeating: value, count: count) }
        for encoding in encodings {
            let missing = length - encoding.ids.count
            let before = encoding.ids.firstIndex(of: pictureID) ?? encoding.ids.count
            let real = encoding.ids.count
            ids += same(tokenizer.paddingID, missing) + encoding.ids
            mask += same(0, missing) + same(1, real)
            seesPicture += same(0, missing + before) + same(1, real - before)
        }
        let shape = [encodings.count, length]
        return [
            "ids": try Tensor(ids, shape: shape), "mask": try Tensor(mask, shape: shape),
            "image_mask": try Tensor(seesPicture, shape: shape + [1]),
            "answers": try Tensor(encodings.flatMap { _ in answers }, shape: [encodings.count, 2]),
        ]
    }

    private static func put(_ question: String) -> String { beginning + around + picture + around + question }

    private static func ids(_ text: String, _ tokenizer: Tokenizer) -> [Int64] {
        withoutSpecial(tokenizer.encode(text)).ids
    }

    /// The marks are written out, as the processor writes them; what the tokenizer would put around a text is not.
    private static func withoutSpecial(_ encoding: Tokenizer.Encoding) -> Tokenizer.Encoding {
        let kept = encoding.special.indices.filter { !encoding.special[$0] }
        return Tokenizer.Encoding(
            ids: kept.map { encoding.ids[$0] }, offsets: kept.map { encoding.offsets[$0] },
            words: kept.map { encoding.words[$0] }, special: kept.map { encoding.special[$0] },
            truncated: encoding.truncated)
    }
}
