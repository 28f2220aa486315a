import Foundation

/// Turns text into the ids that a text model was trained on, as the checkpoint's own files say.
///
/// Ids, offsets and special tokens are those of Hugging Face's `tokenizers` library, on any input. Offsets count Unicode
/// scalars of the text as it was given, whatever normalisation does to it.
///
///     let tokenizer = try Tokenizer(folder: "roberta-base")
///     let encoding = tokenizer.encode("Grüße 👋🏽", limit: 512)
///
/// Understood are WordPiece (BERT, MiniLM, ALBEF, BLIP), byte-level byte pairs (CLIP, RoBERTa), byte pairs with bytes
/// for the unknown (LLaMA, and so IDEFICS) and unigram (XLM-R, SigLIP). ``TokenizerFile`` says what of `tokenizer.json`
/// is; the rest is refused by name. No text is: `encode` takes any.
public struct Tokenizer: Sendable {
    /// A text as the model sees it, special tokens around it included. All arrays have one entry a token.
    public struct Encoding: Sendable, Hashable {
        public let ids: [Int64]
        /// Half-open ranges of Unicode scalars of the original text; 0..<0 for special tokens around it.
        public let offsets: [Range<Int>]
        /// Which word each token is a piece of; nil for special tokens around the text.
        public let words: [Int?]
        /// Whether the token was put around the text. A special token written out in the text is none of these.
        public let special: [Bool]
        /// Whether the text went on beyond the limit.
        public let truncated: Bool
    }

    /// What fills short rows of a batch; 0 where the checkpoint does not say.
    public let paddingID: Int64
    /// No encoding has a larger id; an embedding table must have one row more.
    public let largestID: Int64

    private let normalizer: Normalizer?
    private let preTokenizer: PreTokenizer?
    private let model: PieceModel
    private let added: AddedTokens
    private let postProcessor: PostProcessor
    /// Only where offsets are trimmed, by id.
    private let spaces: [Int32: SpacesAround]

    /// What a checkpoint's files say, put together.
    struct Parts {
        var normalizer: Normalizer?
        var preTokenizer: PreTokenizer?
        var model: PieceModel
        var added = AddedTokens()
        var postProcessor = PostProcessor()
        /// Of added tokens, by their text.
        var tokenIDs: [String: Int32] = [:]
        var paddingID: Int32?
        var largestID: Int32
        var spaces: [Int32: SpacesAround] = [:]
    }

    /// Reads `tokenizer.json` of a checkpoint's folder, or else `vocab.txt` (BERT), or `vocab.json` with `merges.txt`
    /// (CLIP, RoBERTa).
    ///
    /// - Throws: ``TokenizerError``.
    public init(folder: String) throws(TokenizerError) {
        self.init(try TokenizerFile.parts(folder: folder))
    }

    init(_ parts: Parts) {
        paddingID = Int64(parts.paddingID ?? 0)
        largestID = Int64(parts.largestID)
        normalizer = parts.normalizer
        preTokenizer = parts.preTokenizer
        model = parts.model
        added = parts.added
        postProcessor = parts.postProcessor
        spaces = parts.spaces
    }

    /// - Parameter limit: most tokens that are given out, the special ones around the text included (which are always
    ///   there); nil for all.
    public func encode(_ text: String, limit: Int? = nil) -> Encoding {
        let around = postProcessor.before.count + postProcessor.after.count
        var tokens = TokenList(room: limit.map { max(0, $0 - around) } ?? .max)
        read(text, into: &tokens)
        return encoding(of: tokens)
    }

    // MARK: From text to tokens

    private struct Token {
        var id: Int32
        var range: Range<Int>
        var word: Int
        var spaces = SpacesAround()
    }

    private struct TokenList {
        var tokens: [Token] = []
        let room: Int
        var truncated = false
        var word = 0
        /// The text itself was cut, before anything was read.
        var isCut = false

        init(room: Int) { self.room = room }

        mutating func append(_ token: Token) {
            if tokens.count < room { tokens.append(token) } else { truncated = true }
        }
    }

    /// In scalars; longer texts are cut.
    private static let longestText: Int32 = 1 << 26

