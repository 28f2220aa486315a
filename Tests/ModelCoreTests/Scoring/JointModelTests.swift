import Foundation
import Testing

@testable import ModelCore

/// Models that read picture and text together, from a published folder through ``Scorer``: scores and maps of policies in
/// words are those of the public implementations in float64.
@Suite(.enabled(if: Places.hasEngine, Places.engineMissing))
struct JointModelTests {
    private let fixture: JointFixture

    init() throws { fixture = try JointFixture.shared.get() }

    // MARK: Held to the public implementations

    @Test(arguments: JointFixture.prompted)
    func `A policy's score is what the public implementation says of its prompts`(folder: String) async throws {
        let policies = fixture.zeroShot(folder)
        let expected = try #require(fixture.models[folder]).policies
        let found = try await fixture.scorer(folder).assess(images: fixture.pictures, model: "tiny", explain: .none)
        #expect(found.count == fixture.images && policies.count >= 4)
        for (picture, assessment) in found.enumerated() {
            #expect(assessment.scores.map(\.policy) == policies.map(\.policy))
            for score in assessment.scores {
                let logit = try #require(expected[score.policy]?.logit)[picture]
                let wanted = 1 / (1 + exp(-logit))
                #expect(abs(score.probability - wanted) < 1e-4, "\(score.policy): \(score.probability), not \(wanted)")
                #expect(!score.isCalibrated && score.threshold == 0.9)
                #expect(
                    score.head?.hasPrefix(folder == JointFixture.idefics ? "question@" : "matching@") == true)
            }
            #expect(assessment.embedding.isEmpty == (folder == JointFixture.idefics))
        }
    }

    @Test(
        arguments: JointFixture.prompted + [JointFixture.coca],
        [ExplanationMethod.Kind.crossAttention, .crossGradient])
    func `A policy's map is that of the deciding prompt, by automatic differentiation`(
        folder: String, kind: ExplanationMethod.Kind
    ) async throws {
        let expected = try #require(fixture.models[folder]).policies
        // CoCa is not asked about a policy that it has nothing to compare with.
        let policies = fixture.zeroShot(folder).filter { folder != JointFixture.coca || !$0.negative.isEmpty }
        let found = try await fixture.scorer(folder).assess(
            images: fixture.pictures, model: "tiny", explain: .policies(policies.map(\.policy)),
            by: ExplanationMethod(kind))
        for (picture, assessment) in found.enumerated() {
            #expect(assessment.explanations.map(\.policy) == policies.map(\.policy))
            for explanation in assessment.explanations {
                let asked = try #require(explanation.policy.flatMap { expected[$0] })
                let wanted = kind == .crossAttention ? asked.attention[picture] : asked.gradient[picture]
                #expect(wanted.contains { $0 > 0 } && explanation.gridValues.count == 16)
                #expect(relativeDifference(explanation.gridValues, wanted) < 1e-4, "\(explanation.policy ?? "")")
                #expect(explanation.method == kind.rawValue && !explanation.signed)
            }
        }
    }

    @Test(arguments: JointFixture.prompted)
    func `Without a method the policy that stands out is explained by cross-grad`(folder: String) async throws {
        let expected = try #require(fixture.models[folder]).policies
        let found = try await fixture.scorer(folder).assess(images: fixture.pictures, model: "tiny")
        for (picture, assessment) in found.enumerated() {
            let over = assessment.scores.filter { $0.probability >= 0.9 }.map(\.policy)
            let highest = assessment.scores.max { $0.probability < $1.probability }.map { [$0.policy] } ?? []
            #expect(assessment.explanations.map(\.policy) == (over.isEmpty ? highest : over))
            for explanation in assessment.explanations {
                let asked = try #require(explanation.policy.flatMap { expected[$0] })
                #expect(explanation.method == "cross-grad")
                #expect(relativeDifference(explanation.gridValues, asked.gradient[picture]) < 1e-4)
            }
        }
    }

    @Test func `Another layer is another map, and one that is not there is refused`() async throws {
        let scorer = try fixture.scorer(JointFixture.blip)
        func map(_ layer: Int) async throws -> [Float] {
            let method = ExplanationMethod(.crossGradient, layers: .only([layer]))
            return try await scorer.assess(
                images: [fixture.pictures[0]], model: "tiny", explain: .policies(["one"]), by: method)[0]
                .explanations[0].gridValues
        }
        let usual: [Double] = try #require(fixture.models[JointFixture.blip]?.policies["one"]?.gradient[0])
        let (first, second) = (try await map(0), try await map(1))
        #expect(relativeDifference(second, usual) < 1e-4 && relativeDifference(first, usual) > 0.01)
        await #expect(throws: ExplanationError.noSuchPart("cross-attention layer 3; it has 3, counted from 0")) {
            try await map(3)
        }
    }

    // MARK: Once a picture

    @Test(arguments: JointFixture.prompted + [JointFixture.coca])
    func `What reads a picture takes it encoded, and no pixels`(folder: String) throws {
        let library = try fixture.library(folder).library
        let recipe = try #require(library.recipes.first)
        let checkpoint = try Checkpoint(folder: library.readyFolder(of: recipe), weights: library.weights(of: recipe))
        let graphs = try JointModel(recipe, checkpoint, input: .normalized).graphs
        let picture = try Places.engine().compile(graphs.pictureGraph(), name: "picture")
        #expect(picture.inputs == ["pixels"] && picture.outputs.contains("picture"))
        for method in [nil, CrossMethod(.attention), CrossMethod(.gradient)] {
            let reading = try Places.engine().compile(graphs.readingGraph(explaining: method), name: "reading")
            #expect(!reading.inputs.contains("pixels") && reading.inputs.contains("picture"))
        }
    }

    @Test func `Many prompts go in several batches and come back in their order`() async throws {
        let words = ["blood", "wound", "knife", "gun", "dog", "cat", "bird", "people", "street", "party", "toy"]
        let prompts = words.flatMap { first in words.map { "a \(first) with the \($0) in a street" } }
        func policy(_ name: String, _ prompts: [String]) -> ZeroShotPolicy {
            ZeroShotPolicy(
                policy: name, description: "", templates: [], positive: prompts, negative: [], threshold: nil)
        }
        let single = [prompts[0], prompts[60], prompts[120]]
        let all = policy("all", prompts)
        let scorer = try fixture.scorer(
            JointFixture.blip, asking: [all] + single.enumerated().map { policy("single \($0)", [$1]) })
        let alone = try single.map { try fixture.scorer(JointFixture.blip, asking: [policy("x", [$0])]) }
        let found = try await scorer.assess(images: fixture.pictures, model: "tiny", explain: .none)
        for (index, scorer) in alone.enumerated() {
            let expected = try await scorer.assess(images: fixture.pictures, model: "tiny", explain: .none)
            for (one, many) in zip(expected, found) {
                #expect(abs(one.scores[0].probability - many.scores[index + 1].probability) < 1e-5)
                #expect(many.scores[0].probability >= one.scores[0].probability - 1e-5)
            }
        }
    }

    // MARK: Beside heads, calibrations and other methods

    @Test func `A fitted head scores from the embedding and the words ask for the rest`() async throws {
        let weights = try #require(fixture.library(JointFixture.blip).library.recipes.first).weightsSHA256
        let recipes = try Scratch.folder()
        let direction = (0..<12).map { Float($0 % 5) - 2 }
        _ = try Scratch.file(
            """
            {"format":"reviewtui-head","version":1,"name":"taught","model":"tiny@1","weights_sha256":"\(weights)",
             "normalized":true,"policies":[{"policy":"many","direction":\(direction),"bias":0,
             "calibration":{"kind":"platt","a":1,"b":0}}]}
            """, named: "heads/taught.json", in: recipes)
        let library = try fixture.library(JointFixture.blip, recipes: recipes).library
        let scorer = try Scorer(library: library, engine: Places.engine())
        let found = try await scorer.assess(
            images: fixture.pictures, model: "tiny", explain: .policies(["many", "one"]))
        let embeddings = try await scorer.embeddings(of: fixture.pictures, model: "tiny")
        for (assessment, embedding) in zip(found, embeddings) {
            #expect(assessment.scores.map(\.policy) == ["many", "one", "other", "alone"])
            #expect(assessment.scores[0].head?.hasPrefix("taught@") == true && assessment.scores[0].isCalibrated)
            #expect(relativeDifference(assessment.embedding, embedding.map(Double.init)) < 1e-4)
            let projection = Projection.dot(direction, Projection.unit(embedding))
            #expect(abs(assessment.scores[0].probability - 1 / (1 + exp(-Double(projection)))) < 1e-5)
            #expect(assessment.explanations.map(\.method) == ["legrad", "cross-grad"])
            #expect(assessment.explanations.map(\.policy) == ["many", "one"])
        }
        #expect(try await scorer.methods(of: "tiny").contains(.legrad))
        #expect(library.descriptions[0].policies == ["many"])
    }

    @Test(arguments: JointFixture.prompted)
    func `A calibration holds for the weights, the policy and the words`(folder: String) async throws {
        let plain = try fixture.library(folder).library
        let recipe = try #require(plain.recipes.first)
        let head = try #require(recipe.prompts).headID(of: fixture.zeroShot(folder)[0])
        let recipes = try Scratch.folder()
        _ = try Scratch.file(
            """
            {"format":"reviewtui-calibration","version":1,"model":"tiny@1","weights_sha256":"\(recipe.weightsSHA256)",
             "policies":[{"policy":"one","head":"\(head)","a":0.25,"b":-1.5,"threshold":0.3},
                         {"policy":"many","head":"matching@000000000000","a":9,"b":9}]}
            """, named: "calibration/tiny.json", in: recipes)
        let library = try fixture.library(folder, recipes: recipes).library
        #expect(library.notes.count == 1 && library.notes[0].contains("matching@000000000000"))
        let scores = try await Scorer(library: library, engine: Places.engine())
            .assess(images: fixture.pictures, model: "tiny", explain: .none)[0].scores
        let logit = try #require(fixture.models[folder]?.policies["one"]?.logit)[0]
        #expect(abs(scores[0].probability - 1 / (1 + exp(-(0.25 * logit - 1.5)))) < 1e-4)
        #expect(scores[0].isCalibrated && scores[0].threshold == 0.3 && !scores[1].isCalibrated)
        #expect(library.descriptions[0].zeroShot.first { $0.policy == "one" }?.isCalibrated == true)
    }

    @Test(arguments: JointFixture.prompted)
    func `Occlusion is the fall of the logit`(folder: String) async throws {
        let scorer = try fixture.scorer(folder)
        let picture = fixture.pictures[1]
        let found = try await scorer.assess(
            images: [picture], model: "tiny", explain: .policies(["one"]), by: ExplanationMethod(.occlusion))
        let explanation = try #require(found[0].explanations.first)
        #expect(explanation.policy == "one" && explanation.signed && explanation.gridValues.count == 64)
        // Only the first square covers the first cell.
        let squares = Occlusion.Patches(width: 16, height: 16)
        let hidden = squares.hidden(picture, at: squares.places[0], colour: picture.meanColour)
        let scores = try await scorer.assess(images: [picture, hidden], model: "tiny", explain: .none).map {
            log($0.scores[0].probability / (1 - $0.scores[0].probability))
        }
        let largest = explanation.gridValues.map(abs).max() ?? 0
        #expect(largest > 0 && abs(Double(explanation.gridValues[0]) - (scores[0] - scores[1])) < 1e-4)
    }

    @Test func `A model says which methods are true of it`() async throws {
        for folder in JointFixture.prompted {
            let scorer = try fixture.scorer(folder)
            #expect(try await scorer.methods(of: "tiny") == [.occlusion, .crossAttention, .crossGradient])
            await #expect(throws: ExplanationError.self) {
                try await scorer.assess(images: fixture.pictures, model: "tiny", by: ExplanationMethod(.legrad))
            }
            await #expect(throws: ExplanationError.self) {
                try await scorer.assess(
                    images: fixture.pictures, model: "tiny", by: ExplanationMethod(.crossGradient, heads: [0]))
            }
        }
        let coca = try await fixture.scorer(JointFixture.coca).methods(of: "tiny")
        #expect(coca.contains(.legrad) && coca.contains(.crossAttention) && coca.contains(.crossGradient))
        // Nothing is asked, so nothing is read from words.
        let unasked = try await fixture.scorer(JointFixture.blip, asking: []).methods(of: "tiny")
        #expect(unasked.contains(.legrad) && !unasked.contains(.crossGradient))
        let clip = try ZeroShotFixture.shared.get().library("families/clip").library
        #expect(
            try await Scorer(library: clip, engine: Places.engine()).methods(of: "tiny")
                .allSatisfy { $0.cross == nil })
    }

    // MARK: Adding and checking

    @Test(arguments: JointFixture.prompted + [JointFixture.coca])
    func `A published folder is added, says how it is asked, and passes its check`(folder: String) async throws {
        for policies in [nil, []] as [[ZeroShotPolicy]?] {
            let (library, notes) = try fixture.library(folder, asking: policies)
            let recipe = try #require(library.recipes.first)
            #expect(library.status(of: recipe) == .ready && !notes.contains { $0.contains("cannot be asked") })
            switch folder {
            case JointFixture.coca: #expect(recipe.prompts == nil)
            case JointFixture.idefics:
                #expect(recipe.prompts?.by == .question(Recipe.Prompts.Question()))
                #expect(recipe.prompts?.maximumTokens == 64 && recipe.image?.filter == .bicubic)
            default: #expect(recipe.prompts == Recipe.Prompts(by: .matching, maximumTokens: 16))
            }
            let found = try await Scorer(library: library, engine: Places.engine()).check(model: "tiny")
            #expect(!found.policies.contains("probe"))
            #expect(found.policies.isEmpty == (policies != nil))
            if recipe.prompts != nil { #expect(found.methods.contains("cross-grad")) }
            if recipe.family != .flamingo { #expect(found.methods.contains("legrad") && found.width > 0) }
        }
    }

    @Test func `model list says which policies a model is asked about`() throws {
        let described = try #require(fixture.library(JointFixture.idefics).library.descriptions.first)
        #expect(described.policies.isEmpty)
        #expect(described.zeroShot.map(\.policy) == ["alone", "bytes", "many", "one", "other"])
        #expect(described.zeroShot.allSatisfy { !$0.isCalibrated && $0.head.hasPrefix("question@") })
    }

    @Test
    func `Without its tokenizer a matcher keeps its embeddings and says so, and a model that only answers is refused`()
        async throws
    {
        func withoutTokenizer(_ folder: String) throws {
            try FileManager.default.removeItem(atPath: folder + "/tokenizer.json")
        }
        let (library, notes) = try fixture.library(JointFixture.blip, harm: withoutTokenizer)
        #expect(notes.contains { $0.contains("cannot be asked about policies in words") && $0.contains("tokenizer") })
        #expect(library.recipes.first?.prompts == nil && library.descriptions.first?.zeroShot.isEmpty == true)
        let found = try await Scorer(library: library, engine: Places.engine()).check(model: "tiny")
        #expect(found.width == 12 && found.methods.contains("legrad"))

        let refused = #expect(throws: CheckpointError.self) {
            try fixture.library(JointFixture.idefics, harm: withoutTokenizer)
        }
        #expect(refused?.description.contains("tokenizer.json") == true)
        #expect(refused?.description.contains("/published") == true, "names the folder that was given")
    }

    @Test func `A tokenizer without the mark of a picture, or one of another model, is refused by name`() throws {
        func changing(_ file: String, _ sound: String, _ faulty: String) -> (String) throws -> Void {
            { folder in
                let path = "\(folder)/\(file)"
                let text = try String(contentsOfFile: path, encoding: .utf8)
                #expect(text.contains(sound))
                try text.replacing(sound, with: faulty).write(toFile: path, atomically: false, encoding: .utf8)
            }
        }
        for (file, sound, faulty, named) in [
            ("tokenizer.json", "\"<image>\"", "\"<picture>\"", "<image>"),
            ("config.json", "\"additional_vocab_size\": 2", "\"additional_vocab_size\": 1", "vocab_size"),
        ] {
            let refused = #expect(throws: CheckpointError.self) {
                try fixture.library(JointFixture.idefics, harm: changing(file, sound, faulty))
            }
            #expect(refused?.description.contains(named) == true, "\(refused?.description ?? "")")
        }
    }

    @Test(arguments: JointFixture.prompted)
    func `A prompt that is too long is an error that shows it, and one that holds a mark another`(
        folder: String
    ) async throws {
        func policy(_ prompt: String) -> ZeroShotPolicy {
            ZeroShotPolicy(
                policy: "x", description: "", templates: [], positive: [prompt], negative: [], threshold: nil)
        }
        let long = Array(repeating: "blood", count: 80).joined(separator: " ")
        let error = await #expect(throws: PromptError.self) {
            try await fixture.scorer(folder, asking: [policy(long)]).prepare(model: "tiny")
        }
        #expect(error?.description.contains("blood blood") == true && error?.description.contains("longer") == true)
        guard folder == JointFixture.idefics else { return }
        await #expect(throws: PromptError.self) {
            try await fixture.scorer(folder, asking: [policy("a <image> of blood")]).prepare(model: "tiny")
        }
    }

    @Test func `A picture of another size is refused before anything is computed`() async throws {
        let scorer = try fixture.scorer(JointFixture.idefics)
        let wide = try #require(PixelImage(width: 32, height: 16, rgb: [UInt8](repeating: 0, count: 32 * 16 * 3)))
        await #expect(throws: ScorerError.wrongSize(model: "tiny@1", wanted: "16×16", given: "32×16")) {
            try await scorer.assess(images: [wide], model: "tiny")
        }
    }

    @Test func `A policy without prompts is not asked about and stays untrained`() async throws {
        let bare = ZeroShotPolicy(
            policy: "bare", description: "Anything bad.", templates: ["a photo of {}"], positive: [],
            negative: ["a dog"], threshold: nil)
        let asked = fixture.zeroShot(JointFixture.blip)
        let found = try await fixture.scorer(JointFixture.blip, asking: [bare] + asked)
            .assess(images: fixture.pictures, model: "tiny", explain: .policies(["bare", "one"]))
        #expect(found.allSatisfy { $0.untrained == ["bare"] && $0.explanations.map(\.policy) == ["one"] })
    }
}
