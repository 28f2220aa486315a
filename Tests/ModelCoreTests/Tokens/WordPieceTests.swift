import Foundation
import Testing

@testable import ModelCore

@Suite struct WordPieceTests {
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

    @Test func `A vocabulary without the special tokens is refused`() throws {
        #expect(throws: TokenizerError.self) { try Self.tokenizer(["a", "b"]) }
    }

    @Test func `A cased checkpoint keeps its letters and accents`() throws {
        let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "É", "é", "e"]
        #expect(try Self.tokenizer(pieces).encode("É é").ids == [2, 6, 6, 3])
        let cased = try Self.tokenizer(pieces, settings: #"{"do_lower_case": false}"#)
        #expect(cased.encode("É é").ids == [2, 4, 5, 3])
    }

    @Test func `A vocabulary's quotes, backslashes and carriage returns are its own`() throws {
        let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "\"", "\\", "a\r"]
        #expect(try Self.tokenizer(pieces).encode("\" \\ a").ids == [2, 4, 5, 6, 3])
    }

    /// Ids: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, un 5, e… 6, …able 7, the comma 8.
    private static func toy() throws -> Tokenizer {
        try tokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##e", "##able", ","])
    }

    private static func tokenizer(_ pieces: [String], settings: String? = nil) throws -> Tokenizer {
        let folder = try Scratch.folder()
        _ = try Scratch.file(pieces.joined(separator: "\n"), named: "vocab.txt", in: folder)
        if let settings { _ = try Scratch.file(settings, named: "tokenizer_config.json", in: folder) }
        return try Tokenizer(folder: folder)
    }
}
