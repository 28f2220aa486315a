import Queue

/// Keys pressed ahead of their item. They wait and are played in their order, as if they had been pressed later; none
/// lands on an item that it was not meant for.
struct WaitingInput: Hashable, Sendable {
    enum Input: Hashable, Sendable {
        case key(Key)
        /// A verdict that was chosen in a dialog.
        case verdict(VerdictCommand)
    }

    var input: Input
    /// The item it was meant for; nil where that had not come yet.
    var item: ItemID?
    /// The key that gave a verdict in a dialog: it does not answer what the verdict may have to be asked about.
    var asking: Key?
}

extension CommandID {
    /// What must be before the reviewer when the command is carried out.
    enum Need: Hashable, Sendable {
        case nothing
        /// No verdict that is still being written, no undo under way.
        case quiet
        /// The item on the screen, as it was meant.
        case item
    }

    var need: Need {
        switch self {
        case .explanation, .overlay, .wellbeing, .refit, .help, .redraw, .suspend: .nothing
        case .undo, .quit, .history, .pause, .down, .up, .pageDown, .pageUp, .first, .last, .search, .filter,
            .commandLine, .queueHealth, .myStatistics, .calibration, .agreement:
            .quiet
        default: .item
        }
    }

    /// Whether it brings another item to the screen.
    fileprivate var leavesItem: Bool {
        switch self {
        case .undo, .down, .up, .pageDown, .pageUp, .first, .last, .search, .filter, .commandLine: true
        default: judges
        }
    }

    /// Whether it finishes with the item before the reviewer.
    fileprivate var judges: Bool { verdict != nil || self == .repeatLast || self == .confirm }
}

extension ConsoleState {
    private enum Readiness {
        case now, later
        /// It can come to nothing any more; why, where that is worth a sentence.
        case never(String?)
    }

    /// Keys at most. Of a slow terminal's backlog, or a paste that comes as keys, no more than this is taken blind.
    private static let mostWaiting = 32
    private static let mostWaitingVerdicts = 8

    /// Takes a key in its turn: at once, or behind those that wait.
    mutating func takeInTurn(_ key: Key) -> [Effect] {
        guard mode == .review || !waiting.isEmpty else { return act(on: key) }
        if mode == .review, movesZoom(key) { return act(on: key) }
        let command = keymap.command(for: key)
        if command == .suspend || command == .redraw { return act(on: key) }
        if key == .escape, !waiting.isEmpty {
            waiting.removeAll()
            say("What was typed ahead is dropped.")
            return []
        }
        if command == .undo, dropLastVerdict() { return [] }
        if command?.judges == true, targetIsChanging {
            // What it was meant for is not on the screen yet, and it must not land on another item.
            say("Nothing was recorded: press the key again when the item is before you.", .bad)
            return []
        }
        if command?.judges == true, isLateOnScreen {
            say(
                phrase(
                    "Nothing was recorded: this item has not reached your screen yet. Press the key again when it has."),
                .bad)
            return []
        }
        if waiting.isEmpty {
            switch readiness(for: command, meaning: nil) {
            case .now: return act(on: key)
            case .never(let sentence):
                if let sentence { say(sentence, .bad) }
                return []
            case .later: break
            }
        }
        wait(for: .key(key), isVerdict: command?.judges == true)
        return []
    }

    /// A verdict from a dialog whose item has not been taken yet: before all other keys that wait.
    mutating func wait(for verdict: VerdictCommand) {
        waiting.insert(WaitingInput(input: .verdict(verdict), item: focus?.id, asking: keyInHand), at: 0)
    }

    /// Plays what waits, as far as the items have come.
    mutating func playWaiting() -> [Effect] {
        var effects: [Effect] = []
        while let next = waiting.first, !isQuitting {
            let command = command(of: next)
            // A verdict that waits for its lease is given in the review itself.
            if mode != .review, case .verdict = next.input { return effects }
            switch mode == .review ? readiness(for: command, meaning: next.item) : .now {
            case .later:
                // A verdict takes the item that was only looked at.
                if command?.verdict != nil, selection == nil { effects += askForLease() }
                return effects
            case .never(let sentence):
                waiting.removeFirst()
                if let sentence { say(sentence + droppingWaiting(), .bad) }
            case .now:
                waiting.removeFirst()
                switch next.input {
                case .key(let key): effects += act(on: key)
                case .verdict(let verdict):
                    keyInHand = next.asking
                    effects += judge(verdict)
                    keyInHand = nil
                }
            }
        }
        return effects
    }

    /// Drops what waits, and says so in a sentence that follows another; empty where nothing waited.
    mutating func droppingWaiting() -> String {
        defer { waiting.removeAll() }
        return switch waiting.count {
        case 0: ""
        case 1: phrase(" The key after it was dropped.")
        default: phrase(" The \(waiting.count) keys after it were dropped.")
        }
    }

    // MARK: Parts

    /// Whether what a verdict would land on is about to change, by an undo or a jump, under way or waiting itself.
    private var targetIsChanging: Bool {
        undoIsAsked || jump != nil
            || waiting.contains { [.undo, .first, .last].contains(command(of: $0)) }
    }

    /// Whether the terminal takes long to show the item, so that the key was meant for the one before. Who types ahead
    /// is faster than that.
    private var isLateOnScreen: Bool {
        guard let focus, !focus.isPainted, let shownAt = focus.shownAt else { return false }
        return now - shownAt > Self.lateMilliseconds
    }

    private static let lateMilliseconds: Int64 = 250

    private func command(of waiting: WaitingInput) -> CommandID? {
        switch waiting.input {
        case .key(let key): keymap.command(for: key)
        case .verdict(let verdict): CommandID(rawValue: verdict.rawValue)
        }
    }

    /// - Parameter item: what it was meant for, where that is known.
    private func readiness(for command: CommandID?, meaning item: ItemID?) -> Readiness {
        guard let command, command.need != .nothing else { return .now }
        if focus?.isRecording == true || undoIsAsked { return .later }
        guard command.need == .item else { return .now }
        if selection != nil || jump != nil { return .later }
        let verb = !command.judges ? nil : phrase("“\(command.rawValue)” was not recorded: ")
        guard let focus else {
            let isComing = nextIsAsked || drySince == nil
            return isComing ? .later : .never(verb.map { $0 + phrase("no item is before you.") })
        }
        if let item, item != focus.id {
            return .never(
                (verb ?? phrase("What was typed ahead is dropped: ")) + phrase("\(name(item)) is no longer before you.")
            )
        }
        guard let verdict = command.verdict, verdict != .skip, !needsPicker(verdict, focus) else { return .now }
        return focus.lease == nil ? .later : .now
    }

    private mutating func wait(for input: WaitingInput.Input, isVerdict: Bool) {
        let verdicts = waiting.filter { command(of: $0)?.judges == true }.count
        guard waiting.count < Self.mostWaiting, !isVerdict || verdicts < Self.mostWaitingVerdicts else {
            say("Too many keys wait already; this one is dropped.", .bad)
            return
        }
        let isKnown = !waiting.contains { command(of: $0)?.leavesItem ?? false }
        let shown = focus?.isRecording == true ? ahead.first?.id : focus?.id
        waiting.append(WaitingInput(input: input, item: isKnown ? selection ?? shown : nil))
    }

    /// Takes back the verdict that waits last, with all that was typed behind it.
    private mutating func dropLastVerdict() -> Bool {
        guard let last = waiting.lastIndex(where: { command(of: $0)?.judges == true }) else { return false }
        waiting.removeSubrange(last...)
        say("The verdict that waited is dropped; nothing was recorded for it.")
        return true
    }
}
