import Foundation

@testable import ModelCore

/// A tiny random transformer with what PyTorch made of it by automatic differentiation in float64
/// (tools/fixtures/legrad.py).
struct TinyFixture: Decodable {
    struct Case: Decodable {
        let method: String
        let pooling: String
        let normalized: Bool
        let embedding: Doubles
        let scores: Doubles
        /// [layers, batch, directions, tokens]
        let layers: Doubles
        /// [batch, directions, tokens]
        let total: Doubles

        var relevance: RelevanceMethod.Pooling { RelevanceMethod.Pooling(rawValue: method) ?? .legrad }
    }

    struct Configuration: Decodable {
        let hiddenSize: Int
        let numHiddenLayers: Int
        let numAttentionHeads: Int
        let layerNormEps: Double
    }

    struct Stretched: Decodable {
        let pixels: Doubles
        let grid: [Int]
        let embedding: Doubles
    }

    let config: Configuration
    let tensors: [String: Doubles]
    let directions: Doubles
    let cases: [Case]
    let attention: Doubles
    // Images.
    let pixels: Doubles?
    let stretched: Stretched?
    // Text.
    let inputIds: [[Int]]?
    let attentionMask: [[Int]]?

    static func vit() throws -> TinyFixture { try fixture("legrad-tiny-vit.json") }
    static func bert() throws -> TinyFixture { try fixture("legrad-tiny-bert.json") }

    /// Relevance of the last `count` layers, summed.
    func relevance(_ expected: Case, lastLayers count: Int) -> [Double] {
        let size = expected.total.values.count
        let layers = expected.layers.shape[0]
        return (0..<size).map { index in
            (layers - count..<layers).reduce(0) { $0 + expected.layers.values[$1 * size + index] }
        }
    }

    static func dinov2(input: (height: Int, width: Int) = (16, 16)) throws -> DINOv2 {
        let folder = Places.fixtures + "/legrad-tiny-vit"
        return DINOv2(
            configuration: try .dinov2(path: folder + "/config.json"),
            weights: try SafeTensors(path: folder + "/model.safetensors"), inputSize: input, input: .normalized)
    }

    static func bert(pooling: String) throws -> BERT {
        let folder = Places.fixtures + "/legrad-tiny-bert"
        return BERT(
            configuration: try .bert(path: folder + "/config.json"),
            weights: try SafeTensors(path: folder + "/model.safetensors"),
            pooling: BERT.Pooling(rawValue: pooling) ?? .mean)
    }
}

extension Doubles {
    var tensor: Tensor {
        get throws { try Tensor(values.map(Float.init), shape: shape) }
    }
}
