/// An output of a layer of the network that is being described.
typealias Wire = GraphBuilder.Wire

/// A linear layer: which numbers of the file it is made of, and how it is applied.
struct Linear: Sendable, Hashable {
    let weight: WeightSlice
    let bias: WeightSlice?
    let input: Int
    let output: Int
    /// True where the file holds [out, in] (PyTorch's `nn.Linear`), false where it holds [in, out] (a bare parameter
    /// that tokens are multiplied with from the left).
    let outputFirst: Bool

    /// `name.weight` [out, in] and `name.bias` [out].
    init(_ name: String, from input: Int, to output: Int, bias: Bool = true) {
        self.init(
            weight: WeightSlice(name + ".weight", shape: [output, input]),
            bias: bias ? WeightSlice(name + ".bias", shape: [output]) : nil)
    }

    /// A matrix [in, out] without a name of its own for the weight, and without a bias.
    init(parameter name: String, from input: Int, to output: Int) {
        weight = WeightSlice(name, shape: [input, output])
        bias = nil
        self.input = input
        self.output = output
        outputFirst = false
    }

    /// - Parameter weight: a slice of shape [out, in], whole or part of a fused matrix.
    init(weight: WeightSlice, bias: WeightSlice?) {
        self.weight = weight
        self.bias = bias
        (output, input) = (weight.shape[0], weight.shape[1])
        outputFirst = true
    }

    /// The parts of a fused linear layer, in their order: rows of one matrix, as the queries, keys and values of
    /// `nn.MultiheadAttention`.
    ///
    /// - Parameters:
    ///   - weight: of the tensor [sum of `outputs`, in].
    ///   - bias: of the tensor [sum of `outputs`]; nil where there is none.
    static func fused(weight: String, bias: String?, from input: Int, to outputs: [Int]) -> [Linear] {
        let total = outputs.reduce(0, +)
        var start = 0
        return outputs.map { output in
            let rows = start..<start + output
            start += output
            return Linear(
                weight: WeightSlice(weight, shape: [total, input], rows: rows),
                bias: bias.map { WeightSlice($0, shape: [total], rows: rows) })
        }
    }
}

/// A normalisation over the last axis: `γ⊙(x − mean)/√(variance + ε) + β` (Ba et al. 2016), or without centring
/// (`RMSNorm`, Zhang & Sennrich 2019).
struct Norm: Sendable, Hashable {
    let scale: WeightSlice
    let shift: WeightSlice?
    let epsilon: Double
    let centred: Bool

    /// `name.weight` and, where it has one, `name.bias`, both [width].
    init(_ name: String, width: Int, epsilon: Double, shifted: Bool = true, centred: Bool = true) {
        scale = WeightSlice(name + ".weight", shape: [width])
        shift = shifted ? WeightSlice(name + ".bias", shape: [width]) : nil
        self.epsilon = epsilon
        self.centred = centred
    }
}

/// What a normalisation's derivative needs to know of its input: x̂ and 1/σ, both shaped for broadcasting.
struct NormState {
    let standardized: Wire
    let inverseDeviation: Wire
}

extension GraphBuilder {
    // MARK: Forward

    /// x·Wᵀ + b.
    func apply(_ layer: Linear, _ x: Wire) -> Wire {
        let matrix = matrix(of: layer)
        let mixed = product(x, matrix.wire, transposingSecond: matrix.outputFirst)
        return layer.bias.map { plus(mixed, weight($0)) } ?? mixed
    }

    func apply(_ norm: Norm, _ x: Wire) -> Wire {
        let standard =
            norm.centred ? standardized(x, epsilon: norm.epsilon) : times(x, inverseDeviation(of: norm, at: x))
        let scaled = times(standard, weight(norm.scale))
        return norm.shift.map { plus(scaled, weight($0)) } ?? scaled
    }

    func apply(_ norm: Norm?, _ x: Wire) -> Wire { norm.map { apply($0, x) } ?? x }

    // MARK: Transposed derivatives

    /// g·W: the derivative of ``apply(_:_:)-(Linear,_)`` turned round.
    func applyTransposed(_ layer: Linear, _ gradient: Wire) -> Wire {
        let square = layer.input == layer.output
        return product(
            gradient, square ? copyOfWeight(layer.weight) : weight(layer.weight), transposingSecond: !layer.outputFirst)
    }

    func state(of norm: Norm, at x: Wire) -> NormState {
        let centred = norm.centred ? minus(x, mean(x, axes: [-1])) : x
        let inverse = inverseDeviation(of: norm, at: x)
        return NormState(standardized: times(centred, inverse), inverseDeviation: inverse)
    }

    /// LNᵀ(x, g) = σ⁻¹[γ⊙g − mean(γ⊙g) − x̂·mean(x̂⊙γ⊙g)] over the last axis, without the mean where the norm does not
    /// centre; the state broadcasts against g.
    func applyTransposed(_ norm: Norm, _ state: NormState, _ gradient: Wire) -> Wire {
        let scaled = times(gradient, weight(norm.scale))
        let along = times(state.standardized, mean(times(state.standardized, scaled), axes: [-1]))
        let across = norm.centred ? minus(scaled, mean(scaled, axes: [-1])) : scaled
        return times(minus(across, along), state.inverseDeviation)
    }

    /// The linear part of a norm whose σ is held fixed: σ⁻¹γ⊙(x − mean).
    func applyWithFixedDeviation(_ norm: Norm, _ state: NormState, _ x: Wire) -> Wire {
        let centred = norm.centred ? minus(x, mean(x, axes: [-1])) : x
        return times(times(centred, state.inverseDeviation), weight(norm.scale))
    }

    /// The derivative of ``applyWithFixedDeviation(_:_:_:)`` turned round, σ⁻¹[γ⊙w − mean(γ⊙w)]: what a linear functional
    /// `w` of the norm's output says of its input, up to what the shift adds.
    func applyTransposedWithFixedDeviation(_ norm: Norm, _ state: NormState, _ functional: Wire) -> Wire {
        let scaled = times(functional, weight(norm.scale))
        return times(norm.centred ? minus(scaled, mean(scaled, axes: [-1])) : scaled, state.inverseDeviation)
    }

    private func inverseDeviation(of norm: Norm, at x: Wire) -> Wire {
        let centred = norm.centred ? minus(x, mean(x, axes: [-1])) : x
        let variance = mean(times(centred, centred), axes: [-1])
        return over(scalar(1), squareRoot(plus(variance, norm.epsilon)))
    }
}
