import Foundation
import Testing

@testable import ModelCore

@Suite struct RelevanceContrastTests {
    @Test func `The floor takes the mean of the text's own tokens off, the special ones not counted`() {
        let floored = RelevanceContrast.floored(.textMean, [9, 1, 2, 6, 9])
        #expect(floored == [6, 0, 0, 3, 6])
        #expect(RelevanceContrast.floored(.none, [9, 1, 2, 6, 9]) == [9, 1, 2, 6, 9])
    }

    @Test func `A single word keeps its relevance under the floor, and an empty text is no fault`() {
        #expect(RelevanceContrast.floored(.textMean, [1, 5, 1]) == [1, 5, 1])
        #expect(RelevanceContrast.floored(.textMean, [1, 1]) == [1, 1])
        #expect(RelevanceContrast.floored(.textMean, []) == [])
    }

    @Test func `The mean contrast keeps what one policy has and the others have not`() {
        let maps = RelevanceContrast.applied(.mean, to: [[4, 1, 0], [0, 1, 2]], neutral: nil)
        #expect(maps == [[2, 0, 0], [0, 0, 1]])
    }
}

/// The whole way, on the real weights with made-up heads.
@Suite(.enabled(if: Places.hasEngineAndModels, Places.modelsMissing))
struct ScorerTests {
    /// The project's recipes with one head for a model: its directions are one-hot, and so easy to foresee.
    private static func library(headFor model: String? = nil, contrast: String = "none") throws -> ModelLibrary {
        let folder = try Scratch.folder()
        for name in ["dinov2-small", "minilm-l6", "open-nsfw"] {
            let text = try String(contentsOfFile: Places.package + "/models/\(name).toml", encoding: .utf8)
            _ = try Scratch.file(text, named: name + ".toml", in: folder)
        }
        if let model {
            let recipe = try Recipe(path: "\(folder)/\(model).toml")
            func direction(_ index: Int) -> String { (0..<384).map { $0 == index ? "1" : "0" }.joined(separator: ",") }
            let policies = [("hate", 3), ("spam", 7)].map { policy, index in
                """
                {"policy":"\(policy)","direction":[\(direction(index))],"bias":0.25,
                 "calibration":{"kind":"platt","a":4,"b":0},"threshold":\(policy == "hate" ? 0.01 : 0.999)}
                """
            }
            let head = """
                {"format":"reviewtui-head","version":1,"name":"toy","model":"\(recipe.id)",
                 "weights_sha256":"\(recipe.weightsSHA256)","normalized":true,
                 "policies":[\(policies.joined(separator: ","))],
                 "explain":{"method":"legrad","layers":[4,5],"contrast":"\(contrast)"},"neutral":[\(direction(11))]}
                """
            _ = try Scratch.file(head, named: "heads/toy.json", in: folder)
        }
        return try ModelLibrary(recipes: folder, stores: Places.stores)
    }

    @Test func `Texts get calibrated scores, and the flagged policy's words in the offsets of the original text`()
        async throws
    {
        let scorer = try Scorer(
            library: Self.library(headFor: "minilm-l6"), engine: Places.engine(), models: ["minilm-l6"])
        #expect(scorer.textModels == ["minilm-l6@1"] && scorer.imageInputs.isEmpty)
        let texts = ["  Café déjà-vu unbelievably 👍", "", String(repeating: "word ", count: 400)]
        let found = try await scorer.assess(texts: texts, model: "minilm-l6", explain: .flagged)
        #expect(found.count == 3)
        for assessment in found {
            let unit = Projection.unit(assessment.embedding)
            let expected = [3, 7].map { 1 / (1 + exp(-4 * (Double(unit[$0]) + 0.25))) }
            #expect(zip(assessment.scores, expected).allSatisfy { abs($0.probability - $1) < 1e-6 })
            #expect(assessment.scores.map(\.policy) == ["hate", "spam"])
            #expect(assessment.explanations.map(\.policy) == ["hate"])
        }
        let spans = try Self.spans(found[0])
        let scalars = Array(texts[0].unicodeScalars)
        let words = spans.map { String(String.UnicodeScalarView(scalars[$0.start..<$0.end])) }
        #expect(words == ["Café", "déjà", "-", "vu", "unbelievably", "👍"])
        #expect(spans.allSatisfy { $0.weight >= 0 } && spans.contains { $0.weight > 0 })
        #expect(try Self.spans(found[1]).isEmpty)
        #expect(found[2].notes.count == 1 && found[0].notes.isEmpty)
    }

