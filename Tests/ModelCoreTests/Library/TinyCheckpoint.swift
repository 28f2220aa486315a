import Foundation
import Testing

@testable import ModelCore

/// A checkpoint as it is published: a tiny random network of the fixtures, with what a publisher puts beside it.
enum TinyCheckpoint {
    /// A fresh copy that may be harmed.
    static func folder(_ fixture: String = "legrad-tiny-vit") throws -> String {
        let folder = try Scratch.folder() + "/Some Publisher’s ViT"
        try FileManager.default.copyItem(atPath: "\(Places.fixtures)/\(fixture)", toPath: folder)
        _ = try Scratch.file("---\nlicense: apache-2.0\ntags: []\n---\n# Card", named: "README.md", in: folder)
        _ = try Scratch.file("import os", named: "modeling_custom.py", in: folder)
        if fixture.hasSuffix("vit") {
            _ = try Scratch.file(
                """
                {"size":{"shortest_edge":64},"crop_size":{"height":16,"width":16},"do_center_crop":true,"resample":3,
                 "image_mean":[0.5,0.4,0.3],"image_std":[0.2,0.25,0.3],"rescale_factor":0.00392156862745098}
                """, named: "preprocessor_config.json", in: folder)
        } else {
            _ = try Scratch.file(words.joined(separator: "\n"), named: "vocab.txt", in: folder)
            _ = try Scratch.file(#"{"model_max_length":1e30}"#, named: "tokenizer_config.json", in: folder)
            _ = try Scratch.file(
                #"{"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}"#, named: "1_Pooling/config.json",
                in: folder)
        }
        return folder
    }

    /// The text network's vocabulary: 40 words, `word4` the fifth.
    static let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + (4..<40).map { "word\($0)" }

    /// Writes numbers into a tensor of a folder's `model.safetensors`, in place.
    static func overwrite(_ tensor: String, in folder: String, from index: Int = 0, with values: [Float]) throws {
        let path = folder + "/model.safetensors"
        let entry = try #require(try SafeTensors(path: path).entries[tensor])
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try handle.seek(toOffset: UInt64(entry.offset + 4 * index))
        try handle.write(contentsOf: values.withUnsafeBytes { Data($0) })
        try handle.close()
    }

    /// The fixture in a store of its own, added, and a library that knows it alone.
    static func library(
        _ fixture: String, links: Bool = false, harm: (String) throws -> Void = { _ in }
    ) throws -> (library: ModelLibrary, source: String, store: ModelStore) {
        let source = try folder(fixture)
        try harm(source)
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        var wish = ModelStore.Wish(name: "tiny")
        wish.links = links
        _ = try store.add(folder: source, wish)
        return (try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder]), source, store)
    }
}
