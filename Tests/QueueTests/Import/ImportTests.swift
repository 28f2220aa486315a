import Foundation
import Testing

@testable import Queue

@Suite struct ImportTests {
    private func queue() throws -> TestQueue {
        let queue = try TestQueue()
        try queue.fill([
            [
                "id": "a", "text": "one 😀 bad words",
                "scores": [TestQueue.score("hate", 0.9), TestQueue.score("spam", 0.1)],
            ],
            ["id": "b", "text": "two", "scores": [TestQueue.score("hate", 0.2)]], ["id": "c", "text": "three"],
            ["id": "held", "text": "four", "scores": [TestQueue.score("sexual/minors", 0.99)]],
        ])
        return queue
    }

    private func take(_ queue: TestQueue, _ format: OutsideFormat, _ text: String) throws -> ImportReport {
        let path = try queue.write("outside", text)
        let report = try queue.store.importDecisions(
            format, from: path, reviewer: "agency", rejects: queue.folder + "/rejects")
        #expect(try queue.store.auditVerify().isIntact)
        return report
    }

    private func decision(_ queue: TestQueue, _ id: String) throws -> DecisionRecord? {
        try queue.store.history(of: ItemID(id)).first
    }

    @Test("CSV with verdicts, or with nothing but labels, becomes verdicts of the outside reviewer")
    func csv() throws {
        let queue = try queue()
        let report = try take(
            queue, .csv,
            #"""
            id,verdict,policies,severity,note
            a,,hate; spam,3,"said ""so"" "
            b,Allow,,,
            c,restrict,"[""spam""]",,

            """#)
        #expect(report.decided == 3 && report.rejected == 0)
        let first = try #require(try decision(queue, "a"))
        #expect(first.verdict == .remove && first.policies == ["hate", "spam"] && first.reviewer == "agency")
        #expect(first.severity == 3 && first.note == #"said "so" "# && first.isStanding)
        let second = try #require(try decision(queue, "b"))
        #expect(second.verdict == .allow)
        #expect(second.labels == ["hate": Label(isViolation: false, origin: .person)], "no score of ours was seen")
        #expect(try decision(queue, "c")?.verdict == .restrict)
    }

    @Test("What cannot be taken is refused with its line and reason, leaves nothing behind, and the rest is kept")
    func refused() throws {
        let queue = try queue()
        let held = try #require(try queue.store.claim(reviewer: "ben", item: "c").first)
        let report = try take(
            queue, .csv,
            """
            id,verdict,policies,severity
            nobody,allow,,
            a,remove,nonsense,
            a,perhaps,,
            held,allow,,
            c,allow,,
            b,remove,hate,9
            b,allow,,
            b,allow,,

            """)
        #expect(report.decided == 1 && report.rejected == 7)
        let reasons = report.rejections.reduce(into: [:]) { $0[$1.line] = $1.reason }
        #expect(reasons[2]?.contains("no item \"nobody\"") == true && reasons[3]?.contains("nonsense") == true)
        #expect(reasons[4]?.contains("no verdict") == true && reasons[5]?.contains("another queue") == true)
        #expect(reasons[6]?.contains("reviewing") == true && reasons[7]?.contains("severity") == true)
        #expect(reasons[9]?.contains("decided already") == true, "\(reasons)")
        // `a` waits as it did, in nobody's hands.
        let claim = try #require(try queue.store.claim(reviewer: "ann", item: "a").first)
        try queue.store.release(token: claim.lease.token)
        #expect(try queue.store.renew(token: held.lease.token).item == "c")
        let lines = try String(contentsOfFile: queue.folder + "/rejects", encoding: .utf8).split(separator: "\n")
        #expect(try JSONValue(parsing: String(lines[0]))["input"] == "nobody,allow,,\n")
    }

    @Test("Label Studio's tasks bring choices, words counted in UTF-16, and regions")
    func labelStudio() throws {
        let queue = try queue()
        let report = try take(
            queue, .labelstudio,
            """
            [{"id":7,"data":{"item_id":"a"},"annotations":[{"was_cancelled":true,"result":[]},{"result":[
               {"from_name":"policies","type":"choices","value":{"choices":["hate"]}},
               {"from_name":"words","type":"labels","value":{"start":7,"end":10,"text":"bad","labels":["hate"]}}]}]},
             {"id":8,"data":{"id":"b"},"annotations":[{"result":[{"from_name":"verdict","value":{"choices":["allow"]}}]}]},
             {"id":9,"data":{"id":"c"},"annotations":[]},
             {"id":10,"data":{"id":"c"},"annotations":[{"result":[]},{"result":[]}]},
             {"id":11,"data":{"id":"c"},"annotations":[{"result":[{"value":{"start":2,"end":90,"labels":["spam"]}}]}]}
            ]
            """)
        #expect(report.decided == 2 && report.ignored == 1 && report.rejected == 2)
        #expect(report.rejections.map(\.line) == [6, 7])
        let first = try #require(try decision(queue, "a"))
        #expect(first.verdict == .remove && first.policies == ["hate"])
        // The emoji is two units and one character.
        #expect(first.rationales == [Rationale(policy: "hate", evidence: .spans([6..<9]), origin: .person)])
        #expect(try decision(queue, "b")?.verdict == .allow && decision(queue, "c") == nil)
        #expect(kind { _ = try take(queue, .labelstudio, "{}") } == "rejected")
    }

    @Test("Prodigy's choices and single labels, answered or not")
    func prodigy() throws {
        let queue = try queue()
        let report = try take(
            queue, .prodigy,
            """
            {"item_id":"a","accept":["hate"],"answer":"accept","spans":[{"start":6,"end":9,"label":"hate"}]}
            {"meta":{"item_id":"b"},"label":"hate","answer":"reject"}
            {"id":"c","accept":["spam"],"answer":"ignore"}
            {"id":"c","answer":"accept"}

            """)
        #expect(report.decided == 2 && report.ignored == 1 && report.rejected == 1)
        #expect(try decision(queue, "a")?.rationales.first?.evidence == .spans([6..<9]))
        #expect(try decision(queue, "b")?.verdict == .allow)
    }

    @Test("What one queue exports another takes back: the same verdicts on the same items")
    func roundTrip() throws {
        let (from, to) = (try queue(), try queue())
        for (id, draft) in [
            (
                "a",
                DecisionDraft(
                    verdict: .remove, policies: ["hate", "spam"],
                    rationales: [Rationale(policy: "hate", evidence: .spans([4..<9]), origin: .person)])
            ),
            ("b", DecisionDraft(verdict: .allow)), ("c", DecisionDraft(verdict: .remove, policies: ["spam"])),
        ] {
            let claim = try #require(try from.store.claim(reviewer: "ann", item: ItemID(id)).first)
            _ = try from.store.decide(token: claim.lease.token, draft: draft)
        }
        for (format, snapshot, file) in [
            (OutsideFormat.labelstudio, SnapshotFormat.labelstudio, "tasks.json"),
            (.prodigy, .prodigy, "annotations.jsonl"), (.csv, .csv, "decisions.csv"),
        ] {
            let out = "\(from.folder)/\(format)"
            _ = try from.store.export(to: out, rules: ExportRules(format: snapshot))
            let report = try to.store.importDecisions(format, from: "\(out)/\(file)", reviewer: "agency")
            #expect(report.decided == 3 && report.rejected == 0, "\(format): \(report.rejections)")
            for id in ["a", "b", "c"] {
                let (sent, came) = (try decision(from, id), try decision(to, id))
                #expect(sent?.verdict == came?.verdict && sent?.policies == came?.policies)
                if format != .csv { #expect(sent?.rationales == came?.rationales) }
            }
            for _ in 0..<3 { _ = try to.store.undo(reviewer: "agency") }
        }
    }
}
