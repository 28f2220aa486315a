import Queue

/// The question before a verdict that cannot be undone downstream.
extension ConsoleState {
    /// Opens the question; nil where the verdict needs none.
    ///
    /// Keys that waited behind the verdict are dropped: whoever typed them had not read it.
    mutating func ask(about verdict: VerdictCommand, _ focus: Focus) -> [Effect]? {
        guard let recorded = verdict.recorded else { return nil }
        let warnings = warnings(of: recorded, on: focus)
        guard !warnings.isEmpty else { return nil }
        mode = .question(FinalQuestion(verdict, warnings, asking: keyInHand, keymap: keymap))
        say("Nothing is recorded yet.\(droppingWaiting())")
        return []
    }

    /// What was asked is on the screen: from now on keys are answers.
    mutating func saw(_ painted: FinalQuestion) {
        guard case .question(var question) = mode, question == painted else { return }
        question.isSeen = true
        mode = .question(question)
    }

    mutating func pressInQuestion(_ key: Key, _ question: FinalQuestion) -> [Effect] {
        guard question.isSeen else { return [] }
        if question.answers.contains(key) {
            mode = ground
            if sheet != nil { return judgeGroup(question.verdict, isAnswered: true) }
            // The lease may have gone back while nobody answered: then the verdict waits for it, and is asked about again.
            guard let focus, case .held(let lease) = focus.hold else { return judge(question.verdict) }
            return record(question.verdict, focus, lease)
        }
        if key == .escape || key == .character("q") || key == .character("n") {
            mode = ground
            say("No verdict was recorded.")
        }
        return []
    }
}
