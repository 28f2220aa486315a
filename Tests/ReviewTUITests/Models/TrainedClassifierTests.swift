import Foundation
import Media
import Testing

@testable import ModelCore
@testable import ReviewTUI

/// The published figure of a classifier that others trained, from JPEG files to classes through the whole program:
/// decoded by Media, scaled, embedded by the model as `model add` takes it over.
@Suite struct TrainedClassifierTests {
    private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardizedFileURL.path
    private static let engine = try? Engine.locate(startingFrom: [package])
    private static let isHere =
        engine != nil && SharedData.has("models/vit-cifar10")

    private struct Expected: Decodable {
        struct Classifier: Decodable {
            let classes: [String]
            let files: [String]
            let correct: Int
            let logits: [[Double]]
            /// LeGrad of the first file for the first class, the class token first.
            let legrad: [Double]
        }

        let vitCifar10: Classifier
    }

    @Test(.enabled(if: isHere, "vit-cifar10 or OpenVINO is not here: set REVIEWTUI_DATA, run make deps"))
    func `vit-cifar10 classifies as many of the 200 photos as its own code does`() async throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let fixture = URL(fileURLWithPath: Self.package + "/Tests/ModelCoreTests/Fixtures/trained.json")
        let expected = try decoder.decode(Expected.self, from: Data(contentsOf: fixture)).vitCifar10
        let folder = FileManager.default.temporaryDirectory.appending(path: "reviewtui-trained-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        var wish = ModelStore.Wish(name: "vit-cifar10")
        wish.mapping = Self.package + "/models/mappings/vit-cifar10.toml"
        let recipe = try ModelStore(folder: folder.path).add(folder: SharedData.root.path + "/models/vit-cifar10", wish)
            .recipe
        let library = try ModelLibrary(recipes: Self.package + "/models", stores: [folder.path])
        let scorer = try Scorer(library: library, engine: Engine(path: #require(Self.engine)), models: [recipe.id])
        let input = try #require(scorer.imageInputs.first)
        let weights = try Checkpoint(folder: recipe.home, weights: library.weights(of: recipe)).weights
        let (rows, bias) = (try weights.floats("classifier.weight"), try weights.floats("classifier.bias"))

        var correct = 0
        var largest = 0.0
        for (file, reference) in zip(expected.files, expected.logits) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(SharedData.root.path)/images/cifar10/\(file)"))
            let pixels = try ImageDecoder().decode(Array(bytes)).image.prepared(for: input)
            let found = try await scorer.assess(images: [pixels], model: recipe.id, explain: .none)
            let embedding = found[0].embedding
            let logits = bias.indices.map { row in
                zip(embedding, rows[row * 128..<(row + 1) * 128]).reduce(Double(bias[row])) { $0 + Double($1.0 * $1.1) }
            }
            largest = max(largest, zip(logits, reference).map { abs($0 - $1) }.max() ?? .infinity)
            let best = logits.indices.max { logits[$0] < logits[$1] }
            if best.map({ file.hasPrefix(expected.classes[$0] + "-") }) == true { correct += 1 }
        }
        let relevance = try Self.relevance(
            library, recipe, direction: Array(rows[..<128]), picture: expected.files[0], tokens: expected.legrad.count)
        let top = expected.legrad.max() ?? 0
        #expect(zip(relevance, expected.legrad).allSatisfy { abs(Double($0) - $1) < 1e-4 * top })
        #expect(expected.files.count == 200 && correct == expected.correct)
        // The numbers themselves, too: Media's JPEG decoder and Pillow's are the same library.
        #expect(largest < 1e-3, "largest difference of a logit \(largest)")
    }

    /// LeGrad over the last two layers, [tokens].
    private static func relevance(
        _ library: ModelLibrary, _ recipe: Recipe, direction: [Float], picture: String, tokens: Int
    ) throws -> [Float] {
        let colours = try #require(recipe.image?.normalization)
        let encoder = try Checkpoint(folder: recipe.home, weights: library.weights(of: recipe)).imageEncoder(
            input: .bytes(mean: colours.mean, deviation: colours.deviation))
        let graph = try encoder.explainGraph(RelevanceMethod(.legrad, layers: .last(2)))
        let network = try Engine(path: #require(engine)).compile(graph, name: recipe.id)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(SharedData.root.path)/images/cifar10/\(picture)"))
        let image = try ImageDecoder().decode(Array(bytes)).image
        let outputs = try network.infer([
            "pixels": Tensor(image.pixels, shape: [1, 32, 32, 3]),
            "directions": Tensor(direction, shape: [1, direction.count]),
        ])
        return try outputs.floats("relevance", shape: [1, 1, tokens], of: recipe.id)
    }
}
