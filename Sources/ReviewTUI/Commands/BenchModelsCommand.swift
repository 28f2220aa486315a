import ArgumentParser
import Foundation
import ModelCore
import Queue

/// Scores and explains on request and tells how long it took, for `tools/bench/bench_models.py`: peers take turns, so each
/// waits in a process of its own for its next turn.
///
/// A line in is a model's name and what to do with all pictures or texts:
///
/// * `score`: embeddings and scores;
/// * `explain N`: the same and the relevance of the first N policies of the model's head;
/// * `flagged`: the same and the relevance of what stands out, as `reviewtui score` does it;
/// * `dump`: not timed; embeddings and scores.
///
/// A line out is `{"seconds":…,"processor":…}`, or for `dump` `{"embeddings":[[…]],"scores":[[…]]}`.
struct BenchModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-models", abstract: "Score and explain as often as asked on stdin, and print the times.",
        shouldDisplay: false)

    @Option(help: "A folder with recipes, and heads in heads/.")
    var recipes: String
    @Option(help: "Pictures in the size the model wants, red, green and blue bytes, one after another.")
    var pixels: String
    @Option(help: "A JSON list of texts.")
    var texts: String
    @OptionGroup var computing: PrecisionOption
    @Flag(help: "Compile for the least latency instead of the most throughput.")
    var latency = false

    func run() async throws {
        let library = try ModelLibrary(
            recipes: recipes, stores: ModelLibrary.stores(startingFrom: Locations().ancestors.prefix(1).map(\.path)))
        var options = Engine.Options()
        options.precision = computing.precision
        options.performance = latency ? .latency : .throughput
        let scorer = try Scorer(library: library, engine: try InstalledModels().engine(options))
        let images = try scorer.imageInputs.first.map(pictures) ?? []
        let texts = try JSONDecoder().decode([String].self, from: Data(contentsOf: URL(fileURLWithPath: texts)))
        while let line = readLine() {
            let words = line.split(separator: " ")
            guard words.count >= 2 else { throw ValidationError("A line names a model and what to do.") }
            let model = try library.recipe(String(words[0])).id
            let request: ExplainRequest
            switch words[1] {
            case "explain":
                let head = library.heads.first { $0.model == model }
                request = .policies((head?.policies ?? []).prefix(Int(words.last ?? "") ?? 1).map(\.policy))
            case "flagged": request = .flagged
            default: request = .none
            }
            let processor = Self.processorSeconds
            let start = ContinuousClock.now
            let found =
                scorer.textModels.contains(model)
                ? try await scorer.assess(texts: texts, model: model, explain: request)
                : try await scorer.assess(images: images, model: model, explain: request)
            let seconds = start.duration(to: .now) / .seconds(1)
            let answer: JSONValue =
                words[1] == "dump"
                ? [
                    "embeddings": .array(found.map { .array($0.embedding.map { .number(Double($0)) }) }),
                    "scores": .array(found.map { .array($0.scores.map { .number($0.probability) }) }),
                ] : ["seconds": .number(seconds), "processor": .number(Self.processorSeconds - processor)]
            Output.result(answer.text)
            fflush(nil)
        }
    }

    private func pictures(for input: ImageInput) throws -> [PixelImage] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: pixels)))
        let each = input.width * input.height * 3
        return stride(from: 0, to: bytes.count / each * each, by: each).compactMap {
            PixelImage(width: input.width, height: input.height, rgb: Array(bytes[$0..<$0 + each]))
        }
    }

    /// Of all threads of this process.
    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
