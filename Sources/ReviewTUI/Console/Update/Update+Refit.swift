import Queue

/// Heads that are fitted again from the verdicts so far, while the reviewer goes on.
extension ConsoleState {
    /// Begins one where enough verdicts have fallen since the last. Nobody waits for it: what it changes comes as any other
    /// process's writing does.
    mutating func refitIfDue() -> [Effect] {
        guard refit.isDue, !isAway, !isPaused else { return [] }
        return beginRefit()
    }

    /// Somebody asked for it.
    mutating func askForRefit() -> [Effect] {
        guard !refit.isUnderWay else {
            say("Heads are being fitted already.")
            return []
        }
        say("Fitting heads from the verdicts so far; go on meanwhile.")
        return beginRefit()
    }

    private mutating func beginRefit() -> [Effect] {
        refit.verdicts = 0
        refit.isUnderWay = true
        return [.refit]
    }

    /// The status line belongs to the last verdict, which can be undone: the title bar tells of it.
    mutating func take(_ news: RefitNews) -> [Effect] {
        refit.isUnderWay = false
        (refit.news, refit.newsAt) = (news, now)
        return []
    }

    mutating func failRefit(_ failure: ConsoleFailure) -> [Effect] {
        refit.isUnderWay = false
        say("Heads could not be fitted: \(failure.sentence)", .bad)
        return []
    }

    /// What the title bar says of it; nil where there is nothing to say.
    var refitLine: String? {
        if refit.isUnderWay { return phrase("fitting heads") }
        if let news = refit.news, now - refit.newsAt < RefitState.telling { return news.line }
        return nil
    }
}

extension RefitNews {
    /// The adopted head that gained most, and how many others there are: short, for the title bar.
    var line: String {
        func figure(_ value: Double) -> String { String(format: "%.2f", value) }
        guard let most = adopted.max(by: { $0.gain < $1.gain }) else {
            return changes.isEmpty ? phrase("too few verdicts for a head") : phrase("no better head")
        }
        let policy = SafeText.line(most.policy.rawValue, limit: 24)
        let others = adopted.count > 1 ? " +\(adopted.count - 1)" : ""
        return most.before.map { phrase("\(policy) \(figure($0)) to \(figure(most.after))") + others }
            ?? phrase("\(policy) learnt, \(figure(most.after))") + others
    }
}

extension RefitNews.Change {
    fileprivate var gain: Double { after - (before ?? 0) }
}
