import ArgumentParser
import Foundation
import ModelCore
import Queue

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "The networks that score and explain.", subcommands: [List.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the models, the policies each can score, and what is missing.")

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let models = try InstalledModels().library
            if options.json {
                for model in models.descriptions { Output.result(model.json.text) }
                return
            }
            let rows = models.descriptions.map { model in
                [
                    model.id, model.modality, model.status.word,
                    model.policies.isEmpty ? "untrained" : model.policies.joined(separator: " "), model.licence,
                ]
            }
            Output.result(Table.text(header: ["model", "input", "status", "policies", "licence"], rows: rows))
            for model in models.descriptions {
                if let advice = model.status.advice { Output.say("\(model.id): \(advice)") }
            }
            for note in models.notes { Output.say(note) }
        }
    }
}

extension ModelDescription {
    var json: JSONValue {
        [
            "model": .string(id), "family": .string(family), "modality": .string(modality),
            "status": .string(status.word), "advice": .optional(status.advice),
            "policies": .array(policies.map { .string($0) }), "licence": .string(licence), "source": .string(source),
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
