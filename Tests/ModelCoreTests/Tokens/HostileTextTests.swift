import Foundation
import Testing

@testable import ModelCore

/// Texts that nobody compared with the reference: none of them crashes, none of them takes for ever.
@Suite struct HostileTextTests {
    @Test(arguments: ReferenceTokenizerTests.kinds)
    func `No scalar and no mixture of them crashes, and every offset lies in the text`(kind: String) throws {
        let tokenizer = try ReferenceTokenizerTests.tokenizer(kind)
        var generator = Knuth(state: 7)
        for round in 0..<150 {
            let limit = [0x80, 0x800, 0x3100, 0x10000, 0x110000][round % 5]
            let scalars = (0..<60).compactMap { _ in Unicode.Scalar(UInt32(generator.below(limit))) }
            let marks = (0..<20).compactMap { _ in Unicode.Scalar(0x300 + UInt32(generator.below(0x70))) }
            let text = String(String.UnicodeScalarView(scalars + marks + scalars.reversed()))
            Self.check(tokenizer.encode(text), of: text)
            Self.check(tokenizer.encode(text, limit: generator.below(40)), of: text)
        }
    }

    @Test(arguments: ReferenceTokenizerTests.kinds)
    func `A hundred thousand times the same, and long texts without a space, take a moment`(kind: String) throws {
        let tokenizer = try ReferenceTokenizerTests.tokenizer(kind)
        var generator = Knuth(state: 3)
        let letters = Array("abcdeorstuv".unicodeScalars)
        let noSpace = (0..<100_000).map { _ in letters[generator.below(letters.count)] }
        let texts =
            ["\u{301}", "👍🏽", "'", "<s>", "\u{2581}", "9", "中"].map { String(repeating: $0, count: 5000) }
            + [" ", "a"].map { String(repeating: $0, count: 100_000) }
        for text in texts + [String(String.UnicodeScalarView(noSpace))] {
            var found: Tokenizer.Encoding?
            let taken = ContinuousClock().measure { found = tokenizer.encode(text) }
            Self.check(try #require(found), of: text)
            // A debug build on a busy machine; what grows with the square would need hours.
            #expect(taken < .seconds(60), "\(kind), \(text.prefix(1).debugDescription)")
        }
    }

    private static func check(_ found: Tokenizer.Encoding, of text: String) {
        let count = text.unicodeScalars.count
        let sizes = [found.offsets.count, found.words.count, found.special.count]
        #expect(sizes.allSatisfy { $0 == found.ids.count })
        #expect(found.offsets.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= count })
    }
}
