import Foundation
import Testing

@testable import ModelCore

@Suite struct ShardIndexTests {
    private static let first = SafeTensorsTests.file(
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])
    private static let second = SafeTensorsTests.file(
        #"{"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, data: [0, 0, 0x40, 0x40])
    private static let index =
        #"{"metadata":{"total_size":12},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"#

    /// Two tensors where the index knows one.
    private static let third = SafeTensorsTests.file(
        #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"hidden":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
    )

    private static func checkpoint(_ index: String = index, second: [UInt8] = second) throws -> String {
        let folder = try Scratch.folder()
        try Data(first).write(to: URL(fileURLWithPath: folder + "/m-1.safetensors"))
        try Data(second).write(to: URL(fileURLWithPath: folder + "/m-2.safetensors"))
        try Data(third).write(to: URL(fileURLWithPath: folder + "/m-3.safetensors"))
        return try Scratch.file(index, named: "model.safetensors.index.json", in: folder)
    }

    @Test func `Shards are read as one checkpoint, each from a page of its own`() throws {
        let weights = try SafeTensors(path: Self.checkpoint())
        #expect(try weights.floats("a") == [1, 2] && weights.floats("b") == [3])
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        #expect(weights.file.ranges.map(\.lowerBound) == [0, page])
        #expect(weights.file.tailOffset == 2 * page)
    }

    @Test(.enabled(if: Places.hasEngine, Places.engineMissing))
    func `A network takes its constants from several shards`() throws {
        let graph = GraphBuilder(weights: try SafeTensors(path: Self.checkpoint()))
        let x = graph.parameter("x", .f32, shape: [2])
        let scaled = graph.times(graph.times(x, graph.weight("a", shape: [2])), graph.weight("b", shape: []))
        graph.result("y", graph.plus(scaled, 0.5))
        let network = try Places.engine().compile(graph.source(), name: "shards")
        let outputs = try network.infer(["x": Tensor([1 as Float, 10], shape: [2])])
        #expect(outputs["y"]?.floats == [3.5, 60.5])
    }

    @Test(arguments: [
        ("not a plain name", index.replacing("m-2.safetensors", with: "../m-2.safetensors")),
        ("not a plain name", index.replacing("m-2.safetensors", with: "m-2.bin")),
        ("not a plain name", index.replacing("m-2.safetensors", with: ".safetensors")),
        ("is not in", index.replacing("\"b\":\"m-2", with: "\"b\":\"m-1")),
        ("does not name", index.replacing("\"a\":\"m-1", with: "\"a\":\"m-3")),
        ("there twice", index.replacing("\"b\":", with: "\"a\":")),
        ("no weight_map", #"{"metadata":{}}"#),
        ("names 0 files", #"{"weight_map":{}}"#),
        ("not a JSON object", "[]"),
        ("bracket", #"{"metadata":]}"#),
    ])
    func `An index that lies or reaches elsewhere is refused`(rule: String, index: String) throws {
        let path = try Self.checkpoint(index)
        let error = #expect(throws: WeightsError.self) { try SafeTensors(path: path) }
        #expect(error?.description.contains(rule) == true, "\(error?.description ?? "")")
    }

    @Test func `One tensor in two shards, a missing shard and a broken one are refused`() throws {
        let double = SafeTensorsTests.file(
            #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#,
            data: [0, 0, 0x40, 0x40])
        for (second, rule) in [(double, "two shards"), (Array(Self.second.dropLast()), "m-2.safetensors")] {
            let error = #expect(throws: WeightsError.self) { try SafeTensors(path: Self.checkpoint(second: second)) }
            #expect(error?.description.contains(rule) == true, "\(error?.description ?? "")")
        }
        let path = try Self.checkpoint()
        try FileManager.default.removeItem(
            atPath: path.replacing("model.safetensors.index.json", with: "m-2.safetensors"))
        #expect(throws: WeightsError.self) { try SafeTensors(path: path) }
    }
}
