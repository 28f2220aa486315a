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

        var relevance: RelevanceMethod.Kind { RelevanceMethod.Kind(rawValue: method) ?? .legrad }
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

    static func dinov2(size: ImageSize? = nil) throws -> Encoder {
        try Checkpoint(folder: Places.fixtures + "/legrad-tiny-vit").imageEncoder(size: size, input: .normalized)
    }

    static func bert(pooling: String) throws -> Encoder {
        try Checkpoint(folder: Places.fixtures + "/legrad-tiny-bert")
            .textEncoder(pooling: TextPooling(rawValue: pooling) ?? .mean)
    }
}

extension Doubles {
    var tensor: Tensor {
        get throws { try Tensor(values.map(Float.init), shape: shape) }
    }
}
