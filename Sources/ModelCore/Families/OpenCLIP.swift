/// Two-tower models as OpenCLIP publishes them: its own transformers, or a timm model as the vision tower (SigLIP,
/// EVA-CLIP).
///
/// Source: the model definitions of open_clip 3.3 (`model.py`, `transformer.py`, `timm_model.py`).
extension Checkpoint {
    func openCLIPImageEncoder(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> Encoder {
        let model = try configuration.table("model_cfg")
        let table = try model.table("vision_cfg")
        if table.has("timm_model_name") { return try towerOfTimm(model, table, size: size, input: input) }
        try refuseCustomBlocks(table)
        let width = try table.integer("width", in: 1...16384, otherwise: 768)
        let headWidth = try table.integer("head_width", in: 1...1024, otherwise: 64)
        let patch = try table.side("patch_size", in: 1...256, otherwise: 16)
        let image = try table.side("image_size", in: 1...4096, otherwise: 224)
        let side = image / patch
        let epsilon = try table.table("norm_kwargs").number("eps", in: 0...0.1, otherwise: 1e-5)
        guard width % headWidth == 0 else { throw table.fault("head_width", "does not divide the width") }
        let v = "visual."
        let pooling = try table.text("pool_type", otherwise: "tok")
        guard ["tok", "avg"].contains(pooling) else { throw table.fault("pool_type", "is neither tok nor avg") }
        let isMean = pooling == "avg"
        let normsPooled = try table.flag("final_ln_after_pool", otherwise: false)
        // CoCa's: true, or the name of a variant.
        let hasPooler =
            table.has("attentional_pool") && (try? table.flag("attentional_pool", otherwise: false)) != false
        let pooler = hasPooler ? try cocaPooler(model, table, queries: 0..<1) : nil
        let normsTokens = pooler == nil && isMean && !normsPooled
        let pooledWidth = pooler?.attention.output.output ?? width
        let post = Norm(v + "ln_post", width: pooledWidth, epsilon: epsilon)
        return Encoder(
            weights: weights,
            embedding: .patches(
                PatchEmbedding(
                    width: width, patchSize: patch,
                    kernel: WeightSlice(v + "conv1.weight", shape: [width, 3, patch, patch]), bias: nil,
                    prefix: [.init(tensor: WeightSlice(v + "class_embedding", shape: [width]), count: 1)],
                    positions: PositionEmbedding(
                        tensor: WeightSlice(v + "positional_embedding", shape: [side * side + 1, width]), width: width,
                        prefix: 1, side: side, resampling: .antialiasedBicubic),
                    norm: try table.flag("no_ln_pre", otherwise: false)
                        ? nil : Norm(v + "ln_pre", width: width, epsilon: epsilon),
                    size: try self.size(size, side: image, patch: patch, table), input: input)),
            blocks: try resblocks(
                v + "transformer.", width: width, heads: width / headWidth,
                layers: table.integer("layers", in: 1...128, otherwise: 12), epsilon: epsilon,
                activation(model, table), table),
            tokenNorm: normsTokens ? post : nil,
            pooling: pooler.map { .attention($0) } ?? (isMean ? .mean(skipping: 1) : .first),
            pooledNorm: normsTokens ? nil : post,
            projection: Linear(parameter: v + "proj", from: pooledWidth, to: try embeddingWidth(model)))
    }

    func openCLIPTextEncoder() throws(ConfigurationError) -> Encoder {
        let model = try configuration.table("model_cfg")
        let table = try model.table("text_cfg")
        guard !table.has("hf_model_name") else {
            throw table.fault("hf_model_name", "is a text tower of another project inside OpenCLIP, which is not read")
        }
        try refuseCustomBlocks(table)
        let width = try table.integer("width", in: 1...16384, otherwise: 512)
        let heads = try table.integer("heads", in: 1...256, otherwise: 8)
        guard width % heads == 0 else { throw table.fault("heads", "does not divide the width") }
        let vocabulary = try table.integer("vocab_size", in: 1...2_000_000, otherwise: 49408)
        let context = try table.integer("context_length", in: 1...65536, otherwise: 77)
        let epsilon = try table.table("norm_kwargs").number("eps", in: 0...0.1, otherwise: 1e-5)
        let isCausal = !(try table.flag("no_causal_mask", otherwise: false))
        let t = prefix(of: "token_embedding.weight", among: ["text.", ""])
        // CoCa's class token behind the text, which is then what is pooled.
        let hasSuffix = try table.flag("embed_cls", otherwise: false)
        let pooling: Pooling =
            switch hasSuffix ? "last" : try table.text("pool_type", otherwise: "argmax") {
            case "argmax": .endOfText(id: nil)
            case "eos": .endOfText(id: try table.integer("eos_id", in: 0...vocabulary, otherwise: 2))
            case "last": .last
            case "first": .first
            default: throw table.fault("pool_type", "is none of argmax, eos, last, first")
            }
        var words = WordEmbedding(
            width: width, words: WeightSlice(t + "token_embedding.weight", shape: [vocabulary, width]),
            positionTable: WeightSlice(t + "positional_embedding", shape: [context + (hasSuffix ? 1 : 0), width]),
            positions: .counted,
            causal: isCausal)
        if hasSuffix { words.suffix = WeightSlice(t + "cls_emb", shape: [width]) }
        let hidesPadding = try table.flag("use_pad_mask", otherwise: false)
        words.filling = hasSuffix ? .hidden : isCausal || hidesPadding ? .none : .read
        return Encoder(
            weights: weights, embedding: .words(words),
            blocks: try resblocks(
                t + "transformer.", width: width, heads: heads,
                layers: table.integer("layers", in: 1...128, otherwise: 12), epsilon: epsilon,
                activation(model, table), table),
            pooling: pooling, pooledNorm: Norm(t + "ln_final", width: width, epsilon: epsilon),
            projection: try textProjection(t + "text_projection", width: width, model, table))
    }

    // MARK: Parts

    private func towerOfTimm(
        _ model: ConfigurationFile, _ table: ConfigurationFile, size: ImageSize?, input: PatchEmbedding.Input
    ) throws(ConfigurationError) -> Encoder {
        let name = try table.text("timm_model_name")
        guard let architecture = TimmArchitecture(name) else { throw table.fault("timm_model_name", "is unknown") }
        // Null or empty: the timm model's own classifier is the projection.
        let kind = table.has("timm_proj") ? try table.text("timm_proj") : ""
        guard ["", "linear", "none"].contains(kind) else {
            throw table.fault("timm_proj", "is none of linear, none and null")
        }
        let encoder = try timmEncoder(
            prefix: "visual.trunk.", architecture, heads: architecture.heads,
            pooling: try table.text("timm_pool", otherwise: "avg"), projection: kind.isEmpty ? "head" : nil,
            table: table, size: size, input: input)
        guard kind == "linear" else { return encoder }
        var projected = encoder
        projected.projection = Linear(
            "visual.head.proj", from: encoder.width, to: try embeddingWidth(model),
            bias: weights.entries["visual.head.proj.bias"] != nil)
        return projected
    }

    func resblocks(
        _ prefix: String, width: Int, heads: Int, layers: Int, epsilon: Double, _ activation: Activation,
        _ table: ConfigurationFile
    ) throws(ConfigurationError) -> [TransformerBlock] {
        // ViT-G's ratio is written as 4.9231: the file knows the width better.
        let first = prefix + "resblocks.0.mlp.c_fc.weight"
        guard let hidden = weights.entries[first]?.shape.first, (1...262_144).contains(hidden) else {
            throw table.fault("layers", "has no \(first) in its file")
        }
        return (0..<layers).map { layer in
            let b = prefix + "resblocks.\(layer)."
            var block = TransformerBlock(
                .preNorm,
                attention: .fused(
                    weight: b + "attn.in_proj_weight", bias: b + "attn.in_proj_bias", output: b + "attn.out_proj",
                    width: width, heads: heads),
                feedForward: .plain(
                    up: b + "mlp.c_fc", down: b + "mlp.c_proj", width: width, hidden: hidden, activation),
                firstNorm: Norm(b + "ln_1", width: width, epsilon: epsilon),
                secondNorm: Norm(b + "ln_2", width: width, epsilon: epsilon))
            if weights.entries[b + "ls_1.gamma"] != nil {
                block.attentionScale = WeightSlice(b + "ls_1.gamma", shape: [width])
                block.feedForwardScale = WeightSlice(b + "ls_2.gamma", shape: [width])
            }
            return block
        }
    }

    private func textProjection(
        _ name: String, width: Int, _ model: ConfigurationFile, _ table: ConfigurationFile
    ) throws(ConfigurationError) -> Linear? {
        guard try table.text("proj_type", otherwise: "linear") != "none" else { return nil }
        let output = try embeddingWidth(model)
        return try table.flag("proj_bias", otherwise: false)
            ? Linear(name, from: width, to: output) : Linear(parameter: name, from: width, to: output)
    }

    func embeddingWidth(_ model: ConfigurationFile) throws(ConfigurationError) -> Int {
        try model.integer("embed_dim", in: 1...16384)
    }

    func activation(
        _ model: ConfigurationFile, _ table: ConfigurationFile
    ) throws(ConfigurationError) -> Activation {
        if try model.flag("quick_gelu", otherwise: false) { return .quickGELU }
        let approximation = try table.table("act_kwargs").text("approximate", otherwise: "none")
        return approximation == "tanh" ? .tanhGELU : .gelu
    }

    private func refuseCustomBlocks(_ table: ConfigurationFile) throws(ConfigurationError) {
        for key in ["qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc"] {
            try table.require(key, false)
        }
        try table.require("block_type", "default")
    }
}