    private func read(_ text: String, into list: inout TokenList) {
        var raw: [AlignedScalar] = []
        raw.reserveCapacity(text.utf8.count)
        var index: Int32 = 0
        for scalar in text.unicodeScalars {
            raw.append(AlignedScalar(scalar, start: index, end: index + 1))
            index += 1
            if index == Self.longestText {
                list.isCut = true
                break
            }
        }
        for part in added.split(raw[...], normalized: false) {
            if let token = part.token {
                append(token, part.text, to: &list)
            } else {
                for stretch in stretches(of: part.text) {
                    readBetweenTokens(normalizer?.normalize(stretch)[...] ?? stretch, into: &list)
                    if list.truncated { return }
                }
            }
            if list.truncated { return }
        }
    }

    private func readBetweenTokens(_ normalized: AlignedText, into list: inout TokenList) {
        var pieces: [PieceModel.Piece] = []
        for part in added.split(normalized, normalized: true) {
            if let token = part.token {
                append(token, part.text, to: &list)
                continue
            }
            for scalars in preTokenizer?.split(part.text) ?? [part.text] {
                let word = SpelledWord(scalars)
                pieces.removeAll(keepingCapacity: true)
                model.append(word, to: &pieces)
                for (position, piece) in pieces.enumerated() {
                    if !makesWords, position > 0, word.beginsWord(piece.bytes.lowerBound) { list.word += 1 }
                    list.append(
                        Token(
                            id: piece.id, range: word.original(piece.bytes), word: list.word,
                            spaces: spaces[piece.id] ?? SpacesAround()))
                }
                list.word += 1
                if list.truncated { return }
            }
        }
    }

    private func append(_ token: Int32, _ text: AlignedText, to list: inout TokenList) {
        let spaces = postProcessor.trimming == nil ? SpacesAround() : SpacesAround(text.map(\.scalar))
        list.append(Token(id: token, range: text.original, word: list.word, spaces: spaces))
        list.word += 1
    }

    private var makesWords: Bool { preTokenizer?.makesWords ?? false }

    /// A text in stretches that can be read one by one, so that a text of megabytes is not normalised for its first
    /// lines. Only BERT's normaliser and words look across no space; other texts are one stretch.
    private func stretches(of text: AlignedText) -> [AlignedText] {
        guard case .bert? = preTokenizer, !added.areNormalized, text.count > 2 * Self.stretch else { return [text] }
        switch normalizer {
        case nil, .bert?: break
        default: return [text]
        }
        var found: [AlignedText] = []
        var start = text.startIndex
        while text.endIndex - start > Self.stretch {
            guard let end = text[(start + Self.stretch)...].firstIndex(where: { $0.scalar == " " }) else { break }
            found.append(text[start..<end])
            start = end
        }
        return found + [text[start...]]
    }

    private static let stretch = 1024

    // MARK: From tokens to the encoding

    private func encoding(of list: TokenList) -> Encoding {
        let (before, after) = (postProcessor.before, postProcessor.after)
        let count = before.count + list.tokens.count + after.count
        var offsets = Array(repeating: 0..<0, count: before.count)
        offsets.reserveCapacity(count)
        for (index, token) in list.tokens.enumerated() {
            if let trimming = postProcessor.trimming {
                let isFirst = index == 0 && !trimming.afterSpecials
                offsets.append(token.spaces.trimmed(token.range, isFirst: isFirst, trimming))
            } else {
                offsets.append(token.range)
            }
        }
        offsets += Array(repeating: 0..<0, count: after.count)
        let none: [Int?] = [nil]
        return Encoding(
            ids: (before + list.tokens.map(\.id) + after).map(Int64.init), offsets: offsets,
            words: Array(repeatElement(none, count: before.count).joined()) + list.tokens.map(\.word)
                + Array(repeatElement(none, count: after.count).joined()),
            special: Array(repeating: true, count: before.count)
                + Array(repeating: false, count: list.tokens.count) + Array(repeating: true, count: after.count),
            truncated: list.truncated || list.isCut)
    }
}

extension AlignedText {
    /// Which part of the original it stands for.
    var original: Range<Int> {
        guard let first, let last else { return 0..<0 }
        return Int(first.start)..<Swift.max(Int(first.start), Int(last.end))
    }
}

extension SpelledWord {
    /// Whether a byte is the first of `▁`, which stands for the space before a word.
    fileprivate func beginsWord(_ place: Int) -> Bool {
        bytes[place...].starts(with: [0xE2, 0x96, 0x81] as [UInt8])
    }
}
