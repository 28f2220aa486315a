import Queue

/// What is asked before a verdict that cannot be undone downstream. Neither the key that asked answers it, nor one that was
/// pressed before the question could be seen.
struct FinalQuestion: Hashable, Sendable {
    var verdict: VerdictCommand
    /// What happens then, by the policies that say so.
    var warnings: [PolicyWarning]
    /// Keys that say yes, at least one.
    var answers: [Key]
    /// Whether it has been on the screen: a key pressed before that is no answer.
    var isSeen = false

    /// - Parameter asking: the key that asked: of the keys that say yes it is none, whatever else it is.
    init(_ verdict: VerdictCommand, _ warnings: [PolicyWarning], asking: Key?, keymap: Keymap) {
        self.verdict = verdict
        self.warnings = warnings
        // A key bound to the verdict is pressed by habit, whether it was the one that asked or not.
        let taken = Set(CommandID(rawValue: verdict.rawValue).map(keymap.keys(for:)) ?? []).union(
            [asking].compactMap { $0 })
        let free = [Key.character("y"), .enter, .character("Y"), .function(2)].filter { !taken.contains($0) }
        answers = Array(free.prefix(2))
    }
}

extension ConsoleState {
    /// What happens that cannot be undone when a verdict falls on an item: under the policies that are chosen, and an
    /// escalation, which need not name any, also under those that the item was reported for and the reviewer has not dropped.
    func warnings(of verdict: Verdict, on focus: Focus) -> [PolicyWarning] {
        guard verdict != .allow else { return [] }
        var policies = focus.choice.chosen
        if verdict == .escalate {
            policies.formUnion(focus.item.reports.map { PolicyID($0.reason) })
            policies.subtract(focus.choice.dropped)
        }
        return taxonomy.warnings(of: verdict, under: policies)
    }
}
