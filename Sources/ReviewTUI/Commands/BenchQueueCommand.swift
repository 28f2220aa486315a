import ArgumentParser
import Foundation
import Queue

/// Claims and decides for a while and tells how long it took, for `tools/bench/bench_queue.py`: starting a process for each
/// claim would measure the starting.
struct BenchQueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-queue", abstract: "Claim and decide as fast as the disk allows, and print the times.",
        discussion: "The verdicts are real ones: give it a queue that was made for measuring.", shouldDisplay: false)

    @OptionGroup var options: GlobalOptions
    @Option(help: "In whose name; give every process its own.")
    var reviewer = "bench"
    @Option(help: ArgumentHelp("For how long.", valueName: "seconds"))
    var seconds = 3.0
    @Flag(help: "Time filters and searches instead, and building the index for them.")
    var finding = false

    func run() throws {
        let store = try options.openQueue()
        if finding { return try measureFinding(in: store) }
        let rules = try store.claimRules()
        var latencies = Latencies()
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        var pairs = 0
        while ContinuousClock.now < end {
            guard
                let claim = try latencies.time("claim", { try store.claim(reviewer: reviewer, rules: rules).first })
            else { break }
            let draft = DecisionDraft(verdict: .allow, shownScores: Set(claim.scores.map(\.policy)))
            _ = try latencies.time("decide") { try store.decide(token: claim.lease.token, draft: draft) }
            pairs += 1
        }
        let elapsed = start.duration(to: .now)
        for _ in 0..<min(pairs, 200) { _ = try latencies.time("undo") { try store.undo(reviewer: reviewer) } }
        try measureClaimsOfTwenty(in: store, rules: rules, into: &latencies)
        try measureReading(of: store, into: &latencies)
        let document: JSONValue = [
            "pairs": .integer(Int64(pairs)), "seconds": .number(elapsed / .seconds(1)), "latencies": latencies.json,
        ]
        Output.result(document.text)
    }

    /// The first 50 matches of a filter that one item in ten meets, of common words, and of a word that no item has.
    private func measureFinding(in store: QueueStore) throws {
        var latencies = Latencies()
        let start = ContinuousClock.now
        let isIndexed = try store.extendSearch(forSeconds: 3600)
        let indexing = start.duration(to: .now)
        let queries = [
            "filter": "source:uploads score>0.5", "search, common words": "\"about cats\"",
            "search, two characters": "日本", "search, nothing found": "xylophones",
        ]
        for _ in 0..<20 {
            for (name, text) in queries {
                let query = try store.query(text)
                _ = try latencies.time(name) { try store.page(matching: query, limit: 50, forSeconds: 60) }
            }
        }
        let document: JSONValue = [
            "indexed": .bool(isIndexed), "indexing_seconds": .number(indexing / .seconds(1)),
            "latencies": latencies.json,
        ]
        Output.result(document.text)
    }

    /// What a script does that takes its work twenty items at a time. They are given back.
    private func measureClaimsOfTwenty(
        in store: QueueStore, rules: ClaimRules, into latencies: inout Latencies
    ) throws {
        for _ in 0..<20 {
            let claims = try latencies.time("claim of 20") {
                try store.claim(reviewer: reviewer, count: 20, rules: rules)
            }
            for claim in claims { try store.release(token: claim.lease.token) }
        }
    }

    /// What the console asks for while somebody moves through the list.
    private func measureReading(of store: QueueStore, into latencies: inout Latencies) throws {
        var cursor: ListCursor?
        for _ in 0..<200 {
            let page = try latencies.time("list page of 50") { try store.page(from: cursor, limit: 50) }
            cursor = page.last?.cursor
            _ = try latencies.time("counts") { try store.counts(of: .default) }
        }
    }
}
