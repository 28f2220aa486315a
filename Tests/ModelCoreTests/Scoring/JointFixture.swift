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

    /// The pictures, by the formula that the script states.
    var pictures: [PixelImage] {
        (0..<images).compactMap { i in
            var rgb: [UInt8] = []
            for y in 0..<16 {
                for x in 0..<16 {
                    for c in 0..<3 { rgb.append(UInt8((37 * y + 91 * x + 151 * c + 53 * i + 7 * x * y * i) % 256)) }
                }
            }
            return PixelImage(width: 16, height: 16, rgb: rgb)
        }
    }

    /// A checkpoint with its tokenizer and preprocessing, added to a store of its own.
    ///
    /// - Parameters:
    ///   - recipes: a folder with what comes with the program: heads, calibrations.
    ///   - harm: done to the published folder before it is added.
    func library(
        _ folder: String, recipes: String? = nil, asking policies: [ZeroShotPolicy]? = nil,
        harm: (String) throws -> Void = { _ in }
    ) throws -> (library: ModelLibrary, notes: [String]) {
        let model = try #require(models[folder])
        let source = try Scratch.folder() + "/published"
        try FileManager.default.copyItem(atPath: "\(Places.fixtures)/\(folder)", toPath: source)
        if let tokenizer = model.tokenizer {
            _ = try Scratch.file(try #require(tokenizers[tokenizer]), named: "tokenizer.json", in: source)
            let preprocessing = source + "/preprocessor_config.json"
            try? FileManager.default.removeItem(atPath: preprocessing)
            try """
            {"size":{"height":16,"width":16},"resample":3,"image_mean":\(mean),"image_std":\(deviation),
             "rescale_factor":0.00392156862745098}
            """.write(toFile: preprocessing, atomically: false, encoding: .utf8)
        }
        try harm(source)
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        let added = try store.add(folder: source, ModelStore.Wish(name: "tiny"))
        let library = try ModelLibrary(
            recipes: recipes ?? Scratch.folder(), stores: [store.folder], zeroShot: policies ?? zeroShot(folder))
        return (library, added.notes)
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
