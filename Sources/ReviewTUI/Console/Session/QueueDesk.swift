import Foundation
import Queue

/// The reviewer's desk at a real queue.
struct QueueDesk: ReviewDesk {
    let store: QueueStore
    let reviewer: String
    let queue: QueueName

    func page(_ request: PageRequest) throws -> ListPage {
        try saying {
            // One row more than wanted tells whether there are more.
            let limit = request.limit + 1
            let rows: [ItemSummary]
            switch request.anchor {
            case .first: rows = try page(request, limit: limit)
            case .last: rows = try page(request, going: .backward, limit: limit)
            case .after(let row): rows = try page(request, from: row.cursor, limit: limit)
            case .before(let row): rows = try page(request, from: row.cursor, going: .backward, limit: limit)
            }
            let isWhole = rows.count <= request.limit
            switch request.anchor {
            case .first, .after:
                let isFirst = request.anchor == .first
                return ListPage(
                    rows: rows.prefix(request.limit).map(row), reachesStart: isFirst, reachesEnd: isWhole)
            case .last, .before:
                let isLast = request.anchor == .last
                return ListPage(
                    rows: rows.suffix(request.limit).map(row), reachesStart: isWhole, reachesEnd: isLast)
            }
        }
    }

    private func page(
        _ request: PageRequest, from cursor: ListCursor? = nil, going direction: ListDirection = .forward, limit: Int
    ) throws -> [ItemSummary] {
        try store.page(of: queue, matching: request.matching, from: cursor, going: direction, limit: limit)
    }

    func detail(_ id: ItemID) throws -> ItemContents? {
        try saying {
            guard let detail = try store.detail(of: id), detail.state != .decided else { return nil }
            return ItemContents(item: detail.item, scores: detail.scores, explanations: detail.explanations)
        }
    }

    func claim(_ purpose: ClaimPurpose) throws -> Claim? {
        try saying {
            var rules = try store.claimRules()
            rules.lifetime = ConsoleState.leaseSeconds
            switch purpose {
            case .next, .lighter:
                if purpose == .lighter { rules.interleaving = Interleaving(heavy: Gravity.heavy) }
                return try store.claim(reviewer: reviewer, queue: queue, rules: rules).first
            case .item(let id), .matching(let id):
                // A restricted item is in a queue of its own: naming that queue is asking for it.
                return try store.claim(
                    reviewer: reviewer, queue: queue == .default ? nil : queue, item: id, rules: rules
                ).first
            }
        }
    }

    func renew(_ lease: Lease) throws -> Lease {
        try saying { try store.renew(token: lease.token, lifetime: ConsoleState.leaseSeconds) }
    }

    func release(_ lease: Lease) throws {
        try saying { try store.release(token: lease.token) }
    }

    func skip(_ lease: Lease) throws {
        try saying { try store.release(token: lease.token, skipping: true) }
    }

    func decide(_ lease: Lease, _ draft: DecisionDraft) throws -> DecisionReceipt {
        try saying { try store.decide(token: lease.token, draft: draft, reviewer: reviewer) }
    }

    func undo() throws -> UndoneDecision {
        try saying {
            let undone = try store.undo(
                reviewer: reviewer, reclaiming: true, lifetime: ConsoleState.leaseSeconds)
            return UndoneDecision(item: undone.receipt.item, verdict: undone.receipt.verdict, claim: undone.claim)
        }
    }

    func recordReveal(_ id: ItemID, _ what: RevealedContent) throws {
        try saying { try store.recordReveal(of: id, what, reviewer: reviewer) }
    }

    func twins(_ id: ItemID) throws -> TwinGroup? {
        try saying { try store.twins(of: id) }
    }

    func counts() throws -> QueueCounts {
        try saying {
            let counts = try store.counts(of: queue)
            return QueueCounts(pending: counts.pending, leased: counts.leased, decided: counts.decided)
        }
    }

    func history() throws -> [DecisionRecord] {
        try saying { try store.decisions(reviewer: reviewer, limit: 100) }
    }

    func record(_ exposure: Exposure) throws {
        try saying {
            try store.add(
                exposure, to: LocalDays.name(), keepingFrom: LocalDays.name(before: QueueStore.exposureDays - 1),
                reviewer: reviewer)
        }
    }

    func exposure() throws -> [ExposureDay] {
        try saying {
            let known = try store.exposure(of: reviewer, from: LocalDays.name(before: 6))
            return (0...6).reversed().map { before in
                let day = LocalDays.name(before: before)
                return known.first { $0.day == day } ?? ExposureDay(day: day, exposure: Exposure())
            }
        }
    }

    func work(_ view: WorkView) throws -> WorkReading {
        try saying {
            switch view {
            case .health: return .health(try store.health())
            case .own:
                let days = LocalDays.upToToday(14)
                return .own(
                    try store.ownStatistics(of: reviewer, days: days),
                    daysOfMonth: days.map { LocalDays.dayOfMonth($0) })
            case .calibration: return .calibration(try store.calibrationReading())
            case .agreement: return .agreement(try store.agreementReading())
            }
        }
    }

    func itemHistory(_ id: ItemID, veiled: Bool, ascii: Bool) throws -> ItemHistoryPages? {
        try saying {
            guard let history = try store.itemHistory(of: id, intakeOnly: veiled) else { return nil }
            let author = veiled ? nil : try history.author.map { try store.authorRecord(of: $0, besides: id) }
            return ItemHistoryPages(history, author: author, isVeiled: veiled, reviewer: reviewer, ascii: ascii)
        }
    }

    func dataVersion() throws -> Int {
        try saying { try store.dataVersion() }
    }

    private func row(_ summary: ItemSummary) -> QueueRow {
        let kind: QueueRow.Kind =
            switch summary.kind {
            case .text: .text
            case .media: .picture
            case .both: .both
            }
        return QueueRow(
            id: summary.id, cursor: summary.cursor, snippet: SafeText.line(summary.firstLine ?? "", limit: 80),
            kind: kind, topPolicy: summary.topPolicy, topScore: summary.topScore, flaggedAt: summary.flaggedAt,
            leasedByOther: summary.leasedBy.map { $0 != reviewer } ?? false)
    }

    /// The queue's errors as sentences for the status line.
    func saying<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as QueueError {
            switch error {
            case .leaseLost(let text): throw ConsoleFailure.leaseLost(SafeText.line(text))
            case .busy(let text): throw ConsoleFailure.busy(SafeText.line(text))
            case .usage(let text), .rejected(let text), .notFound(let text), .failed(let text):
                throw ConsoleFailure.failed(SafeText.line(text))
            }
        } catch {
            throw ConsoleFailure.failed(SafeText.line("\(error)"))
        }
    }
}
