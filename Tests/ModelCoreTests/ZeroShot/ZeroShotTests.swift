import Foundation
import Testing

@testable import ModelCore

/// Policies in words, on tiny checkpoints of public implementations.
@Suite(.enabled(if: Places.hasEngine, Places.engineMissing))
struct ZeroShotTests {
    @Test(arguments: ZeroShotFixture.folders)
    func `Zero-shot probabilities are those of the public implementation`(folder: String) async throws {
        let fixture = try ZeroShotFixture.shared.get()
        let expected = try #require(fixture.models[folder]).probabilities
        let library = try fixture.library(folder).library
        let scorer = try Scorer(library: library, engine: Places.engine())
        let found = try await scorer.assess(images: fixture.pictures, model: "tiny", explain: .none)
        #expect(found.count == expected.count)
        for (assessment, row) in zip(found, expected) {
            let wanted = zip(fixture.policies, row).compactMap { words, value in value.map { (words.policy, $0) } }
            #expect(assessment.scores.map(\.policy) == wanted.map { $0.0 })
            for (score, value) in zip(assessment.scores, wanted.map { $0.1 }) {
                #expect(abs(score.probability - value) < 1e-4, "\(score.policy): \(score.probability), not \(value)")
            }
            #expect(assessment.scores.allSatisfy { !$0.isCalibrated && $0.threshold == 0.9 })
            #expect(assessment.scores.map(\.head) == fixture.zeroShot.prefix(wanted.count).map(\.headID))
        }
    }

    @Test(arguments: ["families/clip", "families/siglip"])
    func `A direction made of words is explained like a head's`(folder: String) async throws {
        let fixture = try ZeroShotFixture.shared.get()
        let scorer = try Scorer(library: fixture.library(folder).library, engine: Places.engine())
        let found = try await scorer.assess(
            images: fixture.pictures, model: "tiny", explain: .policies(["many", "nobody"]))
        for assessment in found {
            let explanation = try #require(assessment.explanations.first)
            #expect(assessment.explanations.count == 1 && explanation.policy == "many")
            #expect(explanation.method == "legrad")
            guard case .grid(let rows, let columns, let values) = explanation.relevance else {
                Issue.record("no grid")
                continue
            }
            #expect(rows == 4 && columns == 4 && values.count == 16 && values.contains { $0 > 0 })
            #expect(assessment.untrained == ["nobody"])
        }
    }

    @Test func `model list says which policies a model is asked about in words`() throws {
        let fixture = try ZeroShotFixture.shared.get()
        let clip = try #require(fixture.library("families/clip").library.descriptions.first)
        #expect(clip.policies.isEmpty)
        #expect(clip.zeroShot.map(\.policy) == ["many", "one", "other"])
        #expect(clip.zeroShot.allSatisfy { !$0.isCalibrated && $0.head.hasPrefix("zero-shot@") })
        // A sigmoid says something of one text alone; a softmax over one does not.
        let siglip = try #require(fixture.library("families/siglip").library.descriptions.first)
        #expect(siglip.zeroShot.map(\.policy) == ["alone", "many", "one", "other"])
    }

    @Test func `A fitted head beats the words of its policy`() async throws {
        let fixture = try ZeroShotFixture.shared.get()
        let recipes = try Scratch.folder()
        let weights = try #require(fixture.library("families/clip").library.recipes.first).weightsSHA256
        _ = try Scratch.file(
            """
            {"format":"reviewtui-head","version":1,"name":"taught","model":"tiny@1","weights_sha256":"\(weights)",
             "normalized":true,"policies":[{"policy":"many","direction":\([Float](repeating: 0.5, count: 32)),"bias":0,
             "calibration":{"kind":"platt","a":1,"b":0}}]}
            """, named: "heads/taught.json", in: recipes)
        let library = try fixture.library("families/clip", recipes: recipes).library
        let scorer = try Scorer(library: library, engine: Places.engine())
        let found = try await scorer.assess(images: fixture.pictures, model: "tiny", explain: .none)
        let heads = Dictionary(uniqueKeysWithValues: found[0].scores.map { ($0.policy, $0.head ?? "") })
        #expect(heads.count == 3)
        #expect(heads["many"]?.hasPrefix("taught@") == true)
        #expect(heads["one"]?.hasPrefix("zero-shot@") == true && heads["other"]?.hasPrefix("zero-shot@") == true)
        let listed = try #require(library.descriptions.first)
        #expect(listed.policies == ["many"] && listed.zeroShot.map(\.policy) == ["one", "other"])
    }

