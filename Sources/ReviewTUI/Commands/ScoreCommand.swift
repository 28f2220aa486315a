import ArgumentParser
import Foundation
import Media
import Queue

struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score", abstract: "Score, embed and explain pending items.",
        discussion: "Takes up where an earlier run stopped. Items that a model has been over are left alone.")

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("Use this model; once for each. All that are ready by default.", valueName: "name"))
    var model: [String] = []

    func run() async throws {
        let started = Date()
        let store = try options.openQueue()
        let models = try InstalledModels()
        let scoring = QueueScoring(
            store: store, scorer: try models.scorer(models: model), decoder: .ownProcess(), library: models.library)
        var bar = Progress("score", unit: "items")
        let result = try await scoring.run { done, total in
            bar.show(done: done, fraction: Double(done) / Double(max(total, 1)))
        }
        bar.clear()
        for (item, reason) in result.unreadable {
            Output.say("\(item): no model saw its picture: \(reason.reason).")
        }
        let seconds = Date().timeIntervalSince(started)
        if options.json {
            let printed: JSONValue = [
                "items": .object(
                    result.items.sorted { $0.key < $1.key }.map { JSONMember($0.key, .integer(Int64($0.value))) }),
                "unreadable": .array(result.unreadable.map { .string($0.item.rawValue) }),
                "seconds": .number(seconds),
            ]
            return Output.result(printed.text)
        }
        let counts = result.items.sorted { $0.key < $1.key }.map { "\($0.value) by \($0.key)" }
        Output.say(
            counts.isEmpty
                ? "Everything pending is scored already."
                : "Scored \(counts.joined(separator: ", ")) in \(String(format: "%.1f", seconds)) s.")
    }
}
