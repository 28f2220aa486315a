import Queue

/// The contact sheet: opening, keys, and the verdict that decides a group.
extension ConsoleState {
    /// Where a dialog returns to: the sheet, if it was opened over that.
    var ground: Mode { sheet == nil ? .review : .sheet }

    mutating func openSheet() -> [Effect] {
        guard let focus else { return [] }
        guard !isVeiled(focus) else {
            say("The group is hidden until you have judged the item once.")
            return []
        }
        sheet = GroupSheet(lead: focus.id)
        mode = .sheet
        // A verdict needs the lease; a look does not wait for it.
        return askForLease() + [.loadGroup(focus.id)]
    }

    mutating func closeSheet() {
        sheet = nil
        if mode == .sheet { mode = .review }
    }

    mutating func take(_ group: ContactGroup?, of id: ItemID) -> [Effect] {
        guard let focus, focus.id == id, sheet?.lead == id, sheet?.work == nil else { return [] }
        guard let group, group.members.count > 1 else {
            closeSheet()
            let later =
                group?.isComplete == false
                ? phrase(" Texts that came in since the last score are not compared yet.") : ""
            say("Nothing in the queue looks or reads like \(name(id)).\(later)")
            return []
        }
        let members = group.members.map { member in
            SheetMember(member, lead: focus, reviewer: reviewer, taxonomy: taxonomy, ascii: !abilities.unicode)
        }
        sheet?.take(members, isCut: group.isCut, isComplete: group.isComplete)
        return []
    }

    // MARK: Keys

    mutating func pressInSheet(_ key: Key) -> [Effect] {
        guard let sheet else { return [] }
        guard sheet.work == nil else {
            if key == .escape {
                self.sheet?.work?.isStopped = true
            } else {
                say("The group is being recorded; esc stops after the item that is on its way.")
            }
            return []
        }
        switch key {
        case .escape, .character("q"):
            if sheet.isLarge { self.sheet?.isLarge = false } else { closeSheet() }
            return []
        case .enter: self.sheet?.isLarge.toggle()
        case .character(" "): exceptSelected()
        case .left: moveInSheet(by: -1)
        case .right: moveInSheet(by: 1)
        case .up: moveInSheet(by: sheet.isLarge ? -1 : -GroupSheetView.columns(size))
        case .down: moveInSheet(by: sheet.isLarge ? 1 : GroupSheetView.columns(size))
        case .home: moveInSheet(by: -sheet.members.count)
        case .end: moveInSheet(by: sheet.members.count)
        default: return runInSheet(key)
        }
        return []
    }

    /// Commands that make sense over a group, by the reviewer's own keys; h j k l where these mean nothing else.
    private mutating func runInSheet(_ key: Key) -> [Effect] {
        let command = keymap.command(for: key)
        if let command, let verdict = command.verdict, verdict != .skip { return run(command) }
        if let digit = command?.policyDigit { return toggle(digit: digit) }
        switch command {
        case .policies: return openPicker(for: nil)
        case .note: return open(.note)
        case .severity:
            mode = .severity
            return []
        case .undo: return takeBackSelected()
        case .grey:
            self.sheet?.isGrey.toggle()
            return []
        case .redraw: return [.redraw]
        case .suspend: return [.suspend]
        case .twins:
            closeSheet()
            return []
        default: break
        }
        switch key {
        case .character("h"): return pressInSheet(.left)
        case .character("j"): return pressInSheet(.down)
        case .character("k"): return pressInSheet(.up)
        case .character("l"): return pressInSheet(.right)
        default:
            say("\(key.label) does nothing on the contact sheet; esc goes back to the item.")
            return []
        }
    }

    private mutating func moveInSheet(by step: Int) {
        guard let sheet, !sheet.members.isEmpty else { return }
        let target = sheet.index + step
        // Up and down stay in their column at the edges.
        guard sheet.members.indices.contains(target) || abs(step) == 1 || abs(step) == sheet.members.count else {
            if step > 0, sheet.index / step < (sheet.members.count - 1) / step {
                self.sheet?.index = sheet.members.count - 1
            }
            return
        }
        self.sheet?.index = min(max(0, target), sheet.members.count - 1)
    }

