import Foundation
import Testing

@testable import ModelCore

/// What public implementations make of prompts with the tiny checkpoints (tools/fixtures/zero_shot.py).
struct ZeroShotFixture: Decodable {
    struct Words: Decodable {
        let policy: String
        let templates: [String]
        let positive: [String]
        let negative: [String]
    }

    struct Model: Decodable {
        let tokenizer: String
        /// [image][policy]; nil where the model has nothing to compare a policy with.
        let probabilities: [[Double?]]
    }

    let policies: [Words]
    let images: Int
    let mean: [Double]
    let deviation: [Double]
    let tokenizers: [String: String]
    let models: [String: Model]

    static let shared = Result { try fixture("zero-shot.json", as: ZeroShotFixture.self) }
    static let folders = [
        "families/clip", "families/siglip", "families/open-clip", "families/open-clip-siglip",
        "families/open-clip-eva02", "cross-tiny-coca",
    ]

    var zeroShot: [ZeroShotPolicy] {
        policies.map {
            ZeroShotPolicy(
                policy: $0.policy, description: "", templates: $0.templates, positive: $0.positive,
                negative: $0.negative, threshold: nil)
        }
    }

    /// Those that the script made.
    var pictures: [PixelImage] { PublishedFixture.pictures(images) }

    /// A checkpoint with its tokenizer and preprocessing, added to a store of its own: ``PublishedFixture``.
    func library(
        _ folder: String, recipes: String? = nil, asking policies: [ZeroShotPolicy]? = nil,
        harm: (String) throws -> Void = { _ in }
    ) throws -> (library: ModelLibrary, notes: [String]) {
        let model = try #require(models[folder])
        return try PublishedFixture.library(
            folder, tokenizer: tokenizers[model.tokenizer], colours: (mean, deviation), recipes: recipes,
            asking: policies ?? zeroShot, harm: harm)
    }
}
