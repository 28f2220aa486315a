import ArgumentParser
import Queue

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the standing decisions as a snapshot.",
        discussion: """
            decisions.jsonl holds one decision a line, manifest.json the hash and the range of the audit chain. What \
            was undone is not in it, and restricted items never are.
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case jsonl
    }

    @OptionGroup var options: GlobalOptions
    @Option(help: "What to write.")
    var format: Format = .jsonl
    @Option(help: ArgumentHelp("A folder that is empty or not there yet.", valueName: "folder"))
    var out: String
    @Option(name: .customLong("where"), help: ArgumentHelp("Only decisions on items that this query matches, as for find.", valueName: "query"))
    var filter: String?

    func run() throws {
        let store = try options.openQueue()
        var bar = Progress("export", unit: "decisions")
        let query = try filter.map { try store.query($0) } ?? ItemQuery("")
        let report =
            query.isEmpty
            ? try store.export(to: out) { bar.show(done: $0, fraction: nil) }
            : try store.export(to: out, where: query) { bar.show(done: $0, fraction: nil) }
        bar.clear()
        if options.json { return Output.result(report.json.text) }
        var words = "\(report.rows) decisions written to \(out)"
        if report.leftOut > 0 { words += "; \(report.leftOut) on restricted items left out" }
        Output.say(words + ".")
    }
}
