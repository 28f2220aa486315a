/// Multi-head attention (Vaswani et al. 2017, section 3.2.2) with what the families add to it.
///
/// Queries come from one sequence, keys and values from another or the same.
struct Attention: Sendable, Hashable {
    let query: Linear
    let key: Linear
    let value: Linear
    let output: Linear
    let heads: Int
    /// Over each head's queries and keys (Dehghani et al. 2023, "Scaling Vision Transformers to 22 Billion
    /// Parameters", section 2).
    var queryNorm: Norm?
    var keyNorm: Norm?
    var rotary: RotaryPositions?
    /// Over the joined heads, before the output projection (EVA-02's `scale_attn_inner`).
    var innerNorm: Norm?

    init(query: Linear, key: Linear, value: Linear, output: Linear, heads: Int) {
        self.query = query
        self.key = key
        self.value = value
        self.output = output
        self.heads = heads
    }

    /// All heads together.
    var width: Int { value.output }
    var headWidth: Int { width / heads }

    /// What is needed again by explanations.
    struct Trace {
        /// [batch, heads, queries, width/heads], as they are compared with keys.
        let queries: Wire
        /// [batch, heads, tokens, width/heads], as they are compared with queries.
        let keys: Wire
        /// [batch, heads, tokens, width/heads]
        let values: Wire
        /// Softmax of the scores, [batch, heads, queries, tokens]; nil where nobody asked for them.
        let probabilities: Wire?
        /// The heads' mixtures of values side by side, [batch, queries, width].
        let mixture: Wire
        /// [batch, queries, width of the block]
        let output: Wire
    }

    /// - Parameters:
    ///   - asking: where queries are taken from, [batch, queries, …]: the first tokens of `x` where rotary positions are used.
    ///   - x: where keys and values are taken from, [batch, tokens, …].
    ///   - penalty: added to the scores; broadcasts against [batch, heads, queries, tokens].
    ///   - rotation: of a text's positions; of `asking` and `x` alike, which are then the same tokens.
    ///   - keepingProbabilities: computes them in the open instead of inside one fused operation.
    func forward(
        _ graph: GraphBuilder, asking: Wire, over x: Wire, penalty: Wire? = nil, rotation: SequenceRotation? = nil,
        keepingProbabilities: Bool = false
    ) -> Trace {
        var q = graph.apply(queryNorm, split(graph, graph.apply(query, asking)))
        var k = graph.apply(keyNorm, split(graph, graph.apply(key, x)))
        let v = split(graph, graph.apply(value, x))
        if let rotary { (q, k) = (graph.apply(rotary, q), graph.apply(rotary, k)) }
        if let rotation { (q, k) = (rotation.turned(graph, q), rotation.turned(graph, k)) }
        let probabilities = keepingProbabilities ? self.probabilities(graph, q, k, penalty) : nil
        let mixed =
            probabilities.map { graph.product($0, v) } ?? graph.scaledDotProductAttention(q, k, v, mask: penalty)
        let mixture = join(graph, mixed)
        return Trace(
            queries: q, keys: k, values: v, probabilities: probabilities, mixture: mixture,
            output: graph.apply(output, graph.apply(innerNorm, mixture)))
    }

    private func probabilities(_ graph: GraphBuilder, _ q: Wire, _ k: Wire, _ penalty: Wire?) -> Wire {
        let scores = graph.times(
            graph.product(q, k, transposingSecond: true), 1 / Double(headWidth).squareRoot())
        return graph.softmax(penalty.map { graph.plus(scores, $0) } ?? scores)
    }

    // MARK: What an explanation asks

    /// How the score changes with each entry of the attention matrix: ⟨W_{O,h}ᵀ g_n, V_{h,m}⟩. The matrix itself is not
    /// needed.
    ///
    /// - Parameters:
    ///   - gradient: at ``Trace/output``, [batch, directions, queries, width]; one row of queries broadcasts.
    ///   - shaped: brings a wire [batch, queries, …] to [batch, 1, queries, …].
    ///   - selected: heads to look at; nil for all.
    /// - Returns: [batch, directions, heads, queries, tokens].
    func gradientAtProbabilities(
        _ graph: GraphBuilder, _ trace: Trace, _ gradient: Wire, heads selected: [Int]? = nil, shaped: (Wire) -> Wire
    ) -> Wire {
        var atMixture = graph.applyTransposed(output, gradient)
        if let innerNorm {
            let state = graph.state(of: innerNorm, at: shaped(trace.mixture))
            atMixture = graph.applyTransposed(innerNorm, state, atMixture)
        }
        return againstValues(graph, trace, atMixture, heads: selected)
    }

    /// What a linear functional of the output says of each value vector, with the inner norm's σ held fixed.
    ///
    /// Arguments and result as of ``gradientAtProbabilities(_:_:_:heads:shaped:)``.
    func contributions(
        _ graph: GraphBuilder, _ trace: Trace, _ functional: Wire, heads selected: [Int]? = nil,
        shaped: (Wire) -> Wire
    ) -> Wire {
        var atMixture = graph.applyTransposed(output, functional)
        if let innerNorm {
            let state = graph.state(of: innerNorm, at: shaped(trace.mixture))
            atMixture = graph.applyTransposedWithFixedDeviation(innerNorm, state, atMixture)
        }
        return againstValues(graph, trace, atMixture, heads: selected)
    }

    /// The part of ``Trace/output`` that comes from the values of some heads, without biases and with the inner norm's
    /// σ held fixed, [batch, queries, width of the block].
    func part(_ graph: GraphBuilder, _ trace: Trace, heads selected: [Int]?) -> Wire {
        var mixture = trace.mixture
        if let selected {
            let kept = (0..<width).map { selected.contains($0 / headWidth) ? Float(1) : 0 }
            mixture = graph.times(mixture, graph.constant(kept, shape: [width]))
        }
        if let innerNorm {
            let state = graph.state(of: innerNorm, at: trace.mixture)
            mixture = graph.applyWithFixedDeviation(innerNorm, state, mixture)
        }
        return graph.product(mixture, graph.weight(output.weight), transposingSecond: output.outputFirst)
    }

    private func againstValues(_ graph: GraphBuilder, _ trace: Trace, _ atMixture: Wire, heads selected: [Int]?) -> Wire
    {
        let rows = graph.transpose(graph.reshape(atMixture, [0, 0, -1, heads, headWidth]), [0, 1, 3, 2, 4])
        let values = graph.unsqueeze(trace.values, axes: [1])
        guard let selected else { return graph.product(rows, values, transposingSecond: true) }
        let index = graph.constant(selected)
        return graph.product(
            graph.gather(rows, index, axis: 2), graph.gather(values, index, axis: 2), transposingSecond: true)
    }

    // MARK: Heads

    /// [batch, tokens, width] → [batch, heads, tokens, width/heads].
    func split(_ graph: GraphBuilder, _ x: Wire) -> Wire {
        graph.transpose(graph.reshape(x, [0, 0, heads, headWidth]), [0, 2, 1, 3])
    }

    /// [batch, heads, tokens, width/heads] → [batch, tokens, width].
    func join(_ graph: GraphBuilder, _ x: Wire) -> Wire {
        graph.reshape(graph.transpose(x, [0, 2, 1, 3]), [0, 0, width])
    }
}
