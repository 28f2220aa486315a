import ArgumentParser
import Queue

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the standing decisions as a snapshot.",
        discussion: """
            decisions.jsonl holds one decision a line, manifest.json the hash and the range of the audit chain. What \
            was undone is not in it, and restricted items never are.

            --format dsa writes the statements of reasons of standing restrictions for the DSA Transparency Database: \
            statements.jsonl, one a line, and batches.jsonl, the same in bodies for its `statements` endpoint. They \
            name nothing of an item, so restricted items are among them.
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case jsonl, dsa
    }

    @OptionGroup var options: GlobalOptions
    @Option(help: "What to write.")
    var format: Format = .jsonl
    @Option(help: ArgumentHelp("A folder that is empty or not there yet.", valueName: "folder"))
    var out: String
    @Option(
        name: .customLong("where"),
        help: ArgumentHelp("Only decisions on items that this query matches, as for find.", valueName: "query"))
    var filter: String?
    @Option(
        help: ArgumentHelp("With dsa: only what was decided since that earlier snapshot.", valueName: "folder"))
    var since: String?

    func validate() throws {
        guard since == nil || format == .dsa else { throw ValidationError("--since goes with --format dsa only.") }
        guard filter == nil || format != .dsa else {
            throw ValidationError("Statements are owed for every restriction: --format dsa takes no --where.")
        }
    }

    func run() throws {
        let store = try options.openQueue()
        if format == .dsa { return try exportStatements(of: store) }
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

    private func exportStatements(of store: QueueStore) throws {
        var bar = Progress("export", unit: "statements")
        let report = try store.exportStatements(to: out, since: since) { bar.show(done: $0, fraction: nil) }
        bar.clear()
        if options.json { return Output.result(report.json.text) }
        var words = "\(report.statements) statements in \(report.batches) batches written to \(out)"
        if report.withoutStatement > 0 {
            words += "; \(report.withoutStatement) restrictions have none, being older than statements or erased"
        }
        Output.say(words + ".")
    }
}
