import Foundation
import Testing

@testable import Queue

@Suite struct FormatTests {
    private func export(_ text: String, safe: Bool) throws -> String {
        let queue = try TestQueue()
        try queue.fill([["id": "a", "text": .string(text)]])
        let claim = try #require(try queue.store.claim(reviewer: "ann").first)
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow, note: "-1"))
        let rules = ExportRules(format: .csv, isSpreadsheetSafe: safe)
        _ = try queue.store.export(to: queue.folder + "/out", rules: rules)
        return try String(contentsOfFile: queue.folder + "/out/decisions.csv", encoding: .utf8)
    }

    @Test("CSV quotes what RFC 4180 asks for, ends records with CRLF and doubles quotes")
    func rfc4180() throws {
        let text = try export("a \"b\", c\nd", safe: false)
        #expect(text.hasPrefix("id,text,lang,") && text.hasSuffix("\r\n"))
        #expect(text.contains("\r\na,\"a \"\"b\"\", c\nd\",,"))
    }

    @Test(
        "A text that a spreadsheet would take for a formula begins with an apostrophe, where that is asked for",
        arguments: [
            "=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "\u{200B}=1", "\u{FF1D}1", "\u{FEFF}@a", "|calc", "%0A",
            "'=1",
        ])
    func formulas(_ text: String) throws {
        func cell(_ safe: Bool) throws -> Bool {
            let written = try export(text, safe: safe)
            return written.contains("\r\na,'\(text),") || written.contains("\r\na,\"'\(text)\",")
        }
        #expect(try cell(true))
        #expect(try !cell(false))
    }

    @Test("Numbers are no formulas, and a harmless text stays as it is")
    func harmless() throws {
        let text = try export("a = b", safe: true)
        #expect(text.contains("\r\na,a = b,") && text.contains(",'-1,"))
    }

    @Test("A shard ends when it is full, its members lie side by side, and no time is in it")
    func shards() throws {
        let folder = try TestQueue.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(40))
        for number in 0..<40 {
            let claim = try #require(try queue.store.claim(reviewer: "ann", item: ItemID("post-\(number)")).first)
            _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        }
        let sink = WebDatasetSink(
            folder: folder, policies: ["hate"], pictures: Pictures(restricted: try RestrictedMedia(of: queue.store)),
            shardSize: 20_000)
        let last = try queue.store.read { try Snapshot(lastEvent: .max, filter: nil).lastDecision(in: $0) }
        #expect(last == 0)
        try queue.store.assignSplits(upTo: 40)
        let rows = SnapshotRows(
            pseudonyms: Pseudonyms(key: queue.store.queueKey),
            shared: try SharedJudgements(upTo: .max, store: queue.store), leastAgreement: nil,
            mediaFolder: queue.store.mediaFolder)
        let writer = try SnapshotWriter(
            Snapshot(lastEvent: .max, filter: nil), path: queue.store.path, maker: rows
        ) { try sink.append($0) }
        try writer.write(upTo: 40) { _ in }
        let files = try sink.finish()
        #expect(files.compactMap(\.rows).reduce(0, +) == 40)
        #expect(files.map(\.name).filter { $0.hasPrefix("train-text-") }.count > 1)
        for file in files {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file.name)"))
            var (offset, names): (Int, [String]) = (0, [])
            while bytes[offset] != 0 {
                let header = Array(bytes[offset..<offset + 512])
                names.append(String(decoding: header.prefix { $0 != 0 }, as: UTF8.self))
                #expect(header[136..<147].allSatisfy { $0 == 0x30 }, "the time is 1970")
                let size = Int(String(decoding: header[124..<135], as: UTF8.self), radix: 8) ?? 0
                offset += 512 + (size + 511) / 512 * 512
            }
            for pair in stride(from: 0, to: names.count, by: 2) {
                #expect(names[pair].dropLast(5) == names[pair + 1].dropLast(4), "json, then txt")
            }
        }
    }
}
