import Queue

/// The list narrowed to what a query matches.
extension ConsoleState {
    /// Enter in the prompt of a search or a filter: sets it, or says what is wrong with it and stays.
    mutating func look(for prompt: Prompt) -> [Effect] {
        do {
            return narrow(to: try ItemQuery(prompt.text))
        } catch {
            var prompt = prompt
            prompt.error = error
            mode = .prompt(prompt)
            return []
        }
    }

    /// Shows the items that a query matches, from the first; all of them where it is empty. What is held ahead of need
    /// is given back, since it may not match; so is the item on the screen, unless its verdict is being written.
    mutating func narrow(to query: ItemQuery) -> [Effect] {
        // The same once more is another try, where the list stayed empty.
        guard query != filter || list.rows.isEmpty && !query.isEmpty else { return [] }
        filter = query
        list = ListWindow()
        (selection, jump, drySince) = (nil, nil, nil)
        waiting.removeAll()
        var effects: [Effect] = []
        if !query.isEmpty {
            let isRecording = focus?.isRecording ?? false
            let given = (isRecording ? [] : [focus?.lease].compactMap { $0 }) + ahead.compactMap(\.lease)
            count(pending: given.count, leased: -given.count)
            ahead = []
            aheadPreview = PreviewSlot()
            if !isRecording { showNext() }
            if !given.isEmpty { effects.append(.release(given)) }
        }
        let request = PageRequest(anchor: .first, limit: ListWindow.pageLength, matching: filter)
        list.awaited = request
        say(query.isEmpty ? phrase("All items are listed again.") : phrase("Looking …"))
        return effects + [.loadPage(request)]
    }

    /// Claims what comes next: of the whole queue, or the first of the list that is free where that is narrowed.
    mutating func askForNext() -> [Effect] {
        guard !filter.isEmpty else {
            nextIsAsked = true
            return [.claim(wellbeing.interleave.map { heavyRun >= $0 } == true ? .lighter : .next)]
        }
        guard list.awaited == nil else { return [] }
        guard let row = list.rows.first(where: { !$0.leasedByOther && $0.id != focus?.id }) else {
            // More of the list may come by itself; at its end there is nothing to wait for but the queue.
            if list.reachesEnd {
                drySince = now
                if focus == nil, status.tone != .bad { say("Nothing else matches. Esc lists all items again.") }
            }
            return []
        }
        nextIsAsked = true
        return [.claim(.matching(row.id))]
    }

    mutating func take(_ claim: Claim?, nextMatching id: ItemID) -> [Effect] {
        nextIsAsked = false
        guard let claim else {
            list.remove(id)
            return []
        }
        guard list.index(of: id) != nil else {
            // The filter is another by now.
            count(pending: 1, leased: -1)
            return [.release([claim.lease])]
        }
        let next = Focus(claim, taxonomy: taxonomy, ascii: !abilities.unicode)
        if focus?.id == id {
            focus?.hold = .held(claim.lease)
        } else if focus == nil, selection == nil {
            if status.tone == .neutral { say("") }
            show(next)
        } else {
            ahead.append(next)
        }
        return []
    }
}
