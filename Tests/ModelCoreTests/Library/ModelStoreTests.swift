import Foundation
import Testing

@testable import ModelCore

@Suite struct ModelStoreTests {
    private static func store() throws -> ModelStore { ModelStore(folder: try Scratch.folder() + "/store") }

    @Test func `A checkpoint that is added is listed, ready, with what its publisher says of its pictures`() throws {
        let (store, source) = (try Self.store(), try TinyCheckpoint.folder())
        let added = try store.add(folder: source, ModelStore.Wish())
        #expect(added.isNew)
        let recipe = added.recipe
        #expect(recipe.id == "some-publisher-s-vit@1" && recipe.family == .dinov2 && recipe.licence == "apache-2.0")
        #expect(recipe.image?.width == 16 && recipe.image?.height == 16 && recipe.image?.filter == .bicubic)
        #expect(recipe.image?.normalization == .init(mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.25, 0.3]))
        #expect(added.notes.count == 1, "that the middle is not cut out is worth a note: \(added.notes)")
        let library = try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder])
        #expect(library.descriptions.map(\.status) == [.ready])
        #expect(try library.weights(of: recipe).entries.count > 10)
        let kept = try FileManager.default.contentsOfDirectory(atPath: "\(store.folder)/\(recipe.id)").sorted()
        #expect(kept == ["config.json", "model.safetensors", "preprocessor_config.json", "recipe.toml"])
        var status = stat()
        #expect(stat("\(store.folder)/\(recipe.id)/model.safetensors", &status) == 0 && status.st_mode & 0o777 == 0o444)
    }

    @Test func `A text checkpoint takes its pooling and length from its publisher`() throws {
        let (store, source) = (try Self.store(), try TinyCheckpoint.folder("legrad-tiny-bert"))
        var wish = ModelStore.Wish(name: "tiny")
        (wish.version, wish.licence, wish.source) = ("2", "CC0 \"quoted\"", "here")
        let recipe = try store.add(folder: source, wish).recipe
        #expect(recipe.id == "tiny@2" && recipe.modality == .text && recipe.licence == "CC0 \"quoted\"")
        #expect(recipe.text?.pooling == "cls")
        #expect(recipe.text?.maximumTokens == 16)
        #expect(recipe.files.keys.sorted() == ["config.json", "tokenizer_config.json", "vocab.txt"])
    }

    @Test func `The same again is unchanged; other weights or another vocabulary under the same name are refused`()
        throws
    {
        let (store, source) = (try Self.store(), try TinyCheckpoint.folder())
        let first = try store.add(folder: source, ModelStore.Wish(name: "m"))
        let second = try store.add(folder: source, ModelStore.Wish(name: "m"))
        #expect(first.isNew && !second.isNew && first.recipe == second.recipe)
        var weights = try Data(contentsOf: URL(fileURLWithPath: source + "/model.safetensors"))
        weights[weights.count - 1] ^= 1
        try weights.write(to: URL(fileURLWithPath: source + "/model.safetensors"))
        #expect(throws: CheckpointError.taken(model: "m@1", by: first.recipe.file)) {
            try store.add(folder: source, ModelStore.Wish(name: "m"))
        }
        var wish = ModelStore.Wish(name: "m")
        wish.version = "2"
        #expect(try store.add(folder: source, wish).isNew)
        let library = try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder])
        #expect(try library.recipe("m").id == "m@2")
        _ = try Scratch.file("changed", named: "LICENSE", in: source)
        #expect(throws: CheckpointError.self) { try store.add(folder: source, wish) }
    }

    @Test func `A name that came with the program stays its own`() throws {
        let (store, source) = (try Self.store(), try TinyCheckpoint.folder())
        let shipped = try Recipe(path: Places.package + "/models/dinov2-small.toml")
        #expect(throws: CheckpointError.taken(model: "dinov2-small@1", by: shipped.file)) {
            try store.add(folder: source, ModelStore.Wish(name: "dinov2-small"), besides: [shipped])
        }
    }

    @Test func `Weights that are referred to stay where they are, and a change of them is seen`() throws {
        let (store, source) = (try Self.store(), try TinyCheckpoint.folder())
        var wish = ModelStore.Wish(name: "linked")
        wish.links = true
        let recipe = try store.add(folder: source, wish).recipe
        let kept = "\(store.folder)/linked@1/model.safetensors"
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: kept) == source + "/model.safetensors")
        let library = try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder])
        #expect(library.status(of: recipe) == .ready)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: source + "/model.safetensors"))
        try handle.seekToEnd()
        try handle.write(contentsOf: [0])
        try handle.close()
        guard case .corrupt = library.status(of: recipe) else {
            Issue.record("the longer file passes")
            return
        }
    }

    @Test func `A changed configuration is as bad as changed weights`() throws {
        let (store, source) = (try Self.store(), try TinyCheckpoint.folder())
        let recipe = try store.add(folder: source, ModelStore.Wish(name: "m")).recipe
        let path = "\(store.folder)/m@1/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try FileManager.default.removeItem(atPath: path)
        try (text + " ").write(toFile: path, atomically: false, encoding: .utf8)
        let library = try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder])
        #expect(library.status(of: recipe).advice?.contains("config.json") == true)
        #expect(throws: RecipeError.self) { try library.weights(of: recipe) }
    }

    @Test func `What a killed run left is cleared away, and a store in other hands is busy`() throws {
        let (store, source) = (try Self.store(), try TinyCheckpoint.folder())
        _ = try Scratch.file("half", named: ".draft-1/model.safetensors", in: store.folder)
        #expect(try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder]).recipes.isEmpty)
        _ = try store.add(folder: source, ModelStore.Wish(name: "m"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder).sorted() == [".lock", "m@1"])
        let held = open(store.folder + "/.lock", O_RDWR)
        defer { close(held) }
        #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
        #expect(throws: CheckpointError.busy(store: store.folder)) {
            try store.add(folder: source, ModelStore.Wish(name: "n"))
        }
    }

    @Test func `An added model that is damaged is mentioned and takes no other with it`() throws {
        let (store, source) = (try Self.store(), try TinyCheckpoint.folder())
        _ = try store.add(folder: source, ModelStore.Wish(name: "good"))
        _ = try Scratch.file("name = ", named: "bad@1/recipe.toml", in: store.folder)
        let library = try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder])
        #expect(library.recipes.map(\.id) == ["good@1"])
        #expect(library.notes.count == 1 && library.notes[0].contains("bad@1/recipe.toml"))
    }

    @Test func `A removed model is gone, and one that was never added cannot be`() throws {
        let (store, source) = (try Self.store(), try TinyCheckpoint.folder())
        _ = try store.add(folder: source, ModelStore.Wish(name: "m"))
        #expect(throws: CheckpointError.notAdded(model: "../m")) { try store.remove("../m") }
        #expect(try store.remove("m") == "m@1")
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder) == [".lock"])
        #expect(throws: CheckpointError.notAdded(model: "m")) { try store.remove("m") }
    }

    // MARK: What is refused, and leaves nothing behind

    private static func refusal(_ harm: (String) throws -> Void) throws -> any Error {
        let (store, source) = (try store(), try TinyCheckpoint.folder())
        try harm(source)
        do {
            _ = try store.add(folder: source, ModelStore.Wish(name: "m"))
            throw Accepted()
        } catch {
            let left = (try? FileManager.default.contentsOfDirectory(atPath: store.folder)) ?? [".lock"]
            #expect(left == [".lock"], "left behind: \(left)")
            return error
        }
    }

    private struct Accepted: Error {}

    @Test func `A folder with pickles only is refused with how to convert them`() throws {
        let error = try Self.refusal { source in
            try FileManager.default.removeItem(atPath: source + "/model.safetensors")
            _ = try Scratch.file("PK", named: "pytorch_model.bin", in: source)
        }
        guard case WeightsError.pickle(let path, _) = error else { throw error }
        #expect(path.hasSuffix("pytorch_model.bin"))
        #expect("\(error)".contains("tools/convert/checkpoint.py") && "\(error)".contains("weights_only=True"))
    }

    @Test func `A pickle that calls itself safetensors is refused`() throws {
        let error = try Self.refusal { source in
            let zip: [UInt8] = [0x50, 0x4B, 0x03, 0x04, 0, 0, 8, 8] + [UInt8](repeating: 0, count: 64)
            try Data(zip).write(to: URL(fileURLWithPath: source + "/model.safetensors"))
        }
        guard case WeightsError.pickle = error else { throw error }
    }

    @Test func `A tensor that is missing or of another shape is found before the model is kept`() throws {
        let error = try Self.refusal { source in
            let path = source + "/config.json"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            var fields = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            fields["num_hidden_layers"] = 40
            try JSONSerialization.data(withJSONObject: fields).write(to: URL(fileURLWithPath: path))
        }
        guard case WeightsError.unfit(let path, _, _) = error else { throw error }
        #expect(!path.contains(".draft"), "the source is named, not the copy: \(path)")
    }

    @Test func `An unknown family is refused with those that are known`() throws {
        let error = try Self.refusal { source in
            _ = try Scratch.file(#"{"model_type":"mamba\u001b[2J"}"#, named: "config.json", in: source)
        }
        guard case ConfigurationError.unknownFamily(_, let found, let known) = error else { throw error }
        #expect(
            !"\(error)".contains("\u{1B}") && found.hasPrefix("mamba") && known.contains("bert")
                && known.contains("dinov2"))
    }

    @Test func `Without the publisher's mean and deviation nothing is guessed`() throws {
        for text in [
            nil, #"{"size":16,"image_mean":[0.5,0.5]}"#, #"{"size":0,"image_mean":[0,0,0],"image_std":[1,1,1]}"#, "[]",
        ] {
            let error = try Self.refusal { source in
                let path = source + "/preprocessor_config.json"
                try FileManager.default.removeItem(atPath: path)
                if let text { try text.write(toFile: path, atomically: false, encoding: .utf8) }
            }
            guard case CheckpointError.undecided = error else { throw error }
        }
    }

    @Test func `Names that are no names, and folders that are none, are refused`() throws {
        let (store, source) = (try Self.store(), try TinyCheckpoint.folder())
        for name in ["", ".hidden", "a/b", "a b", "é", String(repeating: "x", count: 200)] {
            #expect(throws: CheckpointError.badName(name)) {
                try store.add(folder: source, ModelStore.Wish(name: name))
            }
        }
        #expect(throws: CheckpointError.self) { try store.add(folder: "/nonexistent", ModelStore.Wish(name: "m")) }
        let empty = try Scratch.folder()
        #expect(throws: CheckpointError.noWeights(folder: empty, found: [])) {
            try store.add(folder: empty, ModelStore.Wish(name: "m"))
        }
        #expect(ModelStore.name(from: "/x/..Weird \u{1B}[0m/ViT-B 16 (laion)") == "vit-b-16-laion")
    }

    @Test func `OpenCLIP's and timm's own words about pictures are read, too`() throws {
        let folder = try Scratch.folder()
        _ = try Scratch.file(
            #"{"preprocess_cfg":{"size":[224,256],"mean":[0.1,0.2,0.3],"std":[1,1,1],"interpolation":"bilinear"}}"#,
            named: "open_clip_config.json", in: folder)
        let openCLIP = try PublishedPreprocessing(imagesOf: folder)
        #expect(openCLIP.height == 224 && openCLIP.width == 256 && openCLIP.filter == .bilinear)
        #expect(openCLIP.mean == [0.1, 0.2, 0.3])
        let timm = try Scratch.folder()
        _ = try Scratch.file(
            #"{"architecture":"vit","pretrained_cfg":{"input_size":[3,32,48],"mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5],"#
                + #""interpolation":"bicubic"}}"#, named: "config.json", in: timm)
        let found = try PublishedPreprocessing(imagesOf: timm)
        #expect(found.height == 32 && found.width == 48 && found.deviation == [0.5, 0.5, 0.5])
    }
}
