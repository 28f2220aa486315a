import Foundation

/// SentencePiece's precompiled character map: which scalars become which others before a unigram model sees them.
///
/// The bytes are the length of a double-array trie (Aoe 1989, in the layout of Darts-clone), the trie, and the
/// replacements, each ended by NUL, to which the trie's values point. Nothing in them is trusted: every step is checked
/// against the trie's length.
struct Charsmap: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]

    /// A longer replacement is refused; the longest of NFKC has 33 bytes.
    private static let longestReplacement = 256

    /// - Returns: nil where the bytes are no such map.
    init?(_ bytes: [UInt8]) {
        func unit(_ place: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) }
        }
        guard bytes.count >= 8 else { return nil }
        let length = Int(unit(0)) / 4
        guard length > 0, length <= (bytes.count - 4) / 4 else { return nil }
        units = (0..<length).map { unit(4 + 4 * $0) }
        replacements = Array(bytes[(4 + 4 * length)...])
        let longest = replacements.split(separator: 0).map(\.count).max() ?? 0
        guard longest <= Self.longestReplacement, String(validating: replacements, as: UTF8.self) != nil else {
            return nil
        }
    }

    /// What a string becomes by the shortest key that it begins with; nil where it begins with none.
    ///
    /// The shortest, and for the whole of it: this is what the reference does with a grapheme cluster.
    private func replacement(for bytes: some Sequence<UInt8>) -> [Unicode.Scalar]? {
        func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << (unit & 1 << 9 == 0 ? 0 : 8) }
        var place = offset(units[0])
        for byte in bytes {
            if byte == 0 { return nil }
            place ^= Int(byte)
            guard units.indices.contains(place), units[place] & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
            let unit = units[place]
            place ^= offset(unit)
            guard unit >> 8 & 1 == 1 else { continue }
            guard units.indices.contains(place) else { return nil }
            let start = Int(units[place] & ~(1 << 31))
            guard start <= replacements.count else { return nil }
            let end = replacements[start...].firstIndex(of: 0) ?? replacements.endIndex
            return Array(String(decoding: replacements[start..<end], as: UTF8.self).unicodeScalars)
        }
        return nil
    }

    func normalize(_ text: AlignedText) -> [AlignedScalar] {
        var rewritten: [RewrittenScalar] = []
        rewritten.reserveCapacity(text.count)
        var modified = false
        var start = text.startIndex
        while start < text.endIndex {
            let end = Self.clusterEnd(in: text, from: start)
            let cluster = text[start..<end]
            start = end
            let bytes = cluster.reduce(0) { $0 + UTF8.width($1.scalar) }
            if bytes < 6, let new = replacement(for: cluster.lazy.flatMap { UTF8.encode($0.scalar) ?? .init() }) {
                Self.replace(cluster.count, with: new, in: &rewritten)
                modified = true
                continue
            }
            for item in cluster {
                if let new = replacement(for: UTF8.encode(item.scalar) ?? .init()) {
                    Self.replace(1, with: new, in: &rewritten)
                    modified = true
                } else {
                    rewritten.append(RewrittenScalar(scalar: item.scalar, change: 0))
                }
            }
        }
        return modified ? Array(rewritten, of: text) : Array(text)
    }

    /// The reference's bookkeeping, which counts a removal against whatever came last.
    private static func replace(_ old: Int, with new: [Unicode.Scalar], in rewritten: inout [RewrittenScalar]) {
        rewritten += new.map { RewrittenScalar(scalar: $0, change: 0) }
        let difference = new.count - old
        if difference > 0 {
            for index in rewritten.indices.suffix(difference) { rewritten[index].change = 1 }
        } else if difference < 0, let last = rewritten.indices.last {
            rewritten[last].change += difference
        }
    }

    /// Where an extended grapheme cluster ends (Unicode Standard Annex 29), as far as it matters here.
    ///
    /// Only clusters of up to five bytes are looked up whole. The rules left out (Hangul syllables, regional
    /// indicators, joined emoji, Indic conjuncts) make longer ones, of which each scalar is looked up by itself, and so
    /// it is if they are taken for several clusters.
    private static func clusterEnd(in text: AlignedText, from start: Int) -> Int {
        var end = start + 1
        while end < text.endIndex {
            let (before, after) = (text[end - 1].scalar, text[end].scalar)
            if before == "\r", after == "\n" {
                end += 1
                continue
            }
            guard before.value >= 0x300 || after.value >= 0x300, !ReferenceUnicode.isClusterControl(before),
                ReferenceUnicode.extendsCluster(after)
                    || ReferenceUnicode.prependsCluster(before) && !ReferenceUnicode.isClusterControl(after)
            else { break }
            end += 1
        }
        return end
    }
}
