import Foundation
import Testing

@testable import ModelCore

/// Every kind of tokenizer against what the `tokenizers` library makes of 2,840 hostile and multilingual strings.
@Suite struct ReferenceTokenizerTests {
    static let folder = Places.fixtures + "/tokenizers"

    /// The kinds that are trained by the fixtures' script, by the name of their folder.
    static let kinds = [
        "bert-cased", "clip", "roberta", "roberta-prefix", "llama3", "xlm-roberta", "siglip", "llama", "odds",
    ]

    @Test(arguments: kinds)
    func `Ids, offsets, words and special tokens are those of the reference, with a limit and without`(
        kind: String
    ) throws {
        try Self.compare(kind, with: Self.tokenizer(kind))
    }

    @Test(.enabled(if: Places.model("minilm-l6") != nil, Places.modelsMissing))
    func `MiniLM's published tokenizer is read as the reference reads it, from either of its files`() throws {
        let published = try #require(Places.model("minilm-l6"))
        try Self.compare("minilm", with: Tokenizer(folder: published))
        let alone = try Scratch.folder()
        try FileManager.default.copyItem(atPath: published + "/vocab.txt", toPath: alone + "/vocab.txt")
        try Self.compare("minilm", with: Tokenizer(folder: alone))
    }

    @Test(.enabled(if: sharedClip != nil, "the shared data is not here: set REVIEWTUI_DATA"))
    func `CLIP's published vocabulary and merges are read as the reference reads them`() throws {
        let tokenizer = try Tokenizer(folder: #require(Self.sharedClip))
        try Self.compare("clip-b32", with: tokenizer)
        #expect(tokenizer.paddingID == 49407 && tokenizer.largestID == 49407)
        #expect(tokenizer.encode("a diagram").ids == [49406, 320, 22697, 49407])
    }

    @Test func `A limit keeps the special tokens and says that the text was cut`() throws {
        let tokenizer = try Self.tokenizer("xlm-roberta")
        let whole = tokenizer.encode("Größe, Straße, Äpfel, Öl")
        let cut = tokenizer.encode("Größe, Straße, Äpfel, Öl", limit: 6)
        #expect(!whole.truncated && cut.truncated)
        #expect(cut.ids == whole.ids.prefix(5) + [2])
        #expect(tokenizer.encode("Größe", limit: 0).ids == [0, 2])
        #expect(cut.special == [true, false, false, false, false, true])
    }

    @Test func `Pieces of a word share its number, also where the tokenizer splits no words`() throws {
        for kind in ["llama", "xlm-roberta"] {
            let found = try Self.tokenizer(kind).encode("Straße heißt")
            let words = found.words.compactMap(\.self)
            #expect(Set(words) == [0, 1], "\(kind)")
            for (word, offsets) in zip(found.words, found.offsets) where word != nil {
                #expect(word == 0 ? offsets.upperBound <= 6 : offsets.lowerBound >= 6, "\(kind)")
            }
        }
    }

    @Test(arguments: [
        ("bert-cased", 0), ("clip", 1), ("roberta", 1), ("xlm-roberta", 1), ("siglip", 0), ("llama", 0),
    ])
    func `Rows are padded with the token that the checkpoint names, or that is usual`(kind: String, usual: Int64) throws
    {
        let named = [
            "bert-cased": "[MASK]", "clip": "<|endoftext|>", "roberta": "<mask>", "xlm-roberta": "<mask>",
            "siglip": "</s>", "llama": "</s>",
        ]
        let folder = try Self.checkpoint(kind)
        if kind != "clip" { #expect(try Tokenizer(folder: folder).paddingID == usual) }
        _ = try Scratch.file(
            #"{"pad_token": {"content": "\#(named[kind] ?? "")"}}"#, named: "tokenizer_config.json", in: folder)
        let tokenizer = try Tokenizer(folder: folder)
        #expect(tokenizer.paddingID > 0 && tokenizer.paddingID <= tokenizer.largestID)
    }

    // MARK: Machinery

    private static let sharedClip: String? = {
        let data = ProcessInfo.processInfo.environment["REVIEWTUI_DATA"] ?? Places.package + "/../shared/data"
        let folder = data + "/models/clip-tokenizer/clip-vit-b32"
        return FileManager.default.fileExists(atPath: folder + "/merges.txt") ? folder : nil
    }()

    static let texts: [String] = {
        let file = try? String(contentsOfFile: folder + "/strings.jsonl", encoding: .utf8)
        return (file ?? "").split(separator: "\n").compactMap {
            try? JSONDecoder().decode([String].self, from: Data("[\($0)]".utf8)).first
        }
    }()

    /// A folder with the fixture's `tokenizer.json`, the character map put in its place.
    static func checkpoint(_ kind: String) throws -> String {
        let map = try Data(contentsOf: URL(fileURLWithPath: folder + "/nmt_nfkc.charsmap"))
        let file = try String(contentsOfFile: "\(folder)/\(kind)/tokenizer.json", encoding: .utf8)
        let checkpoint = try Scratch.folder()
        _ = try Scratch.file(
            file.replacingOccurrences(of: "@nmt_nfkc@", with: map.base64EncodedString()), named: "tokenizer.json",
            in: checkpoint)
        return checkpoint
    }

    static func tokenizer(_ kind: String) throws -> Tokenizer { try Tokenizer(folder: checkpoint(kind)) }

    private static func compare(_ kind: String, with tokenizer: Tokenizer) throws {
        let expected = try String(contentsOfFile: "\(folder)/\(kind).encodings", encoding: .utf8).split(separator: "\n")
        #expect(texts.count >= 2000 && texts.count == expected.count)
        var wrong: [String] = []
        for (text, line) in zip(texts, expected) {
            var hash = EncodingHash()
            for limit in [nil, 12] { hash.add(tokenizer.encode(text, limit: limit), words: kind != "llama") }
            if hash.value != UInt64(line, radix: 16) { wrong.append(text) }
        }
        #expect(
            wrong.isEmpty,
            "\(kind): \(wrong.count) of \(texts.count) differ, first: \(wrong.prefix(3).map(\.debugDescription))")
    }
}

/// FNV-1a (Fowler, Noll, Vo) over encodings, as tools/fixtures/reference_tokenizers.py writes it.
struct EncodingHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ number: Int) {
        for shift in stride(from: 0, to: 32, by: 8) {
            value = (value ^ UInt64(truncatingIfNeeded: number >> shift) & 0xFF) &* 0x100_0000_01B3
        }
    }

    mutating func add(_ encoding: Tokenizer.Encoding, words: Bool) {
        for index in encoding.ids.indices {
            add(Int(encoding.ids[index]))
            add(encoding.offsets[index].lowerBound)
            add(encoding.offsets[index].upperBound)
            add(words ? encoding.words[index] ?? -1 : -2)
            add(encoding.special[index] ? 1 : 0)
        }
    }
}
