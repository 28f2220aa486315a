import ArgumentParser
import Foundation
import ModelCore
import Queue

struct HeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "head", abstract: "Heads fitted from decisions: what scores which policy, and since when.",
        discussion: """
            A proposed head scores nothing until somebody adopts it. From then on it comes before what the program ships, \
            policy by policy. Nothing is ever deleted: revert brings back what scored before.
            """,
        subcommands: [List.self, Show.self, Adopt.self, Revert.self, Export.self, Import.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The heads and calibrations of this queue, newest first.")

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let heads = try options.openQueue().heads()
            if options.json { return heads.forEach { Output.result($0.json.text) } }
            guard !heads.isEmpty else {
                return Output.say(
                    "No head was fitted here yet: what the program ships is in use (reviewtui model list).")
            }
            let rows = heads.map { head in
                [
                    head.id, head.kind.rawValue, head.model, head.state,
                    head.policies.map(\.rawValue).joined(separator: " "), head.by, head.createdAt.rfc3339,
                ]
            }
            Output.result(
                Table.text(header: ["head", "kind", "model", "state", "policies", "by", "created"], rows: rows))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One head: its policies, its figures, and who adopted it when and why.")

        @OptionGroup var options: GlobalOptions
        @Argument(help: ArgumentHelp("The head, by id, or by name where one has it.", valueName: "id"))
        var id: String

        func run() throws {
            let store = try options.openQueue()
            let head = try store.head(id)
            let adoptions = try store.adoptions(model: head.model).filter {
                $0.scorer.head == head.id || $0.scorer.calibration == head.id
            }
            let document = try FittedDocument(
                text: store.document(ofHead: head.id), file: head.id)
            if options.json {
                guard case .object(var members) = head.json else { return }
                members.append(JSONMember("directions", .array(document.lines.map(\.json))))
                members.append(JSONMember("adoptions", .array(adoptions.map(\.json))))
                return Output.result(JSONValue.object(members).text)
            }
            let facts = [
                ["head", head.id], ["kind", head.kind.rawValue], ["model", head.model],
                ["weights", head.weights], ["state", head.state],
                ["created", "\(head.createdAt.rfc3339) by \(head.by)"],
                ["fitted on", head.lastDecision.map { "decisions up to row \($0)" } ?? "what is not known here"],
            ]
            Output.result(Table.text(header: ["what", "value"], rows: facts))
            Output.result(
                "\n"
                    + Table.text(
                        header: ["policy", "in use", "calibrated", "threshold", "violations", "others"],
                        rows: document.lines.map { $0.cells(inUse: head.inUse) }))
            if case .object(let members) = head.facts, !members.isEmpty {
                Output.result("\nfacts: \(SafeText.line(head.facts.text))")
            }
            guard !adoptions.isEmpty else { return }
            Output.result(
                "\n"
                    + Table.text(
                        header: ["when", "policy", "what", "by", "because"],
                        rows: adoptions.map {
                            [
                                $0.at.rfc3339, $0.policy.rawValue, $0.isReversion ? "brought back" : "adopted", $0.by,
                                $0.because ?? "",
                            ]
                        }))
        }
    }

    struct Adopt: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have a head score policies of its model from now on, or a calibration correct them.",
            discussion: """
                Everything that waits is re-scored from stored embeddings, which needs no network; decisions and what \
                somebody has on the screen stay as they are. Explanations made for another head say so until score has \
                made them anew.
                """)

        @OptionGroup var options: GlobalOptions
        @Argument(help: ArgumentHelp("The head, by id, or by name where one has it.", valueName: "id"))
        var id: String
        @Option(help: ArgumentHelp("For this policy; once for each. All of its policies by default.", valueName: "id"))
        var policy: [String] = []
        @OptionGroup var change: HeadChangeOptions

        func run() throws {
            let store = try options.openQueue()
            let head = try store.head(id)
            try check(head, in: store)
            let changes = try store.adopt(
                head.id, policies: policy.isEmpty ? nil : policy.map { PolicyID($0) }, by: change.by,
                because: change.because)
            try change.finish(
                changes, model: head.model, in: store, json: options.json, unchanged: "\(head.id) is in use already.")
        }

        /// What would score nothing, or nothing but nonsense, is not adopted.
        private func check(_ head: HeadRecord, in store: QueueStore) throws {
            let document = try FittedDocument(text: store.document(ofHead: head.id), file: head.id)
            let wanted = Set(policy.isEmpty ? head.policies.map(\.rawValue) : policy)
            let library = try InstalledModels(of: store).library
            guard let recipe = library.recipes.first(where: { $0.id == head.model }) else {
                throw CommandFailure(
                    .usage, "\(head.id) is for \(head.model), which is not here: reviewtui model list shows what is.")
            }
            guard recipe.weightsSHA256 == head.weights else {
                throw CommandFailure(
                    .usage, "\(head.id) was fitted on other weights of \(head.model): fit it again on these.")
            }
            switch document.content {
            case .head(let directions):
                let raw = directions.policies.filter { wanted.contains($0.policy) && !$0.isCalibrated }.map(\.policy)
                if !raw.isEmpty {
                    Output.say(
                        """
                        Nobody has calibrated it for \(raw.joined(separator: ", ")): its scores are shown with ~, order \
                        nothing in a list and preselect nothing (reviewtui calibrate).
                        """)
                }
            case .calibration(let calibration):
                let inUse = Set(library.heads.filter { $0.model == head.model }.map(\.id))
                let lost = calibration.entries.first { entry in
                    wanted.contains(entry.policy) && !inUse.contains(entry.head) && !entry.head.hasPrefix("zero-shot@")
                }
                if let lost {
                    throw CommandFailure(
                        .usage,
                        """
                        \(head.id) calibrates \(SafeText.line(lost.head)), which is not in use: adopt that first, or fit \
                        a calibration of the head in use.
                        """)
                }
            }
        }
    }

    struct Revert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring back what scored policies of a model before the last adoption.",
            discussion: """
                Without --policy it takes back the model's last adoption. Called again it goes back further, to what the \
                program ships.
                """)

        @OptionGroup var options: GlobalOptions
        @Option(help: ArgumentHelp("The model, by name or name@version.", valueName: "name"))
        var model: String
        @Option(help: ArgumentHelp("Only this policy, one step back; once for each.", valueName: "id"))
        var policy: [String] = []
        @OptionGroup var change: HeadChangeOptions

        func run() throws {
            let store = try options.openQueue()
            let known = try store.headsInUse().adoptions.keys
            // A model that has gone since can still be reverted by its whole name.
            let named = known.contains(model) ? model : try InstalledModels(of: store).library.recipe(model).id
            let changes = try store.revert(
                model: named, policies: policy.isEmpty ? nil : policy.map { PolicyID($0) }, by: change.by,
                because: change.because)
            try change.finish(changes, model: named, in: store, json: options.json, unchanged: "Nothing changed.")
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a head as a file that models/heads takes, or a calibration for models/calibration.")

        @OptionGroup var options: GlobalOptions
        @Argument(help: ArgumentHelp("The head, by id, or by name where one has it.", valueName: "id"))
        var id: String
        @Option(help: ArgumentHelp("The new file.", valueName: "file.json"))
        var out: String

        func run() throws {
            let store = try options.openQueue()
            let head = try store.head(id)
            let bytes = Data(try store.document(ofHead: head.id).utf8)
            do {
                try bytes.write(to: URL(fileURLWithPath: out), options: .withoutOverwriting)
            } catch let error as CocoaError where error.code == .fileWriteFileExists {
                throw CommandFailure(.usage, "\(out) is there already and is not overwritten: name a new file.")
            } catch {
                throw CommandFailure(
                    .failed, "\(out) could not be written: check its folder and the space on the disk.")
            }
            if options.json {
                let printed: JSONValue = [
                    "head": .string(head.id), "file": .string(out), "bytes": .integer(Int64(bytes.count)),
                ]
                return Output.result(printed.text)
            }
            Output.say("Wrote \(head.id) to \(out).")
        }
    }

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Propose a head, or a calibration, that was fitted elsewhere.",
            discussion: """
                It is checked against the model's weights, the width of its embeddings and the policies in force. Nothing \
                scores by it before head adopt.
                """)

        @OptionGroup var options: GlobalOptions
        @Argument(help: ArgumentHelp("A head file or a calibration file (docs/models.md).", valueName: "file"))
        var file: String
        @Option(help: "Who brings it; the operating system's user by default.")
        var reviewer: String?

        func run() throws {
            let store = try options.openQueue()
            let document = try FittedDocument(path: file)
            let library = try InstalledModels(of: store).library
            guard let recipe = library.recipes.first(where: { $0.id == document.model }) else {
                throw CommandFailure(
                    .rejected,
                    """
                    \(file) is for the model \(SafeText.line(document.model)), which is not here: reviewtui model list \
                    shows what is.
                    """)
            }
            guard recipe.weightsSHA256 == document.weights else {
                throw CommandFailure(
                    .rejected,
                    """
                    \(file) was fitted on other weights of \(recipe.id) (SHA-256 \(document.weights)) than those here \
                    (\(recipe.weightsSHA256)): fit it again on these.
                    """)
            }
            guard recipe.prompts == nil, recipe.family != .onnxClassifier else {
                throw CommandFailure(
                    .rejected, "\(recipe.id) gives no embeddings, so no head can project them: choose another model.")
            }
            if case .head(let head) = document.content, let width = try store.embeddingWidth(model: recipe.id),
                let other = head.policies.first(where: { $0.direction.count != width })
            {
                throw CommandFailure(
                    .rejected,
                    """
                    \(file) holds directions of \(other.direction.count) numbers; embeddings of \(recipe.id) have \(width).
                    """)
            }
            let record = try store.propose(document.draft(by: Reviewer.name(option: reviewer)))
            if options.json { return Output.result(record.json.text) }
            Output.say(
                "Proposed \(record.id) for \(record.policies.map(\.rawValue).joined(separator: ", ")) of \(record.model). "
                    + "reviewtui head adopt \(record.id) has it score.")
        }
    }
}

