import ArgumentParser
import Foundation
import ModelCore
import Queue

/// A moderator who knows all the answers, for `tools/bench/bench_learning.py`: asked in the order of a strategy, ten items
/// between two fits, and how well each fit ranks items that nobody was asked about.
///
/// Prints a line a policy, strategy and seed: `{"policy":0,"strategy":"default","seed":1,"verdicts":[10,…],
/// "average_precision":[0.12,…],"auroc":[…]}`. Before both classes have been seen there is no fit, and average precision is
/// the share of violations, as of any order that knows nothing.
struct BenchLearningCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-learning", abstract: "Simulate a moderator on labelled embeddings, and print the curves.",
        shouldDisplay: false)

    enum Strategy: String, CaseIterable, ExpressibleByArgument {
        /// TypiClust until both classes are seen, then entropy.
        case typical
        /// Core-set until both classes are seen, then entropy.
        case coreStart = "core-start"
        /// Entropy after a random start.
        case entropy
        /// The margin at the threshold of the best F1 so far, after a random start.
        case margin
        /// The highest score, after a random start.
        case greatest
        /// Core-set throughout.
        case coreSet = "core-set"
        case random
        /// Every other item the highest score, every other the highest entropy, after TypiClust.
        case mixed
    }

    @Option(help: "Little-endian 32-bit floats, row after row.")
    var embeddings: String
    @Option(help: "Floats a row.")
    var width: Int
    @Option(help: "Bytes, row after row, one a policy: 1 violates, 0 does not, 255 unknown.")
    var labels: String
    @Option(help: "Bytes, one a row: 1 is held out.")
    var heldOut: String
    @Option(parsing: .upToNextOption, help: "Which of \(Strategy.allCases.map(\.rawValue).joined(separator: ", ")).")
    var strategies: [Strategy] = Strategy.allCases
    @Option(help: "Runs of each strategy.")
    var seeds = 7
    @Option(help: "Verdicts of a run.")
    var verdicts = 300
    @Option(help: "Verdicts between two fits.")
    var batch = 10
    @Option(help: "Of every fit; searched for by default, as train does.")
    var strength: Double?

    func run() throws {
        let table = try BenchLearningData.table(embeddings, width: width)
        let policies = try BenchLearningData.labels(labels, rows: table.count)
        let heldOut = [UInt8](try Data(contentsOf: URL(fileURLWithPath: heldOut)))
        guard heldOut.count == table.count else { throw ValidationError("One byte a row says what is held out.") }
        let runs = policies.indices.flatMap { policy in
            strategies.flatMap { strategy in (1...max(1, seeds)).map { (policy, strategy, UInt64($0)) } }
        }
        let (verdicts, batch, strength) = (verdicts, max(1, batch), strength)
        let lines = Concurrently.map(runs.count) { index in
            let (policy, strategy, seed) = runs[index]
            var moderator = SimulatedModerator(
                table, policies[policy], heldOut: heldOut, seed: seed, strength: strength)
            let curve = moderator.run(strategy, verdicts: verdicts, batch: batch)
            let line: JSONValue = [
                "policy": .number(Double(policy)), "strategy": .string(strategy.rawValue),
                "seed": .number(Double(seed)),
                "verdicts": .array(curve.map { .number(Double($0.verdicts)) }),
                "average_precision": .array(curve.map { .number($0.averagePrecision) }),
                "auroc": .array(curve.map { .number($0.auroc) }),
            ]
            return line.text
        }
        for line in lines { Output.result(line) }
    }
}

private struct SimulatedModerator {
    struct Point {
        let verdicts: Int
        let averagePrecision: Double
        let auroc: Double
    }

    private let table: EmbeddingTable
    /// By row of the table; only rows on which something is known are in the pool or held out.
    private let truth: [Int: Double]
    private let heldOut: [Int]
    private let seed: UInt64
    private var random: SeededGenerator
    private var pool: [Int]
    private var judged: [Int] = []
    private let isSearched: Bool
    private var strength: Double
    private var searchedAt = 0

    /// Rounds of a cold start that look at the shape of the pool; after them it is drawn from at random.
    private static let coldRounds = 5

    init(_ table: EmbeddingTable, _ known: LabelledRows, heldOut: [UInt8], seed: UInt64, strength: Double?) {
        self.table = table
        isSearched = strength == nil
        self.strength = strength ?? StrengthSearch.fallbackStrength
        truth = Dictionary(zip(known.rows, known.targets)) { first, _ in first }
        self.heldOut = known.rows.filter { heldOut[$0] == 1 }
        pool = known.rows.filter { heldOut[$0] != 1 }
        self.seed = seed
        random = SeededGenerator(seed: seed)
    }

