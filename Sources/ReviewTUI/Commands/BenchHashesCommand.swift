import ArgumentParser
import Foundation
import Queue

/// Times the search for near-duplicates among hashes drawn at random, and checks it against looking at every one.
struct BenchHashesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-hashes", abstract: "Time the search for similar hashes, and print the times.",
        discussion: "Needs no queue. A hundred bytes of memory for each hash.", shouldDisplay: false)

    @Option(help: "How many hashes are searched.")
    var count = 1_000_000
    @Option(help: "How many times.")
    var queries = 2000
    @Option(help: "How many of the searches are checked against every hash.")
    var checks = 100

    func validate() throws {
        guard count > 0, queries > 0, checks >= 0 else { throw ValidationError("Counts are positive.") }
    }

    func run() throws {
        var source = SeededBits(state: 2019)
        let hashes = (0..<count).map { _ in source.hash() }
        let building = ContinuousClock.now
        let index = HashIndex(hashes)
        let built = building.duration(to: .now)
        // Every other search is for what has a near-duplicate, at each distance in turn; the others find nothing.
        let asked = (0..<queries).map { number in
            number % 2 == 0 ? source.changed(hashes[number * 7919 % count], bits: number / 2 % 32) : source.hash()
        }
        var times: [Double] = []
        var found = 0
        for query in asked {
            let start = ContinuousClock.now
            let matches = index.matches(of: query)
            times.append(start.duration(to: .now) / .milliseconds(1))
            found += matches.count
        }
        var (wrong, scans): (Int, [Double]) = (0, [])
        for query in asked.prefix(checks) {
            let start = ContinuousClock.now
            let near = hashes.indices.filter { hashes[$0].distance(to: query) <= HashIndex.radius }
            scans.append(start.duration(to: .now) / .milliseconds(1))
            if near != index.matches(of: query).map(\.position).sorted() { wrong += 1 }
        }
        times.sort()
        scans.sort()
        let at = { (values: [Double], share: Double) -> JSONValue in
            values.isEmpty ? .null : .number(values[min(values.count - 1, Int(Double(values.count) * share))])
        }
        let document: JSONValue = [
            "hashes": .integer(Int64(count)), "queries": .integer(Int64(queries)), "found": .integer(Int64(found)),
            "build_seconds": .number(built / .seconds(1)),
            "milliseconds": ["p50": at(times, 0.5), "p99": at(times, 0.99), "max": at(times, 1)],
            "every_hash_milliseconds": ["p50": at(scans, 0.5)], "checked": .integer(Int64(min(checks, queries))),
            "wrong": .integer(Int64(wrong)),
        ]
        Output.result(document.text)
        if wrong > 0 { throw CommandFailure(.failed, "\(wrong) searches did not find what is there.") }
    }
}

/// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014): every run draws the same.
private struct SeededBits: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    mutating func hash() -> PerceptualHash {
        PerceptualHash(words: SIMD4(next(), next(), next(), next()))
    }

    /// A hash that differs in exactly so many bits.
    mutating func changed(_ hash: PerceptualHash, bits: Int) -> PerceptualHash {
        var flips = SIMD4<UInt64>()
        while (0..<4).reduce(0, { $0 + flips[$1].nonzeroBitCount }) < bits {
            let bit = Int(next() % 256)
            flips[bit / 64] |= 1 << UInt64(bit % 64)
        }
        return PerceptualHash(words: hash.words ^ flips)
    }
}
