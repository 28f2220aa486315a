import Testing

@testable import ModelCore

/// The graphs of models that read picture and text together, as they are described, run in Float64: outputs and
/// relevance equal the public implementations and automatic differentiation in float64 to 1e-10, whatever single
/// precision does to them.
@Suite struct CrossExactnessTests {
    @Test(arguments: ["blip", "albef"], CrossMethod.Kind.allCases)
    func `A matcher's relevance is exact in every layer`(name: String, kind: CrossMethod.Kind) throws {
        let fixture = try CrossFixture(name)
        let matcher = try CrossFixture.checkpoint(name).matcher(input: .normalized)
        let expected = kind == .attention ? fixture.crossAttention : fixture.crossGrad
        for layer in matcher.fused.indices {
            let source = try matcher.explainGraph(CrossMethod(kind, layer: layer), batch: nil)
            let outputs = try GraphInterpreter(source).run(fixture.doubles)
            #expect(Self.difference(outputs["relevance"], expected[layer]) < 1e-10, "layer \(layer)")
            #expect(Self.difference(outputs["logits"], fixture.itmLogits?.values ?? []) < 1e-10)
        }
    }

    @Test(arguments: CrossMethod.Kind.allCases)
    func `CoCa's relevance is exact`(kind: CrossMethod.Kind) throws {
        let fixture = try CrossFixture("coca")
        let coca = try CrossFixture.checkpoint("coca").coca(size: nil, input: .normalized)
        let outputs = try GraphInterpreter(coca.explainGraph(CrossMethod(kind), batch: nil)).run(fixture.doubles)
        let expected = kind == .attention ? fixture.crossAttention : fixture.crossGrad
        #expect(Self.difference(outputs["relevance"], expected.values) < 1e-10)
        #expect(Self.difference(outputs["log_probability"], fixture.logProbability?.values ?? []) < 1e-10)
    }

    @Test(arguments: CrossMethod.Kind.allCases)
    func `IDEFICS's relevance is exact, through rotary positions, gates and padding`(kind: CrossMethod.Kind) throws {
        let fixture = try CrossFixture("idefics")
        let flamingo = try CrossFixture.checkpoint("idefics").flamingo(size: nil, input: .normalized)
        let source = try flamingo.explainGraph(CrossMethod(kind), images: 2, batch: nil)
        let outputs = try GraphInterpreter(source).run(fixture.doubles)
        let expected = kind == .attention ? fixture.crossAttention : fixture.crossGrad
        #expect(Self.difference(outputs["relevance"], expected.values) < 1e-10)
        #expect(Self.difference(outputs["log_probability"], fixture.logProbability?.values ?? []) < 1e-10)
    }

    /// As a share of the largest magnitude expected.
    private static func difference(_ found: GraphInterpreter.Array64?, _ expected: [Double]) -> Double {
        guard let found, found.values.count == expected.count, let largest = expected.map(abs).max(), largest > 0
        else { return .infinity }
        return (zip(found.values, expected).map { abs($0 - $1) }.max() ?? .infinity) / largest
    }
}

extension CrossFixture {
    fileprivate var doubles: [String: GraphInterpreter.Array64] {
        func array(_ rows: [[Int]]) -> GraphInterpreter.Array64 {
            .init(rows.flatMap { $0.map(Double.init) }, shape: [rows.count, rows[0].count])
        }
        let shape = [pixels.shape.dropLast(3).reduce(1, *)] + pixels.shape.suffix(3)
        var inputs = [
            "pixels": GraphInterpreter.Array64(pixels.values, shape: shape), "ids": array(inputIds),
            "mask": array(attentionMask),
        ]
        if let answers { inputs["answers"] = array(answers) }
        if let masks = imageAttentionMask {
            inputs["image_mask"] = .init(
                masks.flatMap { $0.flatMap { $0.map(Double.init) } },
                shape: [masks.count, masks[0].count, masks[0][0].count])
        }
        return inputs
    }
}
