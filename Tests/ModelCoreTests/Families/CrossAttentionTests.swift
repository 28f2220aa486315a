import Foundation
import Testing

@testable import ModelCore

/// Models that read picture and text together, run by the engine in f32, against their public implementations and
/// automatic differentiation in float64.
@Suite(.enabled(if: Places.hasEngine, Places.engineMissing))
struct CrossAttentionTests {
    // MARK: BLIP and ALBEF

    @Test(arguments: ["blip", "albef"])
    func `a matcher's embeddings and matching logits are the public implementation's`(name: String) throws {
        let fixture = try CrossFixture(name)
        let matcher = try Self.matcher(name)
        let inputs = try fixture.inputs
        let image = try Self.run(matcher.image.scoreGraph(batch: nil), ["pixels": inputs["pixels"]], "image")
        #expect(try Self.differs(image["embedding"], fixture.imageEmbedding) < 1e-4)
        let text = try Self.run(matcher.text.scoreGraph(), ["ids": inputs["ids"], "mask": inputs["mask"]], "text")
        #expect(try Self.differs(text["embedding"], fixture.textEmbedding) < 1e-4)

        let matched = try Self.run(matcher.scoreGraph(batch: nil), inputs, name)
        #expect(try Self.differs(matched["logits"], fixture.itmLogits) < 1e-4)
        let logits = try #require(fixture.itmLogits)
        let expected = (0..<logits.shape[0]).map { pair in
            1 / (1 + exp(logits.values[2 * pair] - logits.values[2 * pair + 1]))
        }
        #expect(relativeDifference(matched["match"]?.floats ?? [], expected) < 1e-4)
    }

    @Test(arguments: ["blip", "albef"])
    func `the cosine of a matcher's embeddings is the published contrastive similarity`(name: String) throws {
        let fixture = try CrossFixture(name)
        let (image, text) = (try #require(fixture.imageEmbedding), try #require(fixture.textEmbedding))
        func unit(_ row: [Double]) -> [Double] {
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 / length }
        }
        let cosines = (0..<image.shape[0]).flatMap { i in
            (0..<text.shape[0]).map { j in zip(unit(image[i]), unit(text[j])).reduce(0) { $0 + $1.0 * $1.1 } }
        }
        #expect(relativeDifference(cosines.map(Float.init), try #require(fixture.similarity).values) < 1e-6)
    }

    @Test(arguments: ["blip", "albef"], CrossMethod.Kind.allCases)
    func `a matcher's text-to-patch relevance is that of automatic differentiation in every layer`(
        name: String, kind: CrossMethod.Kind
    ) throws {
        let fixture = try CrossFixture(name)
        let matcher = try Self.matcher(name)
        let expected = kind == .attention ? fixture.crossAttention : fixture.crossGrad
        #expect(matcher.fused.count == expected.shape[0])
        for layer in matcher.fused.indices {
            let graph = try matcher.explainGraph(CrossMethod(kind, layer: layer), batch: nil)
            let outputs = try Self.run(graph, fixture.inputs, "\(name) \(kind) \(layer)")
            #expect(outputs["relevance"]?.shape == Array(expected.shape.dropFirst()))
            let difference = relativeDifference(outputs["relevance"]?.floats ?? [], expected[layer])
            #expect(difference < 1e-4, "layer \(layer)")
            #expect(try Self.differs(outputs["logits"], fixture.itmLogits) < 1e-4)
            guard kind == .gradient else { continue }
            let whole = try #require(fixture.wholeText)
            #expect(relativeDifference(outputs["whole"]?.floats ?? [], whole[layer]) < 1e-4, "layer \(layer)")
        }
    }

    @Test func `the last layer of a matcher explains its first token only`() throws {
        let fixture = try CrossFixture("blip")
        let last = fixture.crossGrad.shape[0] - 1
        let patches = fixture.crossGrad.shape[3]
        let tokens = fixture.crossGrad.shape[2]
        for (index, value) in fixture.crossGrad[last].enumerated() where (index / patches) % tokens > 0 {
            #expect(value == 0)
        }
        #expect(fixture.crossGrad[last].contains { $0 > 0 })
        #expect(try Self.matcher("blip").explainedLayer < last)
    }

