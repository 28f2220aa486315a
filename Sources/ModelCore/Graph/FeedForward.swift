/// The part of a block that treats every token by itself: two linear layers with a nonlinearity between, or three with
/// a gate.
struct FeedForward: Sendable, Hashable {
    enum Inner: Sendable, Hashable {
        /// act(up(x))
        case plain(up: Linear)
        /// act(gate(x)) ⊙ up(x) (Shazeer 2020, "GLU Variants Improve Transformer")
        case gated(gate: Linear, up: Linear)
    }

    let inner: Inner
    let activation: Activation
    /// Before the last layer (Shleifer et al. 2021, "NormFormer"; EVA-02's `scale_mlp`).
    var innerNorm: Norm?
    let down: Linear

    /// What is needed again by the derivative, all [batch, tokens, hidden].
    struct Trace {
        /// What the activation is taken of: up(x), or gate(x).
        let beforeActivation: Wire
        /// up(x) of a gated one.
        let gated: Wire?
        /// What the inner norm, or the last layer, is given.
        let hidden: Wire
        /// [batch, tokens, width]
        let output: Wire
    }

    func forward(_ graph: GraphBuilder, _ x: Wire) -> Trace {
        let (before, gated, hidden): (Wire, Wire?, Wire)
        switch inner {
        case .plain(let up):
            before = graph.apply(up, x)
            (gated, hidden) = (nil, graph.apply(activation, before))
        case .gated(let gate, let up):
            before = graph.apply(gate, x)
            let raised = graph.apply(up, x)
            (gated, hidden) = (raised, graph.times(graph.apply(activation, before), raised))
        }
        let output = graph.apply(down, graph.apply(innerNorm, hidden))
        return Trace(beforeActivation: before, gated: gated, hidden: hidden, output: output)
    }

    /// The gradient at x out of the one at the output, W₁ᵀ(act′(h) ⊙ W₂ᵀg): both branches of a gated one.
    ///
    /// - Parameters:
    ///   - gradient: [batch, directions, queries, width]; one row of queries broadcasts.
    ///   - shaped: brings a wire of the trace, [batch, tokens, …], to [batch, 1, queries, …].
    func gradientAtInput(
        _ graph: GraphBuilder, _ trace: Trace, _ gradient: Wire, shaped: (Wire) -> Wire
    ) -> Wire {
        var atHidden = graph.applyTransposed(down, gradient)
        if let innerNorm {
            let state = graph.state(of: innerNorm, at: shaped(trace.hidden))
            atHidden = graph.applyTransposed(innerNorm, state, atHidden)
        }
        let before = shaped(trace.beforeActivation)
        let slope = graph.derivative(of: activation, at: before)
        switch inner {
        case .plain(let up):
            return graph.applyTransposed(up, graph.times(atHidden, slope))
        case .gated(let gate, let up):
            guard let raised = trace.gated.map(shaped) else { return graph.applyTransposed(up, atHidden) }
            let throughGate = graph.times(atHidden, graph.times(slope, raised))
            let throughUp = graph.times(atHidden, graph.apply(activation, before))
            return graph.plus(
                graph.applyTransposed(gate, throughGate), graph.applyTransposed(up, throughUp))
        }
    }
}
