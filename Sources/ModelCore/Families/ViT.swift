/// Vision transformers as the transformers project publishes them.
extension Checkpoint {
    /// `ViTModel` and `DeiTModel`; the embedding is the class token after the last norm. DeiT's distillation token is one
    /// token more.
    ///
    /// Source: Dosovitskiy et al. 2020, "An Image is Worth 16x16 Words"; Touvron et al. 2020, "Training data-efficient
    /// image transformers".
    func vitEncoder(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> Encoder {
        let file = configuration
        let n = try TransformerSize(file, usual: (768, 12, 12, 3072, 1e-12))
        let grid = try grid(file, imageSize: 224, patchSize: 16)
        let activation = try file.activation("hidden_act", otherwise: .gelu)
        let biased = try file.flag("qkv_bias", otherwise: true)
        let p = prefix(of: "embeddings.cls_token", among: ["", "vit.", "deit."])
        let e = p + "embeddings."
        var learnt = [e + "cls_token"]
        if weights.entries[e + "distillation_token"] != nil { learnt.append(e + "distillation_token") }
        return Encoder(
            weights: weights,
            embedding: .patches(
                try patches(
                    e, width: n.width,
                    prefix: learnt.map { .init(tensor: .init($0, shape: [1, 1, n.width]), count: 1) },
                    positioned: learnt.count, grid: grid, resampling: .bicubic, size: size, input: input)),
            blocks: (0..<n.layers).map { layer in
                let b = p + "encoder.layer.\(layer)."
                return TransformerBlock(
                    .preNorm,
                    attention: .separate(
                        b + "attention.", query: "attention.query", key: "attention.key", value: "attention.value",
                        output: "output.dense", width: n.width, heads: n.heads, bias: biased),
                    feedForward: .plain(
                        up: b + "intermediate.dense", down: b + "output.dense", width: n.width, hidden: n.hidden,
                        activation),
                    firstNorm: Norm(b + "layernorm_before", width: n.width, epsilon: n.epsilon),
                    secondNorm: Norm(b + "layernorm_after", width: n.width, epsilon: n.epsilon))
            },
            pooling: .first, pooledNorm: Norm(p + "layernorm", width: n.width, epsilon: n.epsilon))
    }

    /// `Dinov2Model` and `Dinov2WithRegistersModel`: LayerScale, registers behind the class token, and SwiGLU in the
    /// giant; the embedding is the class token after the last norm.
    ///
    /// Source: Oquab et al. 2023, "DINOv2"; Darcet et al. 2023, "Vision Transformers Need Registers".
    func dinov2Encoder(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> Encoder {
        let file = configuration
        let gated = try file.flag("use_swiglu_ffn", otherwise: false)
        let width = try file.integer("hidden_size", in: 1...16384, otherwise: 768)
        let ratio = try file.integer("mlp_ratio", in: 1...16, otherwise: 4)
        // transformers' Dinov2SwiGLUFFN: two thirds, up to the next multiple of eight.
        let hidden = gated ? (width * ratio * 2 / 3 + 7) / 8 * 8 : width * ratio
        let n = try TransformerSize(file, usual: (768, 12, 12, hidden, 1e-6), hidden: hidden)
        let grid = try grid(file, imageSize: 224, patchSize: 16)
        let activation = try file.activation("hidden_act", otherwise: .gelu)
        let biased = try file.flag("qkv_bias", otherwise: true)
        let p = prefix(of: "embeddings.cls_token", among: ["", "dinov2.", "dinov2_with_registers."])
        let e = p + "embeddings."
        var learnt = [PatchEmbedding.Prefix(tensor: .init(e + "cls_token", shape: [1, 1, width]), count: 1)]
        let registers =
            weights.entries[e + "register_tokens"] == nil
            ? 0 : try file.integer("num_register_tokens", in: 1...64, otherwise: 4)
        if registers > 0 {
            learnt.append(.init(tensor: .init(e + "register_tokens", shape: [1, registers, width]), count: registers))
        }
        return Encoder(
            weights: weights,
            embedding: .patches(
                try patches(
                    e, width: width, prefix: learnt, positioned: 1, grid: grid,
                    resampling: registers > 0 ? .antialiasedBicubic : .bicubic, size: size, input: input)),
            blocks: (0..<n.layers).map { layer in
                let b = p + "encoder.layer.\(layer)."
                let packed = Linear.fused(
                    weight: b + "mlp.weights_in.weight", bias: b + "mlp.weights_in.bias", from: width,
                    to: [hidden, hidden])
                var block = TransformerBlock(
                    .preNorm,
                    attention: .separate(
                        b + "attention.", query: "attention.query", key: "attention.key", value: "attention.value",
                        output: "output.dense", width: width, heads: n.heads, bias: biased),
                    feedForward: gated
                        ? FeedForward(
                            inner: .gated(gate: packed[0], up: packed[1]), activation: .silu,
                            down: Linear(b + "mlp.weights_out", from: hidden, to: width))
                        : .plain(up: b + "mlp.fc1", down: b + "mlp.fc2", width: width, hidden: hidden, activation),
                    firstNorm: Norm(b + "norm1", width: width, epsilon: n.epsilon),
                    secondNorm: Norm(b + "norm2", width: width, epsilon: n.epsilon))
                block.attentionScale = WeightSlice(b + "layer_scale1.lambda1", shape: [width])
                block.feedForwardScale = WeightSlice(b + "layer_scale2.lambda1", shape: [width])
                return block
            },
            pooling: .first, pooledNorm: Norm(p + "layernorm", width: width, epsilon: n.epsilon))
    }

    private func patches(
        _ e: String, width: Int, prefix: [PatchEmbedding.Prefix], positioned: Int, grid: (side: Int, patch: Int),
        resampling: PositionTable.Resampling, size: ImageSize?, input: PatchEmbedding.Input
    ) throws(ConfigurationError) -> PatchEmbedding {
        let side = grid.side / grid.patch
        return PatchEmbedding(
            width: width, patchSize: grid.patch,
            kernel: WeightSlice(
                e + "patch_embeddings.projection.weight", shape: [width, 3, grid.patch, grid.patch]),
            bias: WeightSlice(e + "patch_embeddings.projection.bias", shape: [width]), prefix: prefix,
            positions: PositionEmbedding(
                tensor: WeightSlice(e + "position_embeddings", shape: [1, positioned + side * side, width]),
                width: width, prefix: positioned, side: side, resampling: resampling),
            size: try self.size(size, side: grid.side, patch: grid.patch, configuration), input: input)
    }
}
