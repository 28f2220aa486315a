import Foundation
import Testing

@testable import Queue

@Suite struct QueueLineTests {
    private let byRank = ClaimRules(sampleShare: 0)

    private func post(_ id: String, source: String? = nil, lang: String? = nil, scores: [JSONValue] = []) -> JSONValue {
        [
            "id": .string(id), "text": .string("text of \(id)"), "source": .optional(source), "lang": .optional(lang),
            "scores": .array(scores),
        ]
    }

    private func claimed(_ queue: TestQueue, by reviewer: String, from line: QueueName? = nil) throws -> [String] {
        try queue.store.claim(reviewer: reviewer, count: 50, queue: line, rules: byRank).map(\.item.id.rawValue)
    }

    @Test("An item goes to the first line whose every condition it meets")
    func routing() throws {
        let queue = try TestQueue()
        let german = try #require(QueueName(rawValue: "german-hate"))
        let uploads = try #require(QueueName(rawValue: "uploads"))
        try queue.store.set(QueueLine(name: german, policies: ["hate"], languages: ["de"]))
        try queue.store.set(QueueLine(name: uploads, sources: ["uploads"]))
        try queue.fill([
            post("both", source: "uploads", lang: "de-AT", scores: [TestQueue.score("hate/threatening", 0.9)]),
            post("under", source: "uploads", lang: "de", scores: [TestQueue.score("hate", 0.2)]),
            post("dean", lang: "den", scores: [TestQueue.score("hate", 0.9)]),
            post("minor", source: "uploads", scores: [TestQueue.score("sexual/minors", 0.9)]),
        ])
        #expect(try claimed(queue, by: "ann", from: german) == ["both"])
        #expect(try claimed(queue, by: "ann", from: uploads) == ["under"])
        #expect(try claimed(queue, by: "ann", from: .default) == ["dean"])
        #expect(try claimed(queue, by: "ann").isEmpty)
        #expect(try claimed(queue, by: "ann", from: .restricted) == ["minor"])
    }

    @Test("A score that comes later moves a waiting item, and nothing moves a restricted one away")
    func rescoring() throws {
        let queue = try TestQueue()
        let hate = try #require(QueueName(rawValue: "hate"))
        try queue.store.set(QueueLine(name: hate, policies: ["hate"]))
        try queue.fill([post("a"), post("b", scores: [TestQueue.score("sexual/minors", 0.9)])])
        for id in ["a", "b"] as [ItemID] {
            let score = Score(model: "m@1", policy: "hate", value: 0.8, threshold: nil)
            try queue.store.record([ScoredItem(item: id, scores: [score])], model: "m@1")
        }
        #expect(try queue.store.detail(of: "a")?.queue == hate)
        #expect(try queue.store.detail(of: "b")?.queue == .restricted)
    }

