import ArgumentParser
import Foundation
import Media

@main
enum Main {
    /// Not asynchronous itself: the media worker gives up its privileges before anything has started a thread. (A
    /// thread of libdispatch that starts meanwhile ends the process when it may open no descriptor any more.)
    static func main() {
        if MediaWorkerCommand.isMeant(by: CommandLine.arguments) { exit(MediaWorker.run(input: 0, output: 1)) }
        Task { @MainActor in
            await run()
            exit(ExitStatus.done.rawValue)
        }
        dispatchMain()
    }

    @MainActor
    private static func run() async {
        let arguments = hoistingGlobalOptions(Array(CommandLine.arguments.dropFirst()))
        do {
            var command = try ReviewTUI.parseAsRoot(arguments)
            if var asynchronous = command as? AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            exit(report(error))
        }
    }

    /// Moves `--db URL` and `--json` from before the command's name to its end: both places are promised, and
    /// ArgumentParser hands options before the name to the root command only.
    static func hoistingGlobalOptions(_ arguments: [String]) -> [String] {
        var rest = arguments[...]
        var moved: [String] = []
        while let first = rest.first {
            if first == "--json" || first.hasPrefix("--db=") {
                moved.append(first)
                rest = rest.dropFirst()
            } else if first == "--db", rest.count > 1 {
                moved += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        guard !moved.isEmpty, let command = rest.first, !command.hasPrefix("-") else { return arguments }
        // `audit verify` and its like are two words.
        let isGroup = ReviewTUI.configuration.subcommands.contains { type in
            type.configuration.commandName == command && !type.configuration.subcommands.isEmpty
        }
        let words = isGroup && rest.count > 1 ? 2 : 1
        return rest.prefix(words) + moved + rest.dropFirst(words)
    }
}
