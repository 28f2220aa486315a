import Testing

@testable import ModelCore

/// The closed form against PyTorch's automatic differentiation, both in float64.
@Suite struct ClosedFormTests {
    @Test func `The pre-norm closed form equals automatic differentiation to 1e-10`() throws {
        let fixture = try TinyFixture.vit()
        let reference = Self.reference(fixture)
        let pixels = try #require(fixture.pixels)
        for expected in fixture.cases {
            var worst = 0.0
            for picture in 0..<pixels.shape[0] {
                var x = Self.patchTokens(reference, pixels, picture)
                let tokens = x.rows
                let weights = (0..<tokens).map { index in
                    expected.relevance == .legrad ? 1 / Double(tokens) : index == 0 ? 1 : 0
                }
                for layer in 0..<fixture.config.numHiddenLayers {
                    let computed = reference.preNormLayer(layer, x)
                    x = computed.output
                    for k in 0..<fixture.directions.shape[0] {
                        let map = reference.preNormRelevance(
                            layer, computed, weights: weights, direction: Self.row(fixture.directions, k),
                            normalized: expected.normalized)
                        worst = max(worst, Self.difference(map, expected, layer, picture, k))
                    }
                }
            }
            #expect(worst < 1e-10, "\(expected.method), normalized: \(expected.normalized)")
        }
    }

    @Test func `The post-norm closed form equals automatic differentiation to 1e-10, with padding`() throws {
        let fixture = try TinyFixture.bert()
        let reference = Self.reference(fixture)
        let (ids, mask) = (try #require(fixture.inputIds), try #require(fixture.attentionMask))
        for expected in fixture.cases {
            var worst = 0.0
            for text in ids.indices {
                let real = mask[text].map { $0 == 1 }
                var x = Self.wordTokens(reference, ids[text])
                let pooled = expected.relevance == .legrad ? "mean" : expected.pooling
                let count = Double(real.filter { $0 }.count)
                let weights = real.enumerated().map { index, real in
                    pooled == "mean" ? (real ? 1 / count : 0) : index == 0 ? 1 : 0
                }
                for layer in 0..<fixture.config.numHiddenLayers {
                    let computed = reference.postNormLayer(layer, x, real: real)
                    x = computed.output
                    for k in 0..<fixture.directions.shape[0] {
                        let map = reference.postNormRelevance(
                            layer, computed, weights: weights, direction: Self.row(fixture.directions, k),
                            normalized: expected.normalized, real: real)
                        worst = max(worst, Self.difference(map, expected, layer, text, k))
                    }
                }
            }
            #expect(worst < 1e-10, "\(expected.method), \(expected.pooling), normalized: \(expected.normalized)")
        }
    }

    private static func reference(_ fixture: TinyFixture) -> Reference {
        Reference(
            tensors: fixture.tensors, heads: fixture.config.numAttentionHeads,
            epsilon: fixture.config.layerNormEps)
    }

    private static func row(_ array: Doubles, _ index: Int) -> [Double] {
        let width = array.shape.last ?? 0
        return Array(array.values[index * width..<(index + 1) * width])
    }

    /// As a share of the map's maximum.
    private static func difference(
        _ map: [Double], _ expected: TinyFixture.Case, _ layer: Int, _ input: Int, _ k: Int
    ) -> Double {
        let shape = expected.layers.shape
        let wanted = row(expected.layers, (layer * shape[1] + input) * shape[2] + k)
        guard wanted.count == map.count, let largest = wanted.max(), largest > 0 else { return .infinity }
        return (zip(map, wanted).map { abs($0 - $1) }.max() ?? .infinity) / largest
    }

    /// Class token and patches with their positions, [tokens, width]; the fixture's grid is the table's own.
    private static func patchTokens(_ reference: Reference, _ pixels: Doubles, _ picture: Int) -> Reference.Matrix {
        let name = "embeddings.patch_embeddings.projection"
        let kernel = reference.tensors[name + ".weight"]
        let shape = kernel?.shape ?? [0, 0, 1, 1]
        let (patch, side) = (shape[3], pixels.shape[3])
        let grid = side / patch
        let weights = kernel?.values ?? []
        let bias = reference.vector(name + ".bias")
        let positions = reference.vector("embeddings.position_embeddings")
        let classToken = reference.vector("embeddings.cls_token")
        return Reference.Matrix(rows: grid * grid + 1, columns: shape[0]) { token, d in
            let position = positions[token * shape[0] + d]
            guard token > 0 else { return classToken[d] + position }
            let (top, left) = ((token - 1) / grid * patch, (token - 1) % grid * patch)
            var sum = bias[d] + position
            for c in 0..<3 {
                for y in 0..<patch {
                    for x in 0..<patch {
                        let pixel = pixels.values[((picture * 3 + c) * side + top + y) * side + left + x]
                        sum += pixel * weights[((d * 3 + c) * patch + y) * patch + x]
                    }
                }
            }
            return sum
        }
    }

    private static func wordTokens(_ reference: Reference, _ ids: [Int]) -> Reference.Matrix {
        let words = reference.matrix("embeddings.word_embeddings.weight")
        let positions = reference.matrix("embeddings.position_embeddings.weight")
        let types = reference.matrix("embeddings.token_type_embeddings.weight")
        let sum = Reference.Matrix(rows: ids.count, columns: words.columns) {
            words[ids[$0], $1] + positions[$0, $1] + types[0, $1]
        }
        return reference.norm(sum, "embeddings.LayerNorm")
    }
}
