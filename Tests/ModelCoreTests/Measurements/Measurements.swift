import Foundation
import Testing

@testable import ModelCore

// Left out of ordinary builds, so that a test run skips nothing and no test is one that cannot fail.
#if REVIEWTUI_BENCH
    /// Prints times; asserts none:
    ///
    ///     swift test -Xswiftc -DREVIEWTUI_BENCH --filter Measurements
    ///
    /// Each line has the shortest wall-clock time and the median of processor time (all threads) over rounds in which
    /// everything in a group runs once, so that a busy machine burdens all alike.
    @Suite(.serialized, .enabled(if: Places.hasEngineAndModels, Places.modelsMissing))
    struct Measurements {
        @Test func `DINOv2-small, one picture of 224 pixels`() throws {
            let engine = try engine()
            defer { try? FileManager.default.removeItem(atPath: engine.cache) }
            let folder = try #require(Places.model("dinov2-small"))
            let encoder = try Checkpoint(folder: folder).imageEncoder(
                size: ImageSize(height: 224, width: 224),
                input: .bytes(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]))
            let pixels = try Tensor(RealModelTests.pixels(0), shape: [1, 224, 224, 3])
            let score = try compile("score", engine.engine) { try encoder.scoreGraph() }
            var tasks: [(String, () throws -> Void)] = [("score", { _ = try score.infer(["pixels": pixels]) })]
            for (layers, kind) in [(2, RelevanceMethod.Kind.legrad), (4, .legrad), (2, .pooled)] {
                let name = "explain \(kind.rawValue), last \(layers)"
                let method = RelevanceMethod(kind, layers: .last(layers))
                let network = try compile(name, engine.engine) { try encoder.explainGraph(method) }
                for count in [1, 8] {
                    let directions = (0..<count).flatMap { _ in RealModelTests.directions.prefix(384) }
                    let inputs = ["pixels": pixels, "directions": try Tensor(directions, shape: [count, 384])]
                    tasks.append(("\(name), \(count) directions", { _ = try network.infer(inputs) }))
                }
            }
            try report(tasks)
        }

        @Test func `MiniLM-L6, and its tokenizer`() throws {
            let engine = try engine()
            defer { try? FileManager.default.removeItem(atPath: engine.cache) }
            let folder = try #require(Places.model("minilm-l6"))
            let encoder = try Checkpoint(folder: folder).textEncoder(pooling: .mean)
            let score = try compile("score", engine.engine) { try encoder.scoreGraph() }
            let explain = try compile("explain", engine.engine) { try encoder.explainGraph(RelevanceMethod()) }
            let directions = try Tensor(Array(RealModelTests.directions.prefix(384)), shape: [1, 384])
            var tasks: [(String, () throws -> Void)] = []
            for (batch, tokens) in [(1, 16), (1, 64), (1, 256), (16, 32)] {
                let ids = try Tensor([Int64](repeating: 2009, count: batch * tokens), shape: [batch, tokens])
                let mask = try Tensor([Int64](repeating: 1, count: batch * tokens), shape: [batch, tokens])
                tasks.append(("score \(batch)×\(tokens)", { _ = try score.infer(["ids": ids, "mask": mask]) }))
                tasks.append(
                    (
                        "explain legrad, last 2, 1 direction \(batch)×\(tokens)",
                        { _ = try explain.infer(["ids": ids, "mask": mask, "directions": directions]) }
                    ))
            }
            let tokenizer = try Tokenizer(folder: folder)
            let text = String(repeating: "The café’s naïve moderators disagree, unbelievably. ", count: 20)
            tasks.append(("tokenizer, \(text.utf8.count) bytes", { _ = tokenizer.encode(text) }))
            try report(tasks)
        }

        private func engine() throws -> (engine: Engine, cache: String) {
            var options = Engine.Options()
            let cache = try Scratch.folder()
            options.cacheFolder = cache
            let engine = try Engine(path: #require(Places.library), options: options)
            print("OpenVINO \(engine.version)")
            return (engine, cache)
        }

        /// Compiles twice: without and with the cache.
        private func compile(
            _ name: String, _ engine: Engine, _ source: () throws -> Engine.Source
        ) throws -> CompiledNetwork {
            var network: CompiledNetwork?
            var times: [String] = []
            for _ in 0..<2 {
                let taken = try ContinuousClock().measure { network = try engine.compile(source(), name: name) }
                times.append(taken.formatted(.units(allowed: [.milliseconds])))
            }
            print("\(name): compiled in \(times[0]), out of the cache in \(times[1])")
            return try #require(network)
        }

        private func report(_ tasks: [(String, () throws -> Void)], rounds: Int = 12) throws {
            var wall = tasks.map { _ in Double.infinity }
            var processor = tasks.map { _ in [Double]() }
            for round in 0..<rounds + 2 {
                for (index, task) in tasks.enumerated() {
                    let before = Self.processorTime()
                    let (seconds, fraction) = try ContinuousClock().measure(task.1).components
                    guard round >= 2 else { continue }
                    wall[index] = min(wall[index], Double(seconds) + Double(fraction) / 1e18)
                    processor[index].append(Self.processorTime() - before)
                }
            }
            for (index, task) in tasks.enumerated() {
                let median = processor[index].sorted()[rounds / 2]
                let ratio = median / processor[0].sorted()[rounds / 2]
                print(
                    String(
                        format: "%@: %.2f ms wall, %.2f ms processor, %.2f× the first", task.0, wall[index] * 1000,
                        median * 1000, ratio))
            }
        }

        /// Of all threads of this process, in seconds.
        private static func processorTime() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
    }
#endif
