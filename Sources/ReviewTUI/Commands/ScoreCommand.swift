import ArgumentParser
import Foundation
import Media
import ModelCore
import Queue

struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score", abstract: "Score, embed and explain pending items.",
        discussion: """
            Takes up where an earlier run stopped. Items that a model has been over are left alone, unless another head has \
            scored them since: then their explanations are made anew. Before the models, media are hashed (PDQ) and texts \
            compared, so that the console can tell of an item's twins.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("Use this model; once for each. All that are ready by default.", valueName: "name"))
    var model: [String] = []
    @Flag(
        help: """
            Also ask about policies in their own words (zero-shot) where nobody has calibrated the answers. They are marked \
            with ~ and preselect nothing.
            """)
    var uncalibrated = false
    @Flag(help: "Only hash media and compare texts: no model looks at anything.")
    var onlyTwins = false
    @Flag(
        help: """
            Embed decided items that have no embedding (imported decisions), so that heads can be fitted on them. Nothing \
            that was recorded of them changes, and nothing pending is scored.
            """)
    var decided = false
    @OptionGroup var computing: PrecisionOption

    func validate() throws {
        if decided, uncalibrated || onlyTwins {
            throw ValidationError("--decided only embeds: leave --uncalibrated and --only-twins out.")
        }
    }

    func run() async throws {
        let started = Date()
        let store = try options.openQueue()
        if decided { return try await embedDecided(in: store) }
        // First, and needing no model: what is recorded of it stays where none is there.
        let likenesses = try await findTwins(in: store)
        if onlyTwins {
            return report(QueueScoring.Result(), likenesses, seconds: Date().timeIntervalSince(started))
        }
        // Needs no network: what waits is in the right order before anything slow begins.
        try rescore(in: store)
        let models = try InstalledModels(of: store)
        let scorer = try models.scorer(
            models: model, admittingUncalibrated: uncalibrated, precision: computing.precision, performance: .throughput
        )
        let scoring = QueueScoring(store: store, scorer: scorer, decoder: .ownProcess(), models: models)
        var bar = Progress("score", unit: "items")
        let result = try await scoring.run { done, total in
            bar.show(done: done, fraction: Double(done) / Double(max(total, 1)))
        }
        bar.clear()
        // Somebody may have adopted another head meanwhile.
        try rescore(in: store)
        report(result, likenesses, seconds: Date().timeIntervalSince(started))
        try end(result)
    }

    private func rescore(in store: QueueStore) throws {
        let result = try Rescoring(store: store).runShowingProgress()
        result.report()
    }

    private func embedDecided(in store: QueueStore) async throws {
        let models = try InstalledModels(of: store)
        let scorer = try models.scorer(models: model, precision: computing.precision, performance: .throughput)
        var bar = Progress("embed", unit: "items")
        let result = try await QueueEmbedding(store: store, scorer: scorer, decoder: .ownProcess(), models: models)
            .run { bar.show(done: $0, fraction: Double($0) / Double(max($1, 1))) }
        bar.clear()
        for (model, error) in result.broken { Output.say("\(model) was left out: \(error)") }
        let counts = result.items.sorted { $0.key < $1.key }
        if options.json {
            let printed: JSONValue = [
                "embedded": .object(counts.map { JSONMember($0.key, .integer(Int64($0.value))) }),
                "failed": .integer(Int64(result.failed)),
            ]
            Output.result(printed.text)
        } else {
            Output.say(
                counts.isEmpty
                    ? "Every decided item has its embedding."
                    : "Embedded \(counts.map { "\($0.value) decided by \($0.key)" }.joined(separator: ", ")).")
        }
        if let first = result.broken.first {
            throw CommandFailure(
                Main.status(of: first.error) ?? .failed, "\(result.broken.count) of the models embedded nothing.")
        }
    }

    /// Hashes media and compares texts that nobody has looked at.
    private func findTwins(in store: QueueStore) async throws -> QueueLikenesses.Result {
        var bar = Progress("hash", unit: "media")
        let likenesses = try await QueueLikenesses(store: store, decoder: .ownProcess()).run { done, total in
            bar.show(done: done, fraction: Double(done) / Double(max(total, 1)))
        }
        bar.clear()
        var texts = Progress("compare", unit: "texts")
        while try !store.extendTwins(forSeconds: 60, progress: { texts.show(done: $0, fraction: nil) }) {}
        texts.clear()
        return likenesses
    }

    private func report(_ result: QueueScoring.Result, _ likenesses: QueueLikenesses.Result, seconds: Double) {
        for (item, reason) in result.unreadable {
            Output.say("\(item): no model saw its picture: \(reason.reason).")
        }
        for failure in result.failed.prefix(Self.namedFailures) {
            Output.say("\(failure.item): not scored by \(failure.model): \(failure.error)")
        }
        let unnamed = result.failed.count - Self.namedFailures
        if unnamed > 0 { Output.say("… and \(unnamed) more; --json lists them all.") }
        for (model, error) in result.broken { Output.say("\(model) was left out: \(error)") }
        if options.json {
            let printed: JSONValue = [
                "items": .object(
                    result.items.sorted { $0.key < $1.key }.map { JSONMember($0.key, .integer(Int64($0.value))) }),
                "unreadable": .array(result.unreadable.map { .string($0.item.rawValue) }),
                "failed": .array(
                    result.failed.map {
                        ["id": .string($0.item.rawValue), "model": .string($0.model), "reason": .string("\($0.error)")]
                    }),
                "broken": .array(
                    result.broken.map { ["model": .string($0.model), "reason": .string("\($0.error)")] }),
                "hashed": .integer(Int64(likenesses.hashed)),
                "not_hashed": .integer(Int64(likenesses.unreadable)), "seconds": .number(seconds),
            ]
            return Output.result(printed.text)
        }
        if likenesses.hashed > 0 || onlyTwins { Output.say("Hashed \(likenesses.hashed) media.") }
        if likenesses.unreadable > 0 {
            Output.say("\(likenesses.unreadable) media could not be decoded: nothing will be found to look like them.")
        }
        let counts = result.items.sorted { $0.key < $1.key }.map { "\($0.value) by \($0.key)" }
        if !counts.isEmpty {
            Output.say("Scored \(counts.joined(separator: ", ")) in \(String(format: "%.1f", seconds)) s.")
        } else if result.broken.isEmpty, !onlyTwins {
            Output.say("Everything pending is scored already.")
        }
    }

    /// 69 or 1 where a model was no use, 65 where single items were left unscored.
    private func end(_ result: QueueScoring.Result) throws {
        if let first = result.broken.first {
            let status = Main.status(of: first.error) ?? .failed
            throw CommandFailure(
                status, "\(result.broken.count) of the models left items unscored; the others went on.")
        }
        if !result.failed.isEmpty {
            throw CommandFailure(
                .rejected, "\(result.failed.count) times a model failed on an item, which stays unscored by it.")
        }
    }

    private static let namedFailures = 20
}
