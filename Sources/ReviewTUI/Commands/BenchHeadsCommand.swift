import ArgumentParser
import Foundation
import ModelCore
import Queue
import Synchronization

/// Re-scores a made-up queue while somebody decides items of it, and tells how long both took.
struct BenchHeadsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-heads",
        abstract: "Adopt a head over many waiting items while somebody decides, and print the times.",
        discussion: "Works on a queue of its own in a folder that is removed. No network is loaded.",
        shouldDisplay: false)

    @OptionGroup var options: GlobalOptions
    @Option(help: "Items that wait.")
    var items = 100_000
    @Option(help: ArgumentHelp("A pause after each verdict.", valueName: "milliseconds"))
    var pace = 20
    @Option(help: ArgumentHelp("Where the queue is made; on the disk that is to be measured.", valueName: "folder"))
    var folder = NSTemporaryDirectory()

    private static let width = 384

    func run() throws {
        let home = "\(folder)/bench-heads-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: home) }
        let store = try QueueStore.create(
            at: home + "/queue.sqlite", taxonomy: Taxonomy.load(file: Locations().defaultTaxonomy()))
        let library = try InstalledModels(of: store).library
        guard let shipped = library.heads.first(where: { $0.policies.first?.direction.count == Self.width }) else {
            throw CommandFailure(.unavailable, "The program's own head for texts was not found.")
        }
        try fill(store, shipped, library)
        let alone = try deciding(in: store) { Thread.sleep(forTimeInterval: 3) }
        let head = Head(
            name: "bench", model: shipped.model, weightsSHA256: shipped.weightsSHA256,
            policies: shipped.policies.map {
                Head.PolicyDirection(
                    policy: $0.policy, direction: Self.vector(), bias: -1, calibration: .identity, threshold: 0.9)
            })
        let text = String(decoding: head.document, as: UTF8.self)
        let draft = try FittedDocument(text: text, file: "bench").draft(by: "bench")
        try store.adopt(store.propose(draft).id, by: "bench")
        var pages = Latencies()
        var seconds = 0.0
        var result = Rescoring.Result()
        let meanwhile = try deciding(in: store) {
            let start = ContinuousClock.now
            var last = start
            result = try Rescoring(store: store).run { _, _ in
                pages.add("page of \(Rescoring.pageLength)", last.duration(to: .now))
                last = .now
            }
            seconds = start.duration(to: .now) / .seconds(1)
        }
        let document: JSONValue = [
            "items": .integer(Int64(result.total)), "changed": .integer(Int64(result.changed.values.reduce(0, +))),
            "policies": .integer(Int64(head.policies.count)), "seconds": .number(seconds),
            "journal": .string(store.durability.journal.rawValue), "pages": pages.json, "alone": alone.json,
            "meanwhile": meanwhile.json,
        ]
        Output.result(document.text)
    }

    /// Claims and decides on a connection of its own until the body is done, and tells the times.
    private func deciding(in store: QueueStore, during body: () throws -> Void) throws -> Latencies {
        let other = try QueueStore.open(at: store.path)
        let isOver = Atomic(false)
        let times = Mutex(Latencies())
        let reviewer = Thread { [pace] in
            while !isOver.load(ordering: .relaxed) {
                var found = Latencies()
                guard let claim = try? found.time("claim", { try other.claim(reviewer: "ann").first }) else { return }
                _ = try? found.time("decide") {
                    try other.decide(token: claim.lease.token, draft: DecisionDraft(verdict: .allow))
                }
                times.withLock { $0.add(found) }
                Thread.sleep(forTimeInterval: Double(pace) / 1000)
            }
        }
        reviewer.start()
        defer {
            isOver.store(true, ordering: .relaxed)
            while !reviewer.isFinished { Thread.sleep(forTimeInterval: 0.001) }
        }
        try body()
        return times.withLock { $0 }
    }

    private func fill(_ store: QueueStore, _ shipped: Head, _ library: ModelLibrary) throws {
        let file = store.path + ".jsonl"
        var lines = ""
        for number in 0..<items { lines += #"{"id":"post-\#(number)","text":"post number \#(number)"}"# + "\n" }
        try Data(lines.utf8).write(to: URL(fileURLWithPath: file))
        _ = try store.ingest(.jsonLines(path: file))
        let scorer = try EmbeddingScorer(library, model: shipped.model, width: Self.width, precision: .f32)
        for start in stride(from: 0, to: items, by: 1000) {
            let batch = try (start..<min(start + 1000, items)).map { number in
                let embedding = Self.vector()
                return ScoredItem(
                    item: ItemID("post-\(number)"),
                    scores: try scorer.scores(of: embedding).map {
                        Score($0, model: scorer.model, weights: scorer.weightsSHA256, precision: "f32")
                    }, embeddings: [StoredEmbedding(vector: embedding, precision: "f32")])
            }
            try store.record(batch, model: scorer.model, weights: scorer.weightsSHA256)
        }
    }

    private static func vector() -> [Float] { (0..<width).map { _ in Float.random(in: -1...1) } }
}
