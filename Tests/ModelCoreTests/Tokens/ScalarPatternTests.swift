import Testing

@testable import ModelCore

@Suite struct ScalarPatternTests {
    @Test(arguments: [
        (#"\s+"#, "a  b\u{3000}\tc", ["  ", "\u{3000}\t"]),
        (" {2,}", "a b  c   d", ["  ", "   "]),
        (#"\p{N}{1,3}"#, "12345x6", ["123", "45", "6"]),
        (#"[^\s\p{L}\p{N}]+"#, "ab!?, é1-", ["!?,", "-"]),
        (#"(?i:'s|'ll)|x"#, "'S'lL'ſ'm x", ["'S", "'lL", "'ſ", "x"]),
        (#"\s+(?!\S)|\s+"#, "a   b  ", ["  ", " ", "  "]),
        (#"[a\-c]+|\]|[\[-]"#, "a-c]b[", ["a-c", "]", "["]),
        (#"a(?:b|c)d"#, "abd acd ad", ["abd", "acd"]),
        (#"ab?c*"#, "abcc ac a", ["abcc", "ac", "a"]),
        (#"\p{L}+(?=!)"#, "ab! cd", ["ab"]),
    ])
    func `A pattern finds what Oniguruma finds`(pattern: String, text: String, expected: [String]) throws {
        let aligned = text.unicodeScalars.map { AlignedScalar($0, start: 0, end: 0) }
        let found = try ScalarPattern(pattern).matches(in: aligned[...]).map { range in
            String(String.UnicodeScalarView(aligned[range].map(\.scalar)))
        }
        #expect(found == expected)
    }

    @Test(arguments: [
        "", "a*", "(a)", "a|", "^a", "a$", ".", "a+?", "a++", "(?:ab)+", "(?<=a)b", "[a", "a)", "(?:a", #"\d"#, #"\w"#,
        #"\"#,
        "a{3,1}", "a{99999999999}", "[[:alpha:]]", "[a&&b]", "(?!ab)c", #"\p{Lu}"#, "[z-a]", "a{2", "(?i)a",
        String(repeating: "(?:", count: 5000),
        String(repeating: "(?:a|b)", count: 20),
    ])
    func `A pattern that is not understood is refused`(pattern: String) {
        #expect(throws: ScalarPattern.Fault.self) { try ScalarPattern(pattern) }
    }
}
