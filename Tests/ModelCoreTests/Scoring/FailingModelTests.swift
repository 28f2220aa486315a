import Foundation
import Testing

@testable import ModelCore

/// Models that are broken in one way or another: none of them may give a score.
@Suite(.enabled(if: Places.hasEngine, Places.engineMissing))
struct FailingModelTests {
    private static let texts = ["word5 word6", "word7 word8 word5", "word9", "word10 word7"]

    private static func poison(_ word: Int) -> (String) throws -> Void {
        { folder in
            try TinyCheckpoint.overwrite(
                "embeddings.word_embeddings.weight", in: folder, from: word * 16 + 3, with: [.nan])
        }
    }

    @Test func `A text that comes out as no number fails alone, and the others are as with sound weights`() async throws
    {
        let sound = try TinyCheckpoint.library("legrad-tiny-bert").library
        let ill = try TinyCheckpoint.library("legrad-tiny-bert", harm: Self.poison(8)).library
        let expected = try await Scorer(library: sound, engine: Places.engine()).assess(
            texts: Self.texts, model: "tiny")
        let scorer = try Scorer(library: ill, engine: Places.engine())
        let found = try await scorer.assessEach(texts: Self.texts, model: "tiny")
        for (index, outcome) in found.enumerated() where index != 1 {
            let difference = zip(try outcome.get().embedding, expected[index].embedding).map { abs($0 - $1) }.max()
            #expect(try #require(difference) < 1e-5)
        }
        #expect(throws: ScorerError.unsound(model: "tiny@1", what: "its embedding")) { try found[1].get() }
        await #expect(throws: ScorerError.self) { try await scorer.assess(texts: Self.texts, model: "tiny") }
    }