    @Test func `The shipped heads flag an insult and a threat and let everyday sentences pass`() async throws {
        let library = try ModelLibrary(recipes: Places.package + "/models", stores: Places.stores)
        let scorer = try Scorer(library: library, engine: Places.engine(), models: ["minilm-l6"])
        let texts = [
            "You are a stupid worthless idiot and everybody hates you.", "I want to kill myself tonight.",
            "The committee moved the meeting to Tuesday afternoon.", "Das Wetter ist heute schön.",
        ]
        let found = try await scorer.assess(texts: texts, model: "minilm-l6", explain: .flagged)
        let flagged = found.map { $0.scores.filter { $0.probability >= ($0.threshold ?? 0.5) }.map(\.policy) }
        #expect(flagged[0].contains("harassment"))
        #expect(flagged[1].contains("self-harm"))
        #expect(flagged[2].isEmpty && flagged[3].isEmpty)
        // Nothing is over its threshold, yet the nearest policy is explained, so that there is something to look at.
        #expect(found[2].explanations.count == 1)
    }

    @Test func `A text scores the same alone and in a batch`() async throws {
        let scorer = try Scorer(
            library: Self.library(headFor: "minilm-l6"), engine: Places.engine(), models: ["minilm-l6"])
        let texts = (1...20).map { (1...$0).map { "word\($0)" }.joined(separator: " ") }
        let together = try await scorer.assess(texts: texts, model: "minilm-l6", explain: .none)
        for index in [0, 9, 19] {
            let alone = try await scorer.assess(texts: [texts[index]], model: "minilm-l6", explain: .none)
            let difference = zip(alone[0].embedding, together[index].embedding).map { abs($0 - $1) }.max() ?? 1
            #expect(difference < 1e-4)
        }
        #expect(together.allSatisfy { $0.explanations.isEmpty })
    }

    @Test func `The neutral contrast takes the neutral direction's map off and drops what is left below zero`()
        async throws
    {
        let text = "The committee met on Tuesday to discuss the budget."
        func weights(_ contrast: String) async throws -> [Float] {
            let library = try Self.library(headFor: "minilm-l6", contrast: contrast)
            let scorer = try Scorer(library: library, engine: Places.engine(), models: ["minilm-l6"])
            let found = try await scorer.assess(texts: [text], model: "minilm-l6", explain: .policies(["hate"]))
            return try Self.spans(found[0]).map(\.weight)
        }
        let (plain, contrasted) = (try await weights("none"), try await weights("neutral"))
        #expect(plain.count == contrasted.count)
        #expect(zip(plain, contrasted).allSatisfy { $0 >= $1 && $1 >= 0 })
        #expect(plain != contrasted)
    }

    @Test func `A picture model without a head scores nothing, says so, and shows where it looked`() async throws {
        let scorer = try Scorer(library: Self.library(), engine: Places.engine(), models: ["dinov2-small"])
        let input = try #require(scorer.imageInputs.first)
        let image = try #require(PixelImage(width: input.width, height: input.height, rgb: RealModelTests.pixels(1)))
        let found = try await scorer.assess(images: [image], model: input.model, explain: .policies(["violence"]))
        #expect(found[0].scores.isEmpty)
        #expect(found[0].untrained == ["violence"])
        let explanation = try #require(found[0].explanations.first)
        #expect(explanation.method == "attention" && explanation.policy == nil && !explanation.signed)
        guard case .grid(let rows, let columns, let values) = explanation.relevance else { throw NoGrid() }
        #expect(rows == 16 && columns == 16 && values.count == 256)
        #expect(values.reduce(0, +) <= 1 && values.allSatisfy { $0 >= 0 })
    }

