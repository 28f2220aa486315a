/// SigLIP's two towers as the transformers project publishes them (`SiglipModel`): no class token, a learnt query pools
/// the patches; a text is its last token, padding included, since the model was trained on texts padded to full length.
///
/// Source: Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training".
extension Checkpoint {
    func siglipImageEncoder(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> Encoder {
        let table = try tower("vision_config", alone: "siglip_vision_model")
        let n = try TransformerSize(table, usual: (768, 12, 12, 3072, 1e-6))
        let grid = try grid(table, imageSize: 224, patchSize: 16)
        let side = grid.side / grid.patch
        let activation = try table.activation("hidden_act", otherwise: .tanhGELU)
        guard try table.flag("vision_use_head", otherwise: true) else {
            throw table.fault("vision_use_head", "is false: without its head the model has no embedding")
        }
        let e = "vision_model.embeddings."
        let h = "vision_model.head."
        return Encoder(
            weights: weights,
            embedding: .patches(
                PatchEmbedding(
                    width: n.width, patchSize: grid.patch,
                    kernel: WeightSlice(
                        e + "patch_embedding.weight", shape: [n.width, 3, grid.patch, grid.patch]),
                    bias: WeightSlice(e + "patch_embedding.bias", shape: [n.width]), prefix: [],
                    positions: PositionEmbedding(
                        tensor: WeightSlice(e + "position_embedding.weight", shape: [side * side, n.width]),
                        width: n.width, prefix: 0, side: side, resampling: .bicubic),
                    size: try self.size(size, side: grid.side, patch: grid.patch, table), input: input)),
            blocks: twinBlocks("vision_model.", n, activation),
            tokenNorm: Norm("vision_model.post_layernorm", width: n.width, epsilon: n.epsilon),
            pooling: .attention(
                AttentionPooler(
                    probe: WeightSlice(h + "probe", shape: [1, 1, n.width]),
                    attention: .fused(
                        weight: h + "attention.in_proj_weight", bias: h + "attention.in_proj_bias",
                        output: h + "attention.out_proj", width: n.width, heads: n.heads),
                    refinement: .init(
                        norm: Norm(h + "layernorm", width: n.width, epsilon: n.epsilon),
                        feedForward: .plain(
                            up: h + "mlp.fc1", down: h + "mlp.fc2", width: n.width, hidden: n.hidden, activation)))))
    }

    func siglipTextEncoder() throws(ConfigurationError) -> Encoder {
        let table = try tower("text_config", alone: "siglip_text_model")
        let n = try TransformerSize(table, usual: (768, 12, 12, 3072, 1e-6))
        let vocabulary = try table.integer("vocab_size", in: 1...2_000_000, otherwise: 32000)
        let output = try table.integer("projection_size", in: 1...16384, otherwise: n.width)
        var words = try words(table, width: n.width, vocabulary: vocabulary, positions: 64, causal: false)
        words.filling = .read
        return Encoder(
            weights: weights, embedding: .words(words),
            blocks: twinBlocks("text_model.", n, try table.activation("hidden_act", otherwise: .tanhGELU)),
            pooling: .last, pooledNorm: Norm("text_model.final_layer_norm", width: n.width, epsilon: n.epsilon),
            projection: Linear("text_model.head", from: n.width, to: output))
    }
}
