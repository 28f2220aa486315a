import ArgumentParser
import Foundation
import ModelCore
import Queue

/// Fits heads as `train` fits them and tells how long it took, for `tools/bench/bench_learning_fit.py`: the strength by
/// five-fold cross-validation, then the fit, of each policy, policies side by side.
///
/// Prints `{"seconds":…,"processor":…,"policies":[{"strength":…,"trials":…,"iterations":…,"direction":[…],"bias":…}]}`.
struct BenchLearningFitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-learning-fit", abstract: "Fit heads on given embeddings and labels, and print the time.",
        shouldDisplay: false)

    @Option(help: "Little-endian 32-bit floats, row after row.")
    var embeddings: String
    @Option(help: "Floats a row.")
    var width: Int
    @Option(help: "Bytes, row after row, one a policy: 1 violates, 0 does not, 255 unknown.")
    var labels: String
    @Flag(help: "Put the same weight on both classes.")
    var balanced = false
    @Flag(help: "Fit with strength 1 instead of searching.")
    var plain = false

    func run() throws {
        let table = try BenchLearningData.table(embeddings, width: width)
        let policies = try BenchLearningData.labels(labels, rows: table.count)
        let (balanced, plain) = (balanced, plain)
        let processor = BenchLearningData.processorSeconds
        let start = ContinuousClock.now
        let fits = Concurrently.map(policies.count) { policy -> (strength: Double, trials: Int, fit: LinearFit) in
            let rows = balanced ? policies[policy].balanced : policies[policy]
            let found = plain ? nil : StrengthSearch.search(table, rows)
            let strength = found?.strength ?? StrengthSearch.fallbackStrength
            return (
                strength, found?.trials.count ?? 0,
                LogisticRegression.fit(table, rows, strength: strength)
            )
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        let answer: JSONValue = [
            "seconds": .number(seconds), "processor": .number(BenchLearningData.processorSeconds - processor),
            "policies": .array(
                fits.map { found in
                    [
                        "strength": .number(found.strength), "trials": .number(Double(found.trials)),
                        "iterations": .number(Double(found.fit.iterations)),
                        "direction": .array(found.fit.direction.map(JSONValue.number)),
                        "bias": .number(found.fit.bias),
                    ]
                }),
        ]
        Output.result(answer.text)
    }
}

/// What the learning benchmarks read.
enum BenchLearningData {
    static func table(_ path: String, width: Int) throws -> EmbeddingTable {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        guard width > 0, data.count % (4 * width) == 0 else {
            throw ValidationError("\(path) is not made of rows of \(width) floats.")
        }
        var table = EmbeddingTable(width: width)
        table.reserveCapacity(data.count / (4 * width))
        data.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: 4 * width) {
                table.append(
                    (0..<width).map {
                        Float(
                            bitPattern: UInt32(
                                littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * $0, as: UInt32.self)))
                    })
            }
        }
        return table
    }

    /// One for each policy: the rows on which something is known of it.
    static func labels(_ path: String, rows: Int) throws -> [LabelledRows] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        guard rows > 0, bytes.count % rows == 0 else { throw ValidationError("\(path) is not made of \(rows) rows.") }
        let policies = bytes.count / rows
        return (0..<policies).map { policy in
            let known = (0..<rows).filter { bytes[$0 * policies + policy] <= 1 }
            return LabelledRows(rows: known, targets: known.map { Double(bytes[$0 * policies + policy]) })
        }
    }

    /// Of all threads of this process.
    static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
