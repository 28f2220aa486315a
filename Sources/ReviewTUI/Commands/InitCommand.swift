import ArgumentParser
import Queue

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Create the queue and install the default policies.",
        discussion: "In a queue that exists already, the policies are installed where they differ from those in force.")

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("Policies to install instead of the default ones.", valueName: "file.toml"))
    var policies: String?
    @Option(
        help: ArgumentHelp(
            "Share of claims drawn uniformly instead of by rank, so that figures stay honest (0 to 1, 0.05 at first).",
            valueName: "share"))
    var sampleShare: Double?

    func run() throws {
        let locations = Locations()
        let taxonomy = try Taxonomy.load(file: try policies ?? locations.defaultTaxonomy())
        let store = try QueueStore.create(at: try locations.database(option: options.db), taxonomy: taxonomy)
        if let sampleShare { try store.setSampleShare(sampleShare) }
        if options.json {
            let printed: JSONValue = [
                "queue": .string(store.path), "policies": .integer(Int64(taxonomy.policies.count)),
            ]
            Output.result(printed.text)
        } else {
            Output.say("The queue is at \(store.path), with \(taxonomy.policies.count) policies.")
        }
    }
}