    private mutating func exceptSelected() {
        guard let member = sheet?.selected else { return }
        switch member.standing {
        case _ where member.id == sheet?.lead: say("The item before you leads the group: esc goes back to it alone.")
        case .waiting:
            let id = member.id
            sheet?.except(id)
        case .held(let holder): say("\(member.name) is held by \(holder): it is left out anyway.")
        case .decided(let decided):
            let undo = decided.isOwn ? keymap.label(for: .undo).map { phrase("; \($0) takes that back") } ?? "" : ""
            say("\(member.name) is decided already: it is left out anyway\(undo).")
        case .handedOn: say("Somebody asked for a look at \(member.name): it is decided by itself.")
        case .restricted: say("\(member.name) is restricted: such items are decided one by one.")
        }
    }

    /// Takes the reviewer's own verdict on the selected member back, and no other.
    private mutating func takeBackSelected() -> [Effect] {
        guard let member = sheet?.selected else { return [] }
        guard case .decided(let decided) = member.standing, decided.isOwn else {
            say("There is no verdict of yours on \(member.name) to take back.")
            return []
        }
        return [.takeBack(decided.decision, reclaiming: false)]
    }

    // MARK: The verdict

    /// Decides the item before the reviewer, and then every member that waits and was not picked out.
    ///
    /// - Parameter isAnswered: whether what cannot be undone downstream has been asked about.
    mutating func judgeGroup(_ verdict: VerdictCommand, isAnswered: Bool = false) -> [Effect] {
        guard let focus, let sheet, let recorded = verdict.recorded else { return [] }
        guard sheet.isRead else {
            say("The group is still being looked for; nothing was recorded.", .bad)
            return []
        }
        guard !sheet.seen.isEmpty else {
            say("The group has not reached your screen yet; nothing was recorded.", .bad)
            return []
        }
        let restricted = taxonomy.first { $0.restricted && focus.choice.chosen.contains($0.id) }
        guard !focus.restricted, recorded == .allow || restricted == nil else {
            let policy = restricted.map { SafeText.line($0.id.rawValue, limit: 40) } ?? phrase("a restricted policy")
            say("What \(policy) is about is decided one by one: nothing was recorded. Esc goes back to the item.", .bad)
            return []
        }
        if needsPicker(verdict, focus) { return openPicker(for: verdict) }
        guard case .held(let lease) = focus.hold else {
            say("\(name(focus.id)) is still being taken: press the key again. Nothing was recorded.", .bad)
            return askForLease()
        }
        if !isAnswered, let asked = ask(about: verdict, focus) { return asked }
        let others = sheet.members.filter { $0.id != sheet.lead }
        let chosen = others.filter { sheet.isIn($0) && sheet.seen.contains($0.id) }
        let unseen = others.filter { sheet.isIn($0) && !sheet.seen.contains($0.id) }
        var lead = draft(recorded, for: focus)
        lead.group = GroupMark(size: chosen.count + 1)
        // What was claimed ahead of need is claimed anew in its turn.
        let given = ahead.filter { next in chosen.contains { $0.id == next.id } }.compactMap(\.lease)
        ahead.removeAll { next in chosen.contains { $0.id == next.id } }
        if !given.isEmpty {
            aheadPreview = PreviewSlot()
            count(pending: given.count, leased: -given.count)
        }
        let left =
            others.filter { !sheet.isIn($0) }.map(\.standing.leftBehind) + unseen.map { _ in phrase("not seen") }
        self.sheet?.work = GroupVerdictWork(
            verdict: recorded, draft: lead, rest: chosen.map(\.id), left: left, total: sheet.members.count)
        self.focus?.hold = .recording(lease)
        mode = .sheet
        sayProgress()
        return (given.isEmpty ? [] : [.release(given)]) + [.decide(lease, lead)]
    }

    /// The lead's decision is durable: the others follow, each with a lease of its own.
    mutating func groupLed(_ receipt: DecisionReceipt) -> [Effect] {
        sheet?.work?.leadDecision = receipt.decision
        sheet?.work?.done.append(receipt.item)
        return nextMember()
    }

