import Queue

/// The console's only way to change: takes one event into the state, and says what is to be done about it.
///
/// Pure: no clock, no disk, no terminal. What takes time is returned as effects, whose outcomes come back as events.
///
/// - Parameter now: milliseconds since 1970.
func update(_ state: inout ConsoleState, _ event: ConsoleEvent, at now: Int64) -> [Effect] {
    state.measure(until: now)
    state.now = now
    let wasQuitting = state.isQuitting
    let before = state.focus?.id
    var effects = wasQuitting ? state.takeLeaving(event) : state.take(event)
    if let before, state.focus?.id != before { state.closeDialogOfAnotherItem() }
    if !state.isQuitting { effects += state.settle() }
    state.countClaims(event, effects)
    // The last thing that is done, once: after every lease that was asked for is given back.
    if state.isQuitting, state.claimsUnderWay == 0, !wasQuitting || event.endsClaim { effects.append(.quit) }
    return effects
}

extension ConsoleEvent {
    /// Whether it answers a claim, or an undo, which claims.
    fileprivate var endsClaim: Bool {
        switch self {
        case .claimed, .claimFailed, .undone, .undoFailed, .groupStands, .tookBack, .takeBackFailed: true
        default: false
        }
    }
}

extension Effect {
    fileprivate var claims: Bool {
        switch self {
        case .claim, .undo, .takeBack: true
        default: false
        }
    }
}

extension ConsoleState {
    fileprivate mutating func countClaims(_ event: ConsoleEvent, _ effects: [Effect]) {
        claimsUnderWay += effects.filter(\.claims).count - (event.endsClaim ? 1 : 0)
    }

    /// Nobody sees any more what comes: leases that were still on their way go back, and nothing else is begun.
    fileprivate func takeLeaving(_ event: ConsoleEvent) -> [Effect] {
        switch event {
        case .claimed(let claim?, _), .undone(let claim?, _, _): [.release([claim.lease])]
        case .tookBack(let undone): undone.claim.map { [.release([$0.lease])] } ?? []
        default: []
        }
    }

    /// What was opened over one item must not be confirmed over another. Another command's line, the filter and the help belong to
    /// none.
    fileprivate mutating func closeDialogOfAnotherItem() {
        let hadSheet = sheet != nil
        sheet = nil
        switch mode {
        case .policies, .marking, .severity, .question, .reasons, .sheet, .itemHistory: break
        case .prompt(let prompt) where prompt.purpose.isAboutItem: break
        // A line that begins with what an item needs was meant for the one that was there.
        case .prompt(let prompt) where prompt.purpose == .command:
            guard CommandID(rawValue: Self.completed(Self.parts(prompt.text).name))?.need == .item else { return }
        default: if !hadSheet { return }
        }
        mode = .review
        status = StatusLine(
            text: [status.text, phrase("What was open for the item before is closed.")].joined(separator: " "),
            tone: .bad)
    }

