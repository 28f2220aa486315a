import Testing

@testable import Queue

@Suite struct TimestampTests {
    @Test(
        "RFC 3339 times are read to the millisecond",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-23T10:00:00Z", 1_795_428_000_000),
            ("2026-11-23T11:30:00.250+01:30", 1_795_428_000_250), ("2024-02-29T23:59:60Z", 1_709_251_200_000),
            ("1969-12-31T23:59:59.999Z", -1), ("2000-02-29t00:00:00.123456789z", 951_782_400_123),
            ("0000-03-01T00:00:00Z", -62_162_035_200_000),
        ] as [(String, Int64)])
    func reads(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(
        "What is no RFC 3339 time is refused",
        arguments: [
            "", "yesterday", "2026-11-23", "2026-11-23T10:00:00", "2026-11-23 10:00:00Z", "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T10:60:00Z", "2026-11-23T10:00:00.Z",
            "2026-11-23T10:00:00+0100", "2026-11-23T10:00:00Zx", "2026-11-23T10:00:00.5", "+026-11-23T10:00:00Z",
            "2026-11-23T10:00:00+24:00",
        ])
    func refuses(text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test("A time that was written reads back the same")
    func roundTrip() {
        var generator = SplitMix64(seed: 3)
        for _ in 0..<1000 {
            let time = Timestamp(
                milliseconds: Int64.random(in: -62_000_000_000_000...250_000_000_000_000, using: &generator))
            #expect(Timestamp(rfc3339: time.rfc3339) == time, "\(time.rfc3339)")
        }
        #expect(Timestamp(milliseconds: 1_795_428_000_000).rfc3339 == "2026-11-23T10:00:00Z")
        #expect(Timestamp(milliseconds: 1_795_428_000_005).rfc3339 == "2026-11-23T10:00:00.005Z")
    }

    @Test("What an error quotes of hostile text is visible and short")
    func visible() {
        #expect(Visible.text("a\u{1B}[31m\u{202E}b\u{9B}") == "a⟨U+001B⟩[31m⟨U+202E⟩b⟨U+009B⟩")
        #expect(Visible.text(String(repeating: "x", count: 500)).count == 81)
        #expect(Visible.text("Z\u{351}") == "Z⟨U+0351⟩")
    }

    @Test("Ids that Swift finds equal stay apart")
    func itemIDs() {
        #expect(ItemID("\u{E9}") != ItemID("e\u{301}"))
        #expect(Set([ItemID("\u{E9}"), ItemID("e\u{301}"), ItemID("\u{E9}")]).count == 2)
    }
}
