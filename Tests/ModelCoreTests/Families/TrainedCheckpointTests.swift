import Foundation
import Testing

@testable import ModelCore

/// Checkpoints that others trained and published in layouts of their own, through the project's mapping files. The
/// numbers come from `tools/fixtures/trained.py`, which computes them with PyTorch in float64.
@Suite(.enabled(if: TrainedCheckpoints.areHere, "the trained checkpoints are not here: set REVIEWTUI_DATA"))
struct TrainedCheckpointTests {
    private struct Expected: Decodable {
        struct MIRA: Decodable {
            let texts: [String]
            let images: [[Double]]
            let textEmbeddings: [[Double]]
            let cosines: [[Double]]
            /// Of the first picture and the first text's direction, the class token first.
            let legrad: [Double]
        }

        let miraClip: MIRA
    }

    @Test func `mira-clip's pictures and texts come out as its own code computes them`() async throws {
        let expected: Expected = try fixture("trained.json")
        let mira = expected.miraClip
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        var wish = ModelStore.Wish(name: "mira")
        wish.mapping = Places.package + "/models/mappings/mira-clip.toml"
        let recipe = try store.add(folder: TrainedCheckpoints.data + "/models/mira-clip", wish).recipe
        #expect(recipe.family == .transformer && recipe.files.keys.contains("mapping.toml"))
        let library = try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder])

        let pictures = (0..<3).compactMap { PixelImage(width: 80, height: 80, rgb: Self.picture($0)) }
        let scorer = try Scorer(library: library, engine: Places.engine())
        let images = try await scorer.assess(images: pictures, model: "mira", explain: .none).map(\.embedding)
        for (found, expected) in zip(images, mira.images) { #expect(relativeDifference(found, expected) < 1e-4) }

        // Its tokens are bytes between 2 and 3, padded with zeros that it looks at, too.
        let encoder = try Checkpoint(folder: recipe.home, weights: library.weights(of: recipe)).textEncoder()
        let ids = mira.texts.flatMap { text in
            let bytes = [2] + text.utf8.map(Int64.init) + [3]
            return bytes + [Int64](repeating: 0, count: 32 - bytes.count)
        }
        let shape = [mira.texts.count, 32]
        let outputs = try Places.engine().compile(encoder.scoreGraph(), name: "mira text").infer(
            [
                "ids": Tensor(ids, shape: shape),
                "mask": Tensor([Int64](repeating: 1, count: ids.count), shape: shape),
            ], wanted: ["embedding"])
        let values = try outputs.floats("embedding", shape: [mira.texts.count, 128], of: "mira")
        let texts = mira.texts.indices.map { Array(values[$0 * 128..<($0 + 1) * 128]) }
        for (found, expected) in zip(texts, mira.textEmbeddings) { #expect(relativeDifference(found, expected) < 1e-4) }
        let relevance = try Self.relevance(
            library, recipe, direction: mira.textEmbeddings[0].map(Float.init), pixels: Self.picture(0),
            tokens: mira.legrad.count)
        #expect(relativeDifference(relevance, mira.legrad) < 1e-4)
        for (image, row) in zip(images, mira.cosines) {
            for (text, expected) in zip(texts, row) {
                let cosine = zip(Projection.unit(image), Projection.unit(text)).reduce(0.0) { $0 + Double($1.0 * $1.1) }
                #expect(abs(cosine - expected) < 1e-4)
            }
        }
    }

    @Test(arguments: [("mira-clip", "clip"), ("vit-cifar10", "vit_cifar10")])
    func `A trained checkpoint passes its check, explanation included`(folder: String, file: String) async throws {
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        var wish = ModelStore.Wish(name: folder)
        wish.mapping = "\(Places.package)/models/mappings/\(folder).toml"
        _ = try store.add(folder: "\(TrainedCheckpoints.data)/models/\(folder)", wish)
        let library = try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder])
        let found = try await Scorer(library: library, engine: Places.engine()).check(model: folder)
        #expect(found.width == 128 && found.methods.contains("legrad"))
    }

    @Test func `Without its mapping file such a checkpoint is refused with what is missing`() throws {
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        let error = #expect(throws: CheckpointError.self) {
            try store.add(folder: TrainedCheckpoints.data + "/models/vit-cifar10", ModelStore.Wish(name: "v"))
        }
        #expect(error?.description.contains("--mapping") == true)
    }

    /// LeGrad over the last two layers, [tokens].
    private static func relevance(
        _ library: ModelLibrary, _ recipe: Recipe, direction: [Float], pixels: [UInt8], tokens: Int
    ) throws -> [Float] {
        let settings = try #require(recipe.image)
        let colours = try #require(settings.normalization)
        let encoder = try Checkpoint(folder: recipe.home, weights: library.weights(of: recipe)).imageEncoder(
            input: .bytes(mean: colours.mean, deviation: colours.deviation))
        let network = try Places.engine().compile(
            encoder.explainGraph(RelevanceMethod(.legrad, layers: .last(2))), name: recipe.id)
        let outputs = try network.infer([
            "pixels": Tensor(pixels, shape: [1, settings.height, settings.width, 3]),
            "directions": Tensor(direction, shape: [1, direction.count]),
        ])
        return try outputs.floats("relevance", shape: [1, 1, tokens], of: recipe.id)
    }

    /// RGB bytes of the fixture's pictures.
    private static func picture(_ number: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for y in 0..<80 {
            for x in 0..<80 {
                for c in 0..<3 { bytes.append(UInt8((x * (number + 2) + y * (2 * c + 1) + 40 * c) % 256)) }
            }
        }
        return bytes
    }
}

/// Where they are.
private enum TrainedCheckpoints {
    static let data = ProcessInfo.processInfo.environment["REVIEWTUI_DATA"] ?? ""
    static let areHere = Places.hasEngine && FileManager.default.fileExists(atPath: data + "/models/mira-clip")
}
