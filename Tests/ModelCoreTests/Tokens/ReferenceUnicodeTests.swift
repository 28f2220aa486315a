import Foundation
import Testing

@testable import ModelCore

@Suite struct ReferenceUnicodeTests {
    @Test func `Lower case and white space are the reference's for every scalar`() throws {
        let expected = try fixture("tokenizers/unicode.json", as: [String: String].self)
        var hash = EncodingHash()
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            for lower in ReferenceUnicode.lowercase(scalar) { hash.add(Int(lower.value)) }
            hash.add(ReferenceUnicode.isWhitespace(scalar) ? 1 : 0)
        }
        #expect(hash.value == expected.values.first.flatMap { UInt64($0, radix: 16) })
    }

    @Test func `Pairs are composed where the standard composes them, and not where it forbids`() {
        #expect(ReferenceUnicode.composition("e", "\u{301}") == "é")
        #expect(ReferenceUnicode.composition("ê", "\u{323}") == nil)
        #expect(ReferenceUnicode.composition("ẹ", "\u{302}") == "ệ")
        #expect(ReferenceUnicode.composition("\u{1100}", "\u{1161}") == "가")
        #expect(ReferenceUnicode.composition("가", "\u{11A8}") == "각")
        #expect(ReferenceUnicode.composition("각", "\u{11A8}") == nil)
        // Composition exclusions.
        #expect(ReferenceUnicode.composition("\u{915}", "\u{93C}") == nil)
    }
}
