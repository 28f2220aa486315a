import Foundation

/// Height and width of a picture in pixels.
struct ImageSize: Sendable, Hashable {
    let height: Int
    let width: Int
}

/// How a picture becomes tokens: patches through one linear layer, learnt tokens before them, positions added.
struct PatchEmbedding: Sendable, Hashable {
    /// In what form pictures come in.
    enum Input: Sendable, Hashable {
        /// [batch, height, width, 3] RGB bytes; mean and deviation per channel, of values in 0...1.
        case bytes(mean: [Float], deviation: [Float])
        /// [batch, 3, height, width] floats, normalised by the caller.
        case normalized
    }

    /// Learnt tokens before the patches: class, distillation, registers.
    struct Prefix: Sendable, Hashable {
        /// `count`·width numbers, in whatever shape the file has them.
        let tensor: WeightSlice
        let count: Int
    }

    let width: Int
    let patchSize: Int
    /// [width, 3, patch, patch]
    let kernel: WeightSlice
    /// [width]
    let bias: WeightSlice?
    let prefix: [Prefix]
    let positions: PositionEmbedding?
    /// Behind the positions, before the first block.
    var norm: Norm?
    /// Of the picture that goes in: multiples of the patch size.
    let size: ImageSize
    let input: Input

    var rows: Int { size.height / patchSize }
    var columns: Int { size.width / patchSize }
    var prefixTokens: Int { prefix.reduce(0) { $0 + $1.count } }
    var tokens: Int { prefixTokens + rows * columns }

    /// [batch, tokens, width]
    func tokens(_ graph: GraphBuilder, batch: Int?) -> Wire {
        let patches = graph.patches(pixels(graph, batch: batch), kernel: graph.weight(kernel), size: patchSize)
        var x = graph.transpose(graph.reshape(patches, [0, width, rows * columns]), [0, 2, 1])
        if let bias { x = graph.plus(x, graph.weight(bias)) }
        let table = positions?.table(graph, rows: rows, columns: columns)
        let positioned = positions?.prefix ?? 0
        if let table {
            x = graph.plus(x, graph.slice(table, axis: 1, from: positioned, to: positioned + rows * columns))
        }
        if let learnt = prefixTokens(graph, table: table, positioned: positioned) {
            x = graph.concatenate(
                [graph.repeated(learnt, alongBatchOf: x, rest: [prefixTokens, width]), x], axis: 1)
        }
        return graph.apply(norm, x)
    }

    /// [1, prefix tokens, width] with their positions, or nil where there are none.
    private func prefixTokens(_ graph: GraphBuilder, table: Wire?, positioned: Int) -> Wire? {
        guard !prefix.isEmpty else { return nil }
        let parts = prefix.map { graph.reshape(graph.weight($0.tensor), [1, $0.count, width]) }
        let all = parts.count == 1 ? parts[0] : graph.concatenate(parts, axis: 1)
        guard let table, positioned > 0 else { return all }
        let first = graph.plus(
            graph.slice(all, axis: 1, from: 0, to: positioned), graph.slice(table, axis: 1, from: 0, to: positioned))
        guard positioned < prefixTokens else { return first }
        return graph.concatenate([first, graph.slice(all, axis: 1, from: positioned, to: prefixTokens)], axis: 1)
    }

    /// [batch, 3, height, width], normalised.
    private func pixels(_ graph: GraphBuilder, batch: Int?) -> Wire {
        switch input {
        case .normalized:
            return graph.parameter("pixels", .f32, shape: [batch, 3, size.height, size.width])
        case .bytes(let mean, let deviation):
            let bytes = graph.parameter("pixels", .u8, shape: [batch, size.height, size.width, 3])
            let scale = graph.constant(deviation.map { 1 / (255 * $0) }, shape: [3])
            let shift = graph.constant(zip(mean, deviation).map { -$0 / $1 }, shape: [3])
            return graph.transpose(graph.plus(graph.times(graph.toFloat(bytes), scale), shift), [0, 3, 1, 2])
        }
    }
}

/// A learnt table of positions: some for tokens before the patches, then one for each patch of a square grid, row-major.
struct PositionEmbedding: Sendable, Hashable {
    /// (prefix + side²)·width numbers.
    let tensor: WeightSlice
    let width: Int
    /// Rows of the table for tokens before the patches.
    let prefix: Int
    let side: Int
    /// How the family resamples its table for another grid.
    let resampling: PositionTable.Resampling

    /// [1, prefix + rows·columns, width], the patches' part resampled to the grid of the input.
    func table(_ graph: GraphBuilder, rows: Int, columns: Int) -> Wire {
        let published = graph.reshape(graph.weight(tensor), [1, prefix + side * side, width])
        guard rows != side || columns != side, graph.fault == nil,
            let values = try? graph.weights.floats(tensor.name)
        else { return published }
        let resampled = PositionTable.resampled(
            Array(values[(prefix * width)...]), side: side, width: width, rows: rows, columns: columns, resampling)
        return graph.constant(
            Array(values[..<(prefix * width)]) + resampled, shape: [1, prefix + rows * columns, width])
    }
}
