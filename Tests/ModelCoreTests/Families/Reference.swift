import Foundation

@testable import ModelCore

/// LeGrad's closed form in plain Float64, written as the formulas of docs/explanations.md read: what the graphs compute in
/// f32, small and slow enough to be compared with automatic differentiation to 1e-10.
struct Reference {
    /// A matrix, row-major.
    struct Matrix {
        let rows: Int
        let columns: Int
        var values: [Double]

        init(rows: Int, columns: Int, values: [Double]) {
            self.rows = rows
            self.columns = columns
            self.values = values
        }

        init(rows: Int, columns: Int, _ value: (Int, Int) -> Double) {
            self.rows = rows
            self.columns = columns
            values = (0..<rows).flatMap { row in (0..<columns).map { value(row, $0) } }
        }

        subscript(row: Int, column: Int) -> Double { values[row * columns + column] }
        func row(_ index: Int) -> [Double] { Array(values[index * columns..<(index + 1) * columns]) }

        static func * (a: Matrix, b: Matrix) -> Matrix {
            Matrix(rows: a.rows, columns: b.columns) { row, column in
                (0..<a.columns).reduce(0) { $0 + a[row, $1] * b[$1, column] }
            }
        }

        static func + (a: Matrix, b: Matrix) -> Matrix {
            Matrix(rows: a.rows, columns: a.columns, values: zip(a.values, b.values).map(+))
        }

        var transposed: Matrix { Matrix(rows: columns, columns: rows) { self[$1, $0] } }
        func map(_ body: (Double) -> Double) -> Matrix {
            Matrix(rows: rows, columns: columns, values: values.map(body))
        }
        func columnSlice(_ range: Range<Int>) -> Matrix {
            Matrix(rows: rows, columns: range.count) { self[$0, range.lowerBound + $1] }
        }
        /// Every row times a vector, place by place.
        func scaled(_ vector: [Double]) -> Matrix { Matrix(rows: rows, columns: columns) { self[$0, $1] * vector[$1] } }
    }

    let tensors: [String: Doubles]
    let heads: Int
    let epsilon: Double

    func vector(_ name: String) -> [Double] { tensors[name]?.values ?? [] }

    func matrix(_ name: String) -> Matrix {
        let tensor = tensors[name]
        let columns = tensor?.shape.last ?? 0
        let values = tensor?.values ?? []
        return Matrix(rows: columns == 0 ? 0 : values.count / columns, columns: columns, values: values)
    }

    // MARK: Parts

    func linear(_ x: Matrix, _ name: String) -> Matrix {
        let product = x * matrix(name + ".weight").transposed
        let bias = vector(name + ".bias")
        return Matrix(rows: product.rows, columns: product.columns) { product[$0, $1] + bias[$1] }
    }

    /// Mean and 1/σ of a row.
    private func moments(_ row: [Double]) -> (mean: Double, inverse: Double) {
        let mean = row.reduce(0, +) / Double(row.count)
        let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
        return (mean, 1 / (variance + epsilon).squareRoot())
    }

    func norm(_ x: Matrix, _ name: String) -> Matrix {
        let (scale, shift) = (vector(name + ".weight"), vector(name + ".bias"))
        let rows = (0..<x.rows).map { moments(x.row($0)) }
        return Matrix(rows: x.rows, columns: x.columns) {
            (x[$0, $1] - rows[$0].mean) * rows[$0].inverse * scale[$1] + shift[$1]
        }
    }

    /// LNᵀ(x, g) = σ⁻¹[γ⊙g − mean(γ⊙g) − x̂·mean(x̂⊙γ⊙g)], row by row.
    func normTransposed(_ x: Matrix, _ g: Matrix, _ name: String) -> Matrix {
        let scale = vector(name + ".weight")
        let width = Double(x.columns)
        var values: [Double] = []
        for row in 0..<x.rows {
            let (mean, inverse) = moments(x.row(row))
            let hat = x.row(row).map { ($0 - mean) * inverse }
            let scaled = zip(g.row(row), scale).map(*)
            let average = scaled.reduce(0, +) / width
            let along = zip(hat, scaled).reduce(0) { $0 + $1.0 * $1.1 } / width
            values += zip(hat, scaled).map { inverse * ($1 - average - $0 * along) }
        }
        return Matrix(rows: x.rows, columns: x.columns, values: values)
    }

