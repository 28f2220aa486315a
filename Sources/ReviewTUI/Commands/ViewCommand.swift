import ArgumentParser
import Queue

struct ViewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "view", abstract: "Queries under names, for view:NAME in other queries.",
        subcommands: [Save.self, List.self, Remove.self])

    struct Save: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Save a query under a name, in place of an earlier one of that name.")

        @OptionGroup var options: GlobalOptions
        @Argument(help: "Letters, digits, hyphens and underscores.")
        var name: String
        @Argument(parsing: .allUnrecognized, help: ArgumentHelp("As for find.", valueName: "query"))
        var words: [String]

        func run() throws {
            let store = try options.openQueue()
            // What it names is looked up by saving it: only then could it contain itself.
            let text = words.joined(separator: " ")
            let query: ItemQuery
            do { query = try ItemQuery(text) } catch { throw CommandFailure(.usage, error.pointing) }
            try store.saveView(name, query: query)
            if options.json {
                let saved: JSONValue = ["name": .string(name), "query": .string(query.canonicalText)]
                Output.result(saved.text)
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the saved queries.")

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let views = try options.openQueue().views()
            if options.json {
                for view in views {
                    let line: JSONValue = [
                        "name": .string(view.name), "query": .string(view.query),
                        "saved_at": .string(view.savedAt.rfc3339),
                    ]
                    Output.result(line.text)
                }
                return
            }
            Output.result(Table.text(header: ["view", "query"], rows: views.map { [$0.name, $0.query] }))
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a saved query.")

        @OptionGroup var options: GlobalOptions
        @Argument(help: "The name it was saved under.")
        var name: String

        func run() throws {
            try options.openQueue().removeView(name)
            if options.json { Output.result(JSONValue.object([JSONMember("removed", .string(name))]).text) }
        }
    }
}
