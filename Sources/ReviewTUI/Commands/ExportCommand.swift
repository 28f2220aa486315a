import ArgumentParser
import Queue

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the standing decisions as a snapshot.",
        discussion: """
            A snapshot never changes: data files, README.md (what it is, how its items were chosen, labels by split, \
            agreement) and manifest.json (the hash of every file, the range of the audit chain, columns). What was \
            undone is not in it, and restricted items never are. Every item has its split for good; near-duplicates and \
            the posts of one author share it.

            jsonl (decisions.jsonl), csv and parquet name media by path and SHA-256. webdataset, imagefolder, labelstudio \
            and prodigy carry pictures with them. Run score --only-twins first, so that pictures that look alike are \
            known for what they are.

            --format dsa writes the statements of reasons of standing restrictions for the DSA Transparency Database: \
            statements.jsonl, one a line, and batches.jsonl, the same in bodies for its `statements` endpoint. They \
            name nothing of an item, so restricted items are among them.
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case jsonl, csv, parquet, webdataset, imagefolder, labelstudio, prodigy, dsa

        /// Nil for statements of reasons, which are no training set.
        var snapshot: SnapshotFormat? { SnapshotFormat(rawValue: rawValue) }
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
        help: ArgumentHelp(
            "Only what was decided since that earlier snapshot, and what of it no longer stands.", valueName: "folder"))
    var since: String?
    @Option(
        help: ArgumentHelp(
            "Leave out items of which several reviewers judged and less than this share agrees, 0 to 1.",
            valueName: "share"))
    var minAgreement: Double?
    @Flag(help: "With csv: put an apostrophe before texts that a spreadsheet would take for a formula.")
    var spreadsheetSafe = false

    @Option(
        help: ArgumentHelp(
            "With parquet: a column with what that model made of each item, to fit heads elsewhere.",
            valueName: "name@version"))
    var embeddings: String?

    func validate() throws {
        guard filter == nil && minAgreement == nil || format != .dsa else {
            throw ValidationError(
                "Statements are owed for every restriction: --format dsa takes no --where and no --min-agreement.")
        }
    }

    func run() throws {
        let store = try options.openQueue()
        guard let form = format.snapshot else { return try exportStatements(of: store) }
        var bar = Progress("export", unit: "decisions")
        let rules = ExportRules(
            format: form, query: try filter.map { try store.query($0) } ?? .everything, since: since,
            leastAgreement: minAgreement, isSpreadsheetSafe: spreadsheetSafe, embeddings: embeddings,
            tool: "reviewtui \(ReviewTUI.configuration.version)")
        let report = try store.export(to: out, rules: rules) { bar.show(done: $0, fraction: nil) }
        bar.clear()
        if options.json { return Output.result(report.json.text) }
        var words = "\(report.rows) decisions written to \(out)"
        if let retractions = report.retractions { words += ", and \(retractions) that no longer stand" }
        if report.disputed > 0 { words += "; \(report.disputed) with too little agreement left out" }
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
