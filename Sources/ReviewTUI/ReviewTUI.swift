import ArgumentParser
import CChafa
import CNCurses

@main
struct ReviewTUI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reviewtui", subcommands: [MediaWorkerCommand.self])
}