    static func gelu(_ x: Double) -> Double { 0.5 * x * (1 + erf(x / 2.0.squareRoot())) }

    static func geluDerivative(_ x: Double) -> Double {
        0.5 * (1 + erf(x / 2.0.squareRoot())) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    }

    /// The heads' mixtures side by side, [tokens, width]; `real` says which tokens may be looked at.
    func attention(_ q: Matrix, _ k: Matrix, _ v: Matrix, real: [Bool]) -> Matrix {
        let size = q.columns / heads
        var joined = Matrix(rows: q.rows, columns: q.columns) { _, _ in 0 }
        for head in 0..<heads {
            let range = head * size..<(head + 1) * size
            let scores = q.columnSlice(range) * k.columnSlice(range).transposed
            let shares = Matrix(
                rows: scores.rows, columns: scores.columns,
                values: (0..<scores.rows).flatMap { row -> [Double] in
                    let powers = scores.row(row).enumerated().map { column, value in
                        real[column] ? exp(value / Double(size).squareRoot()) : 0
                    }
                    let sum = powers.reduce(0, +)
                    return powers.map { $0 / sum }
                })
            let mixed = shares * v.columnSlice(range)
            for row in 0..<mixed.rows {
                for column in 0..<size {
                    joined.values[row * q.columns + range.lowerBound + column] = mixed[row, column]
                }
            }
        }
        return joined
    }

    // MARK: From the score to the map

    /// g_e = (t − (t·ê)ê)/‖e‖, or t where scores are plain dot products.
    func gradientAtEmbedding(_ e: [Double], direction: [Double], normalized: Bool) -> [Double] {
        guard normalized else { return direction }
        let length = e.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let cosine = zip(e, direction).reduce(0) { $0 + $1.0 * $1.1 } / length
        return zip(e, direction).map { ($1 - cosine * $0 / length) / length }
    }

    /// rel[m] = mean over heads and real query tokens of ReLU(⟨gradient at the mixture, V_m⟩); zero at padding.
    func relevance(atMixture gradient: Matrix, values: Matrix, real: [Bool]) -> [Double] {
        let size = values.columns / heads
        let queries = Double(real.filter { $0 }.count)
        var map = [Double](repeating: 0, count: values.rows)
        for head in 0..<heads {
            let range = head * size..<(head + 1) * size
            let products = gradient.columnSlice(range) * values.columnSlice(range).transposed
            for query in 0..<products.rows where real[query] {
                for token in 0..<products.columns where real[token] {
                    map[token] += max(0, products[query, token]) / (Double(heads) * queries)
                }
            }
        }
        return map
    }
}

extension Reference {
    /// Pre-norm blocks with LayerScale: relevance of one layer for one picture.
    struct PreNormLayer {
        let values: Matrix
        let afterAttention: Matrix
        let hidden: Matrix
        let output: Matrix
    }

    func preNormLayer(_ index: Int, _ x: Matrix) -> PreNormLayer {
        let p = "encoder.layer.\(index)."
        let normalized = norm(x, p + "norm1")
        let a = p + "attention.attention."
        let v = linear(normalized, a + "value")
        let mixed = attention(
            linear(normalized, a + "query"), linear(normalized, a + "key"), v,
            real: Array(repeating: true, count: x.rows))
        let y = x + linear(mixed, p + "attention.output.dense").scaled(vector(p + "layer_scale1.lambda1"))
        let hidden = linear(norm(y, p + "norm2"), p + "mlp.fc1")
        let z = y + linear(hidden.map(Self.gelu), p + "mlp.fc2").scaled(vector(p + "layer_scale2.lambda1"))
        return PreNormLayer(values: v, afterAttention: y, hidden: hidden, output: z)
    }

