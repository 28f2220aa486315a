import Foundation
import Testing

@testable import Queue

/// The quick reader against the strict one: where it takes a line, both must make the same of it.
@Suite struct PlainLineTests {
    private func contract() throws -> ItemContract {
        ItemContract(taxonomy: try TestQueue.defaultTaxonomy(), now: TestQueue.start)
    }

    private func strict(_ line: [UInt8], _ contract: ItemContract) -> DescribedItem? {
        guard let value = try? JSONValue(parsing: line) else { return nil }
        return try? contract.describe(value)
    }

    /// Whether the quick reader took the line, after holding what it made of it against the strict reader.
    private func isTaken(_ line: [UInt8], _ contract: ItemContract) -> Bool {
        var reader = PlainLineReader(contract: contract)
        guard let quick = reader.item(line) else { return false }
        let shown = String(decoding: line, as: UTF8.self)
        guard let strict = strict(line, contract) else {
            Issue.record("the strict reader refuses \(shown)")
            return true
        }
        #expect(quick.canonical == strict.canonical, "\(shown)")
        #expect(quick.item == strict.item, "\(shown)")
        #expect(quick.scores == strict.scores, "\(shown)")
        #expect(strict.media.isEmpty && strict.explanations.isEmpty && strict.tensors.isEmpty, "\(shown)")
        return true
    }

    @Test(
        "Plain lines are taken",
        arguments: [
            #"{"id":"a","text":"t"}"#, #"  { "text" : "t" , "id" : "a" }  "#,
            #"{"id":"a","text":"é “x” 日本 \u00e9 \ud83d\ude00 \n\t\"\\\/ \u0000","lang":"en","source":null}"#,
            #"{"id":"a","text":"t","priority":0.25,"created_at":"2026-11-23T10:00:00Z","due_at":null,"flagged_at":"2026-11-23T10:00:00.250+01:00"}"#,
            #"{"id":"a","text":"t","metadata":{"z":1,"a":[1,2.5,-3,true,false,null,{"y":"é","x":""}],"m":{}}}"#,
            #"{"id":"a","text":"t","zebra":[],"author":"x","apple":{"b":1,"a":0.0001},"priority":-0.0}"#,
            #"{"id":"a","text":"t","scores":[{"model":"m@1","policy":"hate","score":1}],"media":null}"#,
            #"{"id":"a","text":"t","scores":[{"policy":"hate","model":"m@1","score":0.5,"threshold":0.7},{"score":0.1,"model":"m@1","policy":"spam"}]}"#,
            "{\"id\":\"a\",\"text\":\"\u{85}\u{202E}\u{2028}\u{7F}\"}",
        ])
    func taken(line: String) throws { #expect(isTaken(Array(line.utf8), try contract()), "\(line)") }

    @Test(
        "What is wrong, rare or names files is left to the strict reader",
        arguments: [
            #"{"id":"a","text":"t","id":"b"}"#, #"{"id":"a","text":"t","metadata":{"x":1,"x":2}}"#, #"{"id":"a"}"#,
            #"{"id":"","text":"t"}"#, #"{"id":"a","text":""}"#, #"{"id":"a","text":"t"} x"#, #"{"id":"a","text":"t""#,
            #"{"id":"a","text":"t","priority":1e3}"#, #"{"id":"a","text":"t","priority":0.10}"#,
            #"{"id":"a","text":"t","priority":01}"#,
            #"{"id":"a","text":"t","priority":1234567890123456789012345678901234567890.5}"#,
            #"{"id":"a","text":"t","priority":0.00001}"#, #"{"id":"a","text":"t","priority":2000000}"#,
            #"{"id":"a","text":"t","x":-0}"#, #"{"id":"a","text":"t","x":1.}"#, #"{"id":"a","text":"t","x":nul}"#,
            #"{"id":"a","text":"\ud83d"}"#, #"{"id":"a","text":"\x"}"#, #"{"id":"a","text":"\u12"}"#,
            #"{"id":"a\u0000","text":"t"}"#, #"{"id":"a","text":"t","flagged_at":"yesterday"}"#,
            #"{"id":"a","text":"t","media":[{"path":"x.png"}]}"#, #"{"id":"a","text":"t","reports":[]}"#,
            #"{"id":"a","text":"t","metadata":{"a":1},"other":2}"#, #"{"id":"a","text":"t","metadata":3}"#,
            #"{"id":"a","text":"t","scores":[{"model":"m@1","policy":"nonsense","score":0.5}]}"#,
            #"{"id":"a","text":"t","scores":[{"model":"m@1","policy":"hate","score":1.5}]}"#,
            #"{"id":"a","text":"t","scores":[{"model":"m","policy":"hate","score":1},{"model":"m","policy":"hate","score":1}]}"#,
            "[1]", "", "\"", "{\"id\":\"a\",\"text\":\"a\u{1}\"}",
        ])
    func left(line: String) throws { #expect(!isTaken(Array(line.utf8), try contract()), "\(line)") }

    @Test("Bytes that are no UTF-8 are left to the strict reader, at the end of a string too")
    func invalid() throws {
        for bytes in [[0xC2], [0xE2], [0xE2, 0x80], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80]] as [[UInt8]] {
            for head in [#"{"id":"a","text":"#, #"{"id":"a","text":"t","x":"#, #"{"text":"t","id":"#] {
                #expect(!isTaken(Array(head.utf8) + [0x22] + bytes + Array("\"}".utf8), try contract()), "\(bytes)")
            }
        }
    }

    @Test("Ten thousand lines with random faults and numbers mean the same to both readers")
    func random() throws {
        let contract = try contract()
        var generator = SplitMix64(seed: 5)
        let pool = [
            #"{"id":"a","text":"t é\n","priority":0.25,"metadata":{"b":12,"a":[0.5,"x"]}}"#,
            #"{"scores":[{"model":"m@1","policy":"hate","score":0.91}],"text":"\u00e9","lang":"en","id":"x"}"#,
            #"{"id":"a","text":"t","zebra":1.5,"apple":{"z":null,"y":true},"author":"b"}"#,
        ].map { Array($0.utf8) }
        let bytes = Array(#"{}[]",:\.0123456789eE-+ untfa"#.utf8) + [0x00, 0x0A, 0x7F, 0x80, 0xC2, 0xE2, 0xFF]
        var taken = 0
        for _ in 0..<10_000 {
            var line = pool.randomElement(using: &generator)!
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                let place = line.indices.randomElement(using: &generator)!
                switch Int.random(in: 0...2, using: &generator) {
                case 0: line[place] = bytes.randomElement(using: &generator)!
                case 1: line.remove(at: place)
                default: line.insert(bytes.randomElement(using: &generator)!, at: place)
                }
            }
            if isTaken(line, contract) { taken += 1 }
            let number = Double.random(in: -2000...2000, using: &generator)
            let digits = String(format: "%.\(Int.random(in: 0...17, using: &generator))f", number)
            if isTaken(Array("{\"id\":\"a\",\"text\":\"t\",\"priority\":\(digits)}".utf8), contract) { taken += 1 }
        }
        #expect(taken > 5000, "\(taken)")
    }
}