    @Test func `Who wants probabilities only is told of calibrated policies only`() async throws {
        let fixture = try ZeroShotFixture.shared.get()
        let recipes = try Scratch.folder()
        let recipe = try #require(fixture.library("families/clip").library.recipes.first)
        func policies(_ library: ModelLibrary) async throws -> [String] {
            let scorer = try Scorer(library: library, engine: Places.engine(), admittingUncalibrated: false)
            let found = try await scorer.assess(images: fixture.pictures, model: "tiny", explain: .flagged)[0]
            #expect(found.explanations.allSatisfy { $0.policy.map(found.scores.map(\.policy).contains) ?? true })
            return found.scores.map(\.policy)
        }
        #expect(try await policies(fixture.library("families/clip", recipes: recipes).library) == [])
        let one = try #require(fixture.zeroShot.first { $0.policy == "one" })
        _ = try Scratch.file(
            """
            {"format":"reviewtui-calibration","version":1,"model":"tiny@1","weights_sha256":"\(recipe.weightsSHA256)",
             "policies":[{"policy":"one","head":"\(one.headID)","a":0.5,"b":-1}]}
            """, named: "calibration/tiny.json", in: recipes)
        #expect(try await policies(fixture.library("families/clip", recipes: recipes).library) == ["one"])
    }

    @Test func `Directions are kept for the same weights and words, and for no others`() async throws {
        let fixture = try ZeroShotFixture.shared.get()
        let library = try fixture.library("families/clip").library
        let cache = try Scratch.folder() + "/directions"
        func scores(_ library: ModelLibrary) async throws -> [Double] {
            let scorer = try Scorer(library: library, engine: Places.engine(), directionCache: cache)
            return try await scorer.assess(images: fixture.pictures, model: "tiny", explain: .none)[0].scores
                .map(\.probability)
        }
        let first = try await scores(library)
        let names = try FileManager.default.contentsOfDirectory(atPath: cache)
        #expect(names.count == 3)
        // A direction that was put there is used as it is: nothing is computed anew.
        let recipe = try #require(library.recipes.first)
        let key = DirectionCache.key(fixture.zeroShot[0], recipe, precision: .f32)
        let kept = DirectionCache(folder: cache)
        kept.keep(.init(vector: [Float](repeating: 0, count: 32), bias: 2), as: key)
        let second = try await scores(library)
        #expect(abs(second[0] - 1 / (1 + exp(-2))) < 1e-6 && second.dropFirst() == first.dropFirst())
        // Other words are another direction, and debris is none.
        let changed = fixture.policies[0]
        let other = ZeroShotPolicy(
            policy: changed.policy, description: "", templates: [], positive: ["a photo of the gun"],
            negative: changed.negative, threshold: nil)
        #expect(DirectionCache.key(other, recipe, precision: .f32) != key)
        #expect(DirectionCache.key(fixture.zeroShot[0], recipe, precision: .bf16) != key)
        for debris in ["", "{}", #"{"key":"\#(key)","direction":{"vector":[1,2],"bias":0}}"#] {
            _ = try Scratch.file(debris, named: key + ".json", in: cache)
            #expect(kept.direction(key, width: 32) == nil)
        }
        #expect(try await scores(library) == first)
    }

