/// BLIP for retrieval as the transformers project publishes it (`BlipForImageTextRetrieval`): embeddings of picture and
/// text by themselves, and a matching head on the text's first token after it has read the picture in every layer.
///
/// A trap: the authors' own code puts the token [ENC] first when it matches, which transformers leaves to its caller;
/// the ids that come in are taken as they are.
///
/// Source: Li et al. 2022, "BLIP: Bootstrapping Language-Image Pre-training", section 3.1.
extension Checkpoint {
    func blipMatcher(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> ImageTextMatcher {
        let layers = try blipTextLayers()
        let text = try blipTextEncoder()
        return ImageTextMatcher(
            image: try blipImageEncoder(size: size, input: input), text: text, words: try words(of: text), alone: [],
            fused: layers.map { $0 }, head: Linear("itm_head", from: layers.width, to: 2),
            explainedLayer: FusionLayers.explainedByBLIP(of: layers.count))
    }

    func blipImageEncoder(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> Encoder {
        let table = try configuration.table("vision_config")
        let n = try TransformerSize(table, usual: (768, 12, 12, 3072, 1e-5))
        let grid = try grid(table, imageSize: 384, patchSize: 16)
        let side = grid.side / grid.patch
        let activation = try table.activation("hidden_act", otherwise: .gelu)
        let e = "vision_model.embeddings."
        return Encoder(
            weights: weights,
            embedding: .patches(
                PatchEmbedding(
                    width: n.width, patchSize: grid.patch,
                    kernel: WeightSlice(e + "patch_embedding.weight", shape: [n.width, 3, grid.patch, grid.patch]),
                    bias: WeightSlice(e + "patch_embedding.bias", shape: [n.width]),
                    prefix: [.init(tensor: WeightSlice(e + "class_embedding", shape: [1, 1, n.width]), count: 1)],
                    positions: PositionEmbedding(
                        tensor: WeightSlice(e + "position_embedding", shape: [1, side * side + 1, n.width]),
                        width: n.width, prefix: 1, side: side, resampling: .bicubic),
                    size: try self.size(size, side: grid.side, patch: grid.patch, table), input: input)),
            blocks: (0..<n.layers).map { layer in
                let b = "vision_model.encoder.layers.\(layer)."
                return TransformerBlock(
                    .preNorm,
                    attention: .fused(
                        weight: b + "self_attn.qkv.weight", bias: b + "self_attn.qkv.bias",
                        output: b + "self_attn.projection", width: n.width, heads: n.heads),
                    feedForward: .plain(
                        up: b + "mlp.fc1", down: b + "mlp.fc2", width: n.width, hidden: n.hidden, activation),
                    firstNorm: Norm(b + "layer_norm1", width: n.width, epsilon: n.epsilon),
                    secondNorm: Norm(b + "layer_norm2", width: n.width, epsilon: n.epsilon))
            },
            tokenNorm: Norm("vision_model.post_layernorm", width: n.width, epsilon: n.epsilon), pooling: .first,
            projection: Linear("vision_proj", from: n.width, to: try sharedWidth()))
    }

    func blipTextEncoder() throws(ConfigurationError) -> Encoder {
        let layers = try blipTextLayers()
        let vocabulary = try layers.table.integer("vocab_size", in: 1...2_000_000, otherwise: 30524)
        let positions = try layers.table.integer("max_position_embeddings", in: 1...65536, otherwise: 512)
        return Encoder(
            weights: weights,
            embedding: .words(layers.words(vocabulary: vocabulary, positions: positions, types: nil)),
            blocks: layers.map(\.block), pooling: .first,
            projection: Linear("text_proj", from: layers.width, to: try sharedWidth()))
    }

    private func blipTextLayers() throws(ConfigurationError) -> FusionLayers {
        let table = try configuration.table("text_config")
        let n = try TransformerSize(table, usual: (768, 12, 8, 3072, 1e-12))
        let vision = try configuration.table("vision_config")
        return FusionLayers(
            table: table, size: n, activation: try table.activation("hidden_act", otherwise: .gelu),
            imageWidth: try vision.integer("hidden_size", in: 1...16384, otherwise: 768))
    }

    /// Numbers of the contrastive embeddings.
    func sharedWidth() throws(ConfigurationError) -> Int {
        try configuration.integer("image_text_hidden_size", in: 1...16384, otherwise: 256)
    }
}

/// The layers of a BERT that reads pictures, under the names that BLIP and ALBEF share.
struct FusionLayers {
    let table: ConfigurationFile
    let size: TransformerSize
    let activation: Activation
    /// Of the picture's tokens.
    let imageWidth: Int

    var width: Int { size.width }
    var count: Int { size.layers }

    /// LAVIS's `compute_gradcam` looks at block 6 of 12.
    static func explainedByBLIP(of layers: Int) -> Int { layers / 2 }

    /// The third of six that read the picture: `block_num = 8` of 12 in `visualization.ipynb` of the authors' repository.
    static func explainedByALBEF(of fused: Int) -> Int { fused / 3 }

    func map<Part>(_ part: (FusionBlock) -> Part) -> [Part] { (0..<count).map { part(self[$0]) } }

    subscript(layer: Int) -> FusionBlock {
        let b = "text_encoder.encoder.layer.\(layer)."
        let block = TransformerBlock(
            .postNorm,
            attention: .separate(
                b + "attention.", query: "self.query", key: "self.key", value: "self.value", output: "output.dense",
                width: width, heads: size.heads),
            feedForward: .plain(
                up: b + "intermediate.dense", down: b + "output.dense", width: width, hidden: size.hidden, activation),
            firstNorm: Norm(b + "attention.output.LayerNorm", width: width, epsilon: size.epsilon),
            secondNorm: Norm(b + "output.LayerNorm", width: width, epsilon: size.epsilon))
        let c = b + "crossattention."
        return FusionBlock(
            block: block,
            cross: Attention(
                query: Linear(c + "self.query", from: width, to: width),
                key: Linear(c + "self.key", from: imageWidth, to: width),
                value: Linear(c + "self.value", from: imageWidth, to: width),
                output: Linear(c + "output.dense", from: width, to: width), heads: size.heads),
            crossNorm: Norm(c + "output.LayerNorm", width: width, epsilon: size.epsilon))
    }

    func words(vocabulary: Int, positions: Int, types: Int?) -> WordEmbedding {
        let e = "text_encoder.embeddings."
        return WordEmbedding(
            width: width, words: WeightSlice(e + "word_embeddings.weight", shape: [vocabulary, width]),
            positionTable: WeightSlice(e + "position_embeddings.weight", shape: [positions, width]),
            positions: .counted,
            types: types.map { WeightSlice(e + "token_type_embeddings.weight", shape: [$0, width]) },
            norm: Norm(e + "LayerNorm", width: width, epsilon: size.epsilon))
    }
}
