import Foundation
import Testing

@testable import Queue

@Suite struct ItemQueryTests {
    @Test(
        "Queries are read as they are meant, and written in one way",
        arguments: [
            ("", ""), ("  hate  speech ", "hate speech"), ("HATE and Speech", "HATE Speech"),
            ("a b OR c", "a b or c"), ("a (b or c)", "a (b or c)"), ("(a b)(c d)", "a b c d"), ("((a))", "a"),
            ("not a -b not -c", "-a -b --c"), ("-(a b)", "-(a b)"), ("\"see you\"", "\"see you\""),
            (#""say \"no\" \\ \n""#, #""say \"no\" \\ \\n""#),
            ("policy:hate|violence/graphic", "policy:hate|violence/graphic"),
            ("score>0.80", "score>0.8"), ("Score:0.3..0.6", "score:0.3..0.6"), ("score:..0.5", "score<=0.5"),
            ("score(violence/graphic)>=.9", "score(violence/graphic)>=0.9"), ("score:0.5..", "score>=0.5"),
            ("source:\"my app\"|up*", "source:\"my app\"|up*"), ("source:\"up*\"", "source:\"up*\""),
            ("source:\"a b\"*", "source:\"a b\"*"), ("language:de|en-GB", "lang:de|en-GB"),
            ("state:pending|leased", "state:pending|leased"), ("verdict:remove", "verdict:remove"),
            ("age>2d age<=90m age:1h..1.5h age<36h", "age>2d age<=90m age:1h..90m age<36h"),
            ("flagged:2026-01-01..", "flagged:2026-01-01.."), ("flagged:2026-01-01", "flagged:2026-01-01"),
            ("flagged>2026-01-01", "flagged:2026-01-02.."), ("flagged<=2026-01-01", "flagged:..2026-01-01"),
            ("flagged:2026-01-01T10:00:00+01:00", "flagged:2026-01-01T09:00:00Z"), ("has:media|note", "has:media|note"),
            ("view:mine", "view:mine"), ("id:post-1 author:a9f", "id:post-1 author:a9f"), ("仇恨　言论", "仇恨 言论"),
            ("order nothing", "order nothing"), ("\"or\"", "\"or\""), ("10:30", "\"10:30\""), ("3>2", "\"3>2\""),
            ("e\u{301}(a)", "\"e\u{301}\" a"), ("\u{301}\"x\"", "\"\u{301}\" x"),
        ])
    func reading(_ text: String, _ canonical: String) throws {
        let query = try ItemQuery(text)
        #expect(query.canonicalText == canonical)
        #expect(try ItemQuery(query.canonicalText) == query)
    }

    @Test(
        "An error points at the character and says what to write",
        arguments: [
            ("score>x", 6, "a score from 0 to 1"), ("score>1.5", 6, "from 0 to 1"), ("score:0.2..x", 11, "from 0 to 1"),
            ("score:0.6..0.2", 6, "ends before it begins"), ("score()>1", 6, "Name a policy"),
            ("score(hate>1", 12, "ends with a parenthesis"),
            ("a (b", 2, "never closed"), ("a b)", 3, "closes nothing"), ("a ()", 2, "nothing between"),
            ("\"abc", 0, "quote is never closed"), ("a or", 4, "missing"), ("or a", 0, "missing"),
            ("a and or b", 6, "missing"),
            ("- a", 0, "minus"), ("a -", 2, "minus"), ("not", 3, "missing"), ("http://x.y", 0, "no field “http”"),
            ("ab \u{202E}cd evil:x", 7, "no field “evil”"), ("state:open", 6, "pending, leased, awaiting, decided"),
            ("verdict:remove|drop", 15, "allow, remove"), ("source:", 7, "a value"), ("source>3", 6, "colon"),
            ("lang:d*", 6, "star"), ("age>2", 4, "3h or 2d"), ("age:h", 4, "3h or 2d"),
            ("flagged:yesterday", 8, "2026-01-31"),
            ("flagged:2026-02-30", 8, "a day"), ("flagged:2026-02-02..2026-01-01", 8, "ends before"),
            ("score>>1", 5, "comes one of"),
            ("\"\"", 0, "nothing visible"), ("\u{200B}", 0, "nothing visible"), ("view:a|b", 0, "one view"),
            ("é👩\u{200D}🚒 score>x", 11, "from 0 to 1"),
        ])
    func errors(_ text: String, _ offset: Int, _ part: String) {
        do {
            let query = try ItemQuery(text)
            Issue.record("\(query.canonicalText) is no query")
        } catch {
            #expect(error.offset == offset && error.sentence.contains(part), "\(error.offset): \(error)")
        }
    }

    @Test("Depth, length and number of terms have limits that are told")
    func limits() throws {
        for text in [
            String(repeating: "(", count: 40) + "a" + String(repeating: ")", count: 40),
            String(repeating: "-", count: 40) + "a",
            String(repeating: "a ", count: 101), String(repeating: "a", count: 2001),
            "id:" + String(repeating: "a|", count: 200) + "a",
        ] {
            #expect(throws: QuerySyntaxError.self) { try ItemQuery(text) }
        }
        _ = try ItemQuery(String(repeating: "a ", count: 100))
    }

    @Test("Random strings are queries or errors with a place within them, and never end the program")
    func randomStrings() {
        var generator = SplitMix64(seed: 11)
        let pieces = [
            "score", "(", ")", "\"", "\\", ":", ">", "<", "=", "..", "|", "*", "-", "or", "and", "not", " ", "policy:",
            "age",
            "2d", "0.5", "flagged", "2026-01-01", "T00:00:00Z", "é", "\u{301}", "仇恨", "\0", "\u{202E}", "\u{200D}", "👩",
            "a",
            "state:", "pending", "view:", "9999999999999999999999", "-0.0", "1e-5", "\n", "\u{3000}", "𝓯", "source:",
            "has:",
        ]
        var queries = 0
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            do {
                let query = try ItemQuery(text)
                queries += 1
                let again = try ItemQuery(query.canonicalText)
                #expect(again == query && again.canonicalText == query.canonicalText, "\(text)")
            } catch {
                #expect((0...text.unicodeScalars.count).contains(error.offset), "\(text)")
            }
        }
        #expect(queries > 500 && queries < 19_000, "both outcomes were tried: \(queries)")
    }
}