    @Test func `A calibration holds for the weights, the policy and the words it was fitted for`() async throws {
        let fixture = try ZeroShotFixture.shared.get()
        let plain = try fixture.library("families/clip").library
        let recipe = try #require(plain.recipes.first)
        let (one, many) = (fixture.zeroShot[0], fixture.zeroShot[1])
        let recipes = try Scratch.folder()
        _ = try Scratch.file(
            """
            {"format":"reviewtui-calibration","version":1,"model":"tiny@1","weights_sha256":"\(recipe.weightsSHA256)",
             "policies":[{"policy":"one","head":"\(one.headID)","a":0.25,"b":-1.5,"threshold":0.3},
                         {"policy":"many","head":"zero-shot@000000000000","a":9,"b":9}]}
            """, named: "calibration/tiny.json", in: recipes)
        let library = try fixture.library("families/clip", recipes: recipes).library
        #expect(library.notes.count == 1 && library.notes[0].contains("zero-shot@000000000000"))
        func scores(_ library: ModelLibrary) async throws -> [Assessment.PolicyScore] {
            try await Scorer(library: library, engine: Places.engine())
                .assess(images: fixture.pictures, model: "tiny", explain: .none)[0].scores
        }
        let (before, after) = (try await scores(plain), try await scores(library))
        let logit = log(before[0].probability / (1 - before[0].probability))
        #expect(abs(after[0].probability - 1 / (1 + exp(-(0.25 * logit - 1.5)))) < 1e-6)
        #expect(after[0].isCalibrated && after[0].threshold == 0.3)
        #expect(after[1] == before[1] && after[1].policy == many.policy)
        let listed = try #require(library.descriptions.first?.zeroShot)
        #expect(listed.map(\.isCalibrated) == [false, true, false])
    }

    @Test(arguments: [Float.nan, .infinity, 90, -200])
    func `A checkpoint without a sensible scale keeps its embeddings and is asked nothing in words`(
        scale: Float
    ) async throws {
        let fixture = try ZeroShotFixture.shared.get()
        let (library, notes) = try fixture.library("families/clip") { folder in
            try TinyCheckpoint.overwrite("logit_scale", in: folder, with: [scale])
        }
        #expect(notes.contains { $0.contains("zero-shot") && $0.contains("logit_scale") })
        #expect(library.descriptions.first?.zeroShot.isEmpty == true)
        let scorer = try Scorer(library: library, engine: Places.engine())
        let found = try await scorer.assess(images: fixture.pictures, model: "tiny", explain: .flagged)
        #expect(found[0].scores.isEmpty && found[0].embedding.count == 32)
    }

    @Test func `A model of pictures whose tokenizer is missing is asked nothing in words, and says why when added`()
        throws
    {
        let fixture = try ZeroShotFixture.shared.get()
        let (library, notes) = try fixture.library("families/open-clip") { folder in
            try FileManager.default.removeItem(atPath: folder + "/tokenizer.json")
        }
        #expect(notes.contains { $0.contains("zero-shot") && $0.contains("tokenizer") })
        #expect(library.descriptions.first?.zeroShot.isEmpty == true)
    }

    @Test func `The threshold of an uncalibrated score is never lower than its policy's own`() {
        func threshold(_ own: Double?) -> Double? {
            let policy = ZeroShotPolicy(
                policy: "x", description: "", templates: [], positive: ["a"], negative: ["b"], threshold: own)
            return Head(
                zeroShot: policy, .init(vector: [1], bias: 0), model: "m@1", weightsSHA256: "", explain: nil
            ).policies[0].threshold
        }
        #expect(threshold(nil) == 0.9 && threshold(0.5) == 0.9 && threshold(0.97) == 0.97)
    }

    @Test func `Where nothing is over its threshold, what was fitted is explained before what was only asked`() {
        func score(_ policy: String, _ probability: Double, _ isCalibrated: Bool) -> Assessment.PolicyScore {
            .init(policy: policy, probability: probability, threshold: 0.9, head: nil, isCalibrated: isCalibrated)
        }
        let scores = [score("asked", 0.6, false), score("fitted", 0.1, true)]
        #expect(Projection.wanted(.flagged, among: scores) == ["fitted"])
        #expect(Projection.wanted(.flagged, among: Array(scores.prefix(1))) == ["asked"])
    }
}
