import Synchronization

@testable import Queue
@testable import ReviewTUI

/// A queue in memory, for tests of the console alone: items in the order given, one reviewer, leases as tokens.
final class MemoryDesk: ReviewDesk {
    struct State {
        var items: [ItemContents]
        var leases: [String: ItemID] = [:]
        var decisions: [(item: ItemID, draft: DecisionDraft)] = []
        var tokens = 0
        var calls: [String] = []
        /// Thrown by the next call of that name.
        var failures: [String: ConsoleFailure] = [:]
        var takenByOthers: Set<ItemID> = []
        var skipped: Set<ItemID> = []
        var twins: [ItemID: TwinGroup] = [:]
        var exposure = Exposure()
        var work: [WorkView: WorkReading] = [:]
        /// Items that are one group, in this order, whichever of them is asked for.
        var group: [ItemID] = []
        /// How members of it stand that do not wait.
        var standings: [ItemID: ContactGroup.Standing] = [:]
        var itemHistories: [ItemID: ItemHistory] = [:]
        var authors: [String: AuthorRecord] = [:]
    }

    private let state: Mutex<State>

    init(_ items: [ItemContents]) {
        state = Mutex(State(items: items))
    }

    func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
    }

    var decisions: [(item: ItemID, draft: DecisionDraft)] { state.withLock { $0.decisions } }
    var exposed: Exposure { state.withLock { $0.exposure } }
    var calls: [String] { state.withLock { $0.calls } }
    var leased: Set<ItemID> { state.withLock { Set($0.leases.values) } }

    private func call<Value>(_ name: String, _ body: (inout State) throws -> Value) throws -> Value {
        try state.withLock { state in
            state.calls.append(name)
            if let failure = state.failures.removeValue(forKey: name) { throw failure }
            return try body(&state)
        }
    }

    func page(_ request: PageRequest) throws -> ListPage {
        try call("page") { state in
            let wanted = request.matching.canonicalText
            let rows = state.waiting.filter { wanted.isEmpty || ($0.item.text ?? "").contains(wanted) }.map(\.row)
            switch request.anchor {
            case .first:
                let part = Array(rows.prefix(request.limit))
                return ListPage(rows: part, reachesStart: true, reachesEnd: part.count == rows.count)
            case .last:
                let part = Array(rows.suffix(request.limit))
                return ListPage(rows: part, reachesStart: part.count == rows.count, reachesEnd: true)
            case .after(let row):
                let rest = rows.drop { $0.id != row.id }.dropFirst()
                return ListPage(
                    rows: Array(rest.prefix(request.limit)), reachesStart: false,
                    reachesEnd: rest.count <= request.limit)
            case .before(let row):
                let rest = rows.prefix { $0.id != row.id }
                return ListPage(
                    rows: Array(rest.suffix(request.limit)), reachesStart: rest.count <= request.limit,
                    reachesEnd: false)
            }
        }
    }

    func detail(_ id: ItemID) throws -> ItemContents? {
        try call("detail") { state in
            state.items.first { $0.item.id == id }.flatMap { found in
                state.decisions.contains { $0.item == id } ? nil : found
            }
        }
    }

    func claim(_ purpose: ClaimPurpose) throws -> Claim? {
        try call("claim") { state in
            let free = state.waiting.filter { detail in
                !state.leases.values.contains(detail.item.id) && !state.takenByOthers.contains(detail.item.id)
            }
            switch purpose {
            case .next, .lighter:
                if purpose == .lighter { state.calls.append("lighter") }
                let next = free.first { !state.skipped.contains($0.item.id) } ?? free.first
                let light = free.first { $0.scores.allSatisfy { $0.value < 0.5 } }
                return (purpose == .lighter ? light ?? next : next).map { state.lease($0) }
            case .item(let id), .matching(let id):
                if state.takenByOthers.contains(id) { throw ConsoleFailure.busy("\(id) is with another reviewer.") }
                return free.first { $0.item.id == id }.map { state.lease($0) }
            }
        }
    }

    func renew(_ lease: Lease) throws -> Lease {
        try call("renew") { state in
            guard state.leases[lease.token] != nil else { throw ConsoleFailure.leaseLost("The lease is lost.") }
            return Lease(token: lease.token, expiresAt: lease.expiresAt.adding(seconds: 600), item: lease.item)
        }
    }

    func release(_ lease: Lease) throws {
        try call("release") { state in state.leases[lease.token] = nil }
    }

    func recordReveal(_ id: ItemID, _ what: RevealedContent) throws {
        try call("reveal \(what)") { _ in }
    }

    func skip(_ lease: Lease) throws {
        try call("skip") { state in
            state.leases[lease.token] = nil
            state.skipped.insert(lease.item)
        }
    }

    func decide(_ lease: Lease, _ draft: DecisionDraft) throws -> DecisionReceipt {
        try call("decide") { state in
            guard state.leases.removeValue(forKey: lease.token) == lease.item else {
                throw ConsoleFailure.leaseLost("Your lease on \(lease.item) was lost: somebody else has it now.")
            }
            state.decisions.append((lease.item, draft))
            return DecisionReceipt(
                decision: "d \(lease.item)", hash: String(repeating: "0", count: 64), item: lease.item,
                verdict: draft.verdict)
        }
    }

    func undo() throws -> UndoneDecision {
        try call("undo") { state in
            guard let last = state.decisions.popLast() else { throw ConsoleFailure.failed("There is nothing to undo.") }
            let detail = state.items.first { $0.item.id == last.item }
            return UndoneDecision(
                item: last.item, verdict: last.draft.verdict, claim: detail.map { state.lease($0) })
        }
    }

    /// Not among the calls: it follows every claim.
    func twins(_ id: ItemID) throws -> TwinGroup? { state.withLock { $0.twins[id] } }

    func group(_ id: ItemID) throws -> ContactGroup? {
        try call("group") { state in
            let others = state.group.contains(id) ? state.group.filter { $0 != id } : []
            let members = ([id] + others).compactMap { id in
                state.items.first { $0.item.id == id }.map { found in
                    ContactGroup.Member(
                        item: found.item, scores: found.scores, distance: nil, hasSameText: true,
                        standing: state.standing(of: id))
                }
            }
            return ContactGroup(members: members, isCut: false, isComplete: true)
        }
    }

    func decide(member id: ItemID, _ draft: DecisionDraft) throws -> MemberOutcome {
        try call("decide member") { state in
            if state.takenByOthers.contains(id) { return .held(by: "ann") }
            guard state.waiting.contains(where: { $0.item.id == id }) else { return .decidedBefore }
            state.leases = state.leases.filter { $0.value != id }
            state.decisions.append((id, draft))
            return .decided(
                DecisionReceipt(
                    decision: "d \(id)", hash: String(repeating: "0", count: 64), item: id, verdict: draft.verdict))
        }
    }

    func latestVerdicts() throws -> [DecisionRecord] {
        state.withLock { state in
            guard let last = state.decisions.last else { return [] }
            guard let group = last.draft.group else { return [state.record(of: last)] }
            let lead = group.lead ?? "d \(last.item)"
            return state.decisions.filter { $0.draft.group?.lead == lead || "d \($0.item)" == lead }
                .map(state.record)
        }
    }

    func takeBack(_ decision: String, reclaiming: Bool) throws -> UndoneDecision {
        try call("take back") { state in
            guard let index = state.decisions.lastIndex(where: { "d \($0.item)" == decision }) else {
                throw ConsoleFailure.failed("There is nothing to undo.")
            }
            let undone = state.decisions.remove(at: index)
            let detail = state.items.first { $0.item.id == undone.item }
            return UndoneDecision(
                item: undone.item, verdict: undone.draft.verdict,
                claim: reclaiming ? detail.map { state.lease($0) } : nil)
        }
    }

    func counts() throws -> QueueCounts {
        try call("counts") { state in
            QueueCounts(
                pending: state.waiting.count - state.leases.count, leased: state.leases.count,
                decided: state.decisions.count)
        }
    }

    func history() throws -> [DecisionRecord] {
        try call("history") { state in
            state.decisions.reversed().map(state.record)
        }
    }

    func itemHistory(_ id: ItemID, veiled: Bool, ascii: Bool) throws -> ItemHistoryPages? {
        try call("item history") { state in
            guard var history = state.itemHistories[id] else { return nil }
            if veiled { history.entries.removeAll { if case .decided = $0.event { true } else { false } } }
            return ItemHistoryPages(
                history, author: veiled ? nil : history.author.flatMap { state.authors[$0] }, isVeiled: veiled,
                reviewer: "mia", ascii: ascii)
        }
    }

    func record(_ exposure: Exposure) throws {
        try call("exposure") { $0.exposure = $0.exposure + exposure }
    }

    func exposure() throws -> [ExposureDay] {
        try call("account") { state in
            (20...25).map { ExposureDay(day: "2026-11-\($0)", exposure: Exposure()) }
                + [ExposureDay(day: "2026-11-26", exposure: state.exposure)]
        }
    }

    func work(_ view: WorkView) throws -> WorkReading {
        try call("work \(view)") { state in
            guard let reading = state.work[view] else { throw ConsoleFailure.failed("There is nothing to read.") }
            return reading
        }
    }

    func dataVersion() throws -> Int { 1 }
}