    @Test("Rerouting moves what waits when lines come and go, and decided items stay")
    func rerouting() throws {
        let queue = try TestQueue()
        try queue.fill((0..<1500).map { post("post-\($0)", lang: $0 % 3 == 0 ? "fr" : "en") })
        let first = try #require(try queue.store.claim(reviewer: "ann", item: "post-0").first)
        _ = try queue.store.decide(token: first.lease.token, draft: DecisionDraft(verdict: .allow))
        let french = try #require(QueueName(rawValue: "french"))
        try queue.store.set(QueueLine(name: french, languages: ["fr"]))
        #expect(try queue.store.reroute() == 499)
        #expect(try queue.store.counts(of: french).pending == 499)
        let second = try #require(try queue.store.claim(reviewer: "ann", queue: french, rules: byRank).first)
        _ = try queue.store.decide(token: second.lease.token, draft: DecisionDraft(verdict: .allow))
        try queue.store.retire(french)
        // Before the waiting items have moved, nobody is kept from them; afterwards an undo strands nothing.
        let left = try #require(try queue.store.claim(reviewer: "ben", item: "post-6").first)
        try queue.store.release(token: left.lease.token)
        #expect(try queue.store.reroute() == 499 && queue.store.counts(of: .default).pending == 1498)
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try queue.store.counts(of: .default).pending == 1499 && queue.store.stats().items.decided == 1)
        #expect(throws: QueueError.self) { try queue.store.claim(reviewer: "ann", queue: french) }
        #expect(try queue.store.auditVerify().isIntact)
    }

    @Test("Without a line named, a claim takes the most urgent of all lines that the reviewer's skills open")
    func skills() throws {
        let queue = try TestQueue()
        let french = try #require(QueueName(rawValue: "french"))
        try queue.store.set(QueueLine(name: french, languages: ["fr"], skills: ["french"]))
        var lines = TestQueue.posts(4)
        for index in [0, 2] {
            guard case .object(let members) = lines[index] else { continue }
            lines[index] = .object(members + [JSONMember("lang", "fr")])
        }
        try queue.fill(lines)
        #expect(throws: QueueError.self) { try queue.store.claim(reviewer: "ben", queue: french) }
        #expect(throws: QueueError.self) { try queue.store.claim(reviewer: "ben", item: "post-0") }
        #expect(try claimed(queue, by: "ben") == ["post-1", "post-3"])
        try queue.store.setSkills(["french", "law"], of: "ann")
        #expect(try claimed(queue, by: "ann") == ["post-0", "post-2"])
        // Retired, a line keeps its skills for what still waits in it.
        queue.pass(seconds: 10_000)
        try queue.store.retire(french)
        #expect(try claimed(queue, by: "ben") == ["post-1", "post-3"])
        #expect(try claimed(queue, by: "ann") == ["post-0", "post-2"])
    }

    @Test("Uniform draws over several lines take each item alike")
    func drawing() throws {
        let queue = try TestQueue()
        let french = try #require(QueueName(rawValue: "french"))
        try queue.store.set(QueueLine(name: french, languages: ["fr"]))
        try queue.fill((0..<40).map { post("post-\($0)", lang: $0 < 10 ? "fr" : "en") })
        let claims = try queue.store.claim(reviewer: "ann", count: 40, rules: ClaimRules(sampleShare: 1))
        #expect(claims.count == 40 && claims.allSatisfy { $0.sampledWithProbability == 1 })
        // The first ten of a uniform order hold all ten French ones with a chance of one in 800 million.
        #expect(claims.prefix(10).contains { $0.item.language == "en" })
    }

    @Test("An item that is due goes before fresh ones, in either order of arrival")
    func due() throws {
        let queue = try TestQueue()
        let now = TestQueue.start.rfc3339
        let soon = TestQueue.start.adding(seconds: 3600).rfc3339
        let later = TestQueue.start.adding(seconds: 30 * 86_400).rfc3339
        try queue.fill([
            ["id": "fresh", "text": "a", "flagged_at": .string(now), "priority": 1],
            ["id": "due", "text": "b", "flagged_at": .string(now), "due_at": .string(soon)],
            ["id": "far", "text": "c", "flagged_at": .string(now), "due_at": .string(later), "priority": 0.5],
        ])
        #expect(try claimed(queue, by: "ann") == ["due", "fresh", "far"])
    }

    @Test("Every lease leaves its events, and they name neither item nor reviewer")
    func events() throws {
        let queue = try TestQueue()
        try queue.fill(TestQueue.posts(2))
        let claims = try queue.store.claim(reviewer: "secret-ann", count: 2, rules: byRank)
        _ = try queue.store.renew(token: claims[0].lease.token)
        try queue.store.release(token: claims[0].lease.token)
        queue.pass(seconds: 10_000)
        #expect(try queue.store.leases().map(\.isExpired) == [true])
        _ = try queue.store.claim(reviewer: "ben", rules: byRank)
        let events = try queue.store.read { db in
            try String.fetchAll(db, sql: "SELECT kind || body FROM audit_event WHERE seq > 2 ORDER BY seq")
        }
        #expect(events.map { String($0.prefix { $0 != "{" }) } == ["lease", "renew", "release", "expire", "lease"])
        #expect(events.allSatisfy { !$0.contains("secret") && !$0.contains("post") })
        #expect(try queue.store.leases().map(\.reviewer) == ["ben"])
    }

    @Test("A line needs a condition and a name, and the two that are always there keep theirs")
    func refusals() throws {
        let queue = try TestQueue()
        #expect(
            QueueName(rawValue: "Über") == nil && QueueName(rawValue: "") == nil && QueueName(rawValue: "-a") == nil)
        let name = try #require(QueueName(rawValue: "x"))
        #expect(throws: QueueError.self) { try queue.store.set(QueueLine(name: name)) }
        #expect(throws: QueueError.self) { try queue.store.set(QueueLine(name: name, policies: ["no-such"])) }
        #expect(throws: QueueError.self) { try queue.store.set(QueueLine(name: .default, sources: ["a"])) }
        #expect(throws: QueueError.self) { try queue.store.retire(.restricted) }
        try queue.store.set(QueueLine(name: .restricted, skills: ["minors"]))
        #expect(throws: QueueError.self) { try queue.store.claim(reviewer: "ann", queue: .restricted) }
    }
}
