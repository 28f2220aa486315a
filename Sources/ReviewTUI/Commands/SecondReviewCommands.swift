import ArgumentParser
import Queue

struct SecondReviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "second-review", abstract: "Which verdicts another reviewer looks at again.",
        discussion: """
            Off by default. Neither reviewer is told: the item comes as any other, and never to the first reviewer. \
            Where the two disagree a third verdict decides. Without options it prints what is set.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("The share of first verdicts, 0 to 1.", valueName: "share"))
    var share: Double?
    @Option(
        help: ArgumentHelp(
            "Always for verdicts that name this policy or one beneath; once for each.", valueName: "id"))
    var policy: [String] = []
    @Option(help: ArgumentHelp("The share of claims that brings a gold item, 0 to 1.", valueName: "share"))
    var goldShare: Double?
    @Flag(help: "Turn all of it off.")
    var off = false

    func run() throws {
        let store = try options.openQueue()
        var settings = off ? ReviewSettings() : try store.reviewSettings()
        if let share { settings.secondShare = share }
        if !policy.isEmpty { settings.secondPolicies = policy.map { PolicyID($0) } }
        if let goldShare { settings.goldShare = goldShare }
        if off || share != nil || goldShare != nil || !policy.isEmpty { try store.set(settings) }
        if options.json { return Output.result(settings.json.text) }
        Output.result(
            Table.text(
                header: ["what", "value"],
                rows: [
                    ["share of verdicts looked at again", "\(settings.secondShare)"],
                    ["always for", settings.secondPolicies.map(\.rawValue).joined(separator: " ")],
                    ["share of claims with a known answer", "\(settings.goldShare)"],
                ]))
    }
}

struct GoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gold", abstract: "Items with a known answer, mixed in to see how reviewers do.",
        discussion: "second-review --gold-share says how often they come. Each comes to each reviewer once, unmarked.",
        subcommands: [Add.self, Remove.self, List.self, ReportCommand.self])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set an item apart; its standing verdict is the answer unless one is given.")

        @OptionGroup var options: GlobalOptions
        @Option(help: ArgumentHelp("The item.", valueName: "id"))
        var item: String
        @Option(help: "The known answer: \(Verdict.allCases.map(\.rawValue).joined(separator: ", ")).")
        var verdict: Verdict?
        @Option(help: ArgumentHelp("A policy of the answer; once for each.", valueName: "id"))
        var policy: [String] = []

        func run() throws {
            try options.openQueue().addGold(
                ItemID(item), verdict: verdict, policies: policy.map { PolicyID($0) })
            if options.json { Output.result((["added": .string(item)] as JSONValue).text) }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Put a gold item back where it was.")

        @OptionGroup var options: GlobalOptions
        @Option(help: ArgumentHelp("The item.", valueName: "id"))
        var item: String

        func run() throws {
            try options.openQueue().removeGold(ItemID(item))
            if options.json { Output.result((["removed": .string(item)] as JSONValue).text) }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The gold items and their answers.")

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let items = try options.openQueue().goldItems()
            if options.json { return items.forEach { Output.result($0.json.text) } }
            let rows = items.map { gold in
                [
                    SafeText.line(gold.item.rawValue), gold.verdict.rawValue,
                    gold.policies.map(\.rawValue).joined(separator: " "),
                ]
            }
            Output.result(Table.text(header: ["item", "verdict", "policies"], rows: rows))
        }
    }

    struct ReportCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "report", abstract: "How each reviewer did on the gold items.")

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let results = try options.openQueue().goldResults()
            if options.json { return results.forEach { Output.result($0.json.text) } }
            let rows = results.map { [SafeText.line($0.reviewer), "\($0.judged)", "\($0.agreed)"] }
            Output.result(Table.text(header: ["reviewer", "judged", "agreed"], rows: rows))
        }
    }
}

struct AppealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "appeal", abstract: "File an appeal against an item's verdict.",
        discussion: """
            The item goes to somebody who has not judged it, with its history. The verdict stands until the appeal is \
            decided.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("The item.", valueName: "id"))
    var item: String
    @Option(help: "What the appeal says.")
    var note: String?

    func run() throws {
        try options.openQueue().appeal(ItemID(item), note: note)
        if options.json { Output.result((["appealed": .string(item)] as JSONValue).text) }
    }
}
