import ArgumentParser
import Queue

struct RenewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew", abstract: "Make a lease hold longer.")

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("The lease that claim printed.", valueName: "token"))
    var lease: String
    @Option(help: ArgumentHelp("How long it holds from now on.", valueName: "seconds"))
    var lifetime = 900.0

    func run() throws {
        let lease = try options.openQueue().renew(token: lease, lifetime: lifetime)
        let printed: JSONValue = [
            "lease": .string(lease.token), "expires_at": .string(lease.expiresAt.rfc3339),
            "id": .string(lease.item.rawValue),
        ]
        Output.result(printed.text)
    }
}

struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Give a leased item back undecided.")

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("The lease that claim printed.", valueName: "token"))
    var lease: String

    func run() throws {
        try options.openQueue().release(token: lease)
        if options.json { Output.result(JSONValue.object([JSONMember("released", true)]).text) }
    }
}

struct LeasesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leases", abstract: "Who holds which items, and until when.",
        discussion: "A lease that has run out returns its item to the queue with the next claim.")

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let leases = try options.openQueue().leases()
        if options.json { return leases.forEach { Output.result($0.json.text) } }
        let rows = leases.map { held in
            [
                SafeText.line(held.item.rawValue), SafeText.line(held.reviewer), held.queue.rawValue,
                held.isExpired ? "ran out" : held.expiresAt.rfc3339,
            ]
        }
        Output.result(Table.text(header: ["item", "reviewer", "queue", "until"], rows: rows))
    }
}
