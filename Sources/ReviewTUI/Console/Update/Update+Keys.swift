import Queue

/// Keys: to commands in the review itself, to the open dialog otherwise.
extension ConsoleState {
    mutating func press(_ key: Key) -> [Effect] {
        awaitedWindow = nil
        // Leaving works from everywhere, and waits for nothing.
        return key == .control("c") ? run(.quit) : takeInTurn(key)
    }

    /// Carries a key out: as a command in the review itself, as input in an open dialog.
    mutating func act(on key: Key) -> [Effect] {
        keyInHand = key
        defer { keyInHand = nil }
        switch mode {
        case .review:
            if movesZoom(key) { return pressInZoom(key) }
            guard let command = keymap.command(for: key) else {
                if key == .escape, !filter.isEmpty { return narrow(to: .everything) }
                if key != .escape, let help = keymap.label(for: .help) {
                    say("\(key.label) does nothing here; \(help) shows the keys.")
                }
                return []
            }
            return run(command)
        case .help(let scroll): return pressInHelp(key, scroll)
        case .policies(let picker): return pressInPicker(key, picker)
        case .severity: return pressInSeverity(key)
        case .question(let question): return pressInQuestion(key, question)
        case .reasons(let list): return pressInReasons(key, list)
        case .marking(let marking): return pressInMarking(key, marking)
        case .work(let screen): return pressInWork(key, screen)
        case .history(let records, let selected): return pressInHistory(key, records, selected)
        case .itemHistory(let pages): return pressInItemHistory(key, pages)
        case .sheet: return pressInSheet(key)
        case .prompt(let prompt): return pressInPrompt(key, prompt)
        case .wellbeing:
            mode = .review
            return keymap.command(for: key) == .pause ? takeInTurn(key) : []
        case .pause(let since): return endPause(since)
        }
    }

