/// What the reference tokenizer (Hugging Face's `tokenizers`) knows of a scalar.
///
/// Its parts are frozen at older Unicode versions than Swift's, each at another one. Their categories are kept in
/// ``ReferenceUnicodeTables``, asked of the library itself. Lowercase and white space are asked of Swift, which agrees
/// with the library on every scalar (a test compares all 1,112,064).
enum ReferenceUnicode {
    static func isWhitespace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80
            ? scalar.value == 0x20 || (0x09...0x0D).contains(scalar.value) : scalar.properties.isWhitespace
    }

    /// BERT's cleaning: NUL, U+FFFD, and the categories Cc, Cf and Co except tab, line feed and carriage return.
    static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
        (0x20..<0x7F).contains(scalar.value) ? false : removed.contains(scalar)
    }

    /// The blocks of BERT's `tokenize_chinese_chars`, with the reference's slip of 2B920 for 2B820.
    static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x3400 else { return false }
        return switch scalar.value {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF,
            0x2F800...0x2FA1F:
            true
        default: false
        }
    }

    static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool { punctuation.contains(scalar) }

    static func isNonspacingMark(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x300 ? false : nonspacingMarks.contains(scalar)
    }

    /// `\p{L}` of its regular expressions.
    static func isLetter(_ scalar: Unicode.Scalar) -> Bool { letters.contains(scalar) }

    /// `\p{N}` of its regular expressions.
    static func isNumber(_ scalar: Unicode.Scalar) -> Bool { numbers.contains(scalar) }

    static func lowercase(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        switch scalar.value {
        case 0x41...0x5A: [Unicode.Scalar(UInt8(scalar.value + 0x20))]
        case ..<0x80: [scalar]
        default: Array(scalar.properties.lowercaseMapping.unicodeScalars)
        }
    }

    // MARK: Canonical forms

    static func combiningClass(_ scalar: Unicode.Scalar) -> Int {
        scalar.value < 0x300 ? 0 : combiningClasses[scalar.value] ?? 0
    }

    /// The full canonical decomposition; the scalar itself where it has none.
    static func decomposition(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        let value = scalar.value
        guard value >= 0xC0 else { return [scalar] }
        guard (0xAC00...0xD7A3).contains(value) else { return decompositions[value] ?? [scalar] }
        // Hangul syllables (The Unicode Standard, section 3.12).
        let index = value - 0xAC00
        let parts = [0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + index % 28]
        return parts.prefix(index % 28 == 0 ? 2 : 3).compactMap(Unicode.Scalar.init)
    }

    /// The scalar that two scalars are composed to, where there is one.
    static func composition(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        let (a, b) = (first.value, second.value)
        if (0x1100..<0x1113).contains(a), (0x1161..<0x1176).contains(b) {
            return Unicode.Scalar(0xAC00 + ((a - 0x1100) * 21 + (b - 0x1161)) * 28)
        }
        if (0xAC00...0xD7A3).contains(a), (a - 0xAC00) % 28 == 0, (0x11A8..<0x11C3).contains(b) {
            return Unicode.Scalar(a + (b - 0x11A7))
        }
        return compositions[UInt64(a) << 32 | UInt64(b)]
    }

    // MARK: Grapheme clusters

    /// Never in one cluster with what follows, nor with what comes before.
    static func isClusterControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x7F ? scalar.value < 0x20 : clusterControls.contains(scalar)
    }

    /// In one cluster with what comes before it.
    static func extendsCluster(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x300 ? false : clusterExtenders.contains(scalar)
    }

    /// In one cluster with what follows it.
    static func prependsCluster(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x600 ? false : clusterPrepends.contains(scalar)
    }

    // MARK: Tables

    private static let removed = ScalarRanges(ReferenceUnicodeTables.removed)
    private static let nonspacingMarks = ScalarRanges(ReferenceUnicodeTables.nonspacingMarks)
    private static let punctuation = ScalarRanges(ReferenceUnicodeTables.punctuation)
    private static let letters = ScalarRanges(ReferenceUnicodeTables.letters)
    private static let numbers = ScalarRanges(ReferenceUnicodeTables.numbers)
    private static let clusterControls = ScalarRanges(ReferenceUnicodeTables.clusterControls)
    private static let clusterExtenders = ScalarRanges(ReferenceUnicodeTables.clusterExtenders)
    private static let clusterPrepends = ScalarRanges(ReferenceUnicodeTables.clusterPrepends)
    private static let uncomposed = ScalarRanges(ReferenceUnicodeTables.uncomposed)

    private static let combiningClasses: [UInt32: Int] = {
        var classes: [UInt32: Int] = [:]
        var current = 0
        for word in ReferenceUnicodeTables.combiningClasses.split(whereSeparator: \.isWhitespace) {
            if word.first == "=" {
                current = Int(word.dropFirst()) ?? 0
            } else if let range = ScalarRanges.range(word) {
                for value in range { classes[value] = current }
            }
        }
        return classes
    }()

    private static let decompositions: [UInt32: [Unicode.Scalar]] = {
        var found: [UInt32: [Unicode.Scalar]] = [:]
        for word in ReferenceUnicodeTables.decompositions.split(whereSeparator: \.isWhitespace) {
            let sides = word.split(separator: ":")
            guard sides.count == 2, let from = UInt32(sides[0], radix: 16) else { continue }
            found[from] = sides[1].split(separator: ",").compactMap {
                UInt32($0, radix: 16).flatMap(Unicode.Scalar.init)
            }
        }
        return found
    }()

    /// first << 32 | second → composite. The second of a pair is the last of the full decomposition, and the first is
    /// what the rest of it composes to.
    private static let compositions: [UInt64: Unicode.Scalar] = {
        var whole: [[Unicode.Scalar]: Unicode.Scalar] = [:]
        for (value, parts) in decompositions {
            if let scalar = Unicode.Scalar(value), !uncomposed.contains(scalar) { whole[parts] = scalar }
        }
        var found: [UInt64: Unicode.Scalar] = [:]
        for (parts, composite) in whole {
            guard let last = parts.last, parts.count > 1 else { continue }
            let first = parts.count == 2 ? parts[0] : whole[Array(parts.dropLast())]
            if let first { found[UInt64(first.value) << 32 | UInt64(last.value)] = composite }
        }
        return found
    }()
}

/// A set of scalars as sorted ranges, and as bits for those of one and two bytes.
struct ScalarRanges: Sendable {
    private let ranges: [ClosedRange<UInt32>]
    private let low: [Bool]

    init(_ table: String) {
        let ranges = table.split(whereSeparator: \.isWhitespace).compactMap(Self.range)
        var low = Array(repeating: false, count: 0x800)
        for range in ranges {
            for value in range where value < 0x800 { low[Int(value)] = true }
        }
        self.ranges = ranges
        self.low = low
    }

    static func range(_ word: Substring) -> ClosedRange<UInt32>? {
        let ends = word.split(separator: "-").compactMap { UInt32($0, radix: 16) }
        guard let first = ends.first, let last = ends.last, first <= last else { return nil }
        return first...last
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x800 { return low[Int(scalar.value)] }
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar.value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(scalar.value)
    }
}
