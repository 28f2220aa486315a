import Foundation
import Testing

@testable import ModelCore

/// Many inputs at once give what each gives alone, under either hint.
@Suite(.enabled(if: Places.hasEngine, Places.engineMissing))
struct BatchTests {
    /// Of one to seven words, in no order of length.
    private static let texts = (0..<40).map { number in
        (0...(number * 5 % 7)).map { "word\(4 + (number * 11 + $0 * 7) % 36)" }.joined(separator: " ")
    }

    /// A head of eight policies over the tiny networks' 16 dimensions, three of which are flagged with about any input.
    ///
    /// - Parameter method: the recipe's, which explains pictures.
    private static func taught(
        _ fixture: String, contrast: String = "none", method: String = "legrad"
    ) throws -> ModelLibrary {
        let (library, _, store) = try TinyCheckpoint.library(fixture)
        let recipe = try #require(library.recipes.first)
        let added = try String(contentsOfFile: recipe.file, encoding: .utf8)
        try (added + "\n[explain]\nmethod = \"\(method)\"\n").write(
            toFile: recipe.file, atomically: true, encoding: .utf8)
        let recipes = try Scratch.folder()
        func vector(_ seed: Int) -> String {
            (0..<16).map { "\(($0 * (seed + 3) + seed) % 7 - 3)" }.joined(separator: ",")
        }
        let policies = (0..<8).map { number in
            """
            {"policy":"p\(number)","direction":[\(vector(number))],"bias":\(number < 3 ? 3 : -1),"threshold":0.6}
            """
        }
        _ = try Scratch.file(
            """
            {"format":"reviewtui-head","version":1,"name":"toy","model":"tiny@1","normalized":true,
             "weights_sha256":"\(recipe.weightsSHA256)","neutral":[\(vector(9))],
             "explain":{"method":"legrad","layers":[1,2],"contrast":"\(contrast)","floor":"none","weight":"none"},
             "policies":[\(policies.joined(separator: ","))]}
            """, named: "heads/toy.json", in: recipes)
        return try ModelLibrary(recipes: recipes, stores: [store.folder])
    }

