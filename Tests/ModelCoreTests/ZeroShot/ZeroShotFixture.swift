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
        _ = try Scratch.file(try #require(tokenizers[model.tokenizer]), named: "tokenizer.json", in: source)
        _ = try Scratch.file(
            """
            {"size":{"height":16,"width":16},"resample":3,"image_mean":\(mean),"image_std":\(deviation),
             "rescale_factor":0.00392156862745098}
            """, named: "preprocessor_config.json", in: source)
        try harm(source)
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        let added = try store.add(folder: source, ModelStore.Wish(name: "tiny"))
        let library = try ModelLibrary(
            recipes: recipes ?? Scratch.folder(), stores: [store.folder], zeroShot: policies ?? zeroShot)
        return (library, added.notes)
    }
}
