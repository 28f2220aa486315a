import Queue

/// Undo of what is named, and of a whole group.
extension ConsoleState {
    /// The latest verdict stands on a group: all of it is taken back, the item that led it first, so that it comes before
    /// the reviewer again.
    mutating func takeBack(_ group: [DecisionRecord]) -> [Effect] {
        guard let lead = group.first, let verdict = lead.verdict else {
            undoIsAsked = false
            return []
        }
        groupUndo = GroupUndoWork(rest: Array(group.dropFirst()), total: group.count, verdict: verdict)
        return [.takeBack(lead.decision, reclaiming: true)]
    }

    mutating func tookBack(_ undone: UndoneDecision) -> [Effect] {
        groupUndo?.done.append(undone.item)
        if undone.claim != nil { groupUndo?.claim = undone.claim }
        count(pending: undone.claim == nil ? 1 : 0, leased: undone.claim == nil ? 0 : 1, decided: -1)
        if groupUndo != nil { return takeBackNext() }
        say("Took back “\(undone.verdict.rawValue)” on \(name(undone.item)). It waits in the queue again.", .good)
        return reloadList() + (sheet.map { [.loadGroup($0.lead)] } ?? [])
    }

    mutating func notTakenBack(_ failure: ConsoleFailure) -> [Effect] {
        guard groupUndo != nil else {
            say(failure.sentence, .bad)
            return []
        }
        groupUndo?.left.append(failure.sentence)
        return takeBackNext()
    }

    private mutating func takeBackNext() -> [Effect] {
        guard var work = groupUndo else { return [] }
        if !work.rest.isEmpty {
            let next = work.rest.removeFirst()
            groupUndo = work
            say("Taking back \(work.done.count + work.left.count) of \(work.total) …")
            return [.takeBack(next.decision, reclaiming: false)]
        }
        groupUndo = nil
        undoIsAsked = false
        var effects: [Effect] = []
        var words = "Took back “\(work.verdict.rawValue)” on \(work.done.count) of \(work.total)"
        if let claim = work.claim {
            effects = park()
            ahead.removeAll { $0.id == claim.item.id }
            show(Focus(claim, taxonomy: taxonomy, ascii: !abilities.unicode))
            words += "; \(name(claim.item.id)) is before you again"
        }
        let left = work.left.first.map { ". \(work.left.count) stay: \($0)" } ?? "."
        say(words + left, work.left.isEmpty ? .good : .bad)
        return effects + reloadList()
    }
}
