import Foundation
import Testing

@testable import ModelCore

/// Every encoder family, run by the engine in f32, against the public implementation in float64.
@Suite(.enabled(if: Places.hasEngine, Places.engineMissing))
struct FamilyTests {
    @Test(arguments: FamilyFixture.all)
    func `The score graph gives the public implementation's embedding, and where it looks`(
        name: FamilyFixture.Name
    )
        throws
    {
        let fixture = try FamilyFixture(name)
        let network = try Places.engine().compile(
            FamilyFixture.encoder(name).scoreGraph(batch: nil), name: "\(name.folder) score")
        let outputs = try network.infer(fixture.inputs())
        #expect(outputs["embedding"]?.shape == fixture.embedding.shape)
        #expect(relativeDifference(outputs["embedding"]?.floats ?? [], fixture.embedding.values) < 1e-4)
        guard name.side == "image" else { return }
        let last = fixture.summed(fixture.attention, over: [fixture.attention.shape[0] - 1])
        #expect(relativeDifference(outputs["attention"]?.floats ?? [], last) < 1e-4)
    }

    @Test(arguments: FamilyFixture.all, [RelevanceMethod.Kind.legrad, .pooled])
    func `LeGrad is that of automatic differentiation`(name: FamilyFixture.Name, kind: RelevanceMethod.Kind) throws {
        let fixture = try FamilyFixture(name)
        let array = kind == .legrad ? fixture.legrad : fixture.legradPooled
        for layers in [Array(fixture.depth - 2..<fixture.depth), [0]] {
            let outputs = try Self.explained(name, fixture, RelevanceMethod(kind, layers: .only(layers)))
            let wanted = fixture.summed(array, over: layers)
            #expect(outputs["relevance"]?.shape == Array(array.shape.dropFirst()))
            #expect(relativeDifference(outputs["relevance"]?.floats ?? [], wanted) < 1e-4, "layers \(layers)")
            #expect(relativeDifference(outputs["embedding"]?.floats ?? [], fixture.embedding.values) < 1e-4)
            if let received = fixture.received {
                #expect(relativeDifference(outputs["received"]?.floats ?? [], received.values) < 1e-4)
            }
        }
    }

    @Test(arguments: FamilyFixture.all)
    func `One head of one layer can be looked at alone`(name: FamilyFixture.Name) throws {
        let fixture = try FamilyFixture(name)
        let method = RelevanceMethod(.legrad, layers: .last(1), heads: [fixture.head])
        let outputs = try Self.explained(name, fixture, method)
        #expect(relativeDifference(outputs["relevance"]?.floats ?? [], fixture.oneHead.values) < 1e-4)
    }

    @Test(arguments: FamilyFixture.all)
    func `Attention of one layer, and rollout over all, are those of the public implementation`(
        name: FamilyFixture.Name
    ) throws {
        let fixture = try FamilyFixture(name)
        let last = fixture.attention.shape[0] - 1
        let attention = try Self.explained(name, fixture, RelevanceMethod(.attention))
        #expect(
            relativeDifference(
                attention["relevance"]?.floats ?? [], fixture.summed(fixture.attention, over: [last])) < 1e-4)
        let rollout = try Self.explained(name, fixture, RelevanceMethod(.rollout, layers: .last(fixture.depth)))
        let map = try #require(rollout["relevance"])
        #expect(map.shape == [fixture.rollout.shape[0], 1, fixture.rollout.shape[1]])
        #expect(relativeDifference(map.floats, fixture.rollout.values) < 1e-4)
        for row in 0..<map.shape[0] {
            let tokens = map.floats[row * map.shape[2]..<(row + 1) * map.shape[2]]
            #expect(abs(tokens.reduce(0, +) - 1) < 1e-4)
        }
    }

    @Test(arguments: FamilyFixture.all)
    func `The token decomposition adds up to the score, or says why it cannot`(name: FamilyFixture.Name) throws {
        let fixture = try FamilyFixture(name)
        let encoder = try FamilyFixture.encoder(name)
        let whole = RelevanceMethod(.decomposition)
        guard let expected = fixture.tokenDecomposition else {
            #expect(throws: ExplanationError.self) { try encoder.explainGraph(whole) }
            return
        }
        for layers in [Array(0..<fixture.depth), [fixture.depth - 1]] {
            let method = RelevanceMethod(.decomposition, layers: .only(layers))
            let outputs = try Self.explained(name, fixture, method)
            let (map, rest) = (outputs["relevance"]?.floats ?? [], outputs["rest"]?.floats ?? [])
            #expect(relativeDifference(map, fixture.summed(expected, over: layers)) < 1e-4)
            let tokens = expected.shape[3]
            let sums = rest.indices.map { row in map[row * tokens..<(row + 1) * tokens].reduce(rest[row], +) }
            #expect(relativeDifference(sums, fixture.scores.values) < 1e-4)
        }
        // One head's part and what is left still add up.
        let outputs = try Self.explained(
            name, fixture, RelevanceMethod(.decomposition, layers: .last(1), heads: [1]))
        let (map, rest) = (outputs["relevance"]?.floats ?? [], outputs["rest"]?.floats ?? [])
        let tokens = expected.shape[3]
        let sums = rest.indices.map { row in map[row * tokens..<(row + 1) * tokens].reduce(rest[row], +) }
        #expect(relativeDifference(sums, fixture.scores.values) < 1e-4)
    }

    @Test(arguments: FamilyFixture.images.filter { $0.folder.hasPrefix("dinov2") })
    func `A picture of another shape gets the positions that the public implementation resamples`(
        name: FamilyFixture.Name
    ) throws {
        let stretched = try #require(try FamilyFixture(name).stretched)
        let size = ImageSize(height: stretched.pixels.shape[2], width: stretched.pixels.shape[3])
        let network = try Places.engine().compile(
            FamilyFixture.encoder(name, size: size).scoreGraph(), name: "\(name.folder) stretched")
        let outputs = try network.infer(["pixels": stretched.pixels.tensor])
        #expect(relativeDifference(outputs["embedding"]?.floats ?? [], stretched.embedding.values) < 1e-4)
    }

    private static func explained(
        _ name: FamilyFixture.Name, _ fixture: FamilyFixture, _ method: RelevanceMethod
    ) throws -> [String: Tensor] {
        let network = try Places.engine().compile(
            FamilyFixture.encoder(name).explainGraph(method, batch: nil), name: "\(name.folder) explain")
        return try network.infer(fixture.inputs(method))
    }
}
