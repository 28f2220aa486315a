import Queue

/// Items coming and going: claims, the list's selection, what is shown next.
extension ConsoleState {
    /// Puts an item before the reviewer.
    mutating func show(_ next: Focus) {
        var next = next
        next.shownAt = now
        next.isPainted = false
        // Who comes back to an item finds what was chosen by hand.
        if isVeiled(next) {
            let chosen = next.choice.chosen.intersection(next.choice.touched)
            next.choice = PolicyChoice(scores: [], taxonomy: taxonomy)
            next.choice.choose(exactly: chosen, taxonomy: taxonomy)
        }
        focus = next
        selection = nil
        leaveZoom()
        preview =
            aheadPreview.shown?.media == next.item.media.first && !next.item.media.isEmpty
            ? aheadPreview : PreviewSlot()
        aheadPreview = PreviewSlot()
    }

    /// Leaves the present item for the next one in line.
    mutating func showNext() {
        focus = nil
        selection = nil
        nearby = nil
        leaveZoom()
        preview = PreviewSlot()
        if !ahead.isEmpty { show(ahead.removeFirst()) }
    }

    /// Keeps the present item's lease for coming back, while another is looked at; too many leases are given back.
    mutating func park() -> [Effect] {
        guard let left = focus, left.lease != nil, !left.isRecording else { return [] }
        ahead.insert(left, at: 0)
        guard ahead.count > Self.aheadLimit else { return [] }
        let extra = ahead.suffix(from: Self.aheadLimit).compactMap(\.lease)
        count(pending: extra.count, leased: -extra.count)
        ahead.removeLast(ahead.count - Self.aheadLimit)
        return [.release(extra)]
    }

    mutating func take(_ claim: Claim?, for purpose: ClaimPurpose) -> [Effect] {
        if claim != nil { count(pending: -1, leased: 1) }
        switch purpose {
        case .matching(let id): return take(claim, nextMatching: id)
        case .next, .lighter:
            nextIsAsked = false
            if let claim, !filter.isEmpty {
                // Asked for before the filter was set.
                count(pending: 1, leased: -1)
                return [.release([claim.lease])]
            }
            guard let claim else {
                drySince = now
                if focus == nil, !hasVerdictOnScreen {
                    say("Nothing is waiting. New items appear here by themselves; q quits.")
                }
                return []
            }
            drySince = nil
            if focus?.id == claim.item.id {
                focus?.hold = .held(claim.lease)
            } else if focus == nil, selection == nil {
                clearWaitingStatus()
                show(Focus(claim, taxonomy: taxonomy, ascii: !abilities.unicode))
            } else {
                ahead.append(Focus(claim, taxonomy: taxonomy, ascii: !abilities.unicode))
            }
            let came = focus?.id == claim.item.id ? focus : ahead.last
            heavyRun = came?.gravity?.isHeavy == true ? heavyRun + 1 : 0
            return []
        case .item(let id): return take(claim, forItem: id)
        }
    }

    private mutating func take(_ claim: Claim?, forItem id: ItemID) -> [Effect] {
        guard let claim else {
            list.remove(id)
            if focus?.id == id || focus == nil {
                say("\(name(id)) is no longer waiting.", .bad)
                showNext()
            }
            return []
        }
        if focus?.id == id {
            focus?.hold = .held(claim.lease)
            return []
        }
        if focus == nil, selection == nil {
            clearWaitingStatus()
            show(Focus(claim, taxonomy: taxonomy, ascii: !abilities.unicode))
            return []
        }
        count(pending: 1, leased: -1)
        return [.release([claim.lease])]
    }

    mutating func fail(_ purpose: ClaimPurpose, _ failure: ConsoleFailure) -> [Effect] {
        say(failure.sentence, .bad)
        switch purpose {
        case .next, .lighter:
            nextIsAsked = false
            drySince = now
        case .matching(let id):
            // Somebody else was faster: the next row may be free.
            nextIsAsked = false
            list.remove(id)
        case .item(let id):
            if focus?.id == id {
                if cameBackTo == id { showNext() } else { focus?.hold = .none }
            }
            cameBackTo = nil
            if waiting.first?.item == id { say(failure.sentence + droppingWaiting(), .bad) }
        }
        return []
    }

