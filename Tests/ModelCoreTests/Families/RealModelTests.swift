import Foundation
import Testing

@testable import ModelCore

/// The three real models against float64 computations on the published weights (tools/fixtures/embeddings.py).
@Suite(.enabled(if: Places.hasEngineAndModels, Places.modelsMissing))
struct RealModelTests {
    private struct TextFixture: Decodable {
        struct Entry: Decodable {
            let text: String
            let ids: [Int64]
            let pooled: [Double]
            /// [layers, directions, tokens]
            let legrad: [[[Double]]]
            let received: [Double]
            let shown: [[Double]]
        }

        let texts: [Entry]
    }

    private struct ImageFixture: Decodable {
        struct Entry: Decodable {
            let classToken: [Double]
            let attention: [Double]
            /// [directions, patches]
            let legrad: [[Double]]
            let legradPooled: [[Double]]
        }

        let images: [Entry]
    }

    private struct ClassifierFixture: Decodable {
        struct Entry: Decodable {
            let logits: [Double]
            let probability: Double
            let cam: [[Double]]
        }

        let bias: Double
        let images: [Entry]
    }

    @Test func `MiniLM's embeddings agree to 1e-4 with the reference, in a batch with padding`() throws {
        let fixture: TextFixture = try fixture("embeddings-minilm.json")
        let family = try Self.miniLM()
        let network = try Places.engine().compile(family.scoreGraph(), name: "minilm")
        let tokenizer = try Tokenizer(folder: Self.folder("minilm-l6"))
        let encodings = fixture.texts.map { tokenizer.encode($0.text) }
        #expect(encodings.map(\.ids) == fixture.texts.map(\.ids))
        let found = try network.infer(TextSide.tensors(encodings))["embedding"]?.floats ?? []
        #expect(found.count == fixture.texts.count * 384)
        for (index, expected) in fixture.texts.enumerated() {
            let row = Array(found[index * 384..<(index + 1) * 384])
            #expect(zip(row, expected.pooled).allSatisfy { abs(Double($0) - $1) < 1e-4 }, "\(index)")
        }
    }

    @Test func `MiniLM's relevance agrees to 1e-4 of its maximum with automatic differentiation`() throws {
        let fixture: TextFixture = try fixture("embeddings-minilm.json")
        let network = try Places.engine().compile(Self.miniLM().explainGraph(RelevanceMethod()), name: "minilm explain")
        let tokenizer = try Tokenizer(folder: Self.folder("minilm-l6"))
        for expected in fixture.texts {
            var inputs = try TextSide.tensors([tokenizer.encode(expected.text)])
            inputs["directions"] = try Tensor(Self.directions, shape: [2, 384])
            let found = try network.infer(inputs)["relevance"]?.floats ?? []
            let summed = zip(expected.legrad[0], expected.legrad[1]).flatMap { zip($0, $1).map(+) }
            #expect(relativeDifference(found, summed) < 1e-4, "\(expected.text.debugDescription)")
        }
    }

    @Test func `The words as they are shown agree with the reference: four layers, floored and weighted`() throws {
        let fixture: TextFixture = try fixture("embeddings-minilm.json")
        let network = try Places.engine().compile(
            Self.miniLM().explainGraph(RelevanceMethod(layers: .last(4))), name: "minilm explain")
        let tokenizer = try Tokenizer(folder: Self.folder("minilm-l6"))
        for expected in fixture.texts where expected.ids.count > 3 {
            var inputs = try TextSide.tensors([tokenizer.encode(expected.text)])
            inputs["directions"] = try Tensor(Self.directions, shape: [2, 384])
            let outputs = try network.infer(inputs)
            let received = outputs["received"]?.floats ?? []
            #expect(relativeDifference(received, expected.received) < 1e-4)
            let maps = outputs["relevance"]?.floats ?? []
            for (row, shown) in expected.shown.enumerated() {
                let map = Array(maps[row * received.count..<(row + 1) * received.count])
                let weighted = RelevanceContrast.weighted(
                    .receivedAttention, RelevanceContrast.floored(.textMean, map), received: received)
                #expect(relativeDifference(Array(weighted.dropFirst().dropLast()), shown) < 1e-4)
            }
        }
    }

