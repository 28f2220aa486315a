/// What becomes of a text before it is split: the normalizers of `tokenizer.json`, each aligned to the original.
indirect enum Normalizer: Sendable {
    case bert(BertNormalizer)
    case canonical(CanonicalForm)
    case lowercase
    case strip(left: Bool, right: Bool)
    case replace(ScalarPattern, with: [Unicode.Scalar])
    case prepend([Unicode.Scalar])
    case charsmap(Charsmap)
    case nmt
    case sequence([Normalizer])

    /// A text may grow to so many times its length, and no further: a hostile file may ask for anything. The largest
    /// growth of published normalizers is 18 (U+FDFA in NFKC).
    private static let mostGrowth = 64
    /// So that its bytes can be counted in 32 bits.
    private static let longest = 1 << 28

    func normalize(_ text: AlignedText) -> [AlignedScalar] {
        applied(to: text, most: min(text.count * Self.mostGrowth + 1024, Self.longest))
    }

    /// What one part makes of a text, cut at so many scalars before the next part sees it.
    private func applied(to text: AlignedText, most: Int) -> [AlignedScalar] {
        if case .sequence(let parts) = self {
            return parts.reduce(Array(text)) { $1.applied(to: $0[...], most: most) }
        }
        let grown = rewritten(text)
        return grown.count > most ? Array(grown[..<most]) : grown
    }

    private func rewritten(_ text: AlignedText) -> [AlignedScalar] {
        switch self {
        case .bert(let normalizer): normalizer.normalize(text)
        case .canonical(let form): form.applied(to: text)
        case .lowercase: Self.lowercased(text)
        case .strip(let left, let right): Array(Self.stripped(text, left: left, right: right))
        case .replace(let pattern, let content): Self.replaced(text, pattern, content)
        case .prepend(let scalars): Array(text.first.map { first in scalars.map(first.replaced) } ?? []) + text
        case .charsmap(let map): map.normalize(text)
        case .nmt: Self.nmt(text)
        case .sequence: normalize(text)
        }
    }

    static func lowercased(_ text: AlignedText) -> [AlignedScalar] {
        var result: [AlignedScalar] = []
        result.reserveCapacity(text.count)
        for item in text {
            if item.scalar.value < 0x80 {
                let upper = (0x41...0x5A).contains(item.scalar.value)
                result.append(
                    upper
                        ? item.replaced(by: Unicode.Scalar(UInt8(truncatingIfNeeded: item.scalar.value) | 0x20)) : item)
            } else {
                result += ReferenceUnicode.lowercase(item.scalar).map(item.replaced)
            }
        }
        return result
    }

    private static func stripped(_ text: AlignedText, left: Bool, right: Bool) -> AlignedText {
        var text = left ? text.drop { ReferenceUnicode.isWhitespace($0.scalar) } : text
        while right, let last = text.last, ReferenceUnicode.isWhitespace(last.scalar) { text.removeLast() }
        return text
    }

    /// What comes in for a match stands for the match's last scalar, as in the reference.
    private static func replaced(
        _ text: AlignedText, _ pattern: ScalarPattern, _ content: [Unicode.Scalar]
    ) -> [AlignedScalar] {
        var result: [AlignedScalar] = []
        result.reserveCapacity(text.count)
        var end = text.startIndex
        for match in pattern.matches(in: text) {
            result += text[end..<match.lowerBound]
            result += content.map(text[match.upperBound - 1].replaced)
            end = match.upperBound
        }
        return result + text[end...]
    }

    /// SentencePiece's `nmt` rules.
    private static func nmt(_ text: AlignedText) -> [AlignedScalar] {
        text.compactMap { item in
            switch item.scalar.value {
            case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: nil
            case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
                item.replaced(by: " ")
            default: item
            }
        }
    }
}
