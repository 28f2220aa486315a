import ArgumentParser
import Foundation
import Queue

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "The rules that items can violate.", subcommands: [List.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the policies in force, with thresholds and severities.",
            discussion: "Those of the queue where there is one; else those that `init` would install.")

        @OptionGroup var options: GlobalOptions

        func run() throws {
            let taxonomy = try options.taxonomyInForce()
            if options.json {
                for policy in taxonomy.policies { Output.result(ContractJSON.policy(policy).text) }
                return
            }
            let rows = taxonomy.policies.map { policy in
                [
                    policy.id.rawValue, "\(policy.threshold)", "\(policy.severity)",
                    handling(of: policy), policy.title,
                ]
            }
            Output.result(Table.text(header: ["policy", "threshold", "severity", "handling", "title"], rows: rows))
        }

        private func handling(of policy: Policy) -> String {
            let words = (policy.restricted ? ["restricted"] : []) + policy.soften.sorted().map(\.rawValue)
            return (words + (policy.asks == nil ? [] : ["asks"])).joined(separator: ", ")
        }
    }
}

extension GlobalOptions {
    /// The queue's policies where there is a queue; else those that `init` would install.
    func taxonomyInForce() throws -> Taxonomy {
        let path = try Locations().database(option: db)
        if FileManager.default.fileExists(atPath: path) { return try QueueStore.open(at: path).taxonomy() }
        return try Taxonomy.load(file: try Locations().defaultTaxonomy())
    }
}

extension Locations {
    /// The policies that come with the program, or the user's own in their place.
    func defaultTaxonomy() throws -> String {
        guard let file = file("default.toml", in: "policies") else {
            throw CommandFailure(
                .unavailable,
                "policies/default.toml is not there: run reviewtui from its own folder, or name that with REVIEWTUI_SHARE."
            )
        }
        return file.path
    }
}
