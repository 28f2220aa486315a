/// The nonlinearities of transformers, each with its derivative.
enum Activation: Sendable, Hashable {
    /// x·Φ(x) (Hendrycks & Gimpel 2016).
    case gelu
    /// The same by a hyperbolic tangent: ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (ibid., section 2).
    case tanhGELU
    /// x·σ(1.702x) (ibid.), which the first CLIP models were trained with.
    case quickGELU
    /// x·σ(x), the gate of SwiGLU (Shazeer 2020).
    case silu
    case relu
    /// max(0, x)².
    case squaredReLU
}

extension GraphBuilder {
    func apply(_ activation: Activation, _ x: Wire) -> Wire {
        switch activation {
        case .gelu: gelu(x)
        case .tanhGELU: gelu(x, approximated: true)
        case .quickGELU: times(x, logistic(times(x, 1.702)))
        case .silu: swish(x)
        case .relu: rectified(x)
        case .squaredReLU: times(rectified(x), rectified(x))
        }
    }

    func derivative(of activation: Activation, at x: Wire) -> Wire {
        switch activation {
        case .gelu:
            // Φ(x) + x·φ(x)
            let cumulative = times(plus(errorFunction(times(x, 0.5.squareRoot())), 1), 0.5)
            let density = times(exponential(times(times(x, x), -0.5)), 1 / (2 * Double.pi).squareRoot())
            return plus(cumulative, times(x, density))
        case .tanhGELU:
            // ½(1 + T) + ½x(1 − T²)·√(2/π)(1 + 3·0.044715x²), T the hyperbolic tangent
            let square = times(x, x)
            let t = hyperbolicTangent(times(times(x, plus(times(square, 0.044_715), 1)), (2 / Double.pi).squareRoot()))
            let inner = times(plus(times(square, 3 * 0.044_715), 1), 1 / (2 * Double.pi).squareRoot())
            let rest = times(times(x, inner), minus(scalar(1), times(t, t)))
            return plus(times(plus(t, 1), 0.5), rest)
        case .quickGELU: return slope(ofSwish: x, sharpness: 1.702)
        case .silu: return slope(ofSwish: x, sharpness: 1)
        case .relu: return greater(x, scalar(0))
        case .squaredReLU: return times(rectified(x), 2)
        }
    }

    /// d/dx x·σ(βx) = s + βx·s(1 − s).
    private func slope(ofSwish x: Wire, sharpness: Double) -> Wire {
        let s = logistic(times(x, sharpness))
        return plus(s, times(times(times(x, sharpness), s), minus(scalar(1), s)))
    }
}
