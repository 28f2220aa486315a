/// BertNormalizer of the `tokenizers` library: cleaned, spaces around Chinese characters, accents stripped, lowercase.
struct BertNormalizer: Sendable, Equatable {
    var cleans = true
    var spacesChinese = true
    var stripsAccents = true
    var lowercases = true

    func normalize(_ text: AlignedText) -> [AlignedScalar] {
        var result: [AlignedScalar] = []
        result.reserveCapacity(text.count)
        for item in text {
            if cleans, ReferenceUnicode.isRemoved(item.scalar) { continue }
            let kept = cleans && ReferenceUnicode.isWhitespace(item.scalar) ? item.replaced(by: " ") : item
            if spacesChinese, ReferenceUnicode.isChinese(kept.scalar) {
                let space = kept.replaced(by: " ")
                result += [space, kept, space]
            } else {
                result.append(kept)
            }
        }
        if stripsAccents {
            result = CanonicalForm.decomposed.applied(to: result[...])
            result.removeAll { ReferenceUnicode.isNonspacingMark($0.scalar) }
        }
        return lowercases ? Normalizer.lowercased(result[...]) : result
    }
}
