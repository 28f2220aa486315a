/// Transformers that no publisher's layout describes: their configuration and their tensors' names come from a
/// ``MappingFile``. docs/model-families.md, "Mapping files", lists keys and names.
extension Checkpoint {
    /// Tensors `image.…`: `patches`, `class_token`, `positions`, `blocks.{layer}.…`, `norm`, `projection`.
    func plainImageEncoder(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> Encoder {
        let table = try configuration.table("image")
        let n = try plainSize(table)
        let grid = try plainGrid(table)
        let side = grid.side / grid.patch
        let p = "image."
        let classToken = weights.entries[p + "class_token"] == nil ? 0 : 1
        let learnt = (0..<classToken).map { _ in
            PatchEmbedding.Prefix(tensor: numbers(p + "class_token", count: n.width), count: 1)
        }
        return Encoder(
            weights: weights,
            embedding: .patches(
                PatchEmbedding(
                    width: n.width, patchSize: grid.patch,
                    kernel: WeightSlice(p + "patches.weight", shape: [n.width, 3, grid.patch, grid.patch]),
                    bias: optional(p + "patches.bias", width: n.width), prefix: learnt,
                    positions: PositionEmbedding(
                        tensor: numbers(p + "positions", count: (classToken + side * side) * n.width), width: n.width,
                        prefix: classToken, side: side, resampling: .bicubic),
                    norm: norm(p + "embedding_norm", n),
                    size: try self.size(size, side: grid.side, patch: grid.patch, table), input: input)),
            blocks: try plainBlocks(p, n, table), tokenNorm: norm(p + "token_norm", n),
            pooling: try plainPooling(table, usual: classToken > 0 ? "first" : "mean", skipping: classToken),
            pooledNorm: norm(p + "norm", n), projection: projection(p + "projection", from: n.width))
    }

    /// Tensors `text.…`: `words`, `positions`, `blocks.{layer}.…`, `norm`, `projection`.
    func plainTextEncoder() throws(ConfigurationError) -> Encoder {
        let table = try configuration.table("text")
        let n = try plainSize(table)
        let p = "text."
        let vocabulary = try table.integer("vocabulary", in: 1...2_000_000)
        let positions = try table.integer("positions", in: 1...65536)
        return Encoder(
            weights: weights,
            embedding: .words(
                WordEmbedding(
                    width: n.width, words: WeightSlice(p + "words", shape: [vocabulary, n.width]),
                    positionTable: WeightSlice(p + "positions", shape: [positions, n.width]), positions: .counted,
                    norm: norm(p + "embedding_norm", n), causal: try table.flag("causal", otherwise: false))),
            blocks: try plainBlocks(p, n, table), tokenNorm: norm(p + "token_norm", n),
            pooling: try plainPooling(table, usual: "mean", skipping: 0), pooledNorm: norm(p + "norm", n),
            projection: projection(p + "projection", from: n.width))
    }

    // MARK: Parts

    private func plainSize(_ table: ConfigurationFile) throws(ConfigurationError) -> TransformerSize {
        try TransformerSize(
            width: table.integer("width", in: 1...16384), layers: table.integer("layers", in: 1...128),
            heads: table.integer("heads", in: 1...256), hidden: table.integer("hidden", in: 1...65536),
            epsilon: table.number("epsilon", in: 0...0.1, otherwise: 1e-5),
            fault: table.fault("heads", "does not divide the width"))
    }

    private func plainGrid(_ table: ConfigurationFile) throws(ConfigurationError) -> (side: Int, patch: Int) {
        (try table.integer("image_size", in: 1...4096), try table.integer("patch_size", in: 1...256))
    }

    private func plainBlocks(
        _ p: String, _ n: TransformerSize, _ table: ConfigurationFile
    ) throws(ConfigurationError) -> [TransformerBlock] {
        let activation = try table.activation("activation", otherwise: .gelu)
        let arrangements: [String: TransformerBlock.Arrangement] = [
            "pre-norm": .preNorm, "post-norm": .postNorm, "branch-norm": .branchNorm, "chained": .chained,
        ]
        guard let arrangement = arrangements[try table.text("arrangement", otherwise: "pre-norm")] else {
            throw table.fault("arrangement", "is none of \(arrangements.keys.sorted().joined(separator: ", "))")
        }
        return (0..<n.layers).map { layer in
            let b = "\(p)blocks.\(layer)."
            return TransformerBlock(
                arrangement,
                attention: .separate(
                    b, query: "query", key: "key", value: "value", output: "output", width: n.width, heads: n.heads,
                    bias: weights.entries[b + "query.bias"] != nil),
                feedForward: .plain(
                    up: b + "up", down: b + "down", width: n.width, hidden: n.hidden, activation),
                firstNorm: Norm(b + "norm1", width: n.width, epsilon: n.epsilon),
                secondNorm: Norm(b + "norm2", width: n.width, epsilon: n.epsilon))
        }
    }

    private func plainPooling(
        _ table: ConfigurationFile, usual: String, skipping: Int
    ) throws(ConfigurationError) -> Pooling {
        switch try table.text("pooling", otherwise: usual) {
        case "first": return .first
        case "last": return .last
        case "mean": return .mean(skipping: skipping)
        case "end": return .endOfText(id: try table.integer("end_id", in: 0...2_000_000))
        default: throw table.fault("pooling", "is none of first, last, mean, end")
        }
    }

    /// [out, in], as wide as it is.
    private func projection(_ name: String, from width: Int) -> Linear? {
        guard let output = weights.entries[name + ".weight"]?.shape.first else { return nil }
        return Linear(name, from: width, to: output, bias: weights.entries[name + ".bias"] != nil)
    }

    private func norm(_ name: String, _ n: TransformerSize) -> Norm? {
        weights.entries[name + ".weight"] == nil ? nil : Norm(name, width: n.width, epsilon: n.epsilon)
    }

    private func optional(_ name: String, width: Int) -> WeightSlice? {
        weights.entries[name] == nil ? nil : WeightSlice(name, shape: [width])
    }

    /// So many numbers in whatever shape the file has them.
    private func numbers(_ name: String, count: Int) -> WeightSlice {
        let shape = weights.entries[name]?.shape ?? [count]
        return WeightSlice(name, shape: shape.reduce(1, *) == count ? shape : [count])
    }
}
