import Foundation

/// Rotary positions along a text as LLaMA lays them out: number j of a head's first half turns together with number j of
/// its second half, by position·base^(−j/(d/2)), j from 0.
///
/// Made once for a graph and handed to each of its blocks: positions depend on the padding, so they are wires.
///
/// Source: Su et al. 2021, "RoFormer", eq. 34; Touvron et al. 2023, "LLaMA", section 2.2; transformers' `rotate_half`.
struct SequenceRotation {
    /// [batch, 1, tokens, headWidth]
    let cosines: Wire
    let sines: Wire
    let headWidth: Int

    /// Real tokens are counted from 0, wherever the padding is.
    init(_ graph: GraphBuilder, mask: AttentionMask, headWidth: Int, base: Double) {
        let half = headWidth / 2
        let frequencies = (0..<half).map { pow(base, -Double($0) / Double(half)) }
        let positions = graph.plus(graph.cumulativeSum(mask.present, axis: 1), -1)
        let angles = graph.times(
            graph.unsqueeze(positions, axes: [1, 3]),
            graph.constant(exactly: frequencies + frequencies, shape: [2 * half]))
        cosines = graph.cosine(angles)
        sines = graph.sine(angles)
        self.headWidth = headWidth
    }

    /// Queries or keys [batch, heads, tokens, headWidth]: x⊙cos + R(x)⊙sin with R(x₁, x₂) = (−x₂, x₁).
    func turned(_ graph: GraphBuilder, _ x: Wire) -> Wire {
        let (first, second) = halves(graph, x)
        let rotated = graph.concatenate([graph.times(second, -1), first], axis: 3)
        return graph.plus(graph.times(x, cosines), graph.times(rotated, sines))
    }

    /// The derivative of ``turned(_:_:)`` turned round, for a gradient [batch, directions, heads, tokens, headWidth].
    func turnedBack(_ graph: GraphBuilder, _ gradient: Wire) -> Wire {
        let (first, second) = halves(graph, graph.times(gradient, graph.unsqueeze(sines, axes: [1])), axis: 4)
        let rotated = graph.concatenate([second, graph.times(first, -1)], axis: 4)
        return graph.plus(graph.times(gradient, graph.unsqueeze(cosines, axes: [1])), rotated)
    }

    private func halves(_ graph: GraphBuilder, _ x: Wire, axis: Int = 3) -> (Wire, Wire) {
        let half = headWidth / 2
        return (
            graph.slice(x, axis: axis, from: 0, to: half),
            graph.slice(x, axis: axis, from: half, to: headWidth)
        )
    }
}
