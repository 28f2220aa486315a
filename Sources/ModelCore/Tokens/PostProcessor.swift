/// What is put around a text's tokens, and whether their offsets lose the spaces at their ends: the post-processors of
/// `tokenizer.json`, for one text (the second one of a pair is nobody's here).
struct PostProcessor: Sendable, Equatable {
    var before: [Int32] = []
    var after: [Int32] = []
    var trimming: Trimming?

    /// How byte-level tokenizers trim offsets.
    struct Trimming: Sendable, Equatable {
        /// The first token's space was put there by the tokenizer, and is no space of the text.
        var prefixesSpace: Bool
        /// Whether special tokens stand before the text's first token by then.
        var afterSpecials: Bool
    }

    /// One after the other.
    func followed(by next: PostProcessor) -> PostProcessor {
        var result = PostProcessor(
            before: next.before + before, after: after + next.after, trimming: trimming ?? next.trimming)
        if trimming == nil, !before.isEmpty { result.trimming?.afterSpecials = true }
        return result
    }
}

/// How many spaces a token begins and ends with, as it is spelled.
struct SpacesAround: Sendable, Hashable {
    var leading = 0
    var trailing = 0

    init() {}

    init(_ scalars: some BidirectionalCollection<Unicode.Scalar>) {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            scalar == ByteLevel.space || ReferenceUnicode.isWhitespace(scalar)
        }
        leading = scalars.prefix(while: isSpace).count
        trailing = scalars.reversed().prefix(while: isSpace).count
    }

    /// Offsets without these spaces, as the reference takes them off.
    func trimmed(_ range: Range<Int>, isFirst: Bool, _ trimming: PostProcessor.Trimming) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        if leading > 0 {
            let own = (isFirst || start == 0) && trimming.prefixesSpace && leading == 1
            start = min(start + (own ? 0 : leading), end)
        }
        if trailing > 0, end >= trailing { end = max(end - trailing, start) }
        return start..<end
    }
}
