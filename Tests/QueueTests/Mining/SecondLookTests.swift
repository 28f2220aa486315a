import Foundation
import Testing

@testable import Queue

@Suite struct SecondLookTests {
    private func queue(_ lines: [JSONValue]) throws -> TestQueue {
        let queue = try TestQueue()
        try queue.fill(lines)
        return queue
    }

    private func post(_ id: String, _ text: String = "t", hate: Double? = nil) -> JSONValue {
        [
            "id": .string(id), "text": .string(text),
            "scores": .array(hate.map { [TestQueue.score("hate", $0)] } ?? []),
        ]
    }

    @discardableResult
    private func decide(
        _ queue: TestQueue, _ id: ItemID, _ draft: DecisionDraft, as reviewer: String = "ann"
    ) throws -> DecisionRecord {
        let claim = try #require(try queue.store.claim(reviewer: reviewer, item: id).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: draft)
        return try #require(try queue.store.history(of: id).last)
    }

    private let removed = DecisionDraft(verdict: .remove, policies: ["hate"])
    private let allowed = DecisionDraft(verdict: .allow, shownScores: ["hate"])

    private func mine(_ queue: TestQueue, _ strategy: MiningStrategy, dryRun: Bool = false) throws -> [MinedItem] {
        _ = try queue.store.extendTwins(forSeconds: 60)
        return try queue.store.mine(MiningRules(strategy: strategy, count: 50, isDryRun: dryRun)).items
    }

    private func ids(_ items: [MinedItem]) -> [String] { items.map(\.item.rawValue) }