    @Test func `DINOv2's class token agrees to 1e-4 and its attention and relevance to 1e-4 of their maximum`() throws {
        let fixture: ImageFixture = try fixture("embeddings-dinov2.json")
        let family = try Self.dinov2()
        let engine = try Places.engine()
        let scoring = try engine.compile(family.scoreGraph(), name: "dinov2")
        let explaining = try engine.compile(family.explainGraph(RelevanceMethod()), name: "dinov2 explain")
        let pooled = try engine.compile(
            family.explainGraph(RelevanceMethod(.pooled)), name: "dinov2 explain pooled")
        for (index, expected) in fixture.images.enumerated() {
            let pixels = try Tensor(Self.pixels(index), shape: [1, 224, 224, 3])
            let scored = try scoring.infer(["pixels": pixels])
            let embedding = scored["embedding"]?.floats ?? []
            #expect(embedding.count == 384)
            #expect(zip(embedding, expected.classToken).allSatisfy { abs(Double($0) - $1) < 1e-4 })
            let attention = Array((scored["attention"]?.floats ?? []).dropFirst())
            #expect(relativeDifference(attention, expected.attention) < 1e-4)

            let inputs = ["pixels": pixels, "directions": try Tensor(Self.directions, shape: [2, 384])]
            for (network, maps) in [(explaining, expected.legrad), (pooled, expected.legradPooled)] {
                let outputs = try network.infer(inputs)
                let relevance = try #require(outputs["relevance"])
                #expect(relevance.shape == [1, 2, 257])
                let rows = (0..<2).map { Array(relevance.floats[$0 * 257 + 1..<($0 + 1) * 257]) }
                for (row, map) in zip(rows, maps) { #expect(relativeDifference(row, map) < 1e-4) }
                #expect(
                    zip(outputs["embedding"]?.floats ?? [], expected.classToken)
                        .allSatisfy { abs(Double($0) - $1) < 1e-4 })
            }
        }
    }

    @Test func `open-nsfw's activation map is exact: its mean and the bias are the logit difference`() throws {
        let fixture: ClassifierFixture = try fixture("embeddings-open-nsfw.json")
        let path = try Self.folder("open-nsfw") + "/open-nsfw.onnx"
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let classifier = try PooledClassifier(OnnxGraph(bytes, path: path), path: path)
        let network = try Places.engine().compile(
            .onnx(OnnxGraph.bytes(bytes, addingOutputs: [classifier.features, classifier.logits])), name: "open-nsfw")
        for (index, expected) in fixture.images.enumerated() {
            let rgb = Self.pixels(index)
            let mean: [Float] = [104, 117, 123]
            let values = rgb.indices.map { Float(rgb[$0 / 3 * 3 + 2 - $0 % 3]) - mean[$0 % 3] }
            let outputs = try network.infer([classifier.input: Tensor(values, shape: [1, 224, 224, 3])])
            let logits = outputs[classifier.logits]?.floats ?? []
            #expect(relativeDifference(logits, expected.logits) < 1e-4)
            let features = try #require(outputs[classifier.features])
            #expect(features.shape == [1, 1024, 7, 7])
            let map = classifier.activationMap(features: features.floats, places: 49, row: 1, against: 0)
            #expect(relativeDifference(map, expected.cam.flatMap { $0 }) < 1e-4)
            let bias = Double(classifier.bias[1] - classifier.bias[0])
            #expect(abs(bias - fixture.bias) < 1e-6)
            let mean49 = map.reduce(0.0) { $0 + Double($1) } / 49
            #expect(abs(mean49 + bias - Double(logits[1] - logits[0])) < 1e-4)
        }
    }

    // MARK: The inputs of the fixtures, by their formulas

    /// direction[k][d] = ((d·(7+4k) + 13k) mod 31 − 15) / 16
    static let directions: [Float] = {
        var values: [Float] = []
        for k in 0..<2 {
            for d in 0..<384 { values.append(Float((d * (7 + 4 * k) + 13 * k) % 31 - 15) / 16) }
        }
        return values
    }()

    /// RGB bytes of the fixtures' picture `image`, 224 × 224.
    static func pixels(_ image: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for y in 0..<224 {
            for x in 0..<224 {
                let (dx, dy, radius) = (x - 112 - 20 * image, y - 100 + 10 * image, 30 + 15 * image)
                let inside = dx * dx + dy * dy < radius * radius
                for c in 0..<3 {
                    let value = (x * (image + 2) + y * (2 * c + 1) + 40 * c) % 256
                    bytes.append(UInt8(inside ? value ^ 165 : value))
                }
            }
        }
        return bytes
    }

    private static func folder(_ name: String) throws -> String { try #require(Places.model(name)) }

    private static func miniLM() throws -> Encoder {
        try Checkpoint(folder: folder("minilm-l6")).textEncoder(pooling: .mean)
    }

    private static func dinov2() throws -> Encoder {
        try Checkpoint(folder: folder("dinov2-small")).imageEncoder(
            size: ImageSize(height: 224, width: 224),
            input: .bytes(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]))
    }
}
