/// A scalar after normalisation, with the range of original scalars it stands for.
struct NormalizedScalar: Sendable, Hashable {
    var scalar: Unicode.Scalar
    var start: Int
    var end: Int
}

/// BertNormalizer of the `tokenizers` library: cleaned, spaces around Chinese characters, accents stripped, lowercase.
///
/// Where one scalar becomes several, all of them stand for it; where several become one, it stands for the first: this
/// is how the reference aligns, including its by-position alignment when canonical reordering swaps marks.
enum BertNormalizer {
    static func normalize(_ scalars: [Unicode.Scalar], in range: Range<Int>) -> [NormalizedScalar] {
        var cleaned: [NormalizedScalar] = []
        cleaned.reserveCapacity(range.count)
        for index in range {
            let scalar = scalars[index]
            guard !BertUnicode.isRemoved(scalar) else { continue }
            let kept = BertUnicode.isWhitespace(scalar) ? " " : scalar
            let here = NormalizedScalar(scalar: kept, start: index, end: index + 1)
            if BertUnicode.isChinese(kept) {
                let space = NormalizedScalar(scalar: " ", start: index, end: index + 1)
                cleaned += [space, here, space]
            } else {
                cleaned.append(here)
            }
        }
        return lowercased(withoutAccents(decomposed(cleaned)))
    }

    /// Canonical decomposition (Unicode Standard Annex 15).
    private static func decomposed(_ scalars: [NormalizedScalar]) -> [NormalizedScalar] {
        guard scalars.contains(where: { $0.scalar.value >= 0xC0 }) else { return scalars }
        // (scalar, whether it came in addition to the one before it)
        var sequence: [(scalar: Unicode.Scalar, added: Bool)] = []
        var sortedUpTo = 0
        func sortMarks() {
            // Stable, as the standard wants: marks of one class keep their order.
            let marks = sequence[sortedUpTo...].enumerated().sorted { a, b in
                let (first, second) = (
                    BertUnicode.combiningClass(a.element.scalar), BertUnicode.combiningClass(b.element.scalar)
                )
                return (first, a.offset) < (second, b.offset)
            }
            sequence.replaceSubrange(sortedUpTo..., with: marks.map(\.element))
        }
        for item in scalars {
            for (position, scalar) in BertUnicode.decomposition(item.scalar).enumerated() {
                if BertUnicode.combiningClass(scalar) == 0 {
                    sortMarks()
                    sequence.append((scalar, position > 0))
                    sortedUpTo = sequence.count
                } else {
                    sequence.append((scalar, position > 0))
                }
            }
        }
        sortMarks()

        var result: [NormalizedScalar] = []
        result.reserveCapacity(sequence.count)
        var next = 0
        for (scalar, added) in sequence {
            let source = added ? max(0, next - 1) : next
            if !added { next += 1 }
            guard source < scalars.count else { continue }
            result.append(NormalizedScalar(scalar: scalar, start: scalars[source].start, end: scalars[source].end))
        }
        return result
    }

    private static func withoutAccents(_ scalars: [NormalizedScalar]) -> [NormalizedScalar] {
        scalars.filter { !BertUnicode.isNonspacingMark($0.scalar) }
    }

    private static func lowercased(_ scalars: [NormalizedScalar]) -> [NormalizedScalar] {
        var result: [NormalizedScalar] = []
        result.reserveCapacity(scalars.count)
        for item in scalars {
            for scalar in BertUnicode.lowercase(item.scalar) {
                result.append(NormalizedScalar(scalar: scalar, start: item.start, end: item.end))
            }
        }
        return result
    }
}

/// BertPreTokenizer: words between white space, every punctuation mark a word of its own.
enum BertWords {
    static func split(_ scalars: [NormalizedScalar]) -> [ArraySlice<NormalizedScalar>] {
        var words: [ArraySlice<NormalizedScalar>] = []
        var start = 0
        for (index, item) in scalars.enumerated() {
            let space = BertUnicode.isWhitespace(item.scalar)
            guard space || BertUnicode.isPunctuation(item.scalar) else { continue }
            if start < index { words.append(scalars[start..<index]) }
            if !space { words.append(scalars[index...index]) }
            start = index + 1
        }
        if start < scalars.count { words.append(scalars[start...]) }
        return words
    }
}
