import Foundation
import Testing

@testable import Queue

@Suite("Rationales: where the evidence is")
struct RationaleTests {
    private let word = Rationale(policy: "hate", evidence: .spans([0..<4, 6..<9]), origin: .person)
    private let box = Rationale(
        policy: "violence/graphic",
        evidence: .boxes([Rationale.Box(x: 0.25, y: 0, width: 0.5, height: 0.125)], media: 0), origin: .person)
    private let map = Rationale(
        policy: nil, evidence: .patches([0, 3], rows: 2, columns: 2, media: 0), origin: .model, isRejected: true)

    private func claimed() throws -> (TestQueue, Claim) {
        let queue = try TestQueue()
        try queue.write("img/1.png", "picture")
        try queue.fill([["id": "post-1", "text": "some words", "media": [["path": "img/1.png"]]]])
        return (queue, try #require(try queue.store.claim(reviewer: "ann").first))
    }

    @Test("what is written is read again")
    func json() throws {
        for rationale in [word, box, map] {
            #expect(try Rationale(JSONValue(parsing: rationale.json.text)) == rationale)
        }
        #expect(word.json.text == #"{"policy":"hate","origin":"person","spans":[[0,4],[6,9]]}"#)
        #expect(
            map.json.text
                == #"{"policy":null,"origin":"model","rejected":true,"media":0,"grid":[2,2],"patches":[0,3]}"#)
    }

    @Test(
        "what cannot be read says what is expected",
        arguments: [
            "{}", "[]", #"{"spans":[[3,3]]}"#, #"{"spans":[[-1,3]]}"#, #"{"spans":[[1.5,3]]}"#, #"{"spans":["a"]}"#,
            #"{"boxes":[[0,0,1]]}"#, #"{"grid":[2],"patches":[0]}"#, #"{"spans":[[0,1]],"origin":"dog"}"#,
        ])
    func unreadable(text: String) {
        #expect(refusal { _ = try Rationale(JSONValue(parsing: text)) }.contains("spans"))
    }

    @Test("they are kept with the decision, exported, and committed to by the chain")
    func kept() throws {
        let (queue, claim) = try claimed()
        let shown = DecisionDraft.ShownExplanation(method: "legrad", policy: "hate", confirmed: false)
        _ = try queue.store.decide(
            token: claim.lease.token,
            draft: DecisionDraft(
                verdict: .remove, policies: ["hate"], shownExplanation: shown, rationales: [word, box, map],
                firstCall: DecisionDraft.FirstCall(verdict: .allow, policies: [])))
        let record = try #require(try queue.store.history(of: claim.item.id).first)
        #expect(record.rationales == [word, box, map])
        #expect(record.shownExplanation?.confirmed == false && record.firstCall?.verdict == .allow)
        let out = queue.folder + "/out"
        _ = try queue.store.export(to: out)
        let row = try JSONValue(parsing: String(contentsOfFile: out + "/decisions.jsonl", encoding: .utf8))
        #expect(row["rationales"]?.array?.map(\.text) == [word, box, map].map(\.json.text))
        #expect(row["explanation"] == ["shown": true, "method": "legrad", "confirmed": false])
        #expect(row["first_call"]?["verdict"] == "allow")
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("one without an explanation on the screen is exported, too")
    func alone() throws {
        let (queue, claim) = try claimed()
        _ = try queue.store.decide(
            token: claim.lease.token, draft: DecisionDraft(verdict: .allow, rationales: [word]))
        _ = try queue.store.export(to: queue.folder + "/out")
        let row = try JSONValue(
            parsing: String(contentsOfFile: queue.folder + "/out/decisions.jsonl", encoding: .utf8))
        #expect(row["explanation"]?["shown"] == false && row["rationales"]?.array?.count == 1)
    }

    @Test(
        "evidence outside the item is refused, and the lease stays",
        arguments: [
            Rationale.Evidence.spans([5..<11]), .spans([]),
            .boxes([Rationale.Box(x: 0.9, y: 0, width: 0.2, height: 1)], media: 0),
            .boxes([Rationale.Box(x: 0, y: 0, width: 0, height: 1)], media: 0),
            .boxes([Rationale.Box(x: 0, y: 0, width: 1, height: 1)], media: 1),
            .patches([4], rows: 2, columns: 2, media: 0), .patches([1, 0], rows: 2, columns: 2, media: 0),
            .patches([0], rows: 0, columns: 2, media: 0),
        ])
    func outside(evidence: Rationale.Evidence) throws {
        let (queue, claim) = try claimed()
        let rationale = Rationale(policy: nil, evidence: evidence, origin: .person)
        #expect(
            refusal {
                _ = try queue.store.decide(
                    token: claim.lease.token, draft: DecisionDraft(verdict: .allow, rationales: [rationale]))
            }.contains("10 scalars"))
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow, rationales: [word]))
    }

    @Test("one for an unknown policy is refused")
    func unknown() throws {
        let (queue, claim) = try claimed()
        let rationale = Rationale(policy: "rudeness", evidence: .spans([0..<4]), origin: .person)
        #expect(
            refusal {
                _ = try queue.store.decide(
                    token: claim.lease.token, draft: DecisionDraft(verdict: .allow, rationales: [rationale]))
            }.contains("rudeness"))
    }
}
