import Foundation
import GRDB

/// Text in the one form in which it is indexed, scanned and asked for, so that all three agree.
///
/// Folded are: case (also `ß` and `ss`, `ς` and `σ`), compatibility forms (fullwidth, half-width and mathematical
/// letters, ligatures; NFKC), and what nobody sees (zero-width characters, bidi controls, variation selectors, NUL): a
/// post that hides a word from filters that way is still found. Accents and vowel signs stay: `Ärger` is not `Arger`.
enum FoldedText {
    /// The folded form of UTF-8, as UTF-8. The same bytes give the same result in the index and in a scan.
    static func fold(_ utf8: Data) -> [UInt8] {
        if let ascii = foldASCII(utf8) { return ascii }
        return fold(String(decoding: utf8, as: UTF8.self))
    }

    static func fold(_ text: String) -> [UInt8] {
        var seen = String.UnicodeScalarView()
        var isNormal = true
        for scalar in text.unicodeScalars where scalar.value != 0 && !isInvisible(scalar) {
            seen.append(scalar)
            isNormal = isNormal && isUnchanged(scalar)
        }
        var normal = String(seen)
        // The second step is for what Foundation's first leaves apart (half-width kana and their marks).
        if !isNormal { normal = normal.precomposedStringWithCompatibilityMapping.precomposedStringWithCanonicalMapping }
        var folded: [UInt8] = []
        folded.reserveCapacity(normal.utf8.count)
        for scalar in normal.unicodeScalars {
            switch scalar.value {
            case 0x41...0x5A: folded.append(UInt8(scalar.value + 0x20))
            case 0..<0x80: folded.append(UInt8(scalar.value))
            case 0x3C2: folded += [0xCF, 0x83]
            case 0xDF, 0x1E9E: folded += [0x73, 0x73]
            default: folded.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
        }
        return folded
    }

    /// Most bytes that are ever scanned are ASCII; nil where these are not.
    private static func foldASCII(_ utf8: Data) -> [UInt8]? {
        utf8.withUnsafeBytes { bytes in
            guard bytes.allSatisfy({ $0 < 0x80 && $0 != 0 }) else { return nil }
            return bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        }
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0xAD && scalar.properties.isDefaultIgnorableCodePoint
    }

    /// Whether NFKC surely leaves the scalar alone among others of which this is true. Normalising costs far more than
    /// looking, and few texts need it.
    static func isUnchanged(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0xA0, 0xC0...0x131, 0x134...0x13E, 0x141...0x148, 0x14A...0x17E, 0x180...0x1C3, 0x1CD...0x1F0,
            0x1F4...0x2AF, 0x388...0x38F, 0x391...0x3CE, 0x400...0x481, 0x48A...0x52F, 0x5D0...0x5EA, 0x620...0x64A,
            0x660...0x669, 0x66E, 0x66F, 0x671...0x674, 0x679...0x6D3, 0x904...0x928, 0x92A...0x930, 0x932, 0x933,
            0x935...0x939, 0xE01...0xE32, 0xE40...0xE47, 0x2013...0x2016, 0x2018...0x201F, 0x3001...0x3020,
            0x3041...0x3096, 0x30A1...0x30FA, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0x1F300...0x1FAFF:
            true
        default: false
        }
    }

    /// Whether folded text holds folded words. Every text holds the empty one.
    static func contains(_ text: [UInt8], _ words: [UInt8]) -> Bool {
        guard let first = words.first else { return true }
        return text.withUnsafeBufferPointer { text in
            words.withUnsafeBufferPointer { words in
                guard let start = text.baseAddress, let wanted = words.baseAddress else { return false }
                var index = 0
                while index + words.count <= text.count {
                    let room = text.count - words.count - index + 1
                    guard let hit = memchr(start + index, Int32(first), room) else { return false }
                    index = UnsafeRawPointer(hit) - UnsafeRawPointer(start)
                    if memcmp(start + index, wanted, words.count) == 0 { return true }
                    index += 1
                }
                return false
            }
        }
    }

    /// `text_holds(text as blob, folded words as blob)`: the text, which is folded here, holds the words. False for NULL.
    static let holds = DatabaseFunction("text_holds", argumentCount: 2, pure: true) { values in
        guard case .blob(let text) = values[0].storage, case .blob(let words) = values[1].storage else { return false }
        return contains(fold(text), [UInt8](words))
    }
}
