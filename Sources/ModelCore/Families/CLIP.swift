/// CLIP's two towers as the transformers project publishes them (`CLIPModel`, `CLIPVisionModelWithProjection`,
/// `CLIPTextModelWithProjection`).
///
/// Source: Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision".
extension Checkpoint {
    func clipImageEncoder(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> Encoder {
        let table = try tower("vision_config", alone: "clip_vision_model")
        let n = try TransformerSize(table, usual: (768, 12, 12, 3072, 1e-5))
        let grid = try grid(table, imageSize: 224, patchSize: 32)
        let side = grid.side / grid.patch
        let e = "vision_model.embeddings."
        let norm = { (name: String) in Norm("vision_model." + name, width: n.width, epsilon: n.epsilon) }
        return Encoder(
            weights: weights,
            embedding: .patches(
                PatchEmbedding(
                    width: n.width, patchSize: grid.patch,
                    kernel: WeightSlice(
                        e + "patch_embedding.weight", shape: [n.width, 3, grid.patch, grid.patch]),
                    bias: nil,
                    prefix: [.init(tensor: WeightSlice(e + "class_embedding", shape: [n.width]), count: 1)],
                    positions: PositionEmbedding(
                        tensor: WeightSlice(e + "position_embedding.weight", shape: [side * side + 1, n.width]),
                        width: n.width, prefix: 1, side: side, resampling: .bicubic),
                    norm: norm("pre_layrnorm"),
                    size: try self.size(size, side: grid.side, patch: grid.patch, table), input: input)),
            blocks: twinBlocks("vision_model.", n, try table.activation("hidden_act", otherwise: .quickGELU)),
            pooling: .first, pooledNorm: norm("post_layernorm"),
            projection: try projection("visual_projection", from: n.width, table))
    }

    func clipTextEncoder() throws(ConfigurationError) -> Encoder {
        let table = try tower("text_config", alone: "clip_text_model")
        let n = try TransformerSize(table, usual: (512, 12, 8, 2048, 1e-5))
        let vocabulary = try table.integer("vocab_size", in: 1...2_000_000, otherwise: 49408)
        let end = try table.integer("eos_token_id", in: 0...vocabulary, otherwise: 49407)
        return Encoder(
            weights: weights,
            embedding: .words(try words(table, width: n.width, vocabulary: vocabulary, positions: 77, causal: true)),
            blocks: twinBlocks("text_model.", n, try table.activation("hidden_act", otherwise: .quickGELU)),
            // Configurations written before the end token was put right say 2 and mean the highest id.
            pooling: .endOfText(id: end == 2 ? nil : end),
            pooledNorm: Norm("text_model.final_layer_norm", width: n.width, epsilon: n.epsilon),
            projection: try projection("text_projection", from: n.width, table))
    }

    private func projection(
        _ name: String, from width: Int, _ table: ConfigurationFile
    ) throws(ConfigurationError) -> Linear? {
        guard weights.entries[name + ".weight"] != nil else { return nil }
        let top = configuration.has("projection_dim") ? configuration : table
        return Linear(
            name, from: width, to: try top.integer("projection_dim", in: 1...16384, otherwise: 512), bias: false)
    }
}

/// What CLIP and SigLIP have in common in the transformers project.
extension Checkpoint {
    /// The table of one tower, which is the whole file where the tower was published alone.
    func tower(_ key: String, alone type: String) throws(ConfigurationError) -> ConfigurationFile {
        guard try configuration.text("model_type") == type else {
            guard !(try configuration.text("model_type").hasSuffix("_model")) else {
                throw configuration.fault("model_type", "has no \(key)")
            }
            return try configuration.table(key)
        }
        return configuration
    }

    func words(
        _ table: ConfigurationFile, width: Int, vocabulary: Int, positions: Int, causal: Bool
    ) throws(ConfigurationError) -> WordEmbedding {
        let e = "text_model.embeddings."
        let positions = try table.integer("max_position_embeddings", in: 1...65536, otherwise: positions)
        return WordEmbedding(
            width: width, words: WeightSlice(e + "token_embedding.weight", shape: [vocabulary, width]),
            positionTable: WeightSlice(e + "position_embedding.weight", shape: [positions, width]),
            positions: .counted, causal: causal)
    }

    func twinBlocks(_ prefix: String, _ n: TransformerSize, _ activation: Activation) -> [TransformerBlock] {
        (0..<n.layers).map { layer in
            let b = prefix + "encoder.layers.\(layer)."
            return TransformerBlock(
                .preNorm,
                attention: .separate(
                    b + "self_attn.", query: "q_proj", key: "k_proj", value: "v_proj", output: "out_proj",
                    width: n.width, heads: n.heads),
                feedForward: .plain(
                    up: b + "mlp.fc1", down: b + "mlp.fc2", width: n.width, hidden: n.hidden, activation),
                firstNorm: Norm(b + "layer_norm1", width: n.width, epsilon: n.epsilon),
                secondNorm: Norm(b + "layer_norm2", width: n.width, epsilon: n.epsilon))
        }
    }
}