    mutating func take(_ event: ConsoleEvent) -> [Effect] {
        switch event {
        case .started(let item): return start(with: item)
        case .key(let key): return comeBack() + press(key)
        case .paste(let text): return comeBack() + paste(text)
        case .line(let text): return comeBack() + carryOut(line: text)
        case .resized(let size):
            self.size = size
            return [.redraw]
        case .mouse(let event): return comeBack() + point(event)
        case .painted(let frame):
            if let item = frame.item, focus?.id == item { focus?.isPainted = true }
            sheet?.saw(frame.members)
            if let question = frame.question { saw(question) }
            return []
        case .abilities(let found):
            abilities = found
            return []
        case .page(let page, let request):
            // The answer to a filter that was left meanwhile.
            guard request.matching == filter else { return [] }
            list.take(page, for: request)
            guard jump == request.anchor else { return [] }
            jump = nil
            return select(request.anchor == .first ? 0 : list.rows.count - 1)
        case .pageFailed(let request, let failure):
            guard request.matching == filter else { return [] }
            list.giveUp(request)
            say(failure.sentence, .bad)
            return []
        case .detailFailed(let id, let failure):
            nearby?.asked.remove(id)
            guard selection == id else { return [] }
            selection = nil
            say(failure.sentence, .bad)
            return []
        case .detail(let found, let id): return show(detail: found, of: id)
        case .dwelled(let id): return focus?.id == id && !isPaused ? askForLease() : []
        case .claimed(let claim, let purpose): return take(claim, for: purpose)
        case .claimFailed(let purpose, let failure): return fail(purpose, failure)
        case .renewed(let lease): return renewed(lease)
        case .renewFailed(let lease, let failure): return lose(lease, failure)
        case .decided(let receipt, let draft): return recorded(receipt, draft)
        case .decideFailed(let id, let failure): return unrecorded(id, failure)
        case .undone(let claim, let verdict, let id): return undone(claim, verdict, id)
        case .groupStands(let group): return takeBack(group)
        case .tookBack(let undone): return tookBack(undone)
        case .takeBackFailed(let failure): return notTakenBack(failure)
        case .undoFailed(let failure):
            undoIsAsked = false
            status = StatusLine(text: failure.sentence, tone: .bad)
            return []
        case .failed(let failure):
            status = StatusLine(text: failure.sentence, tone: .bad)
            return []
        case .preview(let content, let request):
            preview.take(content, for: request)
            zoomPreview.take(content, for: request)
            sheet?.take(content, for: request)
            aheadPreview.take(content, for: request)
            return []
        case .revealed(let id, let what):
            guard focus?.id == id else { return [] }
            if let softening = what.softening { focus?.turned[softening] = false } else { focus?.revealed = true }
            return []
        case .twins(let lines, let id):
            if focus?.id == id { focus?.twins = lines }
            return []
        case .group(let group, let id): return take(group, of: id)
        case .groupFailed(let id, let failure):
            guard sheet?.lead == id, sheet?.work == nil else { return [] }
            if sheet?.isRead == false { closeSheet() }
            say(failure.sentence, .bad)
            return []
        case .memberDecided(let outcome, let id): return take(outcome, of: id)
        case .counts(let counts):
            self.counts = counts
            countedAt = now
            return []
        case .history(let records):
            if opensNow(.history) { mode = .history(records, selected: 0) }
            return []
        case .exposure(let days):
            if opensNow(.wellbeing) { mode = .wellbeing(days) }
            return []
        case .exposureUnsaved(let exposure):
            meter.unsaved = meter.unsaved + exposure
            return []
        case .itemHistory(let pages, let id): return take(pages, of: id)
        case .refitted(let news): return take(news)
        case .refitFailed(let failure): return failRefit(failure)
        case .work(let reading): return take(reading)
        case .workFailed(let view, let failure): return failWork(view, failure)
        case .queueChanged:
            drySince = nil
            nearby?.read = [:]
            countIsDue = true
            return recount() + reloadList() + noteWorkChanged() + (sheet.map { [.loadGroup($0.lead)] } ?? [])
        case .tick: return pass()
        }
    }

    /// Whether a window that was asked for may open: a key pressed since was meant for something else.
    func opensNow(_ window: CommandID) -> Bool { mode == .review && waiting.isEmpty && awaitedWindow == window }

    private mutating func start(with item: ItemID?) -> [Effect] {
        touchedAt = now
        status = StatusLine(text: phrase("Taking the first item …"), tone: .neutral)
        let request = PageRequest(anchor: .first, limit: ListWindow.pageLength)
        list.awaited = request
        if let item {
            return [.claim(.item(item)), .loadPage(request), .count]
        }
        nextIsAsked = true
        return [.claim(.next), .loadPage(request), .count]
    }

    /// Reads the numbers again, but not often; the next tick does it where it was too soon.
    mutating func recount() -> [Effect] {
        guard now - countedAt >= 2_000 else { return [] }
        (countedAt, countIsDue) = (now, false)
        return [.count]
    }

    /// Keeps the numbers right by this console's own doings.
    mutating func count(pending: Int = 0, leased: Int = 0, decided: Int = 0) {
        counts?.pending += pending
        counts?.leased += leased
        counts?.decided += decided
    }