    @Test func `A picture model with a head scores, and explains as its recipe says`() async throws {
        let scorer = try Scorer(
            library: Self.library(headFor: "dinov2-small"), engine: Places.engine(), models: ["dinov2-small"])
        let image = try #require(PixelImage(width: 224, height: 224, rgb: RealModelTests.pixels(0)))
        let found = try await scorer.assess(
            images: [image], model: "dinov2-small", explain: .policies(["spam", "hate"]))
        #expect(found[0].scores.map(\.policy) == ["hate", "spam"])
        #expect(found[0].explanations.map(\.policy) == ["hate", "spam"])
        #expect(found[0].explanations.allSatisfy { $0.method == "token-decomposition" && $0.signed })
        #expect(found[0].explanations[0].relevance != found[0].explanations[1].relevance)
        #expect(found[0].untrained.isEmpty)
    }

    @Test func `open-nsfw scores sexual and lays its map over the whole picture, nothing where it did not look`()
        async throws
    {
        let scorer = try Scorer(library: Self.library(), engine: Places.engine(), models: ["open-nsfw"])
        let input = try #require(scorer.imageInputs.first)
        #expect(input == ImageInput(model: "open-nsfw@1", width: 256, height: 256, filter: .bilinear))
        // The fixture's picture in the middle; the grey border is cropped away.
        var rgb = [UInt8](repeating: 128, count: 256 * 256 * 3)
        let middle = RealModelTests.pixels(2)
        for y in 0..<224 {
            let start = ((y + 16) * 256 + 16) * 3
            rgb.replaceSubrange(start..<start + 672, with: middle[y * 672..<(y + 1) * 672])
        }
        let image = try #require(PixelImage(width: 256, height: 256, rgb: rgb))
        let found = try await scorer.assess(images: [image], model: "open-nsfw", explain: .flagged)
        let fixture: Expected = try fixture("embeddings-open-nsfw.json")
        let score = try #require(found[0].scores.first)
        #expect(score.policy == "sexual" && score.threshold == 0.5)
        #expect(abs(score.probability - fixture.images[2].probability) < 1e-5)
        guard case .grid(let rows, let columns, let values) = found[0].explanations.first?.relevance else {
            throw NoGrid()
        }
        #expect(rows == 16 && columns == 16)
        #expect(found[0].explanations[0].signed && found[0].explanations[0].method == "cam")
        for row in 0..<16 {
            for column in 0..<16 {
                let inside = (1...14).contains(row) && (1...14).contains(column)
                let expected = inside ? fixture.images[2].cam[(row - 1) / 2][(column - 1) / 2] : 0
                #expect(abs(Double(values[row * 16 + column]) - expected) < 1e-3)
            }
        }
    }

    @Test func `A picture of another size, or for a text model, is refused`() async throws {
        let scorer = try Scorer(library: Self.library(), engine: Places.engine())
        #expect(scorer.textModels.count == 1 && scorer.imageInputs.count == 2)
        let image = try #require(PixelImage(width: 1, height: 1, rgb: [0, 0, 0]))
        await #expect(throws: ScorerError.wrongSize(model: "open-nsfw@1", wanted: "256×256", given: "1×1")) {
            try await scorer.assess(images: [image], model: "open-nsfw")
        }
        await #expect(throws: ScorerError.wrongModality(model: "minilm-l6@1", modality: "texts")) {
            try await scorer.assess(images: [image], model: "minilm-l6")
        }
        await #expect(throws: ScorerError.wrongModality(model: "open-nsfw@1", modality: "pictures")) {
            try await scorer.assess(texts: ["a"], model: "open-nsfw")
        }
        #expect(throws: RecipeError.self) {
            try Scorer(library: Self.library(), engine: Places.engine(), models: ["nope"])
        }
    }

    private struct NoGrid: Error {}

    private struct Expected: Decodable {
        struct Entry: Decodable {
            let probability: Double
            let cam: [[Double]]
        }

        let images: [Entry]
    }

    private static func spans(_ assessment: Assessment) throws -> [ModelExplanation.Span] {
        guard case .spans(let spans) = try #require(assessment.explanations.first).relevance else { throw NoGrid() }
        return spans
    }
}
