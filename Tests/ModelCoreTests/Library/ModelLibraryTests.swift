import Foundation
import Testing

@testable import ModelCore

@Suite struct ModelLibraryTests {
    private static let recipe = """
        name = "toy"
        version = "2"
        family = "bert"
        modality = "text"
        licence = "CC0"
        source = "here"
        folder = "toy"

        [weights]
        file = "model.safetensors"
        sha256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

        [text]
        max_tokens = 64
        pooling = "mean"
        """

    private static func library(
        _ text: String = recipe, weights: String? = "foo", head: String? = nil
    ) throws -> ModelLibrary {
        let folder = try Scratch.folder()
        _ = try Scratch.file(text, named: "recipes/toy.toml", in: folder)
        if let head { _ = try Scratch.file(head, named: "recipes/heads/toy.json", in: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/store", withIntermediateDirectories: true)
        if let weights { _ = try Scratch.file(weights, named: "store/toy/model.safetensors", in: folder) }
        return try ModelLibrary(
            recipes: folder + "/recipes", stores: [folder + "/store"], cacheFile: folder + "/cache/checked.json")
    }

    private static func head(
        sha256: String = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    ) -> String {
        """
        {"format":"reviewtui-head","version":1,"name":"toy-policies","model":"toy@2","weights_sha256":"\(sha256)",
         "normalized":true,"policies":[{"policy":"hate","direction":[1,0],"bias":0.5,
         "calibration":{"kind":"platt","a":2,"b":-1},"threshold":0.6,"auroc_heldout":0.9,"positives":3,
         "negatives":4,"data":["made up"]}],
         "explain":{"method":"legrad","layers":[4,5],"contrast":"none"},"neutral":null}
        """
    }

    @Test func `A model whose weights are there and sound is ready, with the policies of its heads`() throws {
        let library = try Self.library(head: Self.head())
        let description = try #require(library.descriptions.first)
        #expect(description.id == "toy@2")
        #expect(description.status == .ready)
        #expect(description.policies == ["hate"])
        #expect(description.modality == "text" && description.licence == "CC0")
    }

    @Test func `Missing weights say how to get them`() throws {
        let description = try #require(try Self.library(weights: nil).descriptions.first)
        #expect(description.weightsPath == nil)
        #expect(description.status.advice?.contains("make deps") == true)
    }

    @Test func `Other bytes than the recipe names are corrupt, also when they appear after the first look`() throws {
        let library = try Self.library()
        let path = try #require(library.descriptions.first?.weightsPath)
        #expect(library.descriptions.first?.status == .ready)
        try Data("bar!".utf8).write(to: URL(fileURLWithPath: path))
        let status = try #require(library.descriptions.first?.status)
        guard case .corrupt(let advice) = status else { throw Mismatch(status: status) }
        #expect(advice.contains("SHA-256"))
    }

    private struct Mismatch: Error { let status: ModelDescription.Status }

    @Test func `A head for other weights is left out and mentioned`() throws {
        let library = try Self.library(head: Self.head(sha256: String(repeating: "0", count: 64)))
        #expect(library.heads.isEmpty)
        #expect(library.notes.count == 1)
    }

    @Test(arguments: [
        ("version", 2, "\"2\"", "2"), ("family", 3, "bert", "bertt"), ("modality", 4, "\"text\"", "\"sound\""),
        ("folder", 7, "\"toy\"\n\n", "\"../toy\"\n\n"), ("weights.sha256", 11, "2c26", "zz26"),
        ("text.max_tokens", 14, "= 64", "= -1"), ("text.poolingg", 15, "pooling", "poolingg"),
    ])
    func `A fault in a recipe is reported with file, line and key`(
        key: String, line: Int, sound: String, faulty: String
    ) throws {
        let error = #expect(throws: RecipeError.self) {
            try Self.library(Self.recipe.replacing(sound, with: faulty, maxReplacements: 1))
        }
        guard case .invalid(let file, let found, let name, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(file.hasSuffix("toy.toml"))
        #expect(found == line)
        #expect(name == key)
    }

    @Test func `TOML that does not parse is reported with its line`() throws {
        let error = #expect(throws: RecipeError.self) { try Self.library("name = \"a\"\nversion = = 1\n") }
        #expect(error?.description.contains("toy.toml:2") == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("version", "\"version\":1", "\"version\":2"), ("threshold", "0.6", "1.5"),
        ("policies.0.bias", "\"bias\":0.5,", ""), ("explain.method", "legrad", "magic"),
        ("format", "reviewtui-head", "other"), ("normalized", "true", "false"), ("explain.layers", "[4,5]", "[]"),
        ("explain.floor", "\"none\"", "\"none\",\"floor\":\"cellar\""),
        ("explain.weight", "\"none\"", "\"none\",\"weight\":\"lead\""),
    ])
    func `A fault in a head file is reported with its field`(field: String, sound: String, faulty: String) throws {
        let text = Self.head().replacing(sound, with: faulty)
        let error = #expect(throws: RecipeError.self) { try Self.library(head: text) }
        #expect(error?.description.contains(field) == true, "\(error?.description ?? "")")
    }

    @Test func `A score is the calibrated projection on the direction`() throws {
        let head = try #require(try Self.library(head: Self.head()).heads.first)
        let hate = try #require(head.policies.first)
        // sigmoid(2·(0.6 + 0.5) − 1)
        #expect(abs(hate.probability(of: [0.6, 0.8]) - 1 / (1 + exp(-1.2))) < 1e-6)
        #expect(hate.threshold == 0.6 && hate.heldOutAUROC == 0.9)
        #expect(
            head.explain == Head.Explain(method: .legrad, layers: [4, 5], contrast: .none, floor: .none, weight: .none))
    }

    @Test func `An unknown model is named with those that are known`() throws {
        let library = try Self.library()
        #expect(try library.recipe("toy").id == "toy@2")
        #expect(throws: RecipeError.unknownModel(name: "toy@3", known: ["toy@2"])) { try library.recipe("toy@3") }
    }

    @Test func `The project's own recipes and heads are sound`() throws {
        let library = try ModelLibrary(recipes: Places.package + "/models", stores: [])
        #expect(Set(library.recipes.map(\.name)) == ["dinov2-small", "minilm-l6", "open-nsfw"])
        #expect(library.notes.isEmpty)
    }
}
