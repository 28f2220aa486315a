/// The parts transformers are made of, and their transposed derivatives where an explanation needs them.
extension GraphBuilder {
    /// Weight [out, in] and bias [out] of a linear layer, under the names PyTorch gives them.
    struct Linear {
        let name: String
        let input: Int
        let output: Int
        let weight: Wire
        let bias: Wire
    }

    /// Scale and shift of a layer norm.
    struct Norm {
        let scale: Wire
        let shift: Wire
        let epsilon: Double
    }

    func linear(_ name: String, from input: Int, to output: Int) -> Linear {
        Linear(
            name: name, input: input, output: output,
            weight: weight(name + ".weight", shape: [output, input]), bias: weight(name + ".bias", shape: [output]))
    }

    func norm(_ name: String, width: Int, epsilon: Double) -> Norm {
        Norm(
            scale: weight(name + ".weight", shape: [width]), shift: weight(name + ".bias", shape: [width]),
            epsilon: epsilon)
    }

    /// x·Wᵀ + b.
    func apply(_ layer: Linear, _ x: Wire) -> Wire {
        plus(product(x, layer.weight, transposingSecond: true), layer.bias)
    }

    /// g·W: the derivative of ``apply(_:_:)-(Linear,_)`` turned round.
    func applyTransposed(_ layer: Linear, _ gradient: Wire) -> Wire {
        let square = layer.input == layer.output
        let weight =
            square ? copyOfWeight(layer.name + ".weight", shape: [layer.output, layer.input]) : layer.weight
        return product(gradient, weight)
    }

    func apply(_ norm: Norm, _ x: Wire) -> Wire {
        plus(times(standardized(x, epsilon: norm.epsilon), norm.scale), norm.shift)
    }

    /// [batch, tokens, width] → [batch, heads, tokens, width/heads].
    func splitHeads(_ x: Wire, heads: Int, width: Int) -> Wire {
        transpose(reshape(x, [0, 0, heads, width / heads]), [0, 2, 1, 3])
    }

    /// [batch, heads, tokens, width/heads] → [batch, tokens, width].
    func joinHeads(_ x: Wire, width: Int) -> Wire { reshape(transpose(x, [0, 2, 1, 3]), [0, 0, width]) }

    /// What a layer norm's derivative needs to know of its input: x̂ and 1/σ, both shaped for broadcasting.
    struct NormState {
        let standardized: Wire
        let inverseDeviation: Wire
    }

    func state(of norm: Norm, at x: Wire) -> NormState {
        let centred = minus(x, mean(x, axes: [-1]))
        let variance = mean(times(centred, centred), axes: [-1])
        let inverse = over(scalar(1), squareRoot(plus(variance, Float(norm.epsilon))))
        return NormState(standardized: times(centred, inverse), inverseDeviation: inverse)
    }

    /// LNᵀ(x, g) = σ⁻¹[γ⊙g − mean(γ⊙g) − x̂·mean(x̂⊙γ⊙g)], over the last axis; the state broadcasts against g.
    func applyTransposed(_ norm: Norm, _ state: NormState, _ gradient: Wire) -> Wire {
        let scaled = times(gradient, norm.scale)
        let along = mean(times(state.standardized, scaled), axes: [-1])
        let rest = minus(minus(scaled, mean(scaled, axes: [-1])), times(state.standardized, along))
        return times(rest, state.inverseDeviation)
    }

    /// The derivative of the exact GELU: Φ(x) + x·φ(x).
    func geluDerivative(_ x: Wire) -> Wire {
        let cumulative = times(plus(errorFunction(times(x, 0.707_106_77)), 1), 0.5)
        let density = times(exponential(times(times(x, x), -0.5)), 0.398_942_3)
        return plus(cumulative, times(x, density))
    }
}
