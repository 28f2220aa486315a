import ArgumentParser
import Queue

struct IngestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Add items from JSONL, CSV or a folder of media.",
        discussion: """
            The same id with the same content is unchanged; with other content it is rejected unless --update is \
            given. Refused lines are told with number and reason, the rest is kept, and the status is 65.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "A .jsonl or .csv file, a folder of media, or - for JSON Lines on standard input.")
    var path: String
    @Option(help: ArgumentHelp("Write each refused line here, with number and reason.", valueName: "file"))
    var rejects: String?
    @Option(help: ArgumentHelp("Media lie beneath this folder instead of the file's own.", valueName: "folder"))
    var mediaRoot: String?
    @Flag(help: "Replace undecided items whose content has changed.")
    var update = false
    @Flag(help: "All or nothing: one refused line keeps every other out.")
    var strict = false
    @Flag(help: "Refer to the original media instead of copying them.")
    var link = false

    func run() throws {
        let source = try IngestSource.detect(path)
        let store = try options.openQueue()
        let choices = IngestOptions(
            update: update, strict: strict, link: link, mediaRoot: mediaRoot, rejects: rejects)
        var bar = Progress("ingest", unit: "items")
        let report = try store.ingest(source, options: choices) { progress in
            bar.show(
                done: progress.items, fraction: progress.totalBytes.map { Double(progress.bytes) / Double(max($0, 1)) })
        }
        bar.clear()
        Output.say(refused: report.rejections, of: report.rejected)
        if options.json {
            Output.result(report.json.text)
        } else {
            var words = "\(report.added) added, \(report.updated) updated, \(report.unchanged) unchanged"
            if report.ignored > 0 { words += ", \(report.ignored) files ignored" }
            Output.say(words + ", \(report.rejected) rejected.")
        }
        if report.isRolledBack {
            throw CommandFailure(.rejected, "Nothing was added: --strict takes all lines or none.")
        }
        if report.rejected > 0 { throw ExitCode(ExitStatus.rejected.rawValue) }
    }
}
