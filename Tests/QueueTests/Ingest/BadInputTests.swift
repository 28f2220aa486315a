import Foundation
import Testing

@testable import Queue

/// One good line, a bad one, a good one: the bad one is refused with its number and reason and the others are kept.
@Suite struct BadInputTests {
    private static func item(_ rest: String) -> String { "{\"id\":\"bad\",\(rest)}" }

    @Test(
        "A bad line is refused with number and reason, and the rest kept",
        arguments: [
            ("{\"id\":\"bad\",\"text\":", "malformed JSON"), ("[1]", "not a JSON object"),
            (item("\"text\":\"a\",\"text\":\"b\""), "twice"), ("{\"text\":\"a\"}", "id: every item needs one"),
            ("{\"id\":\"\",\"text\":\"a\"}", "id: it is empty"), ("{\"id\":7,\"text\":\"a\"}", "id: a text"),
            ("{\"id\":\"\(String(repeating: "x", count: 513))\",\"text\":\"a\"}", "id: it is longer than 512"),
            ("{\"id\":\"a\\u0000b\",\"text\":\"a\"}", "NUL"), ("{\"id\":\"bad\"}", "neither text nor media"),
            (item("\"text\":5"), "text: a text"), (item("\"text\":\"\""), "neither text nor media"),
            (item("\"text\":\"a\",\"flagged_at\":\"yesterday\""), "flagged_at"),
            (item("\"text\":\"a\",\"created_at\":\"2026-02-30T00:00:00Z\""), "created_at"),
            (item("\"text\":\"a\",\"priority\":\"high\""), "priority: a number"),
            (item("\"text\":\"a\",\"priority\":1e300"), "out of range"),
            (item("\"text\":\"a\",\"priority\":1e999"), "range at byte"),
            (item("\"text\":\"a\",\"metadata\":[1]"), "metadata: an object"),
            (item("\"text\":\"a\",\"metadata\":{\"x\":1},\"x\":2"), "both in metadata"),
            (item("\"text\":\"a\",\"scores\":{}"), "scores: a list"),
            (item("\"text\":\"a\",\"scores\":[{\"model\":\"m\",\"policy\":\"rudeness\",\"score\":0.5}]"), "rudeness"),
            (item("\"text\":\"a\",\"scores\":[{\"model\":\"m\",\"policy\":\"hate\",\"score\":1.01}]"), "[0, 1]"),
            (
                item("\"text\":\"a\",\"scores\":[{\"model\":\"m\",\"policy\":\"hate\"}]"),
                "needs model, policy and score"
            ),
            (
                item(
                    "\"text\":\"a\",\"scores\":[{\"model\":\"m\",\"policy\":\"hate\",\"score\":0},{\"model\":\"m\",\"policy\":\"hate\",\"score\":1}]"
                ),
                "two scores"
            ),
            (
                item("\"text\":\"abc\",\"explanations\":[{\"model\":\"m\",\"method\":\"x\",\"spans\":[[0,4,1]]}]"),
                "outside"
            ),
            (
                item("\"text\":\"abc\",\"explanations\":[{\"model\":\"m\",\"method\":\"x\",\"spans\":[[2,2,1]]}]"),
                "outside"
            ),
            (
                item("\"text\":\"abc\",\"explanations\":[{\"model\":\"m\",\"method\":\"x\",\"spans\":[[0,1]]}]"),
                "[start, end"
            ),
            (
                item("\"text\":\"abc\",\"explanations\":[{\"model\":\"m\",\"method\":\"x\",\"spans\":[[0,1,1e39]]}]"),
                "[start, end"
            ),
            (
                item(
                    "\"text\":\"a\",\"explanations\":[{\"model\":\"m\",\"method\":\"x\",\"grid\":[1,1],\"values\":[1]}]"
                ),
                "media number 0 of 0"
            ),
            (item("\"text\":\"a\",\"explanations\":[{\"model\":\"m\",\"method\":\"x\"}]"), "needs grid and values"),
            (item("\"text\":\"a\",\"reports\":[\"hate\"]"), "every entry must be an object"),
            (item("\"media\":[{\"path\":\"none.png\"}]"), "none.png is not there"),
            (item("\"media\":[{\"path\":\"img\"}]"), "img is a directory"),
            (item("\"media\":[{\"path\":\"img/\"}]"), "is a directory"),
            (item("\"media\":[{\"path\":\"empty.png\"}]"), "empty.png is empty"),
            (item("\"media\":[{\"path\":\"../outside.png\"}]"), "outside the folder"),
            (item("\"media\":[{\"path\":\"img/../../outside.png\"}]"), "outside the folder"),
            (item("\"media\":[{\"path\":\"/etc/hostname\"}]"), "/etc/hostname is outside"),
            (item("\"media\":[{\"path\":\"../\u{301}secret.png\"}]"), "leads outside"),
            (item("\"media\":[{\"path\":\"/\u{301}secret.png\"}]"), "is outside"),
            (item("\"media\":[{\"path\":\"link.png\"}]"), "symbolic link"),
            (item("\"media\":[{\"path\":\"linked/real.png\"}]"), "symbolic link"),
            (item("\"media\":[{\"path\":\"pipe\"}]"), "not a regular file"),
            (item("\"media\":[{\"path\":\"real.png/x\"}]"), "not a folder"),
            (item("\"media\":[{\"path\":\"\"}]"), "no usable path"), (item("\"media\":[{}]"), "without a path"),
            (item("\"media\":[{\"path\":\"real.png\",\"sha256\":\"00\"}]"), "SHA-256"),
            (
                item(
                    "\"media\":[{\"path\":\"real.png\"}],\"explanations\":[{\"model\":\"m\",\"method\":\"x\",\"grid\":[2,2],\"values\":[1,2,3]}]"
                ),
                "2 by 2 with 3 values"
            ),
            (
                item(
                    "\"media\":[{\"path\":\"real.png\"}],\"explanations\":[{\"model\":\"m\",\"method\":\"x\",\"grid\":[2,2],\"file\":\"../t.npy\"}]"
                ),
                "outside"
            ),
            (
                item(
                    "\"media\":[{\"path\":\"real.png\"}],\"explanations\":[{\"model\":\"m\",\"method\":\"x\",\"file\":\"real.png\"}]"
                ),
                "not an NPY file"
            ),
            (
                item(
                    "\"media\":[{\"path\":\"real.png\"}],\"explanations\":[{\"model\":\"m\",\"method\":\"x\",\"grid\":[1048577,2],\"values\":[]}]"
                ),
                "[rows, columns]"
            ),
        ])
    func refuses(line: String, word: String) throws {
        let queue = try prepared()
        let rejects = queue.folder + "/rejects.jsonl"
        let report = try queue.ingest(
            ["{\"id\":\"one\",\"text\":\"1\"}", line, "{\"id\":\"three\",\"text\":\"3\"}"],
            IngestOptions(rejects: rejects))
        #expect(report.added == 2 && report.rejected == 1)
        let rejection = try #require(report.rejections.first)
        #expect(rejection.line == 2)
        #expect(rejection.reason.contains(word), "\(rejection.reason)")
        let written = try JSONValue(parsing: String(contentsOfFile: rejects, encoding: .utf8))
        #expect(
            written["line"] == 2 && written["reason"] == .string(rejection.reason) && written["input"] == .string(line))
        #expect(try queue.store.stats().items.pending == 2)
    }

    /// A folder with one of everything that must not be read as a picture.
    private func prepared() throws -> TestQueue {
        let queue = try TestQueue()
        try queue.write("real.png", "bytes of a picture")
        try queue.write("img/inner.png", "bytes")
        try queue.write("empty.png", "")
        try FileManager.default.createSymbolicLink(atPath: queue.folder + "/link.png", withDestinationPath: "real.png")
        try FileManager.default.createSymbolicLink(atPath: queue.folder + "/linked", withDestinationPath: queue.folder)
        try #require(mkfifo(queue.folder + "/pipe", 0o600) == 0)
        return queue
    }

    @Test("Invalid UTF-8 is refused with its byte, and the rejects file keeps the line's bytes")
    func invalidUTF8() throws {
        let queue = try TestQueue()
        let line = Array("{\"id\":\"a\",\"text\":\"x".utf8) + [0xFF] + Array("\"}".utf8)
        let path = try queue.write("items.jsonl", line + [0x0A])
        let rejects = queue.folder + "/rejects.jsonl"
        let report = try queue.store.ingest(.jsonLines(path: path), options: IngestOptions(rejects: rejects))
        #expect(report.rejections == [IngestRejection(line: 1, reason: "invalid UTF-8 at byte 20")])
        let written = try JSONValue(parsing: String(contentsOfFile: rejects, encoding: .utf8))
        #expect(written["input_base64"] == .string(Data(line).base64EncodedString()))
    }

    @Test("A line that is too long is refused and the next one read")
    func longLine() throws {
        let queue = try TestQueue()
        let long = "{\"id\":\"long\",\"text\":\"\(String(repeating: "x", count: 700_000))\"}"
        let report = try queue.ingest([long, "{\"id\":\"b\",\"text\":\"1\"}"], IngestOptions(lineLimit: 600_000))
        #expect(report.added == 1 && report.rejections.first?.reason == "the line is longer than 600000 bytes")
    }

    @Test("What a reason quotes of hostile input is visible")
    func hostileReason() throws {
        let queue = try TestQueue()
        let report = try queue.ingest([
            #"{"id":"a","text":"t","scores":[{"model":"m","policy":"\u001b[31m\u202ex","score":0.5}]}"#,
            #"{"id":"b","media":[{"path":"\u001b]0;owned\u0007.png"}]}"#, "{\"\u{9B}31m\":1,\"\u{9B}31m\":2}",
        ])
        #expect(report.rejected == 3)
        for rejection in report.rejections {
            #expect(rejection.reason.contains("⟨U+"), "\(rejection.reason)")
            #expect(!rejection.reason.unicodeScalars.contains { $0.properties.generalCategory == .control })
        }
    }

    @Test("The same id with the same content is unchanged; with other content it needs update")
    func sameID() throws {
        let queue = try TestQueue()
        try queue.fill([
            ["id": "a", "text": "old", "scores": [TestQueue.score("hate", 0.9)]], ["id": "b", "text": "b"],
        ])
        #expect(try queue.ingest([#"{"text":"b","id":"b"}"#]).unchanged == 1, "the order of keys is no content")
        let changed = [#"{"id":"a","text":"new"}"#]
        let report = try queue.ingest(changed)
        #expect(report.rejected == 1 && report.rejections.first?.reason.contains("--update") ?? false)
        #expect(try queue.ingest(changed, IngestOptions(update: true)).updated == 1)
        let detail = try #require(try queue.store.detail(of: ItemID("a")))
        #expect(detail.item.text == "new" && detail.scores.isEmpty)
        #expect(try queue.ingest(changed).unchanged == 1)
        // The same twice within one batch.
        let twice = try queue.ingest([#"{"id":"c","text":"1"}"#, #"{"id":"c","text":"1"}"#, #"{"id":"c","text":"2"}"#])
        #expect((twice.added, twice.unchanged, twice.rejected) == (1, 1, 1))
    }

    @Test("Nothing is updated under a reviewer or under a verdict")
    func updateUnderReview() throws {
        let queue = try TestQueue()
        try queue.fill([["id": "a", "text": "old"]])
        let claim = try #require(try queue.store.claim(reviewer: "ann").first)
        let update = { try queue.ingest([#"{"id":"a","text":"new"}"#], IngestOptions(update: true)) }
        #expect(try update().rejections.first?.reason.contains("being reviewed") ?? false)
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
        #expect(try update().rejections.first?.reason.contains("is decided") ?? false)
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try update().updated == 1)
    }

    @Test("Strict takes all or nothing, and tells every refusal")
    func strict() throws {
        let queue = try TestQueue()
        let lines = [#"{"id":"a","text":"1"}"#, #"{"id":""}"#, #"{"id":"b","text":"1"}"#, "x"]
        let report = try queue.ingest(lines, IngestOptions(strict: true))
        #expect(report.isRolledBack && report.added == 0 && report.rejections.map(\.line) == [2, 4])
        #expect(try queue.store.stats().items.pending == 0)
        #expect(try queue.store.auditVerify().events == 1, "only the policies' own event")
        #expect(try queue.ingest([lines[0], lines[2]], IngestOptions(strict: true)).added == 2)
    }

    @Test("A source that is not there is not found")
    func missingSource() throws {
        let queue = try TestQueue()
        #expect(kind(of: { _ = try IngestSource.detect(queue.folder + "/no.jsonl") }) == "notFound")
        #expect(kind(of: { _ = try queue.store.ingest(.jsonLines(path: queue.folder + "/no.jsonl")) }) == "notFound")
    }
}
