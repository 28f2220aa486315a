import Foundation
import Testing

@testable import ModelCore

@Suite struct WordPieceTests {
    private static let vocabulary = Places.model("minilm-l6").map { $0 + "/vocab.txt" }

    private struct Line: Decodable {
        let text: String
        let ids: [Int64]
        let offsets: [Int]
    }

    @Test(.enabled(if: vocabulary != nil, Places.modelsMissing))
    func `Ids and offsets are those of the reference tokenizer on hostile and multilingual text`() throws {
        let tokenizer = try WordPiece(vocabulary: #require(Self.vocabulary))
        let lines = try String(contentsOfFile: Places.fixtures + "/wordpiece.jsonl", encoding: .utf8).split(
            separator: "\n")
        #expect(lines.count >= 2000)
        var wrong: [String] = []
        for line in lines {
            let expected = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
            let found = tokenizer.encode(expected.text)
            if found.ids != expected.ids
                || found.offsets.flatMap({ [$0.lowerBound, $0.upperBound] }) != expected.offsets
            {
                wrong.append(expected.text)
            }
        }
        #expect(
            wrong.isEmpty, "\(wrong.count) of \(lines.count) differ, first: \(wrong.prefix(3).map(\.debugDescription))")
    }

    @Test func `Words are split at punctuation and white space, lowercased, and looked up longest piece first`() throws
    {
        let tokenizer = try Self.toy()
        let found = tokenizer.encode("Un\u{E9}able, é!")
        #expect(found.ids == [2, 5, 6, 7, 8, 1, 1, 3])
        #expect(found.offsets == [0..<0, 0..<2, 2..<3, 3..<7, 7..<8, 9..<10, 10..<11, 0..<0])
        #expect(found.words == [nil, 0, 0, 0, 1, 2, 3, nil])
        #expect(!found.truncated)
    }

    @Test func `Offsets count scalars of the original text, also where normalisation drops or splits some`() throws {
        // A control, a zero-width joiner and a combining mark go; the emoji is unknown as a whole.
        let found = try Self.toy().encode("\u{0}\u{200D}u\u{301}n\u{1F44D}")
        #expect(found.ids == [2, 1, 3])
        #expect(found.offsets[1] == 2..<6)
        #expect(try Self.toy().encode("u\u{301}n").offsets[1] == 0..<3)
    }

    @Test func `A word of more than a hundred scalars is unknown as a whole`() throws {
        let found = try Self.toy().encode(String(repeating: "un", count: 51))
        #expect(found.ids == [2, 1, 3])
        #expect(found.offsets[1] == 0..<102)
    }

    @Test func `A text beyond the limit is cut and says so; one that just fits does not`() throws {
        let tokenizer = try Self.toy()
        let cut = tokenizer.encode("un un un", limit: 4)
        #expect(cut.ids == [2, 5, 5, 3] && cut.truncated)
        let fits = tokenizer.encode("un un", limit: 4)
        #expect(fits.ids == [2, 5, 5, 3] && !fits.truncated)
        #expect(tokenizer.encode("", limit: 4).ids == [2, 3])
    }

    @Test func `No scalar and no mixture of them crashes, and every offset lies in the text`() throws {
        let tokenizer = try Self.toy()
        var generator = Knuth(state: 7)
        for _ in 0..<300 {
            let scalars = (0..<60).compactMap { _ in Unicode.Scalar(UInt32(generator.next() % 0x110000)) }
            let marks = (0..<20).compactMap { _ in Unicode.Scalar(0x300 + UInt32(generator.next() % 0x70)) }
            let text = String(String.UnicodeScalarView(scalars + marks + scalars.reversed()))
            let found = tokenizer.encode(text)
            let count = text.unicodeScalars.count
            #expect(found.ids.count == found.offsets.count && found.ids.count == found.words.count)
            #expect(found.offsets.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= count })
        }
    }

    @Test func `A vocabulary without the special tokens is refused`() throws {
        let path = try Scratch.file(Array("a\nb\n".utf8), named: "vocab.txt")
        #expect(throws: ConfigurationError.self) { try WordPiece(vocabulary: path) }
    }

    /// Ids: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, un 5, e… 6, …able 7, the comma 8.
    private static func toy() throws -> WordPiece {
        let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##e", "##able", ","]
        return try WordPiece(vocabulary: Scratch.file(Array(pieces.joined(separator: "\n").utf8), named: "vocab.txt"))
    }

    /// A generator with a fixed seed, so that a failure comes again (Knuth's MMIX constants).
    private struct Knuth {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
    }
}
