import Foundation

@testable import ModelCore

/// A tiny random model that reads picture and text together, with what its public implementation made of them and the
/// gradients of automatic differentiation in float64 (tools/fixtures/cross_attention.py).
struct CrossFixture: Decodable {
    let pixels: Doubles
    let inputIds: [[Int]]
    let attentionMask: [[Int]]
    /// [layers, batch, tokens, patches] of a matcher, [batch, …] of the others.
    let crossAttention: Doubles
    let crossGrad: Doubles
    let wholeText: Doubles?
    // BLIP, ALBEF, CoCa.
    let imageEmbedding: Doubles?
    let textEmbedding: Doubles?
    let similarity: Doubles?
    let itmLogits: Doubles?
    // CoCa.
    let directions: Doubles?
    let poolerAttention: Doubles?
    let poolerLegrad: Doubles?
    // CoCa, Flamingo.
    let logProbability: Doubles?
    // Flamingo.
    let imageAttentionMask: [[[Int]]]?
    let answers: [[Int]]?

    init(_ name: String) throws { self = try fixture("cross-tiny-\(name).json") }

    static func checkpoint(_ name: String) throws -> Checkpoint {
        try Checkpoint(folder: Places.fixtures + "/cross-tiny-" + name)
    }

    /// What goes into a graph that reads picture and text.
    var inputs: [String: Tensor] {
        get throws {
            let shape = pixels.shape
            // Several pictures to a text follow one another.
            let flat = [shape.dropLast(3).reduce(1, *)] + shape.suffix(3)
            return [
                "pixels": try Tensor(pixels.values.map(Float.init), shape: flat),
                "ids": try Self.tensor(inputIds), "mask": try Self.tensor(attentionMask),
            ]
        }
    }

    static func tensor(_ rows: [[Int]]) throws -> Tensor {
        try Tensor(rows.flatMap { $0.map(Int64.init) }, shape: [rows.count, rows[0].count])
    }
}

extension Doubles {
    /// Part `index` along the first axis.
    subscript(index: Int) -> [Double] {
        let size = values.count / shape[0]
        return Array(values[index * size..<(index + 1) * size])
    }
}
