import ArgumentParser
import Queue

struct ClaimCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim", abstract: "Lease the best pending item and print it.",
        discussion: """
            Prints {"lease":…,"expires_at":…,"item":{…}}, or null where nothing is pending; with --count a list.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "Who claims; the operating system's user by default.")
    var reviewer: String?
    @Option(help: "Lease up to this many items in one transaction.")
    var count: Int?
    @Option(help: "Which queue (reviewtui queue list); by default all whose skills the reviewer has.")
    var queue: QueueName?
    @Option(help: ArgumentHelp("Lease this item.", valueName: "id"))
    var item: String?
    @Option(help: ArgumentHelp("How long the lease holds.", valueName: "seconds"))
    var lifetime: Double?

    func validate() throws {
        if item != nil && count != nil { throw ValidationError("--item names one item: leave --count out.") }
    }

    func run() throws {
        let store = try options.openQueue()
        var rules = try store.claimRules()
        if let lifetime { rules.lifetime = lifetime }
        let claims = try store.claim(
            reviewer: Reviewer.name(option: reviewer), count: count ?? 1, queue: queue, item: item.map { ItemID($0) },
            rules: rules)
        let printed = claims.map(ContractJSON.claim)
        Output.result((count == nil ? printed.first ?? JSONValue.null : .array(printed)).text)
    }
}

extension QueueName: ExpressibleByArgument {}
extension Verdict: ExpressibleByArgument {}
