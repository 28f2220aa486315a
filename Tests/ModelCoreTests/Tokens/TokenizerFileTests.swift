import Foundation
import Testing

@testable import ModelCore

@Suite struct TokenizerFileTests {
    /// Parts of a whole file, of which a test replaces one.
    private static let sound: [(key: String, value: String)] = [
        ("model", #"{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"<s>":3},"merges":["a b"]}"#),
        ("normalizer", #"{"type":"Lowercase"}"#),
        ("pre_tokenizer", #"{"type":"WhitespaceSplit"}"#),
        (
            "post_processor",
            #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],"special_tokens":{"<s>":{"ids":[3]}}}"#
        ),
        ("added_tokens", #"[{"id":3,"content":"<s>","special":true,"normalized":false},{"id":4,"content":"<x>"}]"#),
    ]

    private static func tokenizer(_ key: String = "", _ value: String = "") throws -> Tokenizer {
        let parts = sound.filter { $0.key != key } + (key.isEmpty ? [] : [(key, value)])
        let text = "{\(parts.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ","))}"
        let folder = try Scratch.folder()
        _ = try Scratch.file(text, named: "tokenizer.json", in: folder)
        return try Tokenizer(folder: folder)
    }

    @Test func `A sound file is read`() throws {
        let found = try Self.tokenizer().encode("ABa <x> b")
        #expect(found.ids == [3, 2, 0, 4, 1])
        #expect(found.offsets == [0..<0, 0..<2, 2..<3, 4..<7, 8..<9])
        #expect(found.words == [nil, 0, 0, 1, 2])
    }

    @Test(arguments: [
        ("normalizer", #"{"type":"NFKC"}"#, "normalizer"),
        ("normalizer", #"{"type":"Replace","pattern":{"Regex":"(a)\\1"},"content":""}"#, "normalizer.pattern"),
        (
            "normalizer", #"{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Wash"}]}"#,
            "normalizer.normalizers[1]"
        ),
        ("pre_tokenizer", #"{"type":"UnicodeScripts"}"#, "pre_tokenizer"),
        (
            "pre_tokenizer", #"{"type":"Metaspace","replacement":"_","prepend_scheme":"twice"}"#,
            "pre_tokenizer.prepend_scheme"
        ),
        ("model", #"{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}"#, "model"),
        ("model", #"{"type":"BPE","dropout":0.1,"vocab":{"a":0},"merges":[]}"#, "model.dropout"),
        (
            "model", #"{"type":"BPE","continuing_subword_prefix":"@@","vocab":{"a":0},"merges":[]}"#,
            "model.continuing_subword_prefix"
        ),
        ("added_tokens", #"[{"id":4,"content":"<x>","single_word":true}]"#, "added_tokens[0].single_word"),
        ("post_processor", #"{"type":"Postscript"}"#, "post_processor"),
    ])
    func `What is well-formed and not understood is refused by the field's name`(
        key: String, value: String, field: String
    ) throws {
        do {
            _ = try Self.tokenizer(key, value)
            Issue.record("\(value) was taken")
        } catch TokenizerError.unsupported(_, let named, _, let supported) {
            #expect(named == field)
            #expect(!supported.isEmpty)
        }
    }

    @Test(arguments: [
        ("model", "1"), ("model", "[]"), ("model", "null"), ("model", "{}"),
        ("model", #"{"type":7,"vocab":{},"merges":[]}"#),
        ("model", #"{"type":"BPE","vocab":{},"merges":[]}"#),
        ("model", #"{"type":"BPE","vocab":[],"merges":[]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":-1},"merges":[]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":1e300},"merges":[]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":0.5},"merges":[]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":4294967296},"merges":[]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":"0"},"merges":[]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":0}}"#),
        ("model", #"{"type":"BPE","vocab":{"a":0},"merges":["a b"]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":0},"merges":["a a"]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":0},"merges":["a"]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":0},"merges":[["a"]]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":0},"merges":[7]}"#),
        ("model", #"{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"<unk>"}"#),
        ("model", #"{"type":"BPE","vocab":{"a":0,"<0x00>":1},"merges":[],"byte_fallback":true}"#),
        ("model", #"{"type":"BPE","vocab":{"a":0},"merges":[],"fuse_unk":"yes"}"#),
        ("model", #"{"type":"WordPiece","vocab":{"a":0},"unk_token":"[UNK]"}"#),
        ("model", #"{"type":"WordPiece","vocab":{"[UNK]":0},"max_input_chars_per_word":-1}"#),
        ("model", #"{"type":"WordPiece","vocab":{"[UNK]":0},"max_input_chars_per_word":1e18}"#),
        ("model", #"{"type":"Unigram","vocab":[],"unk_id":0}"#),
        ("model", #"{"type":"Unigram","vocab":[["a",0]]}"#),
        ("model", #"{"type":"Unigram","vocab":[["a",0]],"unk_id":1}"#),
        ("model", #"{"type":"Unigram","vocab":[["a",0]],"unk_id":-1}"#),
        ("model", #"{"type":"Unigram","vocab":[["a"]],"unk_id":0}"#),
        ("model", #"{"type":"Unigram","vocab":[["a","b"]],"unk_id":0}"#),
        ("model", #"{"type":"Unigram","vocab":{"a":0},"unk_id":0}"#),
        ("model", #"{"type":"Unigram","vocab":[["\#(String(repeating: "a", count: 2000))",0]],"unk_id":0}"#),
        ("normalizer", #"{"type":"Precompiled","precompiled_charsmap":"%%%"}"#),
        ("normalizer", #"{"type":"Precompiled","precompiled_charsmap":""}"#),
        ("normalizer", #"{"type":"Precompiled","precompiled_charsmap":"/////w=="}"#),
        ("normalizer", #"{"type":"Precompiled"}"#),
        ("normalizer", #"{"type":"Sequence","normalizers":7}"#),
        ("normalizer", #"{"type":"Replace","pattern":"a","content":"b"}"#),
        (
            "normalizer",
            #"{"type":"Replace","pattern":{"String":"a"},"content":"\#(String(repeating: "b", count: 999))"}"#
        ),
        ("normalizer", "[]"),
        ("pre_tokenizer", #"{"type":"Metaspace","replacement":""}"#),
        ("pre_tokenizer", #"{"type":"Split","pattern":{"String":"a"}}"#),
        ("added_tokens", "{}"), ("added_tokens", "[7]"), ("added_tokens", #"[{"id":3}]"#),
        ("added_tokens", #"[{"id":0,"content":"<s>"}]"#), ("added_tokens", #"[{"id":9,"content":"<x>"}]"#),
        ("added_tokens", #"[{"id":3,"content":"<s>"},{"id":3,"content":"<x>"}]"#),
        ("post_processor", #"{"type":"TemplateProcessing","single":[],"special_tokens":{}}"#),
        (
            "post_processor",
            #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<t>"}}],"special_tokens":{}}"#
        ),
        ("post_processor", #"{"type":"BertProcessing","cls":["<s>"],"sep":["<s>",3]}"#),
        ("post_processor", #"{"type":"BertProcessing","cls":["<s>",1e99],"sep":["<s>",3]}"#),
        ("padding", #"{"pad_id":-1}"#),
    ])
    func `A malformed part is refused, and never a crash`(key: String, value: String) {
        #expect(throws: TokenizerError.self) { try Self.tokenizer(key, value) }
    }

    @Test func `Parts within parts are refused when they go too deep`() {
        for (name, key) in [
            ("normalizer", "normalizers"), ("pre_tokenizer", "pretokenizers"), ("post_processor", "processors"),
        ] {
            var nested = #"{"type":"Sequence","\#(key)":[]}"#
            for _ in 0..<12 { nested = #"{"type":"Sequence","\#(key)":[\#(nested)]}"# }
            #expect(throws: TokenizerError.self) { try Self.tokenizer(name, nested) }
        }
    }

    @Test func `A merge that makes what it is made of comes to an end`() throws {
        // Ids that overlap: every neighbour merges into what it was.
        let vocabulary = #"{"a":0,"b":0,"ab":0,"<s>":3}"#
        let tokenizer = try Self.tokenizer(
            "model", #"{"type":"BPE","vocab":\#(vocabulary),"merges":["a b"]}"#)
        #expect(tokenizer.encode(String(repeating: "ab", count: 1000)).ids == [3, 0])
    }

    @Test func `A normaliser that grows a text without end is stopped`() throws {
        let grow = #"{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaaaaaaaa"}"#
        let tokenizer = try Self.tokenizer(
            "normalizer",
            #"{"type":"Sequence","normalizers":[\#(Array(repeating: grow, count: 30).joined(separator: ","))]}"#)
        #expect(tokenizer.encode("aaaa").ids.count < 200_000)
    }

    @Test func `Hostile names reach an error only as printable characters`() throws {
        do {
            _ = try Self.tokenizer("normalizer", #"{"type":"\u001b[31mred\u202e"}"#)
            Issue.record("it was taken")
        } catch let error as TokenizerError {
            #expect(error.description.unicodeScalars.allSatisfy { (0x20..<0x7F).contains($0.value) })
        }
    }

    @Test func `A folder without a tokenizer says what was looked for`() throws {
        let folder = try Scratch.folder()
        #expect(throws: TokenizerError.self) { try Tokenizer(folder: folder) }
        #expect(throws: TokenizerError.self) { try Tokenizer(folder: folder + "/none") }
    }

    @Test func `Cut and changed bytes of a sound file are refused or read, and never a crash`() throws {
        let whole = Array(
            try Data(
                contentsOf: URL(fileURLWithPath: ReferenceTokenizerTests.checkpoint("roberta") + "/tokenizer.json")))
        var generator = Knuth(state: 11)
        for _ in 0..<60 {
            var bytes = whole
            switch generator.below(3) {
            case 0: bytes.removeSubrange(generator.below(bytes.count)...)
            case 1: for _ in 0..<4 { bytes[generator.below(bytes.count)] = UInt8(generator.below(256)) }
            default:
                let start = generator.below(bytes.count - 100)
                bytes.removeSubrange(start..<start + generator.below(100))
            }
            let folder = try Scratch.folder()
            try Data(bytes).write(to: URL(fileURLWithPath: folder + "/tokenizer.json"))
            _ = try? Tokenizer(folder: folder).encode("Größe 👍🏽")
        }
    }
}

/// A generator with a fixed seed, so that a failure comes again (Knuth's MMIX constants).
struct Knuth {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }

    mutating func below(_ limit: Int) -> Int { limit > 0 ? Int(next() % UInt64(limit)) : 0 }
}