    mutating func take(_ outcome: MemberOutcome, of id: ItemID) -> [Effect] {
        guard sheet?.work != nil else { return [] }
        switch outcome {
        case .decided:
            refit.verdicts += 1
            sheet?.work?.done.append(id)
        case .held(let holder):
            let name = holder.map { SafeText.line($0, limit: 40, ascii: !abilities.unicode) } ?? phrase("somebody")
            sheet?.work?.left.append(phrase("held by \(name)"))
        case .decidedBefore: sheet?.work?.left.append(phrase("decided before"))
        case .failed(let failure):
            sheet?.work?.left.append(phrase("not recorded: \(failure.sentence)"))
            sheet?.work?.hasFailed = true
        }
        return nextMember()
    }

    private mutating func nextMember() -> [Effect] {
        guard var work = sheet?.work, let decision = work.leadDecision else { return [] }
        if work.isStopped {
            work.left += Array(repeating: phrase("not reached"), count: work.rest.count)
            work.hasFailed = work.hasFailed || !work.rest.isEmpty
            work.rest = []
        }
        guard !work.rest.isEmpty else { return finish(work) }
        let next = work.rest.removeFirst()
        sheet?.work = work
        sayProgress()
        return [.decideMember(next, work.memberDraft(ledBy: decision))]
    }

    private mutating func sayProgress() {
        guard let work = sheet?.work else { return }
        say("\(work.verdict.past) \(work.done.count) of \(work.draft.group?.size ?? 1) … esc stops")
    }

    private mutating func finish(_ work: GroupVerdictWork) -> [Effect] {
        for id in work.done { list.remove(id) }
        ahead.removeAll { work.done.contains($0.id) }
        count(pending: 1 - work.done.count, leased: -1, decided: work.done.count)
        lastVerdict = work.draft
        lastVerdict?.group = nil
        closeSheet()
        showNext()
        let policies = work.draft.policies.sorted().map { SafeText.line($0.rawValue, limit: 60) }
        let reason = policies.isEmpty ? "" : phrase(" as \(policies.joined(separator: ", "))")
        let left = work.left.isEmpty ? "" : "; \(work.leftInWords)"
        let undo = keymap.label(for: .undo).map { phrase(" · \($0) takes them back") } ?? ""
        say(
            phrase("\(work.verdict.past) \(work.done.count) of \(work.total)\(reason)\(left)\(undo)"),
            work.hasFailed ? .bad : .good)
        return []
    }

    // MARK: Pictures

    /// Asks for the pictures of the members that are on the screen, or of the one that fills it.
    mutating func settleSheet() -> [Effect] {
        guard let sheet, sheet.isRead else { return [] }
        var effects: [Effect] = []
        if sheet.isLarge {
            let wanted = sheet.selected.flatMap { request($0, GroupSheetView.largePicture(of: $0, size)) }
            if self.sheet?.large.want(wanted) == true { effects += wanted.map { [.preview($0)] } ?? [] }
            return effects
        }
        for member in sheet.members[GroupSheetView.visible(sheet, size)] {
            guard let wanted = request(member, GroupSheetView.thumbnail(of: member)) else { continue }
            if self.sheet?.want(wanted, of: member.id) == true { effects.append(.preview(wanted)) }
        }
        return effects
    }

    /// In symbols whatever the terminal can: many small pictures at once are no matter for a graphics protocol.
    private func request(_ member: SheetMember, _ size: CellSize) -> PreviewRequest? {
        guard let media = member.media, size.columns > 0, size.rows > 0 else { return nil }
        var plain = abilities
        plain.graphics = abilities.graphics == .ascii ? .ascii : .symbols
        return PreviewRequest(
            media: media, size: size, overlay: nil, softening: softening(of: member), abilities: plain)
    }

    /// As the item in focus is shown now; the others as policies and the reviewer's own settings have them.
    private func softening(of member: SheetMember) -> Set<Softening> {
        let own = sheet?.isGrey == true ? [.grey] : Set<Softening>()
        if let focus, member.id == focus.id { return softening(of: focus).union(own) }
        return member.softenedBy.union(wellbeing.soften).union(own)
    }
}