extension MemoryDesk.State {
    func record(of decision: (item: ItemID, draft: DecisionDraft)) -> DecisionRecord {
        DecisionRecord(
            decision: "d \(decision.item)", item: decision.item, verdict: decision.draft.verdict,
            policies: decision.draft.policies.sorted(), labels: [:], severity: decision.draft.severity,
            note: decision.draft.note, reviewer: "mia", decidedAt: Timestamp(milliseconds: Sample.start),
            scores: [], group: decision.draft.group, review: .first, isStanding: true, hash: "")
    }

    func standing(of id: ItemID) -> ContactGroup.Standing {
        if let known = standings[id] { return known }
        if takenByOthers.contains(id) { return .held(by: "ann") }
        return decisions.last { $0.item == id }.map { .decided(record(of: $0)) } ?? .waiting
    }

    var waiting: [ItemContents] {
        let decided = Set(decisions.map(\.item))
        return items.filter { !decided.contains($0.item.id) }
    }

    mutating func lease(_ detail: ItemContents) -> Claim {
        tokens += 1
        let token = "token\(tokens)"
        leases[token] = detail.item.id
        return Claim(
            lease: Lease(
                token: token,
                expiresAt: Timestamp(milliseconds: Sample.start + Int64(ConsoleState.leaseSeconds * 1000)),
                item: detail.item.id),
            item: detail.item, scores: detail.scores, explanations: detail.explanations)
    }
}

extension ItemContents {
    var row: QueueRow {
        let top = scores.max { $0.value < $1.value }
        return QueueRow(
            id: item.id, snippet: SafeText.line(String((item.text ?? "").prefix(80))),
            kind: item.media.isEmpty ? .text : item.text == nil ? .picture : .both, topPolicy: top?.policy,
            topScore: top?.value, flaggedAt: item.flaggedAt)
    }
}
