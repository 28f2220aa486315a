import Testing

@testable import Queue

@Suite struct JSONTests {
    @Test(
        "What is read is what the text says",
        arguments: [
            (#"{"a":[1,-2,0.5,1e3,true,false,null,"x"]}"#, #"{"a":[1,-2,0.5,1000.0,true,false,null,"x"]}"#),
            (#"[123456789012345678901234567890,-9223372036854775808,9223372036854775807]"#, nil),
            (#" { "b" : "\u00e9\ud83d\ude00\/\b\f" , "a" : "\\\"" } "#, #"{"b":"é😀/\u0008\u000c","a":"\\\""}"#),
            ("[]", nil), ("{}", nil), ("-0", "-0.0"), ("0.1", nil), ("1e-7", "1e-07"), (#""ÿ€𝄞""#, nil),
        ] as [(String, String?)])
    func reads(text: String, written: String?) throws {
        #expect(try JSONValue(parsing: text).text == written ?? text)
    }

    @Test("Numbers round to the nearest double, as the standard library's own parser does")
    func numbers() throws {
        var generator = SplitMix64(seed: 7)
        for _ in 0..<2000 {
            let digits = String(generator.next())
            let cut = Int.random(in: 1...digits.count, using: &generator)
            let exponent = Int.random(in: -300...290, using: &generator)
            let text = "\(digits.prefix(cut)).\(digits.dropFirst(cut))1e\(exponent)"
            #expect(try JSONValue(parsing: text).double == Double(text), "\(text)")
        }
    }

    @Test(
        "What is wrong is refused with its byte",
        arguments: [
            ("{\"a\":1,\"a\":2}", 8, "twice"), ("{\"id\":\"x\",\"text\":", 18, "too early"), ("[1,]", 4, "value"),
            ("{\"a\" 1}", 6, "colon"), ("[1 2]", 4, "comma"), ("\"abc", 1, "does not end"), ("01", 1, "number"),
            ("1.", 1, "number"), ("-", 1, "number"), ("1e999", 1, "range"), ("\"\\ud800x\"", 2, "surrogate"),
            ("\"\\udc00\"", 2, "surrogate"), ("\"\\q\"", 2, "escape"), ("\"a\u{1}\"", 3, "control"), ("nul", 4, "null"),
            ("1 2", 3, "follows"), ("", 1, "too early"), ("NaN", 1, "value"), ("{1:2}", 2, "key"),
            ("\"\\u12g4\"", 6, "hex"),
        ])
    func refuses(text: String, byte: Int, word: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.byte == byte)
        #expect(error?.reason.contains(word) ?? false, "\(error?.reason ?? "")")
    }

    @Test("A key is a duplicate by its bytes, however many keys there are")
    func duplicateKeys() throws {
        let many = (0..<100).map { "\"key\($0)\":0" }.joined(separator: ",")
        #expect(throws: JSONError.self) { try JSONValue(parsing: "{\(many),\"key50\":1}") }
        #expect(throws: Never.self) { try JSONValue(parsing: "{\(many),\"key500\":1}") }
        #expect(throws: Never.self) { try JSONValue(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2}") }
    }

    @Test("Nesting ends at 64 levels")
    func depth() {
        let nested = { (levels: Int) in String(repeating: "[", count: levels) + String(repeating: "]", count: levels) }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(64)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(65)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "[", count: 1_000_000)) }
    }

    @Test(
        "Invalid UTF-8 is refused with the byte where it starts",
        arguments: [
            ([0xFF], 1), ([0x61, 0xC3], 2), ([0xC0, 0x80], 1), ([0xED, 0xA0, 0x80], 1), ([0xF4, 0x90, 0x80, 0x80], 1),
            ([0xE2, 0x82], 1), ([0xC3, 0xA9, 0x80], 3), ([0xF0, 0x9F, 0x98, 0x41], 1),
        ] as [([UInt8], Int)])
    func invalidUTF8(content: [UInt8], byte: Int) {
        let quote = [UInt8(ascii: "\"")]
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: quote + content + quote) }
        #expect(error == JSONError(reason: "invalid UTF-8", byte: byte + 1))
    }

    @Test("No control, bidirectional or line separator scalar is written as itself")
    func escapes() throws {
        let dangerous =
            Array(UInt32(0)..<0x20) + Array(UInt32(0x7F)...0x9F) + [0x61C, 0x200E, 0x200F, 0x2028, 0x2029]
            + Array(UInt32(0x202A)...0x202E) + Array(UInt32(0x2066)...0x2069)
        for code in dangerous {
            let scalar = try #require(Unicode.Scalar(code))
            let written = JSONValue.string("a\(scalar)b").text
            #expect(!written.unicodeScalars.contains(scalar), "U+\(String(code, radix: 16))")
            #expect(try JSONValue(parsing: written) == .string("a\(scalar)b"))
        }
        #expect(JSONValue.string("\u{9B}31m\u{202E}").text == #""\u009b31m\u202e""#)
        #expect(JSONValue.string("a é\u{A0}€\u{2027}\u{2030}😀").text == "\"a é\u{A0}€\u{2027}\u{2030}😀\"")
    }

    @Test("Canonical text sorts keys by their bytes at every level")
    func canonical() throws {
        let value = try JSONValue(parsing: #"{"b":{"z":1,"a":2},"B":0,"é":[{"y":0,"x":0}]}"#)
        #expect(value.canonicalText == #"{"B":0,"b":{"a":2,"z":1},"é":[{"x":0,"y":0}]}"#)
    }
}
