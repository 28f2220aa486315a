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
