import ArgumentParser
import Foundation

@main
enum Main {
    static func main() async {
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
        return [command] + moved + rest.dropFirst()
    }
}
