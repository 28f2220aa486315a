import ArgumentParser
import Queue

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Record decisions that were made with another tool.",
        discussion: """
            Items are found by item_id or id. labelstudio is its JSON export (choices named verdict and policies; without \
            a verdict, labels remove and none allows), prodigy its JSON Lines (accept, or label and answer), csv a table \
            with id and verdict, policies or both. Each goes into the audit chain as a verdict of that reviewer. Unknown, \
            decided and restricted items are refused with line and reason, the rest is kept, and the status is 65.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "What the file is: \(OutsideFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format: OutsideFormat
    @Argument(help: "The file.")
    var path: String
    @Option(help: ArgumentHelp("Who decided; the name stands in the record for good.", valueName: "name"))
    var reviewer: String
    @Option(help: ArgumentHelp("Write each refused record here, with line and reason.", valueName: "file"))
    var rejects: String?

    func run() throws {
        let store = try options.openQueue()
        var bar = Progress("import", unit: "decisions")
        let report = try store.importDecisions(format, from: path, reviewer: reviewer, rejects: rejects) {
            bar.show(done: $0, fraction: nil)
        }
        bar.clear()
        Output.say(refused: report.rejections, of: report.rejected)
        if options.json {
            Output.result(report.json.text)
        } else {
            var words = "\(report.decided) decisions recorded"
            if report.ignored > 0 { words += ", \(report.ignored) that say nothing ignored" }
            Output.say(words + ", \(report.rejected) rejected.")
        }
        if report.rejected > 0 { throw ExitCode(ExitStatus.rejected.rawValue) }
    }
}

extension OutsideFormat: ExpressibleByArgument {}
