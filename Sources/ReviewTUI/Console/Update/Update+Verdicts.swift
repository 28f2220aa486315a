import Queue

/// Verdicts: from the key to the durable decision and back again.
extension ConsoleState {
    /// A verdict or skip was asked for: acts on the item on the screen, once that item is this reviewer's.
    mutating func judge(_ command: CommandID) -> [Effect] {
        guard let verdict = command.verdict else { return [] }
        // What the key was meant for is not on the screen yet, and it must never land on another item.
        guard !undoIsAsked, jump == nil else {
            say("Nothing was recorded: press the key again when the item is before you.", .bad)
            return []
        }
        guard let focus, selection == nil else {
            hold(command, for: selection)
            return []
        }
        switch focus.hold {
        case .recording: hold(command, for: ahead.first?.id)
        case .none, .asked:
            if verdict == .skip { return move(by: 1) }
            if needsPicker(verdict, focus) { return openPicker(for: verdict) }
            hold(command, for: focus.id)
        case .held(let lease):
            if verdict == .skip { return setAside(focus, lease) }
            if needsPicker(verdict, focus) { return openPicker(for: verdict) }
            return record(verdict, focus, lease)
        }
        return []
    }

    private func needsPicker(_ verdict: VerdictCommand, _ focus: Focus) -> Bool {
        (verdict == .remove || verdict == .restrict) && focus.choice.chosen.isEmpty
    }

    private mutating func record(_ command: VerdictCommand, _ focus: Focus, _ lease: Lease) -> [Effect] {
        guard let verdict = command.recorded else { return [] }
        self.focus?.hold = .recording(lease)
        say("Recording …")
        return [.decide(lease, draft(verdict, for: focus))]
    }

    /// What is put on record: what the reviewer chose, and truthfully what was on the screen.
    func draft(_ verdict: Verdict, for focus: Focus) -> DecisionDraft {
        // A verdict that waited for its item falls in the moment the item comes: it was given blind.
        let seen = focus.shownAt.map { $0 < now } ?? false
        let policies = verdict == .allow ? [] : focus.choice.chosen
        let visible = ScoresView.visibleRows(focus.choice, in: layout(for: focus).side)
        return DecisionDraft(
            verdict: verdict, policies: policies,
            preselected: seen ? focus.choice.confirmed.intersection(policies) : [],
            deselected: focus.choice.dropped, note: focus.note,
            durationMilliseconds: focus.shownAt.map { now - $0 },
            shownScores: seen ? Set(visible.filter { $0.score != nil }.map(\.policy)) : [],
            shownExplanation: seen ? shownExplanation(of: focus) : nil)
    }

    /// The explanation a reviewer sees now: on the picture if it is up, else on the words.
    func shownExplanation(of focus: Focus) -> DecisionDraft.ShownExplanation? {
        guard explains else { return nil }
        var pictureIsUp = false
        if case .picture = preview.content { pictureIsUp = preview.shown?.overlay != nil }
        let explanation = (pictureIsUp ? focus.gridExplanation : nil) ?? focus.spanExplanation
        return explanation.map { DecisionDraft.ShownExplanation(method: $0.method, policy: $0.policy) }
    }

    private mutating func setAside(_ focus: Focus, _ lease: Lease) -> [Effect] {
        count(pending: 1, leased: -1)
        say("Set aside \(name(focus.id)) without a verdict. It comes back later.")
        showNext()
        return [.skip(lease)]
    }

    mutating func recorded(_ receipt: DecisionReceipt, _ draft: DecisionDraft) -> [Effect] {
        let policies = draft.policies.sorted().map { SafeText.line($0.rawValue, limit: 60) }
        let reason = policies.isEmpty ? "" : " for \(policies.joined(separator: ", "))"
        let undo = keymap.label(for: .undo).map { " · \($0) takes it back" } ?? ""
        say("\(draft.verdict.past) \(name(receipt.item))\(reason)\(undo)", .good)
        list.remove(receipt.item)
        count(leased: -1, decided: 1)
        if focus?.id == receipt.item { showNext() }
        return []
    }

    mutating func unrecorded(_ id: ItemID, _ failure: ConsoleFailure) -> [Effect] {
        guard let focus, focus.id == id, case .recording(let lease) = focus.hold else { return [] }
        held.removeAll()
        switch failure {
        case .leaseLost(let text):
            say(text, .bad)
            showNext()
            return reloadList() + recount()
        case .busy(let text), .failed(let text):
            self.focus?.hold = .held(lease)
            say("\(text) Not recorded: press the key again.", .bad)
            return []
        }
    }

    mutating func undone(_ claim: Claim?, _ verdict: Verdict, _ id: ItemID) -> [Effect] {
        undoIsAsked = false
        var effects: [Effect] = []
        count(pending: claim == nil ? 1 : 0, leased: claim == nil ? 0 : 1, decided: -1)
        if let claim {
            effects = park()
            ahead.removeAll { $0.id == id }
            show(Focus(claim, taxonomy: taxonomy, ascii: !abilities.unicode))
            say("Took back “\(verdict.rawValue)” on \(name(id)). It is before you again.", .good)
        } else {
            say("Took back “\(verdict.rawValue)” on \(name(id)). It waits in the queue again.", .good)
        }
        return effects + reloadList()
    }

    // MARK: Keys that wait

    private mutating func hold(_ command: CommandID, for item: ItemID?) {
        // Two keys at most: more would be typed blind.
        guard held.count < 2 else { return }
        held.append(Held(command: command, item: item))
    }

    /// Plays keys that waited, as far as their items have come.
    mutating func playHeld() -> [Effect] {
        var effects: [Effect] = []
        while let next = held.first, !isQuitting {
            guard let focus else {
                if !nextIsAsked, selection == nil, drySince != nil { held.removeAll() }
                break
            }
            if focus.isRecording || selection != nil && selection == next.item { break }
            if let item = next.item, item != focus.id {
                held.removeFirst()
                say("“\(next.command.rawValue)” was not recorded: \(name(item)) is no longer before you.", .bad)
                continue
            }
            if focus.hold == .asked { break }
            if focus.hold == Focus.Hold.none {
                effects += askForLease()
                break
            }
            held.removeFirst()
            effects += judge(next.command)
        }
        return effects
    }
}

extension VerdictCommand {
    /// The verdict it records; nil for skip.
    var recorded: Verdict? {
        switch self {
        case .allow: .allow
        case .remove: .remove
        case .restrict: .restrict
        case .escalate: .escalate
        case .skip: nil
        }
    }
}

extension Verdict {
    /// "Removed", for the status line.
    var past: String {
        switch self {
        case .allow: "Allowed"
        case .remove: "Removed"
        case .restrict: "Restricted"
        case .escalate: "Escalated"
        }
    }
}
