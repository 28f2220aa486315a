import Foundation
import Testing

@testable import ModelCore

@Suite struct OnnxGraphTests {
    /// in → Relu → GlobalAveragePool → Flatten → MatMul(w) → Add(b) → Softmax → out
    private static func model(activation: String = "Softmax") -> [UInt8] {
        func node(_ type: String, _ inputs: [String], _ output: String) -> [UInt8] {
            var node = ProtobufWriter()
            for input in inputs { node.string(1, input) }
            node.string(2, output)
            node.string(4, type)
            return node.bytes
        }
        func tensor(_ name: String, _ shape: [UInt8], _ values: [Float]) -> [UInt8] {
            var tensor = ProtobufWriter()
            tensor.message(1, shape)
            tensor.string(8, name)
            tensor.message(9, values.withUnsafeBytes { Array($0) })
            // data_type, field 2, is a varint: 1 is float.
            return tensor.bytes + [0x10, 0x01]
        }
        var graph = ProtobufWriter()
        graph.message(1, node("Relu", ["in"], "features"))
        graph.message(1, node("GlobalAveragePool", ["features"], "pooled"))
        graph.message(1, node("Flatten", ["pooled"], "flat"))
        graph.message(1, node("MatMul", ["flat", "w"], "product"))
        graph.message(1, node("Add", ["product", "b"], "logits"))
        graph.message(1, node(activation, ["logits"], "out"))
        graph.message(5, tensor("w", [2, 2], [1, 2, 3, 5]))
        graph.message(5, tensor("b", [2], [0.5, -0.5]))
        for (field, name) in [(11, "in"), (12, "out")] {
            var value = ProtobufWriter()
            value.string(1, name)
            graph.message(field, value.bytes)
        }
        var model = ProtobufWriter()
        model.message(7, graph.bytes)
        return model.bytes
    }

    @Test func `The features, logits and classifier of a pooled network are found by walking back from its output`()
        throws
    {
        let classifier = try PooledClassifier(OnnxGraph(Self.model(), path: "m"), path: "m")
        #expect(classifier.features == "features")
        #expect(classifier.logits == "logits")
        #expect(classifier.input == "in")
        #expect(classifier.weights == [1, 2, 3, 5])
        #expect(classifier.bias == [0.5, -0.5])
        // Two channels of two places each, class 1 against class 0: 1·f₀ + 2·f₁.
        #expect(classifier.activationMap(features: [1, 2, 10, 20], places: 2, row: 1, against: 0) == [21, 42])
    }

    @Test func `Appended outputs are read as if they had been there`() throws {
        let graph = try OnnxGraph(OnnxGraph.bytes(Self.model(), addingOutputs: ["features", "logits"]), path: "m")
        #expect(graph.outputs == ["out", "features", "logits"])
        #expect(graph.nodes.count == 6)
    }

    @Test func `A network without softmax over average pooling has no exact map and says so`() throws {
        let graph = try OnnxGraph(Self.model(activation: "Sigmoid"), path: "m")
        let error = #expect(throws: WeightsError.self) { try PooledClassifier(graph, path: "m") }
        #expect(error?.description.contains("softmax") == true)
    }

    @Test func `No prefix and no flipped byte of a file crashes the reader`() throws {
        let whole = Self.model()
        for count in whole.indices { _ = try? OnnxGraph(Array(whole.prefix(count)), path: "m") }
        for index in whole.indices {
            for flip: UInt8 in [0x01, 0x80, 0xFF] {
                var bytes = whole
                bytes[index] ^= flip
                if let graph = try? OnnxGraph(bytes, path: "m") { _ = try? PooledClassifier(graph, path: "m") }
            }
        }
        #expect(throws: WeightsError.self) { try OnnxGraph([0xFF, 0xFF, 0xFF], path: "m") }
    }
}
