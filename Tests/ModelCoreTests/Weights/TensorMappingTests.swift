import Foundation
import Testing

@testable import ModelCore

@Suite struct TensorMappingTests {
    /// `qkv` [6, 2] of the numbers 0…11, `heads.0.w` and `heads.1.w` [1, 2], `t` [2, 3], `left` [].
    private static func weights() throws -> SafeTensors {
        let header = #"""
            {"qkv":{"dtype":"F32","shape":[6,2],"data_offsets":[0,48]},
             "heads.0.w":{"dtype":"F32","shape":[1,2],"data_offsets":[48,56]},
             "heads.1.w":{"dtype":"F32","shape":[1,2],"data_offsets":[56,64]},
             "t":{"dtype":"F32","shape":[2,3],"data_offsets":[64,88]},
             "left":{"dtype":"F32","shape":[],"data_offsets":[88,92]}}
            """#
        let numbers = (0..<23).map(Float.init)
        let bytes = SafeTensorsTests.file(header, data: numbers.withUnsafeBytes { Array($0) })
        return try SafeTensors(path: Scratch.file(bytes, named: "m.safetensors"))
    }

    private static func mapping(
        _ tensors: String, unused: [String] = ["left"], counts: String = ""
    ) throws -> TensorMapping {
        let text = """
            family = "transformer"
            unused = [\(unused.map { "\"\($0)\"" }.joined(separator: ", "))]
            [configuration]
            [counts]
            \(counts)
            [tensors]
            \(tensors)
            """
        return try MappingFile(path: Scratch.file(text, named: "mapping.toml", in: Scratch.folder())).tensors
    }

    private static let sound = """
        "b.{layer}.q" = { from = "qkv", part = "2/3" }
        "b.{layer}.h" = "heads.{head}.w"
        "p.{head}" = "heads.{head}.w"
        "turned" = { from = "t", transpose = true }
        "flat" = { from = "t", shape = [6] }
        "b.{layer}.joined" = { from = "heads.{head}.w", transpose = true }
        """

    @Test func `Tensors come under the family's names: parts, joined, transposed, in another shape`() throws {
        let mapped = try Self.weights().renamed(by: Self.mapping(Self.sound, counts: "layer = 1\nhead = 2"))
        #expect(try mapped.floats("b.0.q") == [4, 5, 6, 7] && mapped.entries["b.0.q"]?.shape == [2, 2])
        #expect(try mapped.floats("b.0.h") == [12, 13, 14, 15] && mapped.entries["b.0.h"]?.shape == [2, 2])
        #expect(try mapped.floats("p.0") == [12, 13] && mapped.floats("p.1") == [14, 15])
        #expect(try mapped.floats("turned") == [16, 19, 17, 20, 18, 21] && mapped.entries["turned"]?.shape == [3, 2])
        #expect(try mapped.floats("flat") == [16, 17, 18, 19, 20, 21])
        #expect(try mapped.floats("b.0.joined") == [12, 14, 13, 15])
        #expect(mapped.entries["qkv"] == nil && mapped.file.changedFile == nil)
    }

    @Test(.enabled(if: Places.hasEngine, Places.engineMissing))
    func `A network takes constants that were copied`() throws {
        let mapped = try Self.weights().renamed(by: Self.mapping(Self.sound, counts: "layer = 1\nhead = 2"))
        let graph = GraphBuilder(weights: mapped)
        let x = graph.parameter("x", .f32, shape: [2])
        let joined = graph.weight("b.0.h", shape: [2, 2])
        graph.result("y", graph.plus(graph.times(x, joined), graph.weight("b.0.q", shape: [2, 2])))
        let outputs = try Places.engine().compile(graph.source(), name: "mapped").infer([
            "x": Tensor([1 as Float, 10], shape: [2])
        ])
        #expect(outputs["y"]?.floats == [16, 135, 20, 157] as [Float])
    }

    private static let unfit: [(rule: String, tensors: String)] = [
        ("is missing", #""a" = "nothing""#),
        ("neither used nor named", #""a" = "t""#),
        ("two rules", "\"{x}\" = \"heads.{x}.w\"\n\"0\" = \"t\""),
        ("equal parts", #""a" = { from = "qkv", part = "1/4" }"#),
        ("cannot take the shape", #""a" = { from = "t", shape = [4] }"#),
        ("no rows and columns", #""a" = { from = "left", transpose = true }"#),
        ("how many {y}", #""a" = "heads.{y}.w""#),
    ]

    @Test(arguments: unfit)
    func `A mapping that does not fit the file is refused with the tensor`(rule: String, tensors: String) throws {
        let error = #expect(throws: WeightsError.self) {
            try Self.weights().renamed(by: Self.mapping(tensors, counts: "x = 2"))
        }
        #expect(error?.description.contains(rule) == true, "\(error?.description ?? "")")
    }

    @Test func `Tensors of unlike forms are not joined`() throws {
        let bytes = SafeTensorsTests.file(
            #"{"h.0":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"h.1":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            data: [UInt8](repeating: 0, count: 8))
        let weights = try SafeTensors(path: Scratch.file(bytes, named: "m.safetensors"))
        let error = #expect(throws: WeightsError.self) {
            try weights.renamed(by: Self.mapping(#""a" = "h.{x}""#, counts: "x = 2"))
        }
        #expect(error?.description.contains("not of one form") == true)
    }

    @Test(arguments: [
        ("tensors.a", #""a" = { from = "t", part = "0/3" }"#), ("tensors.a", #""a" = { from = "t", part = "1" }"#),
        ("tensors.a", #""a" = "{""#), ("tensors.a", #""a" = 1"#), ("a.shape", #""a" = { from = "t", shape = [-1] }"#),
        ("a.fromm", #""a" = { from = "t", fromm = "t" }"#), ("tensors.{A}", #""{A}" = "t""#),
    ])
    func `A fault in a mapping file is reported with its key`(key: String, tensors: String) throws {
        let error = #expect(throws: RecipeError.self) { try Self.mapping(tensors) }
        guard case .invalid(_, _, let found, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == key)
    }

    @Test func `A template with too many tensors is refused before it takes memory`() throws {
        let mapping = try Self.mapping(#""a.{x}.{y}.{z}" = "t""#, counts: "x = 1024\ny = 1024\nz = 1024")
        let template = try #require(NameTemplate("a.{x}.{y}.{z}"))
        #expect(throws: TensorMapping.Fault.self) { try mapping.expanded(template) }
        #expect(NameTemplate("") == nil && NameTemplate("a}") == nil && NameTemplate("a{}") == nil)
    }
}