    @Test("Labels of people that a model contradicts are found, the furthest first; the model's own are not")
    func human() throws {
        let queue = try queue([
            post("over", hate: 0.97), post("under", hate: 0.2), post("agrees", hate: 0.9), post("model", hate: 0.1),
            post("unscored"),
        ])
        // Overruled by hand: 0 of a person's, against 0.97.
        try decide(queue, "over", allowed)
        // Chosen by hand against 0.2.
        try decide(queue, "under", removed)
        try decide(queue, "agrees", removed)
        // Left alone under the threshold: the label is the model's own.
        try decide(queue, "model", allowed)
        try decide(queue, "unscored", removed)
        let found = try mine(queue, .human)
        #expect(ids(found) == ["over", "under"])
        #expect(found.map(\.value) == [0.97, 0.8] && found.map(\.verdict) == [.allow, .remove])
        #expect(
            found[0].reason
                == .contradicted(policy: "hate", isViolation: false, model: "upstream@1", probability: 0.97))
    }

    @Test("The second reviewer is another one, is not told, and the verdict carries the strategy; a third decides")
    func rounds() throws {
        let queue = try queue([post("a", hate: 0.97)])
        try decide(queue, "a", allowed)
        #expect(try ids(mine(queue, .human)) == ["a"])
        #expect(try queue.store.detail(of: "a")?.state == .awaiting)
        #expect(try queue.store.claim(reviewer: "ann").isEmpty)
        let second = try #require(try queue.store.claim(reviewer: "ben").first)
        #expect(second.mined == nil && second.appeal == nil && second.sampledWithProbability == nil)
        #expect(try queue.store.items(matching: ItemQuery("mined:human"), limit: 9).items.isEmpty)
        _ = try queue.store.decide(token: second.lease.token, draft: removed)
        #expect(try decide(queue, "a", removed, as: "cem").review == .third)
        let history = try queue.store.history(of: "a")
        #expect(history.map(\.mined) == [nil, .human, .human])
        // Looked at again already.
        #expect(try mine(queue, .human).isEmpty && queue.store.auditVerify().isIntact)
    }

    @Test("A model's name without a version means the newest, unless something is called exactly so")
    func names() throws {
        let scores = ["m@9", "m@10", "bare", "bare@1", "more@1"].map { model -> JSONValue in
            ["model": .string(model), "policy": "hate", "score": 0.5]
        }
        let queue = try queue([["id": "a", "text": "t", "scores": .array(scores)]])
        #expect(try queue.store.modelName("m") == "m@10" && queue.store.modelName("m@9") == "m@9")
        #expect(try queue.store.modelName("bare") == "bare")
        #expect(throws: QueueError.self) { try queue.store.modelName("mor") }
    }

    @Test("Where the second reviewer agrees the item is done and comes up no more")
    func agreed() throws {
        let queue = try queue([post("a", hate: 0.97)])
        try decide(queue, "a", allowed)
        _ = try mine(queue, .human)
        try decide(queue, "a", allowed, as: "ben")
        #expect(try queue.store.detail(of: "a")?.state == .decided)
        #expect(try mine(queue, .human, dryRun: true).isEmpty)
    }

    @Test("An undo of the verdict that was doubted takes the mark away")
    func undone() throws {
        let queue = try queue([post("a", hate: 0.97)])
        try decide(queue, "a", allowed)
        _ = try mine(queue, .human)
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try queue.store.detail(of: "a")?.state == .pending)
        #expect(try decide(queue, "a", allowed).mined == nil)
        #expect(try ids(mine(queue, .human)) == ["a"])
        try decide(queue, "a", removed, as: "ben")
        _ = try queue.store.undo(reviewer: "ben")
        #expect(try decide(queue, "a", removed, as: "ben").mined == .human)
    }

    @Test("What was appealed, escalated, is gold, restricted or waits already is left alone")
    func leftAlone() throws {
        let queue = try queue([
            post("appealed", hate: 0.97), post("settled", hate: 0.97), post("escalated", hate: 0.97),
            post("gold", hate: 0.97), post("waiting", hate: 0.97), post("restricted", hate: 0.1),
            post("plain", hate: 0.97),
        ])
        for id in ["appealed", "settled", "gold", "plain"] { try decide(queue, ItemID(id), allowed) }
        try queue.store.appeal("appealed")
        try queue.store.appeal("settled")
        try decide(queue, "settled", allowed, as: "ben")
        try decide(queue, "escalated", DecisionDraft(verdict: .escalate))
        try queue.store.addGold("gold")
        try decide(queue, "restricted", DecisionDraft(verdict: .remove, policies: ["hate", "sexual/minors"]))
        try queue.store.set(ReviewSettings(secondShare: 1))
        try decide(queue, "waiting", allowed)
        #expect(try ids(mine(queue, .human)) == ["plain"])
    }

    @Test("Equal texts with opposite verdicts are found, and each names the other")
    func texts() throws {
        let queue = try queue([
            post("one", "Buy NOW"), post("two", "buy  now"), post("three", "something else"),
            post("four", "Something  else"),
        ])
        try decide(queue, "one", removed)
        try decide(queue, "two", allowed, as: "ben")
        try decide(queue, "three", removed)
        try decide(queue, "four", removed)
        let found = try mine(queue, .twins)
        #expect(ids(found) == ["one", "two"] && found.map(\.value) == [0.5, 0.5])
        #expect(
            found[0].reason == .twins([MinedItem.Twin(item: "two", verdict: .allow, policies: [])])
                && found[1].reason == .twins([MinedItem.Twin(item: "one", verdict: .remove, policies: ["hate"])]))
        // Each is judged by somebody who has not, and is told of no twins.
        #expect(try queue.store.twins(of: "one")?.twins.isEmpty == true)
        #expect(try queue.store.claim(reviewer: "ann").first?.item.id == "two")
        #expect(try queue.store.claim(reviewer: "ben").first?.item.id == "one")
    }

    @Test("Of many alike the side of few is doubted, and a policy that is named counts alone")
    func minority() throws {
        let queue = try queue((0..<5).map { post("post-\($0)", "the same") } + [post("x", "y"), post("z", "y")])
        for number in 0..<4 { try decide(queue, ItemID("post-\(number)"), allowed) }
        try decide(queue, "post-4", removed)
        try decide(queue, "x", DecisionDraft(verdict: .remove, policies: ["spam"]))
        try decide(queue, "z", allowed)
        _ = try queue.store.extendTwins(forSeconds: 60)
        let hate = try queue.store.mine(MiningRules(strategy: .twins, policy: "hate", isDryRun: true)).items
        #expect(ids(hate) == ["post-4"] && hate[0].value == 0.8)
        #expect(try Set(ids(mine(queue, .twins))) == ["post-4", "x", "z"])
    }

    @Test("Pictures that look alike are found, also beside a restricted one, which is not named")
    func pictures() throws {
        let queue = try TestQueue()
        for name in ["clear", "same", "other"] { try queue.write("img/\(name).png", Array(name.utf8)) }
        try queue.fill(
            ["clear", "same", "other"].map { ["id": .string($0), "media": [["path": .string("img/\($0).png")]]] })
        let hash = try #require(PerceptualHash(bytes: (0..<32).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }))
        let far = try #require(PerceptualHash(bytes: (0..<32).map { UInt8(truncatingIfNeeded: 244 - $0 * 37) }))
        try queue.store.record(
            queue.store.unseenMedia().media.map { medium in
                let isOther = FileManager.default.contents(atPath: medium.storedPath) == Data("other".utf8)
                return (medium, Likeness(hash: isOther ? far : hash, turns: [], quality: 100))
            })
        try decide(queue, "clear", DecisionDraft(verdict: .allow))
        try decide(queue, "same", DecisionDraft(verdict: .remove, policies: ["sexual/minors"]))
        try decide(queue, "other", removed)
        let found = try mine(queue, .twins)
        #expect(ids(found) == ["clear"])
        #expect(found[0].reason == .twins([MinedItem.Twin(item: nil, verdict: .remove, policies: ["sexual/minors"])]))
    }

    @Test("The chain keeps what was mined, with a digest and no names")
    func chain() throws {
        let queue = try queue([post("a-name", hate: 0.97)])
        try decide(queue, "a-name", allowed)
        _ = try mine(queue, .human)
        let body = try queue.store.read {
            try String.fetchOne($0, sql: "SELECT body FROM audit_event WHERE kind = 'mining'") ?? ""
        }
        let event = try JSONValue(parsing: body)
        #expect(event["strategy"] == "human" && event["count"] == 1 && event["digest"]?.string?.count == 64)
        #expect(!body.contains("a-name"))
        #expect(try mine(queue, .human).isEmpty)
        let events = try queue.store.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM audit_event WHERE kind = 'mining'")
        }
        #expect(events == 1)
    }
}
