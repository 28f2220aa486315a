import Queue

/// Groups at a real queue.
extension QueueDesk {
    func group(_ id: ItemID) throws -> ContactGroup? {
        try saying { try store.contactGroup(of: id, reviewer: reviewer) }
    }

    func decide(member id: ItemID, _ draft: DecisionDraft) throws -> MemberOutcome {
        try saying {
            var rules = try store.claimRules()
            rules.lifetime = 60
            let claim: Claim
            do {
                // In whichever line it waits, if the reviewer may take from that; the restricted one is none of them.
                guard let taken = try store.claim(reviewer: reviewer, item: id, rules: rules).first else {
                    return .decidedBefore
                }
                claim = taken
            } catch {
                guard let detail = try store.detail(of: id) else { throw error }
                switch detail.state {
                case .leased: return .held(by: detail.leasedBy)
                case .decided, .awaiting, .gold: return .decidedBefore
                case .pending: throw error
                }
            }
            do {
                return .decided(try store.decide(token: claim.lease.token, draft: draft, reviewer: reviewer))
            } catch {
                // Nothing was recorded: the item waits for others at once.
                try? store.release(token: claim.lease.token)
                throw error
            }
        }
    }

    func latestVerdicts() throws -> [DecisionRecord] {
        try saying { try store.latestVerdicts(of: reviewer) }
    }

    func takeBack(_ decision: String, reclaiming: Bool) throws -> UndoneDecision {
        try saying {
            let undone = try store.undo(
                reviewer: reviewer, decision: decision, reclaiming: reclaiming, lifetime: ConsoleState.leaseSeconds)
            return UndoneDecision(item: undone.receipt.item, verdict: undone.receipt.verdict, claim: undone.claim)
        }
    }
}
