import Foundation
import Testing

@testable import Queue

@Suite struct IngestTests {
    @Test("Every field of the contract comes back as it was given, unknown keys under metadata")
    func wholeItem() throws {
        let queue = try TestQueue()
        try queue.write("img/1.png", "picture")
        let line = #"""
            {"id":"post-123","text":"a\u0000b é","lang":"en","media":[{"path":"img/1.png"}],"source":"uploads","author":"a9f",
            "created_at":"2026-11-23T10:00:00Z","flagged_at":"2026-11-23T11:00:00+01:00","priority":0.5,
            "due_at":"2026-11-24T10:00:00Z","metadata":{"z":12345678901234567890,"a":null},"likes":[1,2.5],
            "scores":[{"model":"violence@3","policy":"violence/graphic","score":0.93},{"model":"t@1","policy":"hate","score":0.1,"threshold":0.05}],
            "explanations":[{"model":"violence@3","policy":"violence/graphic","method":"legrad","grid":[1,2],"values":[0.5,-1]},
            {"model":"text@2","method":"attention","spans":[[0,3,0.8]],"signed":true}],
            "reports":[{"reason":"hate","reporter":"r"},{"reason":"spam"}]}
            """#.replacingOccurrences(of: "\n", with: "")
        let report = try queue.ingest(["\u{FEFF}" + line, "", "   "])
        #expect(report.added == 1 && report.rejected == 0, "\(report.rejections)")
        let detail = try #require(try queue.another().detail(of: ItemID("post-123")))
        let item = detail.item
        #expect(item.text == "a\u{0}b é" && item.language == "en" && item.source == "uploads" && item.author == "a9f")
        #expect(item.createdAt?.rfc3339 == "2026-11-23T10:00:00Z" && item.flaggedAt == item.createdAt)
        #expect(item.dueAt?.rfc3339 == "2026-11-24T10:00:00Z" && item.priority == 0.5)
        #expect(item.metadata == #"{"a":null,"likes":[1,2.5],"z":12345678901234567890}"#)
        #expect(item.reports == [Report(reason: "hate", reporter: "r"), Report(reason: "spam")])
        let medium = try #require(item.media.first)
        #expect(medium.path == "img/1.png" && medium.byteCount == 7 && medium.sha256.count == 64)
        #expect(try String(contentsOfFile: medium.storedPath, encoding: .utf8) == "picture")
        #expect(
            detail.scores == [
                Score(model: "violence@3", policy: "violence/graphic", value: 0.93),
                Score(model: "t@1", policy: "hate", value: 0.1, threshold: 0.05),
            ])
        #expect(
            detail.explanations == [
                Explanation(
                    model: "violence@3", policy: "violence/graphic", method: "legrad",
                    relevance: .grid(rows: 1, columns: 2, values: [0.5, -1])),
                Explanation(
                    model: "text@2", policy: nil, method: "attention", signed: true,
                    relevance: .spans([Explanation.Span(start: 0, end: 3, weight: 0.8)])),
            ])
    }

    @Test("Media lie on the shelf under their hash, once, unchanged when the original changes")
    func shelf() throws {
        let queue = try TestQueue()
        let original = try queue.write("a.png", "picture")
        try queue.write("b.png", "picture")
        try queue.fill([
            ["id": "a", "media": [["path": "a.png"]]], ["id": "b", "media": [["path": "b.png"], ["path": "a.png"]]],
        ])
        let media = try #require(try queue.store.detail(of: ItemID("b"))).item.media
        #expect(media[0].storedPath == media[1].storedPath && media[0].storedPath.hasPrefix(queue.store.mediaFolder))
        try Data("other".utf8).write(to: URL(fileURLWithPath: original))
        #expect(try String(contentsOfFile: media[0].storedPath, encoding: .utf8) == "picture")
        // The same line over other bytes is other content.
        #expect(try queue.ingest([#"{"id":"a","media":[{"path":"a.png"}]}"#]).rejected == 1)
        let kept = try FileManager.default.subpathsOfDirectory(atPath: queue.store.mediaFolder)
        #expect(kept.allSatisfy { !$0.hasSuffix(".partial") })
    }

    @Test("With link, the original is referred to and nothing copied")
    func link() throws {
        let queue = try TestQueue()
        let original = try queue.write("img/a.png", "picture")
        let report = try queue.ingest([#"{"id":"a","media":[{"path":"img/a.png"}]}"#], IngestOptions(link: true))
        #expect(report.added == 1)
        let medium = try #require(try queue.store.detail(of: ItemID("a"))?.item.media.first)
        #expect(medium.storedPath == URL(fileURLWithPath: original).standardizedFileURL.path)
        #expect(!FileManager.default.fileExists(atPath: queue.store.mediaFolder))
    }

    @Test("Paths are beneath the media root where one is given")
    func mediaRoot() throws {
        let queue = try TestQueue()
        try queue.write("elsewhere/a.png", "picture")
        let line = #"{"id":"a","media":[{"path":"a.png"}]}"#
        #expect(try queue.ingest([line], IngestOptions(mediaRoot: queue.folder + "/elsewhere")).added == 1)
        #expect(
            kind(of: { _ = try queue.ingest([line], IngestOptions(mediaRoot: queue.folder + "/no")) }) == "notFound")
    }

    @Test("A tensor file fills the grid")
    func tensorFile() throws {
        let queue = try TestQueue()
        try queue.write("a.png", "picture")
        try queue.write(
            "attn.npy", npy(header: "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", [1, 2, 3, 4, 5, 6]))
        let line = { (grid: String) in
            #"{"id":"a","media":[{"path":"a.png"}],"explanations":[{"model":"m","method":"x",\#(grid)"file":"attn.npy"}]}"#
        }
        let wrong = try queue.ingest([line("\"grid\":[3,2],")])
        #expect(wrong.rejections.first?.reason == "attn.npy: it is 2 by 3 where the line says 3 by 2")
        #expect(try queue.ingest([line("\"grid\":[2,3],")]).added == 1)
        let explanation = try #require(try queue.store.detail(of: ItemID("a"))?.explanations.first)
        #expect(explanation.relevance == .grid(rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6]))
        // Other bytes in the file are other content of the item.
        try queue.write(
            "attn.npy", npy(header: "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", [0, 2, 3, 4, 5, 6]))
        #expect(try queue.ingest([line("\"grid\":[2,3],")]).rejected == 1)
    }

    @Test(
        "An NPY file that is something else is refused",
        arguments: [
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", 6, "float32"),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 6, "row-major"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 5, "20 bytes"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2000000, 2000000), }", 1, "shape"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }", 1, "shape"),
            ("{'descr': '<f4', 'fortran_order': False, }", 1, "no shape"),
        ])
    func wrongNPY(header: String, count: Int, word: String) throws {
        let bytes = npy(header: header, [Float](repeating: 1, count: count))
        let refusal = #expect(throws: Refusal.self) { try NPY.matrix(bytes) }
        #expect(refusal?.reason.contains(word) ?? false, "\(refusal?.reason ?? "")")
    }

    private func npy(header: String, _ values: [Float]) -> [UInt8] {
        let header = Array(header.utf8) + [0x0A]
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count & 255), UInt8(header.count >> 8)] + header
            + Array(StoredRelevance.floats(values))
    }

    @Test("CSV columns become keys, with quoted line ends and quotes, and bad records refused")
    func csv() throws {
        let queue = try TestQueue()
        try queue.write("a.png", "picture")
        let path = try queue.write(
            "items.csv",
            "id,text,priority,media,scores,shop\r\n"
                + "1,\"two\nlines, \"\"quoted\"\"\",0.5,a.png,\"[{\"\"model\"\":\"\"m\"\",\"\"policy\"\":\"\"hate\"\",\"\"score\"\":0.5}]\",x\r\n"
                + "2,too,few\r\n3,bad \"quote\",,,,\r\n4,plain,,,,\r\n\r\n5,bad number,high,,,\r\n6,\"open")
        let report = try queue.store.ingest(IngestSource.detect(path))
        #expect(report.added == 2)
        #expect(report.rejections.map(\.line) == [4, 5, 8, 9])
        let words = ["3 fields", "malformed CSV", "priority", "does not end"]
        for (rejection, word) in zip(report.rejections, words) {
            #expect(rejection.reason.contains(word), "\(rejection)")
        }
        let detail = try #require(try queue.store.detail(of: ItemID("1")))
        #expect(detail.item.text == "two\nlines, \"quoted\"" && detail.item.priority == 0.5)
        #expect(detail.item.metadata == #"{"shop":"x"}"# && detail.item.media.count == 1 && detail.scores.count == 1)
        for header in ["", "text,lang\n", "id,id\n", "id,\n"] {
            let bad = try queue.write("bad.csv", header)
            #expect(kind(of: { _ = try queue.store.ingest(.csv(path: bad)) }) == "rejected", "\(header)")
        }
    }

    @Test("A folder gives an item for each image, deterministic, links passed over")
    func folder() throws {
        let queue = try TestQueue()
        try queue.write("photos/b.png", "b")
        try queue.write("photos/a/x.JPG", "a")
        try queue.write("photos/notes.txt", "n")
        try queue.write("photos/empty.png", "")
        try FileManager.default.createSymbolicLink(
            atPath: queue.folder + "/photos/link.png", withDestinationPath: "/etc/hostname")
        let report = try queue.store.ingest(IngestSource.detect(queue.folder + "/photos"))
        #expect((report.added, report.ignored, report.rejected) == (2, 2, 1))
        #expect(report.rejections.first?.reason == "empty.png is empty")
        #expect(try queue.store.page(limit: 9).map(\.id) == [ItemID("a/x.JPG"), ItemID("b.png")])
        #expect(try queue.store.ingest(.folder(path: queue.folder + "/photos")).unchanged == 2)
    }

    @Test("Many items come in batches, each with one event, and progress is told")
    func batches() throws {
        let queue = try TestQueue()
        var told: [IngestProgress] = []
        let lines = TestQueue.posts(12_000).map(\.text).joined(separator: "\n")
        let path = try queue.write("items.jsonl", lines)
        let report = try queue.store.ingest(.jsonLines(path: path)) { told.append($0) }
        #expect(report.added == 12_000 && told.map(\.items) == [5000, 10_000, 12_000])
        #expect(told.last?.bytes == Int64(lines.utf8.count) && told.last?.totalBytes == Int64(lines.utf8.count))
        #expect(try queue.store.auditVerify().events == 4)
        #expect(try queue.store.stats().items.pending == 12_000)
    }
}
