import ArgumentParser
import Foundation
import ModelCore
import Queue

struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Make scores into probabilities, and choose thresholds, on drawn items.",
        discussion: """
            Uses uniformly drawn decisions and known answers only: what urgency chose says nothing of the queue. One part of \
            them fits a curve and chooses a threshold, the other tells what both are worth, in charts and in --html. The \
            calibration is proposed and changes nothing until it is adopted: by `head adopt`, or here by --adopt. Ends with 65 \
            where some policies have too few drawn items, with 66 where all have.
            """)

    enum Method: String, ExpressibleByArgument, CaseIterable {
        case auto, temperature, platt, isotonic
    }

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("This model; once for each. All whose heads score by default.", valueName: "name"))
    var model: [String] = []
    @Option(help: ArgumentHelp("This policy; once for each. All by default.", valueName: "id"))
    var policy: [String] = []
    @Option(help: "The kind of curve; auto chooses by the number of rows.")
    var method = Method.auto
    @Option(
        help: ArgumentHelp("A threshold from which at least this share violates: the lowest such.", valueName: "share"))
    var precision: Double?
    @Option(
        help: ArgumentHelp(
            "A threshold that finds at least this share of what violates: the highest such.", valueName: "share"))
    var recall: Double?
    @Flag(help: "Also calibrate what a model makes of policies' words, where nothing else scores them.")
    var words = false
    @Option(help: ArgumentHelp("Write the report as one page, too.", valueName: "file"))
    var html: String?
    @Flag(help: "Adopt the calibration.")
    var adopt = false
    @Option(help: "What to call the calibration.")
    var name = "drawn"
    @Option(help: ArgumentHelp("Who proposes it; the operating-system user by default.", valueName: "reviewer"))
    var by: String?

    func validate() throws {
        guard precision == nil || recall == nil else {
            throw ValidationError("Choose one of --precision and --recall.")
        }
        for share in [precision, recall].compactMap({ $0 }) {
            guard share > 0, share <= 1 else {
                throw ValidationError("A precision or a recall lies above 0 and up to 1.")
            }
        }
    }

    func run() async throws {
        let store = try options.openQueue()
        let taxonomy = try store.taxonomy()
        if let unknown = policy.first(where: { taxonomy[PolicyID($0)] == nil }) {
            throw CommandFailure(
                .usage, "There is no policy \"\(unknown)\" here: reviewtui policy list shows those there are.")
        }
        let models = try InstalledModels(of: store)
        let calibrating = Calibrating(
            store: store, library: models.library, words: words ? try await read(words: models, taxonomy) : [:])
        let (chosen, named, wished) = (model, policy.map { PolicyID($0) }, wish)
        let (report, found) = try await onOwnThread { isCancelled in
            try calibrating.run(models: chosen, policies: named, options: wished, isCancelled: isCancelled)
        }
        let records = try found.map { try propose($0.calibration, lastDecision: $0.lastDecision, report, to: store) }
        let rescored =
            adopt && !records.isEmpty
            ? try Rescoring(store: store).runShowingProgress(models: records.map(\.model)) : nil
        say(report, records)
        rescored?.report()
        try write(report)
        guard !report.subjects.isEmpty else {
            throw CommandFailure(
                .notFound,
                report.leftOut.isEmpty
                    ? "Nobody has judged items that a model with heads has embedded: run `reviewtui score`, decide, calibrate."
                    : "Nothing could be calibrated: see above what is missing.")
        }
        try report.leftOut.end(done: "calibrated", areNamed: !policy.isEmpty)
    }

    private var wish: Calibrating.Options {
        var options = Calibrating.Options()
        options.method = CalibrationCurve.Method(rawValue: method.rawValue)
        options.aim = precision.map { .precision($0) } ?? recall.map { .recall($0) } ?? .balance
        return options
    }

    private func read(words models: InstalledModels, _ taxonomy: Taxonomy) async throws -> [String: [Head]] {
        let scorer = try models.scorer(models: model)
        var found: [String: [Head]] = [:]
        for id in scorer.textModels + scorer.imageInputs.map(\.model) {
            found[id] = try await scorer.wordHeads(for: taxonomy.policies.map(\.id.rawValue), model: id)
        }
        return found
    }

    private func propose(
        _ calibration: Calibration, lastDecision: Int64, _ report: CalibrationReport, to store: QueueStore
    ) throws -> HeadRecord {
        let reviewer = Reviewer.name(option: by)
        let subjects = report.subjects.filter { $0.model == calibration.model }
        let record = try store.propose(
            HeadDraft(
                kind: .calibration, name: name, model: calibration.model, weights: calibration.weightsSHA256,
                policies: subjects.map(\.policy), body: String(decoding: calibration.document, as: UTF8.self),
                facts: ["policies": .array(subjects.map(\.json))], lastDecision: lastDecision, by: reviewer))
        if adopt { try store.adopt(record.id, by: reviewer) }
        return record
    }

    // MARK: What is said

    private func write(_ report: CalibrationReport) throws {
        guard let html, !report.subjects.isEmpty else { return }
        let page = CalibrationPage(report: report, version: ReviewTUI.configuration.version)
        do {
            try Data(page.html.utf8).write(to: URL(fileURLWithPath: html), options: .atomic)
        } catch {
            throw CommandFailure(
                .failed, "\(html) could not be written: \(error.localizedDescription). The calibration is recorded.")
        }
        Output.say("The report is in \(html).")
    }

    private func say(_ report: CalibrationReport, _ records: [HeadRecord]) {
        if options.json {
            let document: JSONValue = [
                "calibrations": .array(records.map { .string($0.id) }), "adopted": .bool(adopt),
                "policies": .array(report.subjects.map(\.json)),
                "left_out": .array(report.leftOut.map(\.json)),
            ]
            Output.result(document.text)
        } else {
            let look = StreamLook()
            let drawing = CalibrationDrawing(
                report: report, theme: look.theme, columns: min(120, max(80, look.area.columns)))
            for cells in drawing.cells() {
                // A file gets no attributes.
                Output.result(
                    isatty(STDOUT_FILENO) == 1
                        ? cells.ansi(depth: look.colours)
                        : (0..<cells.size.rows).map(cells.line).joined(separator: "\n"))
            }
        }
        for left in report.leftOut { Output.say("Left out: \(left.sentence)") }
        for record in records {
            Output.say(
                adopt
                    ? "\(record.id) is in use from now on; `reviewtui head revert --model \(record.model)` takes that back."
                    : "\(record.id) is proposed and changes nothing: `reviewtui head adopt \(record.id)` has it count.")
        }
    }
}
