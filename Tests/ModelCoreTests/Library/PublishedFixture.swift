import Foundation
import Testing

@testable import ModelCore

/// What fixtures of models that read words have in common.
enum PublishedFixture {
    /// Pictures of 16 × 16, by the formula that the scripts state.
    static func pictures(_ count: Int) -> [PixelImage] {
        (0..<count).compactMap { i in
            var rgb: [UInt8] = []
            for y in 0..<16 {
                for x in 0..<16 {
                    for c in 0..<3 { rgb.append(UInt8((37 * y + 91 * x + 151 * c + 53 * i + 7 * x * y * i) % 256)) }
                }
            }
            return PixelImage(width: 16, height: 16, rgb: rgb)
        }
    }

    /// A checkpoint of the fixtures with its tokenizer and preprocessing, added to a store of its own.
    ///
    /// - Parameters:
    ///   - tokenizer: text of `tokenizer.json`; nil leaves the folder's own files.
    ///   - colours: mean and deviation of the preprocessing.
    ///   - recipes: a folder with what comes with the program: heads, calibrations.
    ///   - harm: done to the published folder before it is added.
    static func library(
        _ folder: String, tokenizer: String?, colours: (mean: [Double], deviation: [Double]), recipes: String?,
        asking policies: [ZeroShotPolicy], harm: (String) throws -> Void
    ) throws -> (library: ModelLibrary, notes: [String]) {
        let source = try Scratch.folder() + "/published"
        try FileManager.default.copyItem(atPath: "\(Places.fixtures)/\(folder)", toPath: source)
        if let tokenizer {
            _ = try Scratch.file(tokenizer, named: "tokenizer.json", in: source)
            try? FileManager.default.removeItem(atPath: source + "/preprocessor_config.json")
            _ = try Scratch.file(
                """
                {"size":{"height":16,"width":16},"resample":3,"image_mean":\(colours.mean),
                 "image_std":\(colours.deviation),"rescale_factor":0.00392156862745098}
                """, named: "preprocessor_config.json", in: source)
        }
        try harm(source)
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        let added = try store.add(folder: source, ModelStore.Wish(name: "tiny"))
        let library = try ModelLibrary(
            recipes: recipes ?? Scratch.folder(), stores: [store.folder], zeroShot: policies)
        return (library, added.notes)
    }
}