    /// Claims the item in focus, unless that is done or on its way.
    mutating func askForLease() -> [Effect] {
        guard let id = focus?.id, focus?.hold == Focus.Hold.none else { return [] }
        focus?.hold = .asked
        return [.claim(.item(id))]
    }

    mutating func renewed(_ lease: Lease) -> [Effect] {
        renewing.remove(lease.token)
        if focus?.lease?.token == lease.token, focus?.isRecording == false { focus?.hold = .held(lease) }
        for index in ahead.indices where ahead[index].lease?.token == lease.token { ahead[index].hold = .held(lease) }
        return []
    }

    mutating func lose(_ lease: Lease, _ failure: ConsoleFailure) -> [Effect] {
        renewing.remove(lease.token)
        guard case .leaseLost = failure else {
            say(failure.sentence, .bad)
            return []
        }
        ahead.removeAll { $0.lease?.token == lease.token }
        if focus?.lease?.token == lease.token, focus?.isRecording == false {
            say(failure.sentence, .bad)
            showNext()
        }
        return []
    }

    // MARK: The list's selection

    mutating func move(by step: Int) -> [Effect] {
        guard !list.rows.isEmpty else { return [] }
        let present = list.index(of: selected)
        // An item that the window does not hold is pinned above the list's first row.
        let target = present.map { $0 + step } ?? (step > 0 ? step - 1 : 0)
        return select(min(max(0, target), list.rows.count - 1))
    }

    mutating func select(_ index: Int) -> [Effect] {
        guard list.rows.indices.contains(index) else { return [] }
        let id = list.rows[index].id
        if id == focus?.id {
            selection = nil
            return []
        }
        guard id != selection else { return [] }
        nearby = nearby ?? Nearby()
        if let claimed = ahead.firstIndex(where: { $0.id == id }) {
            let next = ahead.remove(at: claimed)
            let effects = park()
            show(next)
            return effects
        }
        if let known = nearby?.read[id] {
            let effects = park()
            show(known)
            return effects + [.dwell(id)]
        }
        selection = id
        return nearby?.asked.contains(id) == true ? [] : [.loadDetail(id)]
    }

    /// Asks for the items that the next steps through the list would come to, and forgets the others.
    mutating func readNearby() -> [Effect] {
        guard var known = nearby, let index = list.index(of: selected) else { return [] }
        let held = Set(ahead.map(\.id) + [focus?.id].compactMap { $0 })
        let near = [1, 2, -1].map { index + $0 }.filter(list.rows.indices.contains).map { list.rows[$0].id }
        let wanted = near.filter { !held.contains($0) && known.read[$0] == nil && !known.asked.contains($0) }
        known.read = known.read.filter { near.contains($0.key) }
        known.asked.formUnion(wanted)
        nearby = known
        return wanted.map(Effect.loadDetail)
    }

    mutating func show(detail: Focus?, of id: ItemID) -> [Effect] {
        nearby?.asked.remove(id)
        guard selection == id else {
            nearby?.read[id] = detail
            return []
        }
        guard let detail else {
            list.remove(id)
            selection = nil
            say("\(name(id)) is no longer waiting.", .bad)
            return []
        }
        let effects = park()
        show(detail)
        return effects + [.dwell(id)]
    }

    mutating func jump(to anchor: PageRequest.Anchor) -> [Effect] {
        let reaches = anchor == .first ? list.reachesStart : list.reachesEnd
        if reaches { return select(anchor == .first ? 0 : list.rows.count - 1) }
        let request = PageRequest(anchor: anchor, limit: ListWindow.pageLength, matching: filter)
        list.awaited = request
        jump = anchor
        return [.loadPage(request)]
    }

    // MARK: Words

    /// An item's id, made safe and short.
    func name(_ id: ItemID) -> String { SafeText.line(id.rawValue, limit: 40, ascii: !abilities.unicode) }

    /// Whether the status tells of a verdict, which is not to be talked over.
    private var hasVerdictOnScreen: Bool { status.tone != .neutral }

    private mutating func clearWaitingStatus() {
        if status.tone == .neutral { say("") }
    }
}