    /// Reads the list's beginning anew, where that is what it shows.
    func reloadList() -> [Effect] {
        guard list.reachesStart else { return [] }
        let limit = max(ListWindow.pageLength, list.rows.count)
        return [.loadPage(PageRequest(anchor: .first, limit: limit, matching: filter))]
    }

    /// Time went by: renews leases that are half over, and asks a dry queue again now and then.
    private mutating func pass() -> [Effect] {
        let saved = now - (meter.savedAt ?? now) >= ExposureMeter.saving ? saveExposure() : []
        return saved + renewOrLeave()
    }

    private mutating func renewOrLeave() -> [Effect] {
        if isPaused { return giveBack() }
        if isAway { return leave() }
        if let since = drySince, now - since > 5_000 { drySince = nil }
        let half = Int64(Self.leaseSeconds * 500)
        let due = ([focus?.lease] + ahead.map(\.lease)).compactMap { $0 }.filter { lease in
            lease.expiresAt.milliseconds - now < half && !renewing.contains(lease.token)
        }
        renewing.formUnion(due.map(\.token))
        return due.map(Effect.renew) + (countIsDue || now - countedAt > 60_000 ? recount() : []) + refreshWork()
    }

    /// Nobody is looking: what is held goes back to the queue, so that others get it.
    private mutating func leave() -> [Effect] {
        let effects = giveBack()
        if !effects.isEmpty {
            say("Nobody was here for ten minutes: what you held went back to the queue. Any key goes on.")
        }
        return effects
    }

    /// Gives back every lease but that of a verdict which is being written. The item stays on the screen.
    mutating func giveBack() -> [Effect] {
        let left = ([focus?.isRecording == false ? focus?.lease : nil] + ahead.map(\.lease)).compactMap { $0 }
        guard !left.isEmpty else { return [] }
        if focus?.isRecording == false { focus?.hold = .none }
        ahead = []
        aheadPreview = PreviewSlot()
        count(pending: left.count, leased: -left.count)
        return [.release(left)]
    }

    /// A key was pressed: who comes back takes the item on the screen again, if it is still free.
    private mutating func comeBack() -> [Effect] {
        let wasAway = isAway
        if !isPaused { meter.rest(milliseconds: now - touchedAt, isAsked: false) }
        touchedAt = now
        return wasAway ? askForLease() : []
    }

    /// Brings about what the state as it now is asks for: waiting keys, the next lease, more of the list, what is next to
    /// the item, previews.
    mutating func settle() -> [Effect] {
        var effects = playWaiting()
        if isQuitting { return effects }
        if !isAway, !isPaused, ahead.isEmpty, !nextIsAsked, drySince == nil, list.awaited == nil || focus != nil,
            sheet?.work == nil
        {
            effects += askForNext()
        }
        if let index = list.index(of: selected) ?? (list.rows.isEmpty ? nil : 0),
            var request = list.wanted(near: index)
        {
            request.matching = filter
            list.awaited = request
            effects.append(.loadPage(request))
        }
        effects += readNearby() + refitIfDue()
        if let id = focus?.id, focus?.lease != nil, focus?.twins == .unknown {
            focus?.twins = .asked
            effects.append(.loadTwins(id))
        }
        let wantedZoom = focus.flatMap { zoomRequest(for: $0) }
        if zoomPreview.want(wantedZoom) { effects += wantedZoom.map { [.preview($0)] } ?? [] }
        effects += settleSheet()
        let wanted = focus.flatMap { previewRequest(for: $0) }
        if preview.want(wanted) { effects += wanted.map { [.preview($0)] } ?? [] }
        let wantedAhead = ahead.first.flatMap { previewRequest(for: $0) }
        if aheadPreview.want(wantedAhead) { effects += wantedAhead.map { [.preview($0)] } ?? [] }
        return effects
    }

    mutating func say(_ phrase: Phrase, _ tone: StatusLine.Tone = .neutral) {
        status = StatusLine(text: phrase.text, tone: tone)
    }

    /// The same with what is a sentence already.
    @_disfavoredOverload
    mutating func say(_ text: String, _ tone: StatusLine.Tone = .neutral) {
        status = StatusLine(text: text, tone: tone)
    }
}
