import ArgumentParser
import Queue

struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "The lines that items wait in.",
        discussion: """
            An item goes to the first line whose every condition it meets; `restricted` comes before all, `default` takes \
            the rest.
            """, subcommands: [List.self, Set.self, Retire.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the lines in the order they are tried.")

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let store = try options.openQueue()
            let lines = try store.queues()
            if options.json { return lines.forEach { Output.result($0.json.text) } }
            let rows = try lines.map { line in
                [
                    line.name.rawValue, "\(try store.counts(of: line.name).pending)",
                    line.policies.map(\.rawValue).joined(separator: " "), words(line.sources), words(line.languages),
                    words(line.skills),
                ]
            }
            Output.result(
                Table.text(header: ["queue", "pending", "policies", "sources", "languages", "skills"], rows: rows))
        }

        private func words(_ words: [String]) -> String { SafeText.line(words.joined(separator: " ")) }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a line, or give one other conditions, and move the waiting items accordingly.",
            discussion: "A condition with several values is met by any of them; all conditions must be met.")

        @OptionGroup var options: GlobalOptions
        @Argument(help: "The line's name: lower-case letters, digits and dashes.")
        var name: String
        @Option(
            help: ArgumentHelp(
                "A score over its threshold, or a report, for this policy or one beneath.", valueName: "id"))
        var policy: [String] = []
        @Option(help: "Where the item comes from.")
        var source: [String] = []
        @Option(help: ArgumentHelp("The item's language; de takes de-AT too.", valueName: "tag"))
        var lang: [String] = []
        @Option(help: ArgumentHelp("What a reviewer must have to get items of this line.", valueName: "word"))
        var skill: [String] = []

        func run() throws {
            let store = try options.openQueue()
            let line = QueueLine(
                name: try QueueName(argument: name), policies: policy.map { PolicyID($0) }, sources: source,
                languages: lang, skills: skill)
            try store.set(line)
            try moveItems(in: store, options)
        }
    }

    struct Retire: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a line out of use, and move the items that wait in it.")

        @OptionGroup var options: GlobalOptions
        @Argument(help: "The line's name.")
        var name: String

        func run() throws {
            let store = try options.openQueue()
            try store.retire(QueueName(argument: name))
            try moveItems(in: store, options)
        }
    }

    private static func moveItems(in store: QueueStore, _ options: GlobalOptions) throws {
        var bar = Progress("moving", unit: "items")
        let moved = try store.reroute { bar.show(done: $0, fraction: nil) }
        bar.clear()
        if options.json { return Output.result((["moved": .integer(Int64(moved))] as JSONValue).text) }
        Output.say("\(moved) waiting items moved.")
    }
}

struct SkillsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skills", abstract: "What a reviewer can do, for queues that ask for a skill.",
        discussion: "Without --set it prints them. --set, once for each, says all of them anew; --clear takes all away."
    )

    @OptionGroup var options: GlobalOptions
    @Option(help: "Whose; the operating system's user by default.")
    var reviewer: String?
    @Option(help: ArgumentHelp("A skill; once for each.", valueName: "word"))
    var set: [String] = []
    @Flag(help: "Take all skills away.")
    var clear = false

    func validate() throws {
        if clear, !set.isEmpty { throw ValidationError("--clear takes all away: leave --set out.") }
    }

    func run() throws {
        let store = try options.openQueue()
        let who = Reviewer.name(option: reviewer)
        if clear || !set.isEmpty { try store.setSkills(set, of: who) }
        let skills = try store.skills(of: who)
        if options.json {
            let printed: JSONValue = [
                "reviewer": .string(who), "skills": .array(skills.map { .string($0) }),
            ]
            return Output.result(printed.text)
        }
        Output.result(skills.isEmpty ? "No skills." : SafeText.line(skills.joined(separator: " ")))
    }
}

extension QueueName {
    /// From the command line.
    init(argument: String) throws {
        guard let name = QueueName(rawValue: argument) else {
            throw CommandFailure(
                .usage,
                "“\(SafeText.line(argument))” is no name for a queue: use lower-case letters, digits and dashes, at most 40."
            )
        }
        self = name
    }
}
