import Testing

@testable import Queue

@Suite struct EscalationTests {
    private let byRank = ClaimRules(sampleShare: 0)

    private func queue(lines: [QueueLine]) throws -> TestQueue {
        let queue = try TestQueue()
        for line in lines { try queue.store.set(line) }
        try queue.fill(TestQueue.posts(2))
        return queue
    }

    private func line(_ name: String, policies: [PolicyID] = []) throws -> QueueLine {
        QueueLine(name: try #require(QueueName(rawValue: name)), policies: policies)
    }

    private func claim(_ queue: TestQueue, _ reviewer: String, _ line: String? = nil) throws -> Claim? {
        try queue.store.claim(
            reviewer: reviewer, queue: line.flatMap(QueueName.init(rawValue:)), rules: byRank
        ).first
    }

    private func escalate(_ queue: TestQueue, _ reviewer: String, to: String? = nil) throws -> ItemID {
        let claim = try #require(try claim(queue, reviewer))
        let draft = DecisionDraft(
            verdict: .escalate, note: "satire?", escalatesTo: to.flatMap(QueueName.init(rawValue:)))
        return try queue.store.decide(token: claim.lease.token, draft: draft).item
    }

    @Test("Where no line takes escalations, one ends the item as any verdict does")
    func noLine() throws {
        let queue = try queue(lines: [])
        let item = try escalate(queue, "ann")
        #expect(try queue.store.detail(of: item)?.state == .decided)
    }

    @Test("The line for escalations takes them and nothing else; another reviewer sees who asked what, and settles it")
    func line() throws {
        let queue = try queue(lines: [line("escalations")])
        #expect(try queue.store.stats().queues[.escalations]?.pending == 0)
        let item = try escalate(queue, "ann")
        #expect(try queue.store.detail(of: item)?.queue == .escalations)
        #expect(try queue.store.detail(of: item)?.state == .awaiting)
        #expect(try claim(queue, "ann", "escalations") == nil)
        let asked = try #require(try claim(queue, "sue", "escalations"))
        #expect(asked.item.id == item && asked.appeal?.isEscalation == true && asked.appeal?.note == "satire?")
        #expect(asked.appeal?.history.map(\.reviewer) == ["ann"])
        _ = try queue.store.decide(
            token: asked.lease.token, draft: DecisionDraft(verdict: .remove, policies: ["hate"]))
        let history = try queue.store.history(of: item)
        #expect(history.map(\.review) == [.first, .escalated] && history.map(\.isStanding) == [false, true])
        #expect(try queue.store.detail(of: item)?.state == .decided && queue.store.auditVerify().isIntact)
    }

    @Test("A named line takes it instead; one that is not there is refused and nothing recorded")
    func named() throws {
        let queue = try queue(lines: [line("escalations"), line("legal", policies: ["privacy"])])
        #expect(throws: QueueError.self) { try escalate(queue, "ann", to: "nowhere") }
        #expect(try queue.store.decisions().isEmpty)
        let item = try escalate(queue, "ben", to: "legal")
        #expect(try queue.store.detail(of: item)?.queue.rawValue == "legal")
        #expect(try queue.store.reroute() == 0)
        #expect(try claim(queue, "sue", "legal")?.item.id == item)
    }

    @Test("An escalation that is taken back waits where it waited before, and what is restricted stays so")
    func undone() throws {
        let queue = try queue(lines: [line("escalations")])
        let item = try escalate(queue, "ann")
        _ = try queue.store.undo(reviewer: "ann")
        #expect(try queue.store.detail(of: item)?.queue == .default)
        #expect(try queue.store.detail(of: item)?.state == .pending)
        try queue.fill([["id": "r", "text": "x", "scores": [TestQueue.score("sexual/minors", 0.9)]]])
        let claim = try #require(
            try queue.store.claim(reviewer: "sue", queue: .restricted, rules: byRank).first)
        _ = try queue.store.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .escalate))
        #expect(try queue.store.detail(of: "r")?.queue == .restricted)
    }
}
