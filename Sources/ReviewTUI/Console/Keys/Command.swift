/// Names one thing a reviewer can ask the console to do. The raw value is its name on the `:` line and in key
/// profiles.
enum CommandID: String, CaseIterable, Sendable, Hashable {
    case allow, remove, restrict, escalate, skip, undo
    case escalateWithQuestion = "escalate-question"
    case confirm
    case repeatLast = "repeat"
    case note, reasons, severity, history, twins
    case itemHistory = "item-history"
    case down, up
    case pageDown = "page-down"
    case pageUp = "page-up"
    case first, last
    case search, filter
    case policies
    case policy1 = "policy-1"
    case policy2 = "policy-2"
    case policy3 = "policy-3"
    case policy4 = "policy-4"
    case policy5 = "policy-5"
    case policy6 = "policy-6"
    case policy7 = "policy-7"
    case policy8 = "policy-8"
    case policy9 = "policy-9"
    case explanation
    case explanationPrevious = "explanation-previous"
    case explanationNext = "explanation-next"
    case overlay, opacity
    case confirmHighlight = "confirm-highlight"
    case rejectHighlight = "reject-highlight"
    case mark
    case blur, grey, detail, lines, reveal, zoom
    case nextMedia = "next-media"
    case queueHealth = "queue-health"
    case myStatistics = "my-statistics"
    case calibration, agreement
    case refit
    case scrollDown = "scroll-down"
    case scrollUp = "scroll-up"
    case commandLine = "command"
    case wellbeing, pause
    case help, redraw, suspend, quit

    /// The digit of a policy command, 1 to 9.
    var policyDigit: Int? {
        rawValue.hasPrefix("policy-") ? Int(rawValue.dropFirst(7)) : nil
    }

    /// The verdict that a command records.
    var verdict: VerdictCommand? { VerdictCommand(rawValue: rawValue) }
}

/// A key that finishes with an item: a verdict, or skip, which records none.
enum VerdictCommand: String, Hashable, Sendable {
    case allow, remove, restrict, escalate, skip
}

/// One row of the table from which the keymap, the help, the hint row, the `:` line and the docs are made.
struct Command: Hashable, Sendable {
    enum Group: String, CaseIterable, Sendable {
        case verdicts = "Verdicts"
        case policies = "Policies"
        case moving = "Moving"
        case explanation = "Explanation"
        case view = "View"
        case work = "The work"
        case console = "Console"
    }

    let id: CommandID
    let group: Group
    /// What it does, for the help.
    let help: String
    /// Default keys, by name.
    let keys: [String]
    /// Its word in the hint row; nil where it has no place there. Rows come in this table's order.
    var hint: String?
    /// What may follow its name on the `:` line; nil for nothing.
    var argument: String?

    /// The row of a command.
    static func row(of id: CommandID) -> Command? { table.first { $0.id == id } }

