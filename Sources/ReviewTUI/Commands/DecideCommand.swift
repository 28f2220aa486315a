import ArgumentParser
import Queue

struct DecideCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide", abstract: "Record a verdict under a lease.",
        discussion: """
            Prints {"decision":…,"hash":…} when the decision is durable. `remove` and `restrict` need a policy. Where \
            the lease is lost nothing is recorded and the status is 75.

            Both also keep a statement of reasons for the EU's DSA Transparency Database, written from the policy and \
            the item; --ground and the options after it change what it says. The database is public: quote no post and \
            no person.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("The lease that claim printed.", valueName: "token"))
    var lease: String
    @Option(help: "What to do: \(Verdict.allCases.map(\.rawValue).joined(separator: ", ")).")
    var verdict: Verdict
    @Option(help: ArgumentHelp("A violated policy; once for each.", valueName: "id"))
    var policy: [String] = []
    @Option(help: "How grave: 1 (mild) to 4.")
    var severity: Int?
    @Option(help: "Why, for the record.")
    var note: String?
    @Option(
        help: ArgumentHelp(
            "Where the evidence is, once for each: {\"policy\":\"hate\",\"spans\":[[0,4]]}, or with media and boxes.",
            valueName: "json"))
    var rationale: [String] = []
    @Option(
        help: ArgumentHelp(
            "With escalate: the queue that takes the item. Else the queue escalations, where there is one.",
            valueName: "queue"))
    var to: String?
    @OptionGroup(title: "Statement of reasons") var statement: StatementOptions

    func run() throws {
        guard to == nil || verdict == .escalate else {
            throw CommandFailure(.usage, "--to hands an item on: it goes with --verdict escalate only.")
        }
        let taker = try to.map { name in
            guard let taker = QueueName(rawValue: name) else {
                throw CommandFailure(.usage, "“\(SafeText.line(name))” cannot be the name of a queue.")
            }
            return taker
        }
        let rationales = try rationale.map { text in
            guard let json = try? JSONValue(parsing: Array(text.utf8)) else {
                throw CommandFailure(.usage, "--rationale is no JSON: \(SafeText.line(text, limit: 80))")
            }
            return try Rationale(json)
        }
        let store = try options.openQueue()
        // `claim` printed every score, so every score was shown.
        let draft = DecisionDraft(
            verdict: verdict, policies: Set(policy.map { PolicyID($0) }), severity: severity, note: note,
            shownScores: try store.scoredPolicies(lease: lease), rationales: rationales, escalatesTo: taker,
            statement: statement.draft)
        let receipt = try store.decide(token: lease, draft: draft)
        Output.result(ContractJSON.receipt(receipt).text)
    }
}

struct UndoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Take a reviewer's latest standing decision back, or one that is named.",
        discussion: """
            Repeated, it goes further back. Refused where somebody has decided the item since. Of a verdict on a group it \
            takes back one decision at a time.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "Whose decision; the operating system's user by default.")
    var reviewer: String?
    @Option(help: ArgumentHelp("The decision to take back; the latest by default.", valueName: "id"))
    var decision: String?

    func run() throws {
        let undone = try options.openQueue().undo(reviewer: Reviewer.name(option: reviewer), decision: decision)
        Output.result(ContractJSON.receipt(undone.receipt).text)
    }
}