/// What follows a change of heads: who changed it, and what waits is re-scored.
struct HeadChangeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Why, for whoever reads the record.", valueName: "text"))
    var because: String?
    @Option(help: "Who decides; the operating system's user by default.")
    var reviewer: String?
    @Flag(help: "Leave what waits as it is scored: the next score re-scores it.")
    var noRescore = false

    var by: String { Reviewer.name(option: reviewer) }

    /// - Parameter unchanged: what to say where nothing changed.
    func finish(
        _ changes: [HeadChange], model: String, in store: QueueStore, json: Bool, unchanged: String
    ) throws {
        let result = noRescore ? nil : try Rescoring(store: store).runShowingProgress(models: [model])
        if json {
            var members = [JSONMember("changes", .array(changes.map(\.json)))]
            if let result { members.append(JSONMember("rescored", result.json(of: model))) }
            Output.result(JSONValue.object(members).text)
        } else if changes.isEmpty {
            Output.say(unchanged)
        } else {
            for change in changes {
                Output.say("\(change.policy): \(change.before.words) → \(change.after.words)")
            }
        }
        if noRescore, !changes.isEmpty { Output.say("What waits keeps its scores until reviewtui score.") }
        result?.report()
    }
}

extension HeadRecord {
    /// `in use`, `in use for …` or `proposed`.
    var state: String {
        if inUse.isEmpty { return "proposed" }
        return Set(inUse) == Set(policies) ? "in use" : "in use for \(inUse.map(\.rawValue).joined(separator: " "))"
    }
}

