import Queue

/// The screens about the work: opening, keys, reading again when others work on the queue.
///
/// The item stays where it is meanwhile, and its lease is renewed. No key gives a verdict here.
extension ConsoleState {
    mutating func openWork(_ command: CommandID) -> [Effect] {
        guard let view = WorkView(command) else { return [] }
        return show(WorkScreen(view: view, openedAt: now))
    }

    mutating func pressInWork(_ key: Key, _ screen: WorkScreen) -> [Effect] {
        var next = screen
        next.scroll = 0
        switch key {
        case .escape, .character("q"): return closeWork(screen)
        case .tab: next.view = screen.view.going(1)
        case .backTab: next.view = screen.view.going(-1)
        case .character("1"), .character("2"), .character("3"), .character("4"):
            next.view =
                WorkView.allCases.first { .character(Unicode.Scalar(UInt8(0x31 + $0.rawValue))) == key } ?? next.view
        default:
            let command = keymap.command(for: key)
            if command == .redraw { return [.redraw] }
            if command == .suspend { return [.suspend] }
            if let view = command.flatMap(WorkView.init) {
                next.view = view
            } else if screen.view == .calibration {
                return simulate(key, screen)
            } else {
                return scroll(key, screen)
            }
        }
        return next.view == screen.view ? [] : show(next)
    }

    private mutating func show(_ screen: WorkScreen) -> [Effect] {
        mode = .work(screen)
        let slot = work[screen.view] ?? WorkSlot()
        // What was read a moment ago is as good as new.
        guard slot.reading == nil || slot.isStale || now - slot.answeredAt > 3_000 else { return [] }
        return read(screen.view)
    }

    private mutating func closeWork(_ screen: WorkScreen) -> [Effect] {
        mode = .review
        // The item waited meanwhile: its reviewer was not looking at it.
        if let shownAt = focus?.shownAt { focus?.shownAt = shownAt + now - max(shownAt, screen.openedAt) }
        return []
    }

    // MARK: Keys of one screen

    private mutating func scroll(_ key: Key, _ screen: WorkScreen) -> [Effect] {
        let page = max(1, WorkScreenView.body(size).size.rows - 2)
        var next = screen
        switch key {
        case .down, .character("j"): next.scroll += 1
        case .up, .character("k"): next.scroll -= 1
        case .pageDown, .character(" "): next.scroll += page
        case .pageUp: next.scroll -= page
        case .home: next.scroll = 0
        case .end: next.scroll = .max
        default: return []
        }
        next.scroll = max(0, min(next.scroll, WorkScreenView.lastScroll(screen, self)))
        mode = .work(next)
        return []
    }

    /// Left and right move the threshold that is tried, up and down go through policies and models.
    private mutating func simulate(_ key: Key, _ screen: WorkScreen) -> [Effect] {
        guard case .calibration(let reading)? = work[.calibration]?.reading, let index = reading.index(of: screen)
        else {
            return []
        }
        var next = screen
        let subject = reading.subjects[index]
        func step(to index: Int) {
            let subject = reading.subjects[(index + reading.subjects.count) % reading.subjects.count]
            next.subject = WorkScreen.Subject(policy: subject.policy, model: subject.model)
            next.threshold = nil
        }
        func move(_ hundredths: Int) {
            let now = Int(((screen.threshold ?? subject.threshold) * 100).rounded())
            next.threshold = Double(min(100, max(0, now + hundredths))) / 100
        }
        switch key {
        case .right, .character("l"): move(1)
        case .left, .character("h"): move(-1)
        case .pageUp: move(10)
        case .pageDown: move(-10)
        case .home: next.threshold = nil
        case .down, .character("j"): step(to: index + 1)
        case .up, .character("k"): step(to: index - 1)
        default: return []
        }
        mode = .work(next)
        return []
    }

    // MARK: Reading

    private mutating func read(_ view: WorkView) -> [Effect] {
        guard work[view]?.askedAt == nil else { return [] }
        work[view, default: WorkSlot()].askedAt = now
        work[view]?.isStale = false
        return [.loadWork(view)]
    }

    mutating func take(_ reading: WorkReading) -> [Effect] {
        answered(reading.view)
        work[reading.view]?.reading = reading
        work[reading.view]?.failure = nil
        return []
    }

    mutating func failWork(_ view: WorkView, _ failure: ConsoleFailure) -> [Effect] {
        answered(view)
        work[view]?.failure = failure.sentence
        return []
    }

    private mutating func answered(_ view: WorkView) {
        var slot = work[view] ?? WorkSlot()
        slot.took = slot.askedAt.map { now - $0 } ?? 0
        (slot.askedAt, slot.answeredAt) = (nil, now)
        work[view] = slot
    }

    /// Somebody else wrote to the queue: what was read before is old, and is read again soon.
    mutating func noteWorkChanged() -> [Effect] {
        for view in WorkView.allCases { work[view]?.isStale = true }
        return refreshWork()
    }

    /// Reads the open screen again where that is due.
    mutating func refreshWork() -> [Effect] {
        guard case .work(let screen) = mode, !isAway, work[screen.view]?.isDue(at: now) == true else { return [] }
        return read(screen.view)
    }
}
