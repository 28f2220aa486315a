import Foundation
import Testing

@testable import ModelCore

@Suite struct JSONDocumentTests {
    @Test func `Strings, numbers and nesting are read as they are written`() throws {
        let text = #" {"a\u00e9\n\ud83d\ude00" : [1, -2.5e2, true, false, null, "\"\\\/", {}], "b": []} "#
        let document = try JSONDocument(Array(text.utf8))
        guard case .object(let members) = document.root, case .array(let values) = members[0].value else {
            Issue.record("not an object with a list")
            return
        }
        #expect(document.string(members[0].key) == "aé\n😀")
        guard case .number(let one) = values[0], case .number(let other) = values[1],
            case .string(let marks) = values[5]
        else {
            Issue.record("not two numbers and a string")
            return
        }
        #expect(one == 1 && other == -250)
        #expect(document.string(marks) == #""\/"#)
    }

    @Test(arguments: [
        ("-9.5424", -9.5424), ("0", 0), ("-0.0", 0), ("1E3", 1000),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("0.1", 0.1), ("1e-400", 0), ("-3.3475959300994873", -3.3475959300994873), ("1e308", 1e308),
    ])
    func `Numbers keep their value`(text: String, expected: Double) throws {
        guard case .array(let values) = try JSONDocument(Array("[\(text)]".utf8)).root,
            case .number(let found) = values[0]
        else {
            Issue.record("not a number")
            return
        }
        #expect(abs(found - expected) <= abs(expected) * 3e-16)
    }

    @Test(arguments: [
        "", "{", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "nul", "tru", "[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[-]",
        "\"\u{1}\"", "\"a",
        #""\x""#, #""\u12""#, #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, "[] []", "[1e999]", "{1:2}", "NaN",
        String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
    ])
    func `What is not JSON is refused`(text: String) {
        #expect(throws: JSONDocument.Fault.self) { try JSONDocument(Array(text.utf8)) }
    }

    @Test func `Bytes that are not UTF-8 are refused`() {
        #expect(throws: JSONDocument.Fault.self) { try JSONDocument([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONDocument.Fault.self) { try JSONDocument([0x22, 0xED, 0xA0, 0x80, 0x22]) }
    }
}
