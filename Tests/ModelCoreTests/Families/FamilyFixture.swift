import Foundation
import Testing

@testable import ModelCore

/// A tiny random checkpoint of a public implementation and what that made of it in float64
/// (tools/fixtures/families.py).
struct FamilyFixture: Decodable {
    struct Stretched: Decodable {
        let pixels: Doubles
        let embedding: Doubles
    }

    /// [directions, numbers of an embedding]
    let directions: Doubles
    /// [batch, numbers of an embedding]
    let embedding: Doubles
    /// [batch, directions]
    let scores: Doubles
    /// [layers, batch, directions, tokens]
    let legrad: Doubles
    let legradPooled: Doubles
    let tokenDecomposition: Doubles?
    /// [batch, directions, tokens], of this head alone
    let oneHead: Doubles
    let head: Int
    /// [layers, batch, tokens], or one layer's where the model pools by attention
    let attention: Doubles
    /// [batch, tokens]
    let rollout: Doubles
    let received: Doubles?
    // Images.
    let pixels: Doubles?
    let stretched: Stretched?
    // Texts.
    let ids: [[Int]]?
    let mask: [[Int]]?

    enum CodingKeys: String, CodingKey {
        case directions, embedding, scores, legrad, head, attention, rollout, received, pixels, stretched, ids, mask
        case legradPooled = "legrad-pooled"
        case tokenDecomposition = "token-decomposition"
        case oneHead = "one-head"
    }

    /// One side of one checkpoint.
    struct Name: Sendable, CustomTestStringConvertible {
        let folder: String
        let side: String

        var testDescription: String { "\(folder), \(side)" }
        var path: String { "\(Places.fixtures)/families/\(folder)" }
    }

    static let images = [
        "vit", "deit", "dinov2-registers", "dinov2-giant", "clip", "siglip", "open-clip", "open-clip-siglip",
        "open-clip-eva02", "open-clip-eva02-enormous", "timm-vit-22b", "timm-eva-giant", "timm-eva02",
        "timm-dinov2-giant", "timm-siglip-gap",
    ].map { Name(folder: $0, side: "image") }
    static let texts = ["clip", "siglip", "bert", "roberta", "xlm-roberta", "open-clip", "open-clip-siglip"]
        .map { Name(folder: $0, side: "text") }
    static let all = images + texts

    init(_ name: Name) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(name.path)/\(name.side).json"))
        self = try JSONDecoder().decode(FamilyFixture.self, from: data)
    }

    static func encoder(_ name: Name, size: ImageSize? = nil) throws -> Encoder {
        let checkpoint = try Checkpoint(folder: name.path)
        return name.side == "image"
            ? try checkpoint.imageEncoder(size: size, input: .normalized) : try checkpoint.textEncoder()
    }

    /// What goes in; directions only where the method is about them.
    func inputs(_ method: RelevanceMethod? = nil) throws -> [String: Tensor] {
        var inputs: [String: Tensor] = [:]
        if let pixels { inputs["pixels"] = try pixels.tensor }
        for (name, rows) in [("ids", ids), ("mask", mask)] {
            guard let rows else { continue }
            inputs[name] = try Tensor(rows.flatMap { $0.map(Int64.init) }, shape: [rows.count, rows[0].count])
        }
        if method?.kind.isDirected == true { inputs["directions"] = try directions.tensor }
        return inputs
    }

    var depth: Int { legrad.shape[0] }

    /// The sum over some layers of an array whose first axis is layers.
    func summed(_ array: Doubles, over layers: [Int]) -> [Double] {
        let size = array.shape.dropFirst().reduce(1, *)
        return (0..<size).map { index in layers.reduce(0) { $0 + array.values[$1 * size + index] } }
    }
}
