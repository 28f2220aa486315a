import Testing

@testable import ModelCore

/// Every method through the one interface, on tiny models whose graphs other suites hold to PyTorch.
@Suite(.enabled(if: Places.hasEngine, Places.engineMissing))
struct ExplanationMethodTests {
    private static func scorer(_ fixture: String) throws -> Scorer {
        try Scorer(library: TinyCheckpoint.library(fixture).library, engine: Places.engine())
    }

    private static let text = "word5 word6 word7"

    private static func direction(_ width: Int) -> [Float] { (0..<width).map { Float($0 % 5) - 2 } }

    private static func picture() throws -> PixelImage {
        try #require(PixelImage(width: 16, height: 16, rgb: (0..<768).map { UInt8($0 * 7 % 251) }))
    }

    @Test func `A transformer of texts has every method but those of pictures and of pre-norm residuals`() async throws
    {
        let methods = try await Self.scorer("legrad-tiny-bert").methods(of: "tiny")
        #expect(methods == [.legrad, .pooled, .weighted, .attention, .rollout, .occlusion])
    }

    @Test func `A transformer of pictures has every method but those of texts and of convolutions`() async throws {
        let methods = try await Self.scorer("legrad-tiny-vit").methods(of: "tiny")
        #expect(methods == [.legrad, .pooled, .decomposition, .attention, .rollout, .occlusion])
    }

    @Test func `Hiding a word is scoring the text without it`() async throws {
        let scorer = try Self.scorer("legrad-tiny-bert")
        let whole = try await scorer.assess(texts: [Self.text], model: "tiny", explain: .none)[0].embedding
        let direction = Self.direction(whole.count)
        let rests = ["word6 word7", "word5 word7", "word5 word6"]
        let without = try await scorer.assess(texts: rests, model: "tiny", explain: .none).map(\.embedding)
        func score(_ embedding: [Float]) -> Float { Projection.dot(direction, Projection.unit(embedding)) }
        let found = try await scorer.relevance(
            of: Self.text, model: "tiny", to: [direction, direction.map { -$0 }], by: ExplanationMethod(.occlusion))
        for (sign, relevance) in zip([Float(1), -1], found) {
            guard case .spans(let spans) = relevance else { throw NoMap() }
            #expect(spans.map(\.start) == [0, 6, 12])
            for (span, rest) in zip(spans, without) {
                #expect(abs(span.weight - sign * (score(whole) - score(rest))) < 1e-5)
            }
        }
    }

    @Test func `Hiding a square is scoring the picture with it filled by the mean colour`() async throws {
        let scorer = try Self.scorer("legrad-tiny-vit")
        let image = try Self.picture()
        let whole = try await scorer.assess(images: [image], model: "tiny", explain: .none)[0].embedding
        let direction = Self.direction(whole.count)
        func score(_ embedding: [Float]) -> Float { Projection.dot(direction, Projection.unit(embedding)) }
        let squares = Occlusion.Patches(width: 16, height: 16)
        var falls: [Float] = []
        for place in squares.places {
            let hidden = squares.hidden(image, at: place, colour: image.meanColour)
            falls.append(
                score(whole)
                    - score(try await scorer.assess(images: [hidden], model: "tiny", explain: .none)[0].embedding))
        }
        let found = try await scorer.relevance(
            of: image, model: "tiny", to: [direction], by: ExplanationMethod(.occlusion))
        guard case .grid(8, 8, let values) = found.first else { throw NoMap() }
        #expect(zip(values, squares.map(falls: falls)).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(values.contains { $0 < 0 } && values.contains { $0 > 0 })
    }

    @Test func `Layers and heads reach the graph: the parts of a decomposition add up to the whole`() async throws {
        let scorer = try Self.scorer("legrad-tiny-vit")
        let image = try Self.picture()
        let width = try await scorer.assess(images: [image], model: "tiny", explain: .none)[0].embedding.count
        func map(_ layers: [Int]?, _ heads: [Int]?) async throws -> [Float] {
            let method = ExplanationMethod(.decomposition, layers: layers.map { .only($0) }, heads: heads)
            let found = try await scorer.relevance(
                of: image, model: "tiny", to: [Self.direction(width)], by: method)
            guard case .grid(_, _, let values) = found.first else { throw NoMap() }
            return values
        }
        let whole = try await map(nil, nil)
        let parts = [
            try await map([0, 1], nil), try await map([2], [0, 3]), try await map([2], [1, 2]),
        ]
        for (index, value) in whole.enumerated() {
            #expect(abs(value - parts.reduce(0) { $0 + $1[index] }) < 1e-5)
        }
        #expect(parts[1] != parts[2])
    }

