import Queue

/// Verdicts: from the key to the durable decision and back again.
extension ConsoleState {
    /// A verdict or skip was asked for the item on the screen.
    mutating func judge(_ verdict: VerdictCommand) -> [Effect] {
        guard let focus else { return [] }
        leaveZoom()
        if sheet != nil { return judgeGroup(verdict) }
        if verdict != .skip, needsPicker(verdict, focus) { return openPicker(for: verdict) }
        if isVeiled(focus), let call = verdict.recorded { return unveil(focus, after: call) }
        guard case .held(let lease) = focus.hold else {
            if verdict == .skip { return move(by: 1) }
            wait(for: verdict)
            return []
        }
        if verdict == .skip { return setAside(focus, lease) }
        return ask(about: verdict, focus) ?? record(verdict, focus, lease)
    }

    /// The first call of a blind-first review: kept beside the verdict that follows, and what the models say is shown.
    private mutating func unveil(_ focus: Focus, after verdict: Verdict) -> [Effect] {
        let policies = verdict == .allow ? [] : focus.choice.chosen
        self.focus?.firstCall = DecisionDraft.FirstCall(verdict: verdict, policies: policies)
        var choice = PolicyChoice(scores: focus.scores, taxonomy: taxonomy, preselecting: false)
        choice.choose(exactly: policies, taxonomy: taxonomy)
        self.focus?.choice = choice
        let keep = keymap.label(for: .confirm) ?? ":confirm"
        let named = policies.isEmpty ? "" : phrase(" for \(policies.sorted().map(\.rawValue).joined(separator: ", "))")
        say(
            SafeText.line(
                phrase("First call: \(verdict.rawValue)\(named). \(keep) keeps it, a verdict key changes it.")))
        return []
    }

    mutating func confirmFirstCall() -> [Effect] {
        guard let call = focus?.firstCall else {
            say("There is no first call to keep.")
            return []
        }
        return judge(VerdictCommand(call.verdict))
    }

    /// The last verdict again, on this item: its policies, severity and note.
    mutating func repeatLast() -> [Effect] {
        guard let last = lastVerdict, let focus else {
            say("There is no verdict yet to do again.")
            return []
        }
        var choice = focus.choice
        if last.verdict != .allow { choice.choose(exactly: last.policies, taxonomy: taxonomy) }
        self.focus?.choice = choice
        self.focus?.severity = last.severity
        self.focus?.escalatesTo = last.escalatesTo
        self.focus?.note = last.note ?? focus.note
        return judge(VerdictCommand(last.verdict))
    }

    func needsPicker(_ verdict: VerdictCommand, _ focus: Focus) -> Bool {
        (verdict == .remove || verdict == .restrict) && focus.choice.chosen.isEmpty
    }

    mutating func record(_ command: VerdictCommand, _ focus: Focus, _ lease: Lease) -> [Effect] {
        guard let verdict = command.recorded else { return [] }
        self.focus?.hold = .recording(lease)
        say("Recording …")
        return [.decide(lease, draft(verdict, for: focus))]
    }

    /// What is put on record: what the reviewer chose, and truthfully what was on the screen.
    func draft(_ verdict: Verdict, for focus: Focus) -> DecisionDraft {
        // A verdict that waited for its item falls in the moment the item comes: it was given blind.
        let seen = focus.isPainted
        let policies = verdict == .allow ? [] : focus.choice.chosen
        let visible = ScoresView.visibleRows(focus.choice, in: layout(for: focus).side)
        return DecisionDraft(
            verdict: verdict, policies: policies,
            preselected: seen ? focus.choice.confirmed.intersection(policies) : [],
            deselected: focus.choice.dropped, severity: focus.severity, note: focus.note,
            durationMilliseconds: focus.shownAt.map { now - $0 },
            shownScores: seen ? Set(visible.filter { $0.score != nil }.map(\.policy)) : [],
            shownExplanation: seen ? shownExplanation(of: focus) : nil,
            rationales: focus.evidence.rationales, firstCall: focus.firstCall,
            escalatesTo: verdict == .escalate ? focus.escalatesTo : nil)
    }

    /// The explanation a reviewer sees now: on the picture if it is up, else on the words.
    func shownExplanation(of focus: Focus) -> DecisionDraft.ShownExplanation? {
        shownExplanations(of: focus).first.map {
            DecisionDraft.ShownExplanation(
                method: $0.method, policy: $0.policy, confirmed: focus.evidence.isRight(for: focus.explainedPolicy))
        }
    }

    /// Those on the screen: over the picture, then over the words.
    func shownExplanations(of focus: Focus) -> [Explanation] {
        guard explains(focus) else { return [] }
        var pictureIsUp = false
        if case .picture = preview.content { pictureIsUp = preview.shown?.overlay != nil }
        return [pictureIsUp ? focus.gridExplanation : nil, focus.spanExplanation].compactMap { $0 }
    }

    private mutating func setAside(_ focus: Focus, _ lease: Lease) -> [Effect] {
        count(pending: 1, leased: -1)
        say("Set aside \(name(focus.id)) without a verdict. It comes back later.")
        showNext()
        return [.skip(lease)]
    }

    mutating func recorded(_ receipt: DecisionReceipt, _ draft: DecisionDraft) -> [Effect] {
        refit.verdicts += 1
        if sheet?.work != nil { return groupLed(receipt) }
        let policies = draft.policies.sorted().map { SafeText.line($0.rawValue, limit: 60) }
        let reason = policies.isEmpty ? "" : phrase(" for \(policies.joined(separator: ", "))")
        let undo = keymap.label(for: .undo).map { phrase(" · \($0) takes it back") } ?? ""
        say("\(draft.verdict.past) \(name(receipt.item))\(reason)\(undo)", .good)
        lastVerdict = draft
        list.remove(receipt.item)
        count(leased: -1, decided: 1)
        if focus?.id == receipt.item { showNext() }
        return []
    }

    mutating func unrecorded(_ id: ItemID, _ failure: ConsoleFailure) -> [Effect] {
        guard let focus, focus.id == id, case .recording(let lease) = focus.hold else { return [] }
        sheet?.work = nil
        // What was typed behind it counted on it.
        let rest = droppingWaiting()
        switch failure {
        case .leaseLost(let text):
            say(text + rest, .bad)
            showNext()
            return reloadList() + recount()
        case .busy(let text), .failed(let text):
            self.focus?.hold = .held(lease)
            say("\(text) Not recorded: press the key again.\(rest)", .bad)
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
}

extension VerdictCommand {
    init(_ verdict: Verdict) {
        self =
            switch verdict {
            case .allow: .allow
            case .remove: .remove
            case .restrict: .restrict
            case .escalate: .escalate
            }
    }

    /// The verdict it records; nil for skip.
    var recorded: Verdict? { Verdict(rawValue: rawValue) }
}

extension Verdict {
    /// "Removed", for the status line.
    var past: String {
        switch self {
        case .allow: phrase("Allowed")
        case .remove: phrase("Removed")
        case .restrict: phrase("Restricted")
        case .escalate: phrase("Escalated")
        }
    }

    /// "removed", within a sentence.
    var pastWithin: String {
        switch self {
        case .allow: phrase("allowed")
        case .remove: phrase("removed")
        case .restrict: phrase("restricted")
        case .escalate: phrase("escalated")
        }
    }
}
