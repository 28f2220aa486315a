import Foundation
import Testing

@testable import ModelCore

@Suite struct EngineTests {
    @Test func `An engine that is nowhere says what to do`() {
        let error = #expect(throws: EngineError.self) {
            try Engine.locate(startingFrom: [], environment: ["REVIEWTUI_OPENVINO": "/nonexistent"])
        }
        #expect(error?.description.contains("make deps") == true)
    }

    @Test func `A set place wins over all others and may be a folder`() throws {
        let folder = try Scratch.folder()
        let file = try Scratch.file("", named: "libopenvino_c.so.2641", in: folder)
        _ = try Scratch.file("", named: "libopenvino_c.so.2630", in: folder)
        for place in [folder, file] {
            #expect(try Engine.locate(startingFrom: [], environment: ["REVIEWTUI_OPENVINO": place]) == file)
        }
    }

    @Test func `A project's private Python environment is found from any folder below`() throws {
        let folder = try Scratch.folder()
        let file = try Scratch.file(
            "", named: ".deps/python/lib/python3.11/site-packages/openvino/libs/libopenvino_c.so.2641", in: folder)
        _ = try Scratch.file("", named: "a/b/c", in: folder)
        #expect(try Engine.locate(startingFrom: ["/", folder + "/a/b"], environment: [:]) == file)
    }

    @Test func `A file that is no library is refused and not believed`() throws {
        let path = try Scratch.file(Array("not a library".utf8), named: "libopenvino_c.so")
        let error = #expect(throws: EngineError.self) { try Engine(path: path) }
        guard case .notLoadable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(.enabled(if: Places.hasEngine, Places.engineMissing))
    func `A described network computes what its formula says, from the file and from the constants behind it`() throws {
        let graph = try Self.graph()
        let x = graph.parameter("x", .f32, shape: [nil, 2])
        let w = graph.weight("w.weight", shape: [2, 2])
        graph.result(
            "y", graph.plus(graph.product(x, w, transposingSecond: true), graph.constant([10, 20], shape: [2])))
        let network = try Places.engine().compile(graph.source(), name: "toy")
        #expect(network.inputs == ["x"])
        #expect(network.outputs == ["y"])
        let outputs = try network.infer(["x": Tensor([1, 1, 2, 0] as [Float], shape: [2, 2])])
        #expect(outputs["y"]?.shape == [2, 2])
        #expect(outputs["y"]?.floats == [13, 27, 12, 26])
    }

    @Test(.enabled(if: Places.hasEngine, Places.engineMissing))
    func `A square matrix used as it is and transposed gives both products`() throws {
        let graph = try Self.graph()
        let layer = Linear("w", from: 2, to: 2, bias: false)
        let x = graph.parameter("x", .f32, shape: [nil, nil, nil, 2])
        graph.result("forward", graph.apply(layer, x))
        graph.result("backward", graph.applyTransposed(layer, x))
        let network = try Places.engine().compile(graph.source(), name: "square")
        let outputs = try network.infer(["x": Tensor([1, 10] as [Float], shape: [1, 1, 1, 2])])
        #expect(outputs["forward"]?.floats == [21, 43])
        #expect(outputs["backward"]?.floats == [31, 42])
    }

    @Test(.enabled(if: Places.hasEngine, Places.engineMissing))
    func `A wrong input is an error in the engine's words, and the network works again afterwards`() throws {
        let graph = try Self.graph()
        let x = graph.parameter("x", .f32, shape: [1, 2])
        graph.result("y", graph.times(x, 2))
        let network = try Places.engine().compile(graph.source(), name: "strict")
        #expect(throws: EngineError.self) { try network.infer(["x": Tensor([1, 2, 3] as [Float], shape: [1, 3])]) }
        #expect(throws: EngineError.noSuchPort(name: "z", have: ["x"])) {
            try network.infer(["z": Tensor([1] as [Float], shape: [1])])
        }
        #expect(try network.infer(["x": Tensor([1, 2] as [Float], shape: [1, 2])])["y"]?.floats == [2, 4])
    }

    @Test(.enabled(if: Places.hasEngine, Places.engineMissing), arguments: Engine.Options.Performance.allCases)
    func `Inputs in flight come back in their order, and one that fails takes no other with it`(
        performance: Engine.Options.Performance
    ) throws {
        var options = Engine.Options()
        options.performance = performance
        let graph = try Self.graph()
        let x = graph.parameter("x", .f32, shape: [nil, 2])
        graph.result("y", graph.times(x, 2))
        let network = try Engine(path: #require(Places.library), options: options).compile(graph.source(), name: "many")
        #expect(network.requestsInFlight >= 1)
        var inputs = try (0..<17).map { ["x": try Tensor([Float($0), 1], shape: [1, 2])] }
        inputs[5] = ["x": try Tensor([1, 2, 3] as [Float], shape: [1, 3])]
        inputs[6] = ["z": try Tensor([1, 2] as [Float], shape: [1, 2])]
        let found = network.infer(each: inputs)
        #expect(found.count == 17)
        for (index, outcome) in found.enumerated() where index != 5 && index != 6 {
            #expect(try outcome.get()["y"]?.floats == [2 * Float(index), 2])
        }
        #expect(throws: EngineError.self) { try found[5].get() }
        #expect(throws: EngineError.noSuchPort(name: "z", have: ["x"])) { try found[6].get() }
        #expect(network.infer(each: []).isEmpty)
    }

    @Test func `The cache throws away what was used longest ago, and never what is in use`() throws {
        let folder = try Scratch.folder()
        for (age, name) in ["new", "old", "oldest"].enumerated() {
            _ = try Scratch.file(String(repeating: "0", count: 1000), named: "\(name)/a.blob", in: folder)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: Double(1_000_000 - age))],
                ofItemAtPath: "\(folder)/\(name)")
        }
        // From a version that had no drawers.
        _ = try Scratch.file(String(repeating: "0", count: 1000), named: "loose.blob", in: folder)
        func left() throws -> Set<String> { Set(try FileManager.default.contentsOfDirectory(atPath: folder)) }
        CompiledNetworkCache(folder: folder, byteLimit: 4000).prune(keeping: folder + "/oldest")
        #expect(try left() == ["new", "old", "oldest", "loose.blob"])
        CompiledNetworkCache(folder: folder, byteLimit: 3999).prune(keeping: folder + "/oldest")
        #expect(try left() == ["new", "oldest", "loose.blob"])
        CompiledNetworkCache(folder: folder, byteLimit: 0).prune(keeping: folder + "/oldest")
        #expect(try left() == ["oldest"])
    }

    @Test(.enabled(if: Places.hasEngine, Places.engineMissing))
    func `A network taken out of the cache folder computes the same, and is not mistaken for one with other weights`()
        throws
    {
        var options = Engine.Options()
        let cache = try Scratch.folder() + "/networks"
        options.cacheFolder = cache
        let engine = try Engine(path: #require(Places.library), options: options)
        #expect(engine.version.hasPrefix("20"))
        for (weights, expected) in [([1, 2, 3, 4], [31, 42]), ([1, 2, 3, 4], [31, 42]), ([5, 2, 3, 4], [35, 42])]
            as [([Float], [Float])]
        {
            let graph = try Self.graph(weights)
            let x = graph.parameter("x", .f32, shape: [nil, 2])
            graph.result("y", graph.product(x, graph.weight("w.weight", shape: [2, 2])))
            let network = try engine.compile(graph.source(), name: "cached")
            #expect(try network.infer(["x": Tensor([1, 10] as [Float], shape: [1, 2])])["y"]?.floats == expected)
        }
        let kept = try FileManager.default.subpathsOfDirectory(atPath: cache)
        #expect(kept.count { $0.hasSuffix(".blob") } == 2)
    }

    @Test func `A weight that is missing or of another shape is reported by name when the graph is finished`() throws {
        let graph = try Self.graph()
        graph.result("y", graph.weight("w.weight", shape: [3, 3]))
        #expect(throws: WeightsError.self) { try graph.source() }
        let other = try Self.graph()
        other.result("y", other.weight("nobody", shape: [1]))
        let error = #expect(throws: WeightsError.self) { try other.source() }
        #expect(error?.description.contains("nobody") == true)
    }

    @Test func `A tensor whose values do not fill its shape is refused`() {
        #expect(throws: EngineError.self) { try Tensor([1, 2] as [Float], shape: [3]) }
        #expect(throws: EngineError.self) { try Tensor([1, 2] as [Float], shape: [-1, -2]) }
    }

    /// Over a file with `w.weight`, [2, 2].
    private static func graph(_ values: [Float] = [1, 2, 3, 4]) throws -> GraphBuilder {
        let header = #"{"w.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#
        let count = UInt8(header.utf8.count)
        let bytes = [count, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + values.withUnsafeBytes { Array($0) }
        return GraphBuilder(weights: try SafeTensors(path: Scratch.file(bytes, named: "model.safetensors")))
    }
}