    @Test func `the layers that authors explain are those of their code`() throws {
        // LAVIS: block 6 of 12, all with a cross-attention; ALBEF: block 8 of 12, the third of the last six.
        #expect(try Self.matcher("blip").explainedLayer == 1)
        #expect(try Self.matcher("albef").explainedLayer == 0)
        #expect(FusionLayers.explainedByBLIP(of: 12) == 6)
        #expect(FusionLayers.explainedByALBEF(of: 6) == 2)
    }

    @Test func `a text without words has a map of zeros`() throws {
        let fixture = try CrossFixture("blip")
        var inputs = try fixture.inputs
        let pixels = try #require(inputs["pixels"])
        inputs["pixels"] = try Tensor(Array(pixels.floats.prefix(pixels.floats.count / 2)), shape: [1, 3, 16, 16])
        inputs["ids"] = try CrossFixture.tensor([[5, 2]])
        inputs["mask"] = try CrossFixture.tensor([[1, 1]])
        let outputs = try Self.run(Self.matcher("blip").explainGraph(CrossMethod()), inputs, "no words")
        #expect(outputs["whole"]?.floats == [Float](repeating: 0, count: 16))
        #expect(outputs["relevance"]?.floats.contains { $0 > 0 } == true)
    }

    // MARK: CoCa

    @Test func `CoCa's embeddings are open_clip's, texts with padding included`() throws {
        let fixture = try CrossFixture("coca")
        let coca = try CrossFixture.checkpoint("coca").coca(size: nil, input: .normalized)
        let inputs = try fixture.inputs
        let image = try Self.run(coca.image.scoreGraph(batch: nil), ["pixels": inputs["pixels"]], "coca image")
        #expect(try Self.differs(image["embedding"], fixture.imageEmbedding) < 1e-4)
        let attention = try #require(image["attention"])
        #expect(try Self.differs(Self.withoutFirst(attention), fixture.poolerAttention) < 1e-4)
        let text = try Self.run(coca.text.scoreGraph(), ["ids": inputs["ids"], "mask": inputs["mask"]], "coca text")
        #expect(try Self.differs(text["embedding"], fixture.textEmbedding) < 1e-4)
    }

    @Test func `LeGrad on CoCa's last layer is the gradient of its pooler's attention`() throws {
        let fixture = try CrossFixture("coca")
        let coca = try CrossFixture.checkpoint("coca").coca(size: nil, input: .normalized)
        let graph = try coca.image.explainGraph(RelevanceMethod(.legrad, layers: .last(1)), batch: nil)
        let directions = try #require(fixture.directions).tensor
        let outputs = try Self.run(
            graph, ["pixels": fixture.inputs["pixels"], "directions": directions], "coca legrad")
        #expect(try Self.differs(Self.withoutFirst(try #require(outputs["relevance"])), fixture.poolerLegrad) < 1e-4)
    }

    @Test func `CoCa's caption is as likely as open_clip says, token by token`() throws {
        let fixture = try CrossFixture("coca")
        let coca = try CrossFixture.checkpoint("coca").coca(size: nil, input: .normalized)
        let outputs = try Self.run(coca.scoreGraph(batch: nil), fixture.inputs, "coca caption")
        #expect(outputs["log_probability"]?.shape == fixture.logProbability?.shape)
        #expect(try Self.differs(outputs["log_probability"], fixture.logProbability) < 1e-4)
    }