    mutating func run(_ strategy: BenchLearningCommand.Strategy, verdicts: Int, batch: Int) -> [Point] {
        var points: [Point] = []
        var fit: LinearFit?
        while judged.count < verdicts, !pool.isEmpty {
            let count = min(batch, verdicts - judged.count, pool.count)
            let asked = fit.map { warm($0, strategy, count) } ?? cold(strategy, count)
            let taken = Set(asked)
            pool.removeAll(where: taken.contains)
            judged += asked
            fit = fitted(startingFrom: fit)
            points.append(measured(fit))
        }
        return points
    }

    // MARK: What to ask about

    private mutating func cold(_ strategy: BenchLearningCommand.Strategy, _ count: Int) -> [Int] {
        let round = judged.count / max(1, count)
        switch strategy {
        case .typical, .mixed:
            guard round < Self.coldRounds else { break }
            return Diversity.typical(table, candidates: pool, judged: judged, count: count, seed: seed)
        case .coreSet, .coreStart:
            guard round < Self.coldRounds || strategy == .coreSet else { break }
            return Diversity.coreSet(table, candidates: pool, judged: judged, count: count, seed: seed)
        case .entropy, .margin, .greatest, .random: break
        }
        return Array(pool.shuffled(using: &random).prefix(count))
    }

    private mutating func warm(
        _ fit: LinearFit, _ strategy: BenchLearningCommand.Strategy, _ count: Int
    ) -> [Int] {
        if strategy == .random { return Array(pool.shuffled(using: &random).prefix(count)) }
        if strategy == .coreSet {
            return Diversity.coreSet(table, candidates: pool, judged: judged, count: count, seed: seed)
        }
        let probabilities = pool.map { row in
            CalibrationCurve.identity.probability(ofLogit: table.projection(of: row, on: fit))
        }
        func best(_ worth: (Double) -> Double, _ count: Int, without taken: Set<Int> = []) -> [Int] {
            let keys = probabilities.map(worth)
            return pool.indices.filter { !taken.contains(pool[$0]) }.sorted { (keys[$1], $0) < (keys[$0], $1) }
                .prefix(count).map { pool[$0] }
        }
        switch strategy {
        case .greatest: return best({ $0 }, count)
        case .margin:
            let threshold = thresholdOfBestF1(fit)
            return best({ Uncertainty.margin($0, threshold: threshold) }, count)
        case .mixed:
            let high = best({ $0 }, count / 2)
            return high + best(Uncertainty.entropy, count - high.count, without: Set(high))
        case .entropy, .typical, .coreStart, .coreSet, .random: return best(Uncertainty.entropy, count)
        }
    }

    private func thresholdOfBestF1(_ fit: LinearFit) -> Double {
        let known = judged.map { (p: 1 / (1 + exp(-table.projection(of: $0, on: fit))), violates: truth[$0] == 1) }
            .sorted { $0.p > $1.p }
        let violations = Double(known.count { $0.violates })
        var (hits, best) = (0.0, (value: 0.0, threshold: 0.5))
        for (place, row) in known.enumerated() {
            hits += row.violates ? 1 : 0
            let value = 2 * hits / (Double(place + 1) + violations)
            if value > best.value { best = (value, row.p) }
        }
        return best.threshold
    }

    // MARK: Fits, as the program makes them

    private mutating func fitted(startingFrom start: LinearFit?) -> LinearFit? {
        let rows = LabelledRows(rows: judged, targets: judged.map { truth[$0] ?? 0 })
        guard rows.hasBothClasses else { return nil }
        // The strength is searched for anew whenever the verdicts have grown by half.
        if isSearched, 2 * judged.count >= 3 * searchedAt {
            strength = StrengthSearch.search(table, rows)?.strength ?? StrengthSearch.fallbackStrength
            searchedAt = judged.count
        }
        return LogisticRegression.fit(table, rows, strength: strength, startingFrom: start, tolerance: .loose)
    }

    private func measured(_ fit: LinearFit?) -> Point {
        let labels = heldOut.map { truth[$0] == 1 }
        let scores = heldOut.map { row in fit.map { table.projection(of: row, on: $0) } ?? 0 }
        return Point(
            verdicts: judged.count, averagePrecision: Ranking.averagePrecision(scores: scores, labels: labels) ?? 0,
            auroc: Ranking.auroc(scores: scores, labels: labels) ?? 0.5)
    }
}