    @Test func `A picture model full of infinities gives nothing`() async throws {
        let library = try TinyCheckpoint.library("legrad-tiny-vit") { folder in
            try TinyCheckpoint.overwrite("layernorm.weight", in: folder, with: [.infinity, -.infinity])
        }.library
        let scorer = try Scorer(library: library, engine: Places.engine())
        let image = try #require(PixelImage(width: 16, height: 16, rgb: (0..<768).map { UInt8($0 % 251) }))
        await #expect(throws: ScorerError.unsound(model: "tiny@1", what: "its embedding")) {
            try await scorer.assess(images: [image], model: "tiny")
        }
    }

    @Test func `Weights that are written to in use give no score any more`() async throws {
        let (library, source, _) = try TinyCheckpoint.library("legrad-tiny-bert", links: true)
        let scorer = try Scorer(library: library, engine: Places.engine())
        _ = try await scorer.assess(texts: Self.texts, model: "tiny", explain: .none)
        // The clock of a file system ticks every few milliseconds.
        try await Task.sleep(for: .milliseconds(20))
        try TinyCheckpoint.overwrite("embeddings.word_embeddings.weight", in: source, with: [0.125])
        let changed = "\(try #require(library.recipes.first).home)/model.safetensors"
        await #expect(throws: EngineError.weightsChanged(network: "tiny@1", path: changed)) {
            try await scorer.assess(texts: Self.texts, model: "tiny", explain: .none)
        }
        // And a new start does not take them for the old ones.
        let recipe = try #require(library.recipes.first)
        #expect(library.status(of: recipe).advice?.contains("SHA-256") == true)
        #expect(throws: RecipeError.self) { try Scorer(library: library, engine: Places.engine(), models: ["tiny"]) }
    }

    @Test func `An output that is missing, of another shape or of another type is nobody's number`() throws {
        let outputs = ["e": try Tensor([1 as Float, 2], shape: [1, 2]), "i": try Tensor([1 as Int64], shape: [1])]
        #expect(try outputs.floats("e", shape: [1, 2], of: "m@1") == [1, 2])
        #expect(try outputs.floats("e", shape: [nil, 2], of: "m@1") == [1, 2])
        for (name, shape) in [("e", [1, 3]), ("e", [2]), ("e", [2, 1]), ("i", [1]), ("nothing", [])]
            as [(String, [Int?])]
        {
            #expect(throws: ScorerError.self) { try outputs.floats(name, shape: shape, of: "m@1") }
        }
    }

    @Test func `A score outside its range and a map with a hole are unsound`() {
        func assessment(_ probability: Double = 0.5, _ values: [Float] = [1, 2]) -> Assessment {
            Assessment(
                model: "m@1", weightsSHA256: "", precision: .f32, embedding: [1],
                scores: [.init(policy: "hate", probability: probability, threshold: nil, head: nil)],
                explanations: [
                    ModelExplanation(
                        model: "m@1", policy: "hate", method: "legrad", signed: false,
                        relevance: .grid(rows: 1, columns: 2, values: values))
                ], untrained: [], notes: [])
        }
        #expect(assessment().unsound == nil)
        for bad in [Double.nan, -0.01, 1.01, .infinity] { #expect(assessment(bad).unsound?.contains("hate") == true) }
        for bad in [[Float.nan, 1], [1], [1, .infinity]] {
            #expect(assessment(0.5, bad).unsound?.contains("legrad") == true)
        }
    }

    // MARK: model check

    @Test(arguments: ["legrad-tiny-bert", "legrad-tiny-vit"])
    func `A sound model passes its check and explains a direction nobody taught it`(fixture: String) async throws {
        let library = try TinyCheckpoint.library(fixture).library
        let found = try await Scorer(library: library, engine: Places.engine()).check(model: "tiny")
        #expect(found.model == "tiny@1" && found.width == 16 && found.policies.isEmpty)
        #expect(found.methods.contains("legrad"))
        #expect(found.weightsSHA256 == library.recipes.first?.weightsSHA256)
    }

    @Test func `A model that says the same of everything fails its check`() async throws {
        let library = try TinyCheckpoint.library("legrad-tiny-vit") { folder in
            try TinyCheckpoint.overwrite("layernorm.weight", in: folder, with: [Float](repeating: 0, count: 16))
        }.library
        let scorer = try Scorer(library: library, engine: Places.engine())
        await #expect(throws: ScorerError.indifferent(model: "tiny@1")) { try await scorer.check(model: "tiny") }
    }

    @Test func `A check reads the weights anew, whatever is remembered of them`() async throws {
        let (library, source, _) = try TinyCheckpoint.library("legrad-tiny-bert", links: true)
        let scorer = try Scorer(library: library, engine: Places.engine())
        _ = try await scorer.check(model: "tiny")
        try TinyCheckpoint.overwrite("embeddings.word_embeddings.weight", in: source, with: [0.125])
        await #expect(throws: RecipeError.self) { try await scorer.check(model: "tiny") }
    }

    @Test func `Scores name weights, head and precision`() async throws {
        let (library, _, store) = try TinyCheckpoint.library("legrad-tiny-bert")
        let recipe = try #require(library.recipes.first)
        let recipes = try Scratch.folder()
        let direction = (0..<16).map { "\($0)" }.joined(separator: ",")
        let head = try Scratch.file(
            """
            {"format":"reviewtui-head","version":1,"name":"toy","model":"tiny@1",
             "weights_sha256":"\(recipe.weightsSHA256)","normalized":true,
             "policies":[{"policy":"hate","direction":[\(direction)],"bias":0}]}
            """, named: "heads/toy.json", in: recipes)
        let taught = try ModelLibrary(recipes: recipes, stores: [store.folder])
        let found = try await Scorer(library: taught, engine: Places.engine()).assess(texts: ["word5"], model: "tiny")
        let hash = try CheckedWeights(file: nil).sha256(of: OpenedFile(path: head))
        #expect(found[0].scores.map(\.head) == ["toy@" + hash.prefix(12)])
        #expect(found[0].weightsSHA256 == recipe.weightsSHA256 && found[0].precision == .f32)
    }
}