    @Test(arguments: CrossMethod.Kind.allCases)
    func `CoCa's caption relevance is that of automatic differentiation`(kind: CrossMethod.Kind) throws {
        let fixture = try CrossFixture("coca")
        let coca = try CrossFixture.checkpoint("coca").coca(size: nil, input: .normalized)
        let outputs = try Self.run(coca.explainGraph(CrossMethod(kind), batch: nil), fixture.inputs, "coca \(kind)")
        let expected = kind == .attention ? fixture.crossAttention : fixture.crossGrad
        #expect(outputs["relevance"]?.shape == expected.shape)
        #expect(try Self.differs(outputs["relevance"], expected) < 1e-4)
        if kind == .gradient { #expect(try Self.differs(outputs["whole"], fixture.wholeText) < 1e-4) }
    }

    // MARK: Flamingo

    @Test func `IDEFICS's answers are as likely as transformers says, with two pictures and padding`() throws {
        let fixture = try CrossFixture("idefics")
        let flamingo = try CrossFixture.checkpoint("idefics").flamingo(size: nil, input: .normalized)
        let outputs = try Self.run(
            flamingo.scoreGraph(images: 2, batch: nil), try Self.flamingoInputs(fixture), "idefics")
        #expect(outputs["log_probability"]?.shape == fixture.logProbability?.shape)
        #expect(try Self.differs(outputs["log_probability"], fixture.logProbability) < 1e-4)
    }

    @Test(arguments: CrossMethod.Kind.allCases)
    func `IDEFICS's relevance for each answer is that of automatic differentiation`(kind: CrossMethod.Kind) throws {
        let fixture = try CrossFixture("idefics")
        let flamingo = try CrossFixture.checkpoint("idefics").flamingo(size: nil, input: .normalized)
        let outputs = try Self.run(
            flamingo.explainGraph(CrossMethod(kind), images: 2, batch: nil), try Self.flamingoInputs(fixture),
            "idefics \(kind)")
        let expected = kind == .attention ? fixture.crossAttention : fixture.crossGrad
        #expect(outputs["relevance"]?.shape.filter { $0 != 1 } == expected.shape)
        #expect(try Self.differs(outputs["relevance"], expected) < 1e-4)
        #expect(try Self.differs(outputs["log_probability"], fixture.logProbability) < 1e-4)
    }

    // MARK: What is refused

    @Test func `a layer that is not there, or whose gradient is not followed, is refused by name`() throws {
        let coca = try CrossFixture.checkpoint("coca").coca(size: nil, input: .normalized)
        #expect(throws: ExplanationError.noSuchPart("cross-attention layer 7; it has 2, counted from 0")) {
            try coca.explainGraph(CrossMethod(.gradient, layer: 7))
        }
        let refused = #expect(throws: ExplanationError.self) {
            try coca.explainGraph(CrossMethod(.gradient, layer: 0))
        }
        #expect(refused?.description.contains("last cross-attention only") == true)
        // Attention by itself is read off any layer.
        _ = try coca.explainGraph(CrossMethod(.attention, layer: 0))
    }

    @Test func `a model that only answers has no encoder, and says what it does instead`() throws {
        let checkpoint = try CrossFixture.checkpoint("idefics")
        for attempt in [
            { _ = try checkpoint.imageEncoder(input: .normalized) }, { _ = try checkpoint.textEncoder() },
            { _ = try checkpoint.matcher(input: .normalized) },
        ] {
            #expect(throws: ConfigurationError.self) { try attempt() }
        }
        let error = #expect(throws: ConfigurationError.self) { try checkpoint.imageEncoder(input: .normalized) }
        #expect(error?.description.contains("answers questions about pictures") == true)
    }

    @Test func `a folder is recognised as what its configuration says`() throws {
        for (name, family) in [
            ("blip", ModelFamily.blip), ("albef", .albef), ("coca", .coca), ("idefics", .flamingo),
        ] {
            #expect(try Checkpoint.family(in: Places.fixtures + "/cross-tiny-" + name) == family)
        }
    }

    @Test(arguments: [
        ("blip", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5", "num_attention_heads"),
        ("albef", "\"fusion_layer\": 2", "\"fusion_layer\": 4", "fusion_layer"),
        ("albef", "\"itm_classes\": 2", "\"itm_classes\": 3", "itm_classes"),
        ("coca", "\"attentional_pool\": true", "\"attentional_pool\": \"parallel\"", "attentional_pool"),
        ("coca", "\"attn_pooler_queries\": 6", "\"attn_pooler_queries\": 1", "attn_pooler_queries"),
        ("idefics", "\"cross_layer_interval\": 2", "\"cross_layer_interval\": 3", "cross_layer_interval"),
        ("idefics", "\"num_attention_heads\": 3", "\"num_attention_heads\": 8", "num_attention_heads"),
        ("idefics", "\"resampler_n_latents\": 5", "\"resampler_n_latents\": 0", "resampler_n_latents"),
        ("idefics", "\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"", "rope_type"),
    ])
    func `a configuration that is not covered is refused with its key`(
        name: String, sound: String, faulty: String, key: String
    ) throws {
        let published = Places.fixtures + "/cross-tiny-" + name
        let folder = try Scratch.folder()
        for file in try FileManager.default.contentsOfDirectory(atPath: published) {
            try FileManager.default.copyItem(atPath: "\(published)/\(file)", toPath: "\(folder)/\(file)")
        }
        let path = folder + (name == "coca" ? "/open_clip_config.json" : "/config.json")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let changed = text.replacing(sound, with: faulty)
        #expect(changed != text)
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
        let checkpoint = try Checkpoint(folder: folder)
        let error = #expect(throws: ConfigurationError.self) {
            switch name {
            case "coca": _ = try checkpoint.coca(size: nil, input: .normalized)
            case "idefics": _ = try checkpoint.flamingo(size: nil, input: .normalized)
            default: _ = try checkpoint.matcher(input: .normalized)
            }
        }
        #expect(error?.description.contains(key) == true, "\(error?.description ?? "")")
    }

    // MARK: As encoders

    @Test(arguments: ["blip", "albef", "coca"])
    func `their encoders of pictures are added like any other and pass their check`(name: String) async throws {
        let store = ModelStore(folder: try Scratch.folder() + "/store")
        let recipe = try store.add(
            folder: "\(Places.fixtures)/cross-tiny-\(name)", ModelStore.Wish(name: name)
        ).recipe
        #expect(recipe.modality == .image && recipe.image?.width == 16)
        let library = try ModelLibrary(recipes: Scratch.folder(), stores: [store.folder])
        #expect(library.status(of: recipe) == .ready)
        let found = try await Scorer(library: library, engine: Places.engine()).check(model: name)
        #expect(found.width == (name == "coca" ? 24 : 12) && found.methods.contains("legrad"))
    }

    // MARK: Machinery

    private static func matcher(_ name: String) throws -> ImageTextMatcher {
        try CrossFixture.checkpoint(name).matcher(input: .normalized)
    }

    private static func flamingoInputs(_ fixture: CrossFixture) throws -> [String: Tensor] {
        let masks = try #require(fixture.imageAttentionMask)
        var inputs = try fixture.inputs
        inputs["image_mask"] = try Tensor(
            masks.flatMap { $0.flatMap { $0.map(Int64.init) } },
            shape: [masks.count, masks[0].count, masks[0][0].count])
        inputs["answers"] = try CrossFixture.tensor(try #require(fixture.answers))
        return inputs
    }

    private static func run(
        _ source: Engine.Source, _ inputs: [String: Tensor?], _ name: String
    ) throws -> [String: Tensor] {
        try Places.engine().compile(source, name: name).infer(inputs.compactMapValues { $0 })
    }

    private static func differs(_ found: Tensor?, _ expected: Doubles?) throws -> Double {
        relativeDifference(try #require(found).floats, try #require(expected).values)
    }

    /// Along the last axis: a picture's class token stands before its patches.
    private static func withoutFirst(_ tensor: Tensor) throws -> Tensor {
        let size = try #require(tensor.shape.last)
        let kept = tensor.floats.enumerated().filter { $0.offset % size > 0 }.map(\.element)
        return try Tensor(kept, shape: tensor.shape.dropLast() + [size - 1])
    }
}
