import Queue

/// The reviewer's own exposure account, and pauses.
extension ConsoleState {
    /// Shows the account, with what is not written yet.
    mutating func lookAtExposure() -> [Effect] {
        if let focus, isVeiled(focus) {
            say("Your account would tell what the model thinks of this item: judge it once first.")
            return []
        }
        guard wellbeing.keepsAccount else {
            mode = .wellbeing([ExposureDay(day: "", exposure: meter.unsaved)])
            return []
        }
        return saveExposure() + [.loadExposure]
    }

    /// Covers the screen. Leases go back, so that nobody waits for what is held here.
    mutating func takePause() -> [Effect] {
        mode = .pause(since: now)
        return saveExposure() + giveBack()
    }

    /// Any key ends it, and does nothing else.
    mutating func endPause(_ since: Int64) -> [Effect] {
        mode = .review
        meter.rest(milliseconds: now - since, isAsked: true)
        if let shownAt = focus?.shownAt { focus?.shownAt = shownAt + now - max(shownAt, since) }
        say("")
        cameBackTo = focus?.id
        return saveExposure() + askForLease()
    }
}
