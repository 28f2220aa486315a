import Foundation
import Testing

@testable import ModelCore

/// What public implementations make of policies that are put to tiny models that read picture and text together
/// (tools/fixtures/joint_models.py).
struct JointFixture: Decodable {
    struct Words: Decodable {
        let policy: String
        let templates: [String]
        let positive: [String]
        let negative: [String]
    }

    /// A row a picture.
    struct Asked: Decodable {
        let logit: [Double]?
        let decisive: [String]
        let attention: [[Double]]
        let gradient: [[Double]]
    }

    struct Model: Decodable {
        let tokenizer: String?
        let policies: [String: Asked]
    }

    let policies: [Words]
    let images: Int
    let mean: [Double]
    let deviation: [Double]
    let tokenizers: [String: String]
    let models: [String: Model]

    static let shared = Result { try fixture("joint.json", as: JointFixture.self) }
    static let (blip, albef, coca) = ("cross-tiny-blip", "cross-tiny-albef", "cross-tiny-coca")
    static let idefics = "joint-tiny-idefics"
    /// Those that score by reading the picture.
    static let prompted = [blip, albef, idefics]

    /// Those that a model's tokenizer has words for.
    func zeroShot(_ folder: String) -> [ZeroShotPolicy] {
        policies.filter { models[folder]?.policies[$0.policy] != nil }.map {
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
            folder, tokenizer: try model.tokenizer.map { try #require(tokenizers[$0]) }, colours: (mean, deviation),
            recipes: recipes,
            asking: policies ?? zeroShot(folder), harm: harm)
    }

    func scorer(_ folder: String, asking policies: [ZeroShotPolicy]? = nil) throws -> Scorer {
        try Scorer(library: library(folder, asking: policies).library, engine: Places.engine())
    }
}

extension ModelExplanation {
    /// The values of a map over a picture; none of one over a text.
    var gridValues: [Float] {
        if case .grid(_, _, let values) = relevance { values } else { [] }
    }
}
