/// ALBEF in the folder that `tools/convert/albef.py` makes of a published pickle: the text goes through the first half
/// of a BERT alone, which gives its embedding, and reads the picture in the second half.
///
/// Source: Li et al. 2021, "Align before Fuse: Vision and Language Representation Learning with Momentum
/// Distillation", section 3.1.
extension Checkpoint {
    func albefMatcher(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> ImageTextMatcher {
        let (layers, fusion) = try albefTextLayers()
        try configuration.require("itm_classes", 2)
        let text = try albefTextEncoder()
        return ImageTextMatcher(
            image: try albefImageEncoder(size: size, input: input), text: text, words: try words(of: text),
            alone: text.blocks,
            fused: (fusion..<layers.count).map { layers[$0] }, head: Linear("itm_head", from: layers.width, to: 2),
            explainedLayer: FusionLayers.explainedByALBEF(of: layers.count - fusion))
    }

    func albefImageEncoder(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> Encoder {
        let table = try configuration.table("vision_config")
        let n = try TransformerSize(table, usual: (768, 12, 12, 3072, 1e-6))
        let grid = try grid(table, imageSize: 256, patchSize: 16)
        let side = grid.side / grid.patch
        let activation = try table.activation("hidden_act", otherwise: .gelu)
        let v = "visual_encoder."
        return Encoder(
            weights: weights,
            embedding: .patches(
                PatchEmbedding(
                    width: n.width, patchSize: grid.patch,
                    kernel: WeightSlice(v + "patch_embed.proj.weight", shape: [n.width, 3, grid.patch, grid.patch]),
                    bias: WeightSlice(v + "patch_embed.proj.bias", shape: [n.width]),
                    prefix: [.init(tensor: WeightSlice(v + "cls_token", shape: [1, 1, n.width]), count: 1)],
                    positions: PositionEmbedding(
                        tensor: WeightSlice(v + "pos_embed", shape: [1, side * side + 1, n.width]), width: n.width,
                        prefix: 1, side: side, resampling: .bicubic),
                    size: try self.size(size, side: grid.side, patch: grid.patch, table), input: input)),
            blocks: (0..<n.layers).map { layer in
                let b = v + "blocks.\(layer)."
                return TransformerBlock(
                    .preNorm,
                    attention: .fused(
                        weight: b + "attn.qkv.weight", bias: b + "attn.qkv.bias", output: b + "attn.proj",
                        width: n.width, heads: n.heads),
                    feedForward: .plain(
                        up: b + "mlp.fc1", down: b + "mlp.fc2", width: n.width, hidden: n.hidden, activation),
                    firstNorm: Norm(b + "norm1", width: n.width, epsilon: n.epsilon),
                    secondNorm: Norm(b + "norm2", width: n.width, epsilon: n.epsilon))
            },
            tokenNorm: Norm(v + "norm", width: n.width, epsilon: n.epsilon), pooling: .first,
            projection: Linear("vision_proj", from: n.width, to: try sharedWidth()))
    }

    func albefTextEncoder() throws(ConfigurationError) -> Encoder {
        let (layers, fusion) = try albefTextLayers()
        let vocabulary = try layers.table.integer("vocab_size", in: 1...2_000_000)
        let positions = try layers.table.integer("max_position_embeddings", in: 1...65536)
        let types = try layers.table.integer("type_vocab_size", in: 1...16)
        return Encoder(
            weights: weights,
            embedding: .words(layers.words(vocabulary: vocabulary, positions: positions, types: types)),
            blocks: (0..<fusion).map { layers[$0].block }, pooling: .first,
            projection: Linear("text_proj", from: layers.width, to: try sharedWidth()))
    }

    /// The BERT's layers, and the first that reads the picture.
    private func albefTextLayers() throws(ConfigurationError) -> (FusionLayers, fusion: Int) {
        let table = try configuration.table("text_config")
        let n = try TransformerSize(table, usual: (768, 12, 12, 3072, 1e-12))
        let layers = FusionLayers(
            table: table, size: n, activation: try table.activation("hidden_act", otherwise: .gelu),
            imageWidth: try table.integer("encoder_width", in: 1...16384))
        return (layers, try table.integer("fusion_layer", in: 0...(n.layers - 1)))
    }
}