    @Test func `A method about no direction gives one map, whatever is scored`() async throws {
        let scorer = try Self.scorer("legrad-tiny-bert")
        let width = try await scorer.assess(texts: [Self.text], model: "tiny", explain: .none)[0].embedding.count
        let directions = [Self.direction(width), Self.direction(width).map { -$0 }]
        for kind in [ExplanationMethod.Kind.attention, .rollout] {
            let found = try await scorer.relevance(
                of: Self.text, model: "tiny", to: directions, by: ExplanationMethod(kind))
            #expect(found.count == 1, "\(kind)")
        }
        // Without a head it still explains; a method about a direction has nothing to explain.
        let looked = try await scorer.assess(texts: [Self.text], model: "tiny", by: ExplanationMethod(.rollout))
        #expect(looked[0].explanations.map(\.policy) == [nil])
        let directed = try await scorer.assess(texts: [Self.text], model: "tiny", by: ExplanationMethod(.legrad))
        #expect(directed[0].explanations.isEmpty)
    }

    @Test(arguments: [
        (ExplanationMethod(.cam), "average pooling"), (ExplanationMethod(.decomposition), "norms stand behind"),
        (ExplanationMethod(.occlusion, layers: .only([1])), "the whole model"),
        (ExplanationMethod(.legrad, layers: .only([7])), "layer 7"),
        (ExplanationMethod(.attention, heads: [40]), "head 40"),
    ])
    func `What does not apply to a model is refused, with the reason`(
        _ method: ExplanationMethod, _ reason: String
    ) async throws {
        let scorer = try Self.scorer("legrad-tiny-bert")
        let error = await #expect(throws: ExplanationError.self) {
            try await scorer.assess(texts: [Self.text], model: "tiny", by: method)
        }
        #expect("\(try #require(error))".contains(reason))
    }

    private struct NoMap: Error {}
}

/// On the real weights.
@Suite(.enabled(if: Places.hasEngineAndModels, Places.modelsMissing))
struct ShippedMethodTests {
    @Test func `What the shipped text head shows is the method of that name, so a comparison shows the same`()
        async throws
    {
        let library = try ModelLibrary(recipes: Places.package + "/models", stores: Places.stores)
        let scorer = try Scorer(library: library, engine: Places.engine(), models: ["minilm-l6"])
        let texts = ["You are a stupid worthless idiot and everybody hates you."]
        let usual = try await scorer.assess(texts: texts, model: "minilm-l6")[0].explanations
        let kind = try #require(usual.first.flatMap { ExplanationMethod.Kind(rawValue: $0.method) })
        let named = try await scorer.assess(texts: texts, model: "minilm-l6", by: ExplanationMethod(kind))
        #expect(!usual.isEmpty && named[0].explanations == usual)
    }

    @Test func `A classifier that ends in average pooling has its exact map and occlusion, and nothing of attention`()
        async throws
    {
        let library = try ModelLibrary(recipes: Places.package + "/models", stores: Places.stores)
        let scorer = try Scorer(library: library, engine: Places.engine(), models: ["open-nsfw"])
        #expect(try await scorer.methods(of: "open-nsfw") == [.cam, .occlusion])
        let input = try #require(scorer.imageInputs.first)
        let image = try #require(
            PixelImage(
                width: input.width, height: input.height,
                rgb: (0..<input.width * input.height * 3).map { UInt8($0 / 3 % input.width) }))
        let found = try await scorer.assess(
            images: [image], model: input.model, explain: .policies(["sexual"]), by: ExplanationMethod(.occlusion))
        let explanation = try #require(found[0].explanations.first)
        #expect(explanation.method == "occlusion" && explanation.signed)
        guard case .grid(8, 8, let values) = explanation.relevance else { throw NoGrid() }
        #expect(values.contains { $0 != 0 })
        await #expect(throws: ExplanationError.self) {
            try await scorer.assess(images: [image], model: input.model, by: ExplanationMethod(.legrad))
        }
    }

    private struct NoGrid: Error {}
}