    private static func engine(_ performance: Engine.Options.Performance) throws -> Engine {
        var options = Engine.Options()
        options.performance = performance
        return try Engine(path: #require(Places.library), options: options)
    }

    private static func expectAlike(_ a: [Assessment], _ b: [Assessment]) {
        #expect(a.count == b.count)
        for (a, b) in zip(a, b) {
            #expect(zip(a.embedding, b.embedding).allSatisfy { abs($0 - $1) < 1e-5 })
            #expect(a.embedding.count == b.embedding.count)
            #expect(a.scores.map(\.policy) == b.scores.map(\.policy))
            #expect(a.explanations.map(\.policy) == b.explanations.map(\.policy))
            for (a, b) in zip(a.explanations, b.explanations) {
                #expect(values(a).count == values(b).count)
                #expect(difference(a, b) < 1e-4)
            }
        }
    }

    /// The largest difference of two maps, as a share of the second's largest value.
    private static func difference(_ a: ModelExplanation, _ b: ModelExplanation) -> Float {
        let largest = max(values(b).map(abs).max() ?? 0, 1e-3)
        return zip(values(a), values(b)).map { abs($0 - $1) / largest }.max() ?? .infinity
    }

    private static func values(_ explanation: ModelExplanation) -> [Float] {
        switch explanation.relevance {
        case .grid(_, _, let values): values
        case .spans(let spans): spans.map(\.weight)
        }
    }

    @Test(arguments: [Engine.Options.Performance.latency, .throughput], ["none", "neutral", "mean"])
    func `Texts of any length in batches come out as each alone, explanations of several policies included`(
        performance: Engine.Options.Performance, contrast: String
    ) async throws {
        let scorer = try Scorer(
            library: Self.taught("legrad-tiny-bert", contrast: contrast), engine: Self.engine(performance))
        let together = try await scorer.assess(texts: Self.texts, model: "tiny")
        var alone: [Assessment] = []
        for text in Self.texts { alone += try await scorer.assess(texts: [text], model: "tiny") }
        Self.expectAlike(together, alone)
        #expect(together.contains { $0.explanations.count > 1 })
    }

    @Test func `Texts are made one of few lengths, by less than an eighth longer than they are`() {
        let lengths = (1...512).map(TextSide.paddedLength)
        #expect(Set(lengths).count == 16 + 5 * 8)
        for (count, length) in zip(1..., lengths) {
            #expect(length >= count && 8 * (length - count) < count)
        }
    }

    @Test func `What stands out is explained as it is where it is asked for by name`() async throws {
        let scorer = try Scorer(library: Self.taught("legrad-tiny-bert"), engine: Self.engine(.throughput))
        let flagged = try await scorer.assess(texts: Self.texts, model: "tiny", explain: .flagged)
        let named = try await scorer.assess(
            texts: Self.texts, model: "tiny", explain: .policies((0..<8).map { "p\($0)" }))
        for (some, all) in zip(flagged, named) {
            #expect(all.explanations.count == 8 && !some.explanations.isEmpty)
            let same = all.explanations.filter { full in some.explanations.contains { $0.policy == full.policy } }
            for (a, b) in zip(some.explanations, same) { #expect(Self.difference(a, b) < 1e-4) }
        }
    }

    @Test(arguments: [ExplainRequest.none, .flagged, .policies(["p1", "p6"])])
    func `Pictures in flight come out as each alone and in their order`(explain: ExplainRequest) async throws {
        let scorer = try Scorer(library: Self.taught("legrad-tiny-vit"), engine: Self.engine(.throughput))
        let pictures = try (1...9).map { seed in
            try #require(PixelImage(width: 16, height: 16, rgb: (0..<768).map { UInt8($0 * seed % 251) }))
        }
        let together = try await scorer.assess(images: pictures, model: "tiny", explain: explain)
        var alone: [Assessment] = []
        for picture in pictures { alone += try await scorer.assess(images: [picture], model: "tiny", explain: explain) }
        Self.expectAlike(together, alone)
        #expect(Set(together.map(\.embedding)).count == pictures.count)
        #expect(together.allSatisfy { $0.explanations.isEmpty == (explain == .none) })
    }

    @Test(arguments: ["legrad", "legrad-pooled", "token-decomposition"])
    func `What stands out in a picture is explained as it is where it is asked for by name`(
        method: String
    ) async throws {
        let scorer = try Scorer(
            library: Self.taught("legrad-tiny-vit", method: method), engine: Self.engine(.throughput))
        let pictures = try (1...5).map { seed in
            try #require(PixelImage(width: 16, height: 16, rgb: (0..<768).map { UInt8($0 * seed % 251) }))
        }
        let flagged = try await scorer.assess(images: pictures, model: "tiny", explain: .flagged)
        #expect(flagged.contains { $0.explanations.count > 1 })
        for (picture, some) in zip(pictures, flagged) {
            let over = some.scores.filter { $0.probability >= 0.6 }.map(\.policy)
            #expect(Set(some.explanations.map(\.policy)) == Set(over))
            for explanation in some.explanations {
                let policy = try #require(explanation.policy)
                let named = try await scorer.assess(images: [picture], model: "tiny", explain: .policies([policy]))
                let same = try #require(named.first?.explanations.first)
                #expect(same.method == method && Self.difference(explanation, same) < 1e-4)
            }
        }
    }

    @Test func `A picture of the wrong size fails alone among many`() async throws {
        let scorer = try Scorer(library: Self.taught("legrad-tiny-vit"), engine: Self.engine(.throughput))
        var pictures = try (1...5).map { seed in
            try #require(PixelImage(width: 16, height: 16, rgb: (0..<768).map { UInt8($0 * seed % 251) }))
        }
        pictures[3] = try #require(PixelImage(width: 1, height: 1, rgb: [0, 0, 0]))
        let found = try await scorer.assessEach(images: pictures, model: "tiny")
        #expect(found.count == 5)
        for (index, outcome) in found.enumerated() {
            #expect((try? outcome.get()) != nil || index == 3)
        }
        #expect(throws: ScorerError.self) { try found[3].get() }
    }

    @Test(arguments: ["legrad-tiny-bert", "legrad-tiny-vit"])
    func `Weights as bytes stay near the exact ones, and every score says that they were bytes`(
        fixture: String
    ) async throws {
        var options = Engine.Options()
        options.precision = .int8
        let engine = try Engine(path: #require(Places.library), options: options)
        let library = try Self.taught(fixture)
        let (exact, rough) = (
            try Scorer(library: library, engine: Self.engine(.latency)), try Scorer(library: library, engine: engine)
        )
        func assess(_ scorer: Scorer, by method: ExplanationMethod? = nil) async throws -> [Assessment] {
            guard fixture.hasSuffix("vit") else {
                return try await scorer.assess(texts: Self.texts, model: "tiny", by: method)
            }
            let rgb = (0..<768).map { UInt8($0 % 251) }
            let picture = try #require(PixelImage(width: 16, height: 16, rgb: rgb))
            return try await scorer.assess(images: [picture], model: "tiny", by: method)
        }
        for (a, b) in zip(try await assess(exact), try await assess(rough)) {
            #expect(b.precision == .int8 && a.precision == .f32)
            #expect(a.embedding != b.embedding)
            let dot = zip(a.embedding, b.embedding).reduce(0) { $0 + $1.0 * $1.1 }
            let lengths = [a, b].map { $0.embedding.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            #expect(dot / (lengths[0] * lengths[1]) > 0.99)
        }
        // A method that is asked for by name looks at the same rough network.
        let usual = try await assess(rough).map(\.explanations)
        let kind = try #require(usual.first?.first.flatMap { ExplanationMethod.Kind(rawValue: $0.method) })
        let named = try await assess(rough, by: ExplanationMethod(kind)).map(\.explanations)
        let exactly = try await assess(exact, by: ExplanationMethod(kind)).map(\.explanations)
        for (a, b) in zip(usual.joined(), named.joined()) { #expect(Self.difference(a, b) < 1e-4) }
        #expect(zip(usual.joined(), exactly.joined()).contains { Self.difference($0, $1) > 1e-3 })
    }
}