extension PolicyScorer {
    /// For people.
    var words: String {
        let head = head ?? "what the program ships"
        return calibration.map { "\(head) with \($0)" } ?? head
    }
}

extension Rescoring {
    /// ``run(models:progress:)`` with a bar.
    func runShowingProgress(models: [String]? = nil) throws -> Result {
        var bar = Progress("re-score", unit: "items")
        let result = try run(models: models) { bar.show(done: $0, fraction: $1) }
        bar.clear()
        return result
    }
}

extension Rescoring.Result {
    /// Says what was re-scored, where anything was looked at.
    func report() {
        for (model, reason) in left { Output.say("\(model): nothing was re-scored: \(reason).") }
        for (model, count) in items.sorted(by: { $0.key < $1.key }) {
            let stale = stale[model] ?? 0
            let explained =
                stale == 0
                ? "" : " \(stale) have explanations of an earlier head: reviewtui score makes them anew."
            Output.say(
                "Re-scored \(count) that wait by \(model): \(changed[model] ?? 0) have other scores now.\(explained)")
        }
    }

    func json(of model: String) -> JSONValue {
        [
            "model": .string(model), "items": .integer(Int64(items[model] ?? 0)),
            "changed": .integer(Int64(changed[model] ?? 0)), "stale_explanations": .integer(Int64(stale[model] ?? 0)),
            "left": .optional(left.first { $0.model == model }?.reason),
        ]
    }
}