    static let table: [Command] = [
        Command(id: .allow, group: .verdicts, help: "Allow: it breaks no rule", keys: ["a"], hint: "allow"),
        Command(id: .remove, group: .verdicts, help: "Remove, for the chosen policies", keys: ["x"], hint: "remove"),
        Command(
            id: .restrict, group: .verdicts, help: "Restrict (age gate, less reach), for the chosen policies",
            keys: ["r"], hint: "restrict"),
        Command(
            id: .escalate, group: .verdicts, help: "Escalate to someone else, at once", keys: ["e"], hint: "escalate"),
        Command(
            id: .escalateWithQuestion, group: .verdicts, help: "Escalate with a question, to a queue: @legal …",
            keys: ["E"], argument: "[@QUEUE] QUESTION"),
        Command(
            id: .skip, group: .verdicts, help: "Set aside without a verdict; it comes back later", keys: ["space"],
            hint: "skip"),
        Command(
            id: .undo, group: .verdicts, help: "Take your last verdict back", keys: ["u", "backspace"], hint: "undo"),
        Command(
            id: .note, group: .verdicts, help: "Write a note into the verdict", keys: ["n"], hint: "note",
            argument: "TEXT"),
        Command(id: .reasons, group: .verdicts, help: "Put a short reason into the note", keys: ["R"]),
        Command(
            id: .severity, group: .verdicts, help: "Say how grave it is, from 1 to 4", keys: ["s"], argument: "0 to 4"),
        Command(
            id: .confirm, group: .verdicts, help: "Keep your first call, where the model was hidden till then",
            keys: ["enter"]),
        Command(
            id: .repeatLast, group: .verdicts, help: "The last verdict again: policies, severity, note", keys: ["."]),
        Command(id: .history, group: .verdicts, help: "Your last verdicts, to look at or take back", keys: ["h"]),
        Command(
            id: .itemHistory, group: .verdicts, help: "What happened to the item, and its author's others", keys: ["H"]),
        Command(
            id: .twins, group: .verdicts, help: "The item with its twins: look, pick out, decide all at once",
            keys: ["t"]),
        Command(
            id: .policy1, group: .policies, help: "Choose or drop the policy with that number", keys: ["1"],
            hint: "policies"),
        Command(id: .policy2, group: .policies, help: "Choose or drop policy 2", keys: ["2"]),
        Command(id: .policy3, group: .policies, help: "Choose or drop policy 3", keys: ["3"]),
        Command(id: .policy4, group: .policies, help: "Choose or drop policy 4", keys: ["4"]),
        Command(id: .policy5, group: .policies, help: "Choose or drop policy 5", keys: ["5"]),
        Command(id: .policy6, group: .policies, help: "Choose or drop policy 6", keys: ["6"]),
        Command(id: .policy7, group: .policies, help: "Choose or drop policy 7", keys: ["7"]),
        Command(id: .policy8, group: .policies, help: "Choose or drop policy 8", keys: ["8"]),
        Command(id: .policy9, group: .policies, help: "Choose or drop policy 9", keys: ["9"]),
        Command(id: .policies, group: .policies, help: "Choose from all policies", keys: ["p"], argument: "POLICY"),
        Command(id: .down, group: .moving, help: "The next item of the list", keys: ["j", "down"], hint: "move"),
        Command(id: .up, group: .moving, help: "The item before", keys: ["k", "up"]),
        Command(id: .pageDown, group: .moving, help: "A page down the list", keys: ["pagedown", "ctrl-f"]),
        Command(id: .pageUp, group: .moving, help: "A page up the list", keys: ["pageup", "ctrl-b"]),
        Command(id: .first, group: .moving, help: "The first item", keys: ["home"]),
        Command(id: .last, group: .moving, help: "The last item", keys: ["end"]),
        Command(
            id: .search, group: .moving, help: "Look for words: the list holds what has them", keys: ["/"],
            argument: "WORDS"),
        Command(
            id: .filter, group: .moving, help: "Filter the list by a query; empty or esc: all", keys: ["f"],
            argument: "QUERY"),
        Command(
            id: .explanation, group: .explanation, help: "Show or hide where the model looked", keys: ["v"],
            hint: "explain"),
        Command(id: .explanationPrevious, group: .explanation, help: "Explain the policy before", keys: ["["]),
        Command(id: .explanationNext, group: .explanation, help: "Explain the next policy", keys: ["]"]),
        Command(id: .overlay, group: .explanation, help: "Heat map, contour, spotlight, mask or plain", keys: ["o"]),
        Command(
            id: .opacity, group: .explanation, help: "The overlay at 35, 55 or 75 %", keys: ["O"]),
        Command(
            id: .confirmHighlight, group: .explanation, help: "The highlight is right: it is the evidence", keys: ["y"]),
        Command(
            id: .rejectHighlight, group: .explanation, help: "The highlight is wrong: it is no evidence", keys: ["Y"]),
        Command(id: .mark, group: .explanation, help: "Mark the evidence yourself: words, a box", keys: ["m"]),
        Command(id: .blur, group: .view, help: "Blur the picture, or not", keys: ["b"]),
        Command(id: .grey, group: .view, help: "Grey picture, or coloured", keys: ["g"]),
        Command(id: .detail, group: .view, help: "The picture in a few blocks, or in detail", keys: ["d"]),
        Command(id: .lines, group: .view, help: "The picture as a line drawing, or as it is", keys: ["l"]),
        Command(id: .reveal, group: .view, help: "Show a restricted picture", keys: ["i"]),
        Command(
            id: .zoom, group: .view, help: "The picture over the whole screen: + - 0 zoom, arrows pan", keys: ["z"]),
        Command(id: .nextMedia, group: .view, help: "The item's next picture", keys: ["tab"]),
        Command(id: .scrollDown, group: .view, help: "Scroll the text down", keys: ["J", "ctrl-d"]),
        Command(id: .scrollUp, group: .view, help: "Scroll the text up", keys: ["K", "ctrl-u"]),
        Command(id: .queueHealth, group: .work, help: "How the queue is doing: age, backlog, pace", keys: ["Q"]),
        Command(id: .myStatistics, group: .work, help: "Your own verdicts in numbers", keys: ["S"]),
        Command(id: .calibration, group: .work, help: "What scores are worth; try a threshold", keys: ["C"]),
        Command(id: .agreement, group: .work, help: "How far people and models agree", keys: ["A"]),
        Command(id: .refit, group: .work, help: "Learn: fit heads from the verdicts so far", keys: ["L"]),
        Command(id: .commandLine, group: .console, help: "Type a command's name, and what belongs to it", keys: [":"]),
        Command(id: .wellbeing, group: .console, help: "What you have looked at today, and for how long", keys: ["w"]),
        Command(id: .pause, group: .console, help: "A pause: the screen is covered, leases go back", keys: ["P"]),
        Command(id: .help, group: .console, help: "This help", keys: ["?"], hint: "help"),
        Command(id: .redraw, group: .console, help: "Paint the screen anew", keys: ["ctrl-l"]),
        Command(id: .suspend, group: .console, help: "Back to the shell for a while (fg returns)", keys: ["ctrl-z"]),
        Command(
            id: .quit, group: .console, help: "Leave; open leases are given back", keys: ["q", "ctrl-c"], hint: "quit"),
    ]
}
