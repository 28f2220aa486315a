import Testing

@testable import ModelCore

/// The graphs that Swift describes, run by the engine in f32, against automatic differentiation in float64.
@Suite(.enabled(if: Places.hasEngine, Places.engineMissing))
struct EngineOnTinyModelsTests {
    @Test func `DINOv2's embedding and class attention are PyTorch's`() throws {
        let fixture = try TinyFixture.vit()
        let network = try Places.engine().compile(TinyFixture.dinov2().scoreGraph(batch: nil), name: "tiny vit")
        let outputs = try network.infer(["pixels": try #require(fixture.pixels).tensor])
        let expected = try #require(fixture.cases.first).embedding
        #expect(outputs["embedding"]?.shape == expected.shape)
        #expect(relativeDifference(outputs["embedding"]?.floats ?? [], expected.values) < 1e-4)
        #expect(relativeDifference(outputs["attention"]?.floats ?? [], fixture.attention.values) < 1e-4)
    }

    @Test func `DINOv2 resamples its position table as PyTorch does for a picture of another shape`() throws {
        let stretched = try #require(try TinyFixture.vit().stretched)
        let size = ImageSize(height: stretched.pixels.shape[2], width: stretched.pixels.shape[3])
        let encoder = try TinyFixture.dinov2(size: size)
        guard case .patches(let patches) = encoder.embedding else { throw NoPatches() }
        #expect([patches.rows, patches.columns] == stretched.grid)
        let network = try Places.engine().compile(encoder.scoreGraph(), name: "stretched vit")
        let outputs = try network.infer(["pixels": stretched.pixels.tensor])
        #expect(relativeDifference(outputs["embedding"]?.floats ?? [], stretched.embedding.values) < 1e-4)
    }

    @Test(arguments: [1, 3])
    func `DINOv2's relevance is that of automatic differentiation, for every method and depth`(layers: Int) throws {
        let fixture = try TinyFixture.vit()
        for expected in fixture.cases {
            let method = RelevanceMethod(
                expected.relevance, layers: .last(layers), normalized: expected.normalized)
            let network = try Places.engine().compile(
                TinyFixture.dinov2().explainGraph(method, batch: nil), name: "tiny vit explain")
            let outputs = try network.infer([
                "pixels": try #require(fixture.pixels).tensor, "directions": fixture.directions.tensor,
            ])
            let relevance = try #require(outputs["relevance"])
            #expect(relevance.shape == expected.total.shape)
            let difference = relativeDifference(
                relevance.floats, fixture.relevance(expected, lastLayers: layers))
            #expect(difference < 1e-4, "\(expected.method), normalized: \(expected.normalized)")
            #expect(relativeDifference(outputs["embedding"]?.floats ?? [], expected.embedding.values) < 1e-4)
        }
    }

    @Test(arguments: [1, 3])
    func `BERT's relevance is that of automatic differentiation, in a batch with padding`(layers: Int) throws {
        let fixture = try TinyFixture.bert()
        for expected in fixture.cases {
            let method = RelevanceMethod(
                expected.relevance, layers: .last(layers), normalized: expected.normalized)
            let network = try Places.engine().compile(
                TinyFixture.bert(pooling: expected.pooling).explainGraph(method), name: "tiny bert explain")
            let outputs = try network.infer([
                "ids": Self.tensor(fixture.inputIds), "mask": Self.tensor(fixture.attentionMask),
                "directions": fixture.directions.tensor,
            ])
            let relevance = try #require(outputs["relevance"])
            #expect(relevance.shape == expected.total.shape)
            let difference = relativeDifference(
                relevance.floats, fixture.relevance(expected, lastLayers: layers))
            #expect(
                difference < 1e-4, "\(expected.method), \(expected.pooling), normalized: \(expected.normalized)")
            #expect(relativeDifference(outputs["embedding"]?.floats ?? [], expected.embedding.values) < 1e-4)
        }
    }

    private struct NoPatches: Error {}

    private static func tensor(_ rows: [[Int]]?) throws -> Tensor {
        let rows = try #require(rows)
        return try Tensor(rows.flatMap { $0.map(Int64.init) }, shape: [rows.count, rows[0].count])
    }
}