    /// `weights` says how the tokens are pooled; they add up to 1.
    func preNormRelevance(
        _ index: Int, _ layer: PreNormLayer, weights: [Double], direction: [Double], normalized: Bool
    ) -> [Double] {
        let p = "encoder.layer.\(index)."
        let pooled = Matrix(rows: 1, columns: layer.output.columns, values: weights).pooling(layer.output)
        let e = norm(pooled, "layernorm").values
        let atEmbedding = gradientAtEmbedding(e, direction: direction, normalized: normalized)
        let g = normTransposed(pooled, Matrix(rows: 1, columns: e.count, values: atEmbedding), "layernorm").values
        let gZ = Matrix(rows: layer.output.rows, columns: e.count) { weights[$0] * g[$1] }
        let atHidden = gZ.scaled(vector(p + "layer_scale2.lambda1")) * matrix(p + "mlp.fc2.weight")
        let sloped = Matrix(rows: atHidden.rows, columns: atHidden.columns) {
            atHidden[$0, $1] * Self.geluDerivative(layer.hidden[$0, $1])
        }
        let gY = gZ + normTransposed(layer.afterAttention, sloped * matrix(p + "mlp.fc1.weight"), p + "norm2")
        let mixture = gY.scaled(vector(p + "layer_scale1.lambda1")) * matrix(p + "attention.output.dense.weight")
        return relevance(atMixture: mixture, values: layer.values, real: Array(repeating: true, count: gZ.rows))
    }

    /// Post-norm blocks: relevance of one layer for one text.
    struct PostNormLayer {
        let values: Matrix
        let attentionSum: Matrix
        let hidden: Matrix
        let outputSum: Matrix
        let output: Matrix
    }

    func postNormLayer(_ index: Int, _ x: Matrix, real: [Bool]) -> PostNormLayer {
        let p = "encoder.layer.\(index)."
        let a = p + "attention.self."
        let v = linear(x, a + "value")
        let mixed = attention(linear(x, a + "query"), linear(x, a + "key"), v, real: real)
        let s1 = x + linear(mixed, p + "attention.output.dense")
        let y = norm(s1, p + "attention.output.LayerNorm")
        let hidden = linear(y, p + "intermediate.dense")
        let s2 = y + linear(hidden.map(Self.gelu), p + "output.dense")
        return PostNormLayer(
            values: v, attentionSum: s1, hidden: hidden, outputSum: s2, output: norm(s2, p + "output.LayerNorm"))
    }

    func postNormRelevance(
        _ index: Int, _ layer: PostNormLayer, weights: [Double], direction: [Double], normalized: Bool, real: [Bool]
    ) -> [Double] {
        let p = "encoder.layer.\(index)."
        let e = Matrix(rows: 1, columns: layer.output.columns, values: weights).pooling(layer.output).values
        let g = gradientAtEmbedding(e, direction: direction, normalized: normalized)
        let gZ = Matrix(rows: layer.output.rows, columns: e.count) { weights[$0] * g[$1] }
        let gS2 = normTransposed(layer.outputSum, gZ, p + "output.LayerNorm")
        let atHidden = gS2 * matrix(p + "output.dense.weight")
        let sloped = Matrix(rows: atHidden.rows, columns: atHidden.columns) {
            atHidden[$0, $1] * Self.geluDerivative(layer.hidden[$0, $1])
        }
        let gY = gS2 + sloped * matrix(p + "intermediate.dense.weight")
        let gS1 = normTransposed(layer.attentionSum, gY, p + "attention.output.LayerNorm")
        return relevance(
            atMixture: gS1 * matrix(p + "attention.output.dense.weight"), values: layer.values, real: real)
    }
}

extension Reference.Matrix {
    /// Rows of `x` added up with these weights, [1, width].
    fileprivate func pooling(_ x: Reference.Matrix) -> Reference.Matrix {
        Reference.Matrix(rows: 1, columns: x.columns) { _, column in
            (0..<x.rows).reduce(0) { $0 + values[$1] * x[$1, column] }
        }
    }
}
