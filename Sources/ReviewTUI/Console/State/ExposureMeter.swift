import Queue

/// Measures what is shown to the reviewer and for how long, between one event and the next.
///
/// Time counts while somebody is there: up to ``idle`` after the last key. Of the time between two events no more than
/// ``longest`` counts: events come at least that often, so a longer gap means that the console was stopped or the machine
/// slept.
struct ExposureMeter: Hashable, Sendable {
    /// What is not in the account yet.
    var unsaved = Exposure()
    /// When it was last written, in milliseconds since 1970; nil before the first event.
    var savedAt: Int64?
    /// Since the last pause, or since the console began.
    private(set) var stretch = Stretch()
    /// The item that was counted last, and whether it was for its family, too.
    private var counted: Counted?

    private struct Counted: Hashable {
        var item: ItemID
        var isSeen = false
    }

    /// Milliseconds.
    struct Stretch: Hashable, Sendable {
        var present: Int64 = 0
        /// Times severity.
        var weighted: Int64 = 0
        /// During which a heavy item was to be seen.
        var heavy: Int64 = 0
    }

    static let idle: Int64 = 120_000
    static let longest: Int64 = 10_000
    /// What is written at once: a minute's worth, so that no verdict waits for the disk because of it.
    static let saving: Int64 = 60_000
    /// Without a key for so long is a pause that nobody asked for.
    static let unasked: Int64 = 300_000
    /// A shorter pause is none.
    static let shortestPause: Int64 = 60_000

    /// - Parameters:
    ///   - item: the item on the screen; nil where there is none.
    ///   - gravity: its gravity, where something of it is to be seen as it is; nil otherwise.
    ///   - touchedAt: when a key was last pressed. All times are milliseconds since 1970.
    mutating func pass(from start: Int64, to end: Int64, item: ItemID?, gravity: Gravity?, touchedAt: Int64) {
        let time = min(end, touchedAt + Self.idle) - max(start, end - Self.longest)
        guard time > 0 else { return }
        unsaved.present += time
        stretch.present += time
        guard let item else { return }
        if counted?.item != item {
            counted = Counted(item: item)
            unsaved.items += 1
        }
        guard let gravity else { return }
        var family = unsaved.families[gravity.family] ?? Exposure.Family()
        family.shown += time
        family.weighted += time * Int64(gravity.severity)
        if counted?.isSeen == false { family.items += 1 }
        unsaved.families[gravity.family] = family
        counted?.isSeen = true
        stretch.weighted += time * Int64(gravity.severity)
        if gravity.isHeavy { stretch.heavy += time }
    }

    /// A pause is over.
    ///
    /// - Parameter isAsked: whether the reviewer took it; being away is one, too, and goes into no account.
    mutating func rest(milliseconds: Int64, isAsked: Bool) {
        guard milliseconds >= (isAsked ? Self.shortestPause : Self.unasked) else { return }
        stretch = Stretch()
        guard isAsked else { return }
        unsaved.pauses += 1
        unsaved.paused += milliseconds
    }
}

extension ConsoleState {
    /// How grave what is to be seen of the item is; nil where nothing of it is, or it is harmless.
    ///
    /// Text counts while its item is on the screen; a picture while it is neither blurred nor in blocks nor in lines. Grey
    /// counts in full: whether it spares anybody anything is not known.
    var exposed: Gravity? {
        guard let focus, !isPaused, let gravity = focus.gravity else { return nil }
        if focus.item.text != nil { return gravity }
        guard case .picture = preview.content, let shown = preview.shown, focus.item.media.contains(shown.media),
            !focus.restricted || focus.revealed
        else { return nil }
        return shown.softening.isDisjoint(with: [.blur, .lines, .detail]) ? gravity : nil
    }

    /// Counts the time since the last event, during which the screen was as it is now.
    mutating func measure(until end: Int64) {
        guard now > 0, meter.savedAt != nil else {
            meter.savedAt = end
            return
        }
        guard !isPaused else { return }
        meter.pass(from: now, to: end, item: focus?.id, gravity: exposed, touchedAt: touchedAt)
    }

    /// Writes what is not in the account yet.
    mutating func saveExposure() -> [Effect] {
        guard wellbeing.keepsAccount, !meter.unsaved.isEmpty else { return [] }
        defer { meter.unsaved = Exposure() }
        meter.savedAt = now
        return [.recordExposure(meter.unsaved)]
    }

    /// Why a pause is due, in a sentence; nil where none is.
    var pauseAdvice: String? {
        let stretch = meter.stretch
        let key = keymap.label(for: .pause) ?? ":pause"
        if let limit = wellbeing.exposureLimit, stretch.weighted >= limit {
            let heavy = stretch.heavy / 60_000
            let what =
                heavy > 0
                ? phrase("You have looked at grave items for \(heavy) min") : phrase("You have looked at a good deal")
            return phrase("\(what) since the last pause · \(key) takes one")
        }
        if let limit = wellbeing.pauseAfter, stretch.present >= limit {
            return phrase("\(stretch.present / 60_000) min at the console since the last pause · \(key) takes one")
        }
        return nil
    }
}