    /// Pasted text goes into a prompt; anywhere else it is refused, since every letter would be a command.
    mutating func paste(_ text: String) -> [Effect] {
        guard case .prompt(var prompt) = mode else {
            say("Pasted text is ignored outside a note.")
            return []
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        prompt.text += String(line.unicodeScalars.filter { ScalarClass($0) != .mark }.prefix(2_000).map(Character.init))
        mode = .prompt(prompt)
        return []
    }

    mutating func run(_ command: CommandID) -> [Effect] {
        if zoom != nil, !command.keepsZoom { leaveZoom() }
        if let verdict = command.verdict {
            // Only a question names who takes an item over; one that came to nothing leaves its name behind.
            focus?.escalatesTo = nil
            return judge(verdict)
        }
        if let digit = command.policyDigit { return toggle(digit: digit) }
        awaitedWindow = command
        switch command {
        case .quit: return quit()
        case .undo: return askForUndo()
        case .escalateWithQuestion: return open(.question)
        case .note: return open(.note)
        case .reasons: return openReasons()
        case .severity: if focus != nil { mode = .severity }
        case .repeatLast: return repeatLast()
        case .confirm: return confirmFirstCall()
        case .history: return [.loadHistory]
        case .queueHealth, .myStatistics, .calibration, .agreement: return openWork(command)
        case .itemHistory: return openItemHistory()
        case .twins: return openSheet()
        case .commandLine: return open(.command)
        case .search: return open(.search)
        case .filter: return open(.filter)
        case .policies: return openPicker(for: nil)
        case .wellbeing: return lookAtExposure()
        case .pause: return takePause()
        case .refit: return askForRefit()
        case .help: mode = .help(scroll: 0)
        case .redraw: return [.redraw]
        case .suspend: return [.suspend]
        case .reveal: return reveal()
        case .blur: return toggle(.blur)
        case .grey: return toggle(.grey)
        case .lines: return toggle(.lines)
        case .detail: return toggle(.detail)
        case .down, .up, .pageDown, .pageUp, .first, .last: return move(command)
        default: adjust(command)
        }
        return []
    }

    private mutating func askForUndo() -> [Effect] {
        undoIsAsked = true
        return [.undo]
    }

    private mutating func quit() -> [Effect] {
        guard !isQuitting else { return [] }
        isQuitting = true
        if case .pause(let since) = mode { meter.rest(milliseconds: now - since, isAsked: true) }
        return saveExposure() + [.release(leases)]
    }

    private mutating func move(_ command: CommandID) -> [Effect] {
        let page = max(1, size.rows - 4)
        switch command {
        case .down: return move(by: 1)
        case .up: return move(by: -1)
        case .pageDown: return move(by: page)
        case .pageUp: return move(by: -page)
        case .first: return jump(to: .first)
        default: return jump(to: .last)
        }
    }

    /// Changes how the item is shown.
    private mutating func adjust(_ command: CommandID) {
        switch command {
        case .explanation:
            explains.toggle()
            say(explains ? phrase("The explanation is shown.") : phrase("The explanation is hidden."))
        case .explanationNext: explain(step: 1)
        case .explanationPrevious: explain(step: -1)
        case .overlay:
            overlay = overlay.next
            explains = true
            say(
                overlay == .off
                    ? phrase("The picture is shown plain.") : phrase("Explanation drawn as \(overlay.rawValue)."))
        case .opacity:
            opacity = opacity.next
            explains = true
            let most = phrase("cover at most \(opacity.rawValue) % of the picture")
            say(
                phrase(
                    "Heat, contours and the spotlight’s dark \(most)\(overlay == .mask ? phrase("; the mask stays as it is") : "")."
                )
            )
        case .zoom: toggleZoom()
        case .confirmHighlight: judgeHighlight(isRight: true)
        case .rejectHighlight: judgeHighlight(isRight: false)
        case .mark: startMarking()
        case .nextMedia: showNextMedia()
        case .scrollDown: scroll(by: 5)
        case .scrollUp: scroll(by: -5)
        default: break
        }
    }

    /// A restricted picture is shown only when the look is on record; hiding it again needs none.
    private mutating func reveal() -> [Effect] {
        guard let focus, focus.restricted else {
            say("This picture is not hidden.")
            return []
        }
        guard focus.revealed else { return [.reveal(focus.id, .hidden)] }
        self.focus?.revealed = false
        self.focus?.turned = focus.turned.filter { focus.softenedBy[$0.key] == nil }
        return []
    }

    private mutating func showNextMedia() {
        guard let focus, focus.item.media.count > 1 else {
            say("The item has no other picture.")
            return
        }
        self.focus?.mediaIndex = (focus.mediaIndex + 1) % focus.item.media.count
        if zoom != nil { zoom = Zoom() }
    }

    mutating func scroll(by step: Int) {
        guard let focus, focus.safeText != nil else { return }
        let last = TextView.lastScroll(of: focus, in: layout(for: focus).text)
        self.focus?.textScroll = min(max(0, focus.textScroll + step), last)
    }

    private mutating func explain(step: Int) {
        guard let focus, !focus.explained.isEmpty else {
            say("Nothing explains this item yet.")
            return
        }
        let count = focus.explained.count
        self.focus?.explainedIndex = (focus.explainedIndex + step + count) % count
        explains = true
    }

    mutating func toggle(digit: Int) -> [Effect] {
        guard let focus else { return [] }
        guard focus.choice.rows.indices.contains(digit - 1) else {
            let pick = keymap.label(for: .policies).map { phrase("; \($0) lists all policies") } ?? ""
            say("No policy has the number \(digit)\(pick).")
            return []
        }
        let row = focus.choice.rows[digit - 1]
        self.focus?.choice.toggle(row.policy)
        return []
    }

    func layout(for focus: Focus) -> ScreenLayout {
        ScreenLayout(
            size: size, hasMedia: !focus.item.media.isEmpty, hasText: focus.item.text != nil,
            pictureRows: PreviewView.pictureRows(self))
    }
}
