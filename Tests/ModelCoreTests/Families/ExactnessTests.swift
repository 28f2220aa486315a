import Testing

@testable import ModelCore

/// The graphs as they are described, run in Float64, against the public implementations in float64: the closed forms of
/// every block variety are exact, whatever single precision does to them.
///
/// EVA-02's rotary positions are the exception: the public implementation keeps sines and cosines in single precision.
@Suite struct ExactnessTests {
    @Test(arguments: FamilyFixture.all)
    func `Embedding, attention and every relevance equal PyTorch's in double precision to 1e-10`(
        name: FamilyFixture.Name
    ) throws {
        let fixture = try FamilyFixture(name)
        let encoder = try FamilyFixture.encoder(name)
        let tolerance = encoder.blocks.contains { $0.attention.rotary != nil } ? 1e-5 : 1e-10
        let all = Array(0..<fixture.depth)
        var wanted: [(RelevanceMethod.Kind, [Double])] = [
            (.legrad, fixture.summed(fixture.legrad, over: all)),
            (.pooled, fixture.summed(fixture.legradPooled, over: all)), (.rollout, fixture.rollout.values),
        ]
        if let parts = fixture.tokenDecomposition { wanted.append((.decomposition, fixture.summed(parts, over: all))) }
        for (kind, expected) in wanted {
            let source = try encoder.explainGraph(RelevanceMethod(kind, layers: .only(all)), batch: nil)
            let outputs = try GraphInterpreter(source).run(fixture.doubles)
            let map = try #require(outputs["relevance"])
            #expect(Self.difference(map.values, expected) < tolerance, "\(kind.rawValue)")
            let embedding = try #require(outputs["embedding"])
            #expect(Self.difference(embedding.values, fixture.embedding.values) < tolerance)
            guard let rest = outputs["rest"] else { continue }
            #expect(Self.difference(Self.sums(map, rest), fixture.scores.values) < tolerance)
        }
    }

    @Test(arguments: FamilyFixture.all)
    func `Where scores are plain dot products the parts of the token decomposition add up to those`(
        name: FamilyFixture.Name
    ) throws {
        let fixture = try FamilyFixture(name)
        guard fixture.tokenDecomposition != nil else { return }
        let (width, batch) = (fixture.directions.shape[1], fixture.embedding.shape[0])
        var expected: [Double] = []
        for item in 0..<batch {
            let embedding = fixture.embedding.values[item * width..<(item + 1) * width]
            for k in 0..<fixture.directions.shape[0] {
                let direction = fixture.directions.values[k * width..<(k + 1) * width]
                expected.append(zip(embedding, direction).map(*).reduce(0, +))
            }
        }
        let encoder = try FamilyFixture.encoder(name)
        let source = try encoder.explainGraph(RelevanceMethod(.decomposition, normalized: false), batch: nil)
        let outputs = try GraphInterpreter(source).run(fixture.doubles)
        let (map, rest) = (try #require(outputs["relevance"]), try #require(outputs["rest"]))
        let tolerance = encoder.blocks.contains { $0.attention.rotary != nil } ? 1e-5 : 1e-10
        #expect(Self.difference(Self.sums(map, rest), expected) < tolerance)
    }

    /// Relevance over all tokens and the rest, for every input and direction.
    private static func sums(_ map: GraphInterpreter.Array64, _ rest: GraphInterpreter.Array64) -> [Double] {
        let tokens = map.shape[2]
        return rest.values.indices.map { map.values[$0 * tokens..<($0 + 1) * tokens].reduce(rest.values[$0], +) }
    }

    /// As a share of the largest magnitude expected.
    private static func difference(_ found: [Double], _ expected: [Double]) -> Double {
        guard found.count == expected.count, let largest = expected.map(abs).max(), largest > 0 else {
            return .infinity
        }
        return (zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity) / largest
    }
}

extension FamilyFixture {
    fileprivate var doubles: [String: GraphInterpreter.Array64] {
        var inputs = ["directions": GraphInterpreter.Array64(directions.values, shape: directions.shape)]
        if let pixels { inputs["pixels"] = .init(pixels.values, shape: pixels.shape) }
        for (name, rows) in [("ids", ids), ("mask", mask)] {
            guard let rows else { continue }
            inputs[name] = .init(rows.flatMap { $0.map(Double.init) }, shape: [rows.count, rows[0].count])
        }
        return inputs
    }
}
