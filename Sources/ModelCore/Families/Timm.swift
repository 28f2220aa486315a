/// What the name of a timm architecture says and its tensors do not.
///
/// Nearly everything else is read off the checkpoint: widths and depth from shapes, switches (biases, LayerScale,
/// registers, gates, inner norms, query-key norms) from which tensors there are.
///
/// Source: the model definitions of timm 1.0 (`vision_transformer.py`, `deit.py`, `eva.py`).
struct TimmArchitecture {
    let family: ModelFamily
    let heads: Int
    let activation: Activation
    let epsilon: Double
    /// Norms on the branches' outputs: EVA-02's enormous model and ViTs named `rpn`.
    let hasBranchNorms: Bool
    /// Side of the grid at which EVA-02's rotary positions were trained; nil without them.
    let rotarySide: Int?
    /// A CLIP tower, whose last layer projects into the space that it shares with texts.
    let isTower: Bool
    /// What is pooled where neither the configuration nor OpenCLIP says: `token`, `avg` or `map`.
    let pooling: String

    /// Nil for a name that is not known.
    init?(_ name: String) {
        // What follows a dot names the training, not the architecture.
        let words = name.prefix { $0 != "." }.split(separator: "_").map(String.init)
        guard words.count >= 2, let kind = words.first, words.dropFirst(2).allSatisfy(Self.isUnderstood) else {
            return nil
        }
        func has(_ word: String) -> Bool { words.contains(word) }
        let size = words[1]
        isTower = has("clip")
        switch kind {
        case "eva", "eva02":
            let sizes = ["tiny": 3, "small": 6, "base": 12, "large": 16, "giant": 16, "enormous": 16]
            guard let found = sizes[size] else { return nil }
            (family, heads, activation, epsilon) = (.eva, found, .gelu, 1e-6)
            hasBranchNorms = size == "enormous"
            rotarySide = kind == "eva02" && size != "enormous" ? 16 : nil
            pooling = isTower ? "token" : "avg"
        case "vit", "deit", "deit3":
            guard let found = Self.heads(size, words) else { return nil }
            heads = found
            family =
                kind != "vit"
                ? .deit
                : has("xp") || size == "pwee" ? .vit22b : has("siglip") ? .siglip : has("dinov2") ? .dinov2 : .vit
            activation = has("quickgelu") ? .quickGELU : Self.isTanh(size, words) ? .tanhGELU : .gelu
            epsilon = isTower ? 1e-5 : 1e-6
            hasBranchNorms = has("rpn")
            rotarySide = nil
            pooling = has("gap") ? "avg" : has("siglip") || has("map") ? "map" : "token"
        default: return nil
        }
    }

    /// Of the words behind kind and size. Any other may stand for rotary positions, differential attention, a
    /// convolutional stem: things that leave the tensors' names as they are and make another network.
    private static func isUnderstood(_ word: String) -> Bool {
        func isCounted(_ prefix: String) -> Bool {
            word.hasPrefix(prefix) && word.count > prefix.count
                && word.dropFirst(prefix.count).allSatisfy(\.isWholeNumber)
        }
        return ["", "patch", "reg"].contains(where: isCounted)
            || [
                "clip", "quickgelu", "siglip", "gap", "map", "dinov2", "xp", "rpn", "plus", "miil", "36x1",
            ].contains(word)
    }

    private static func heads(_ size: String, _ words: [String]) -> Int? {
        if words.contains("plus") { return size == "base" ? 14 : nil }
        if size == "base", words.contains("gap"), words.contains("patch16"), words.contains("224"),
            !words.contains("siglip")
        {
            return 16
        }
        if size == "giant", words.contains("dinov2") { return 24 }
        return [
            "tiny": 3, "xsmall": 4, "small": 6, "medium": 8, "mediumd": 8, "betwixt": 10, "base": 12, "so150m": 14,
            "so150m2": 13, "large": 16, "huge": 16, "giant": 16, "gigantic": 16, "so400m": 16, "giantopt": 16,
            "wee": 4, "pwee": 4, "little": 5,
        ][size]
    }

    /// The SigLIP models whose GELU is the approximated one.
    private static func isTanh(_ size: String, _ words: [String]) -> Bool {
        guard words.contains("siglip") else { return false }
        switch size {
        case "giantopt": return true
        case "so400m": return words.contains("patch16")
        case "base": return words.contains("patch32")
        case "large": return words.contains("512")
        default: return false
        }
    }
}

extension Checkpoint {
    /// A timm hub folder. The embedding is what its classifier is given; of a CLIP tower the projected one.
    func timmEncoder(size: ImageSize?, input: PatchEmbedding.Input) throws(ConfigurationError) -> Encoder {
        let name = try configuration.text("architecture")
        let changes = try configuration.table("model_args")
        guard let architecture = TimmArchitecture(name) else { throw configuration.fault("architecture", "is unknown") }
        let classes = try configuration.integer("num_classes", in: 0...1_000_000, otherwise: 0)
        // Towers that were fine-tuned to classify have 1000 or more classes and no projection.
        let projects = architecture.isTower && classes > 0 && classes != 1000 && classes < 10000
        return try timmEncoder(
            prefix: "", architecture,
            heads: try changes.integer("num_heads", in: 1...256, otherwise: architecture.heads),
            pooling: try changes.text("global_pool", otherwise: configuration.text("global_pool", otherwise: "")),
            projection: projects ? "head" : nil, table: configuration, size: size, input: input)
    }

    /// A timm vision transformer under `prefix`.
    ///
    /// - Parameters:
    ///   - pooling: `token`, `avg` or `map`; empty takes the architecture's.
    ///   - projection: name of the linear layer behind the pooling; nil has none.
    ///   - table: named in faults.
    func timmEncoder(
        prefix p: String, _ architecture: TimmArchitecture, heads: Int, pooling: String, projection: String?,
        table: ConfigurationFile, size: ImageSize?, input: PatchEmbedding.Input
    ) throws(ConfigurationError) -> Encoder {
        guard let kernel = shape(p + "patch_embed.proj.weight"), kernel.count == 4, kernel[1] == 3,
            kernel[2] == kernel[3], (1...256).contains(kernel[2]), (1...16384).contains(kernel[0])
        else { throw table.fault("architecture", "needs a square patch embedding of three channels") }
        let (width, patch) = (kernel[0], kernel[2])
        let depth =
            (0..<129).first { !has(p + "blocks.\($0).norm1.weight") && !has(p + "blocks.\($0).in_norm.weight") } ?? 0
        guard (1...128).contains(depth) else { throw table.fault("architecture", "has \(depth) blocks in its file") }
        guard width % heads == 0 else { throw table.fault("num_heads", "does not divide the width \(width)") }

        let learnt = learntTokens(p, width: width)
        let before = learnt.reduce(0) { $0 + $1.count }
        let positions = try positionTable(p, before: before, width: width, table)
        let norm = { (name: String) in self.norm(p + name, width: width, epsilon: architecture.epsilon) }
        let side = positions?.side ?? 0
        let embedding = PatchEmbedding(
            width: width, patchSize: patch, kernel: WeightSlice(p + "patch_embed.proj.weight", shape: kernel),
            bias: has(p + "patch_embed.proj.bias") ? WeightSlice(p + "patch_embed.proj.bias", shape: [width]) : nil,
            prefix: learnt, positions: positions, norm: has(p + "norm_pre.weight") ? norm("norm_pre") : nil,
            size: try self.size(size, side: side * patch, patch: patch, table), input: input)
        let rotary = architecture.rotarySide.map {
            RotaryPositions(
                rows: embedding.rows, columns: embedding.columns, prefix: before, headWidth: width / heads,
                referenceSide: $0)
        }
        guard rotary == nil || (width / heads) % 4 == 0 else {
            throw table.fault("num_heads", "gives heads that rotary positions over a grid cannot turn")
        }
        var blocks: [TransformerBlock] = []
        for layer in 0..<depth {
            let b = p + "blocks.\(layer)."
            blocks.append(
                has(b + "in_norm.weight")
                    ? try parallelBlock(b, width: width, heads: heads, architecture, table)
                    : try block(b, width: width, heads: heads, architecture, rotary: rotary, table))
        }
        var encoder = Encoder(weights: weights, embedding: .patches(embedding), blocks: blocks, pooling: .first)
        let tokenNorm = has(p + "norm.weight") ? norm("norm") : nil
        let pooledNorm = has(p + "fc_norm.weight") ? norm("fc_norm") : nil
        switch pooling.isEmpty ? architecture.pooling : pooling {
        case "token" where has(p + "cls_token"):
            guard tokenNorm == nil || pooledNorm == nil else {
                throw table.fault("global_pool", "has two norms behind it")
            }
            encoder.pooledNorm = tokenNorm ?? pooledNorm
        case "avg":
            encoder = Encoder(
                weights: weights, embedding: .patches(embedding), blocks: blocks, tokenNorm: tokenNorm,
                pooling: .mean(skipping: before), pooledNorm: pooledNorm)
        case "map":
            encoder = Encoder(
                weights: weights, embedding: .patches(embedding), blocks: blocks, tokenNorm: tokenNorm,
                pooling: .attention(try pooler(p + "attn_pool.", width: width, heads: heads, architecture, table)),
                pooledNorm: pooledNorm)
        default: throw table.fault("global_pool", "is none of token, avg, map, or has no class token to take")
        }
        if let projection {
            guard let shape = shape(p + projection + ".weight"), shape.count == 2, shape[1] == width else {
                throw table.fault("num_classes", "needs a projection [classes, \(width)] named \(projection)")
            }
            encoder.projection = Linear(
                p + projection, from: width, to: shape[0], bias: has(p + projection + ".bias"))
        }
        return encoder
    }

    // MARK: Parts

    private func learntTokens(_ p: String, width: Int) -> [PatchEmbedding.Prefix] {
        ["cls_token", "reg_token"].compactMap { name in
            guard let shape = shape(p + name), shape.count == 3, shape[2] == width, (1...64).contains(shape[1]) else {
                return nil
            }
            return .init(tensor: WeightSlice(p + name, shape: shape), count: shape[1])
        }
    }

    /// The table says by its length whether it has rows for the tokens before the patches.
    private func positionTable(
        _ p: String, before: Int, width: Int, _ table: ConfigurationFile
    ) throws(ConfigurationError) -> PositionEmbedding? {
        guard let shape = shape(p + "pos_embed"), shape.count == 3, shape[2] == width else {
            throw table.fault("architecture", "has no table of positions in its file")
        }
        func side(_ patches: Int) -> Int? {
            let root = Int(Double(max(patches, 0)).squareRoot().rounded())
            return root > 0 && root * root == patches ? root : nil
        }
        let tensor = WeightSlice(p + "pos_embed", shape: shape)
        // The class token's row alone, with registers behind it, is no layout that timm writes.
        for prefix in [before, 0] {
            guard let side = side(shape[1] - prefix) else { continue }
            return PositionEmbedding(
                tensor: tensor, width: width, prefix: prefix, side: side, resampling: .antialiasedBicubic)
        }
        throw table.fault("architecture", "has \(shape[1]) positions in its file, which are no square grid")
    }

    private func block(
        _ b: String, width: Int, heads: Int, _ architecture: TimmArchitecture, rotary: RotaryPositions?,
        _ table: ConfigurationFile
    ) throws(ConfigurationError) -> TransformerBlock {
        var attention = try self.attention(b + "attn.", width: width, heads: heads)
        attention.rotary = rotary
        attention.innerNorm = optionalNorm(b + "attn.norm", width: width, architecture)
        attention.queryNorm = optionalNorm(b + "attn.q_norm", width: width / heads, architecture)
        attention.keyNorm = optionalNorm(b + "attn.k_norm", width: width / heads, architecture)
        var block = TransformerBlock(
            architecture.hasBranchNorms ? .branchNorm : .preNorm, attention: attention,
            feedForward: try feedForward(b + "mlp.", width: width, architecture, table),
            firstNorm: norm(b + "norm1", width: width, epsilon: architecture.epsilon),
            secondNorm: norm(b + "norm2", width: width, epsilon: architecture.epsilon))
        func scale(_ names: [String]) -> WeightSlice? {
            names.first(where: has).map { WeightSlice($0, shape: [width]) }
        }
        block.attentionScale = scale([b + "ls1.gamma", b + "gamma_1"])
        block.feedForwardScale = scale([b + "ls2.gamma", b + "gamma_2"])
        return block
    }

    private func attention(_ a: String, width: Int, heads: Int) throws(ConfigurationError) -> Attention {
        if has(a + "q_proj.weight") {
            func linear(_ name: String) -> Linear {
                Linear(a + name, from: width, to: width, bias: has(a + name + ".bias"))
            }
            return Attention(
                query: linear("q_proj"), key: linear("k_proj"), value: linear("v_proj"), output: linear("proj"),
                heads: heads)
        }
        let fused = has(a + "qkv.bias") ? a + "qkv.bias" : nil
        let parts = Linear.fused(weight: a + "qkv.weight", bias: fused, from: width, to: [width, width, width])
        // EVA keeps the biases of queries and values apart and has none for keys.
        func biased(_ linear: Linear, _ name: String) -> Linear {
            has(a + name) ? Linear(weight: linear.weight, bias: WeightSlice(a + name, shape: [width])) : linear
        }
        return Attention(
            query: biased(parts[0], "q_bias"), key: parts[1], value: biased(parts[2], "v_bias"),
            output: Linear(a + "proj", from: width, to: width, bias: has(a + "proj.bias")), heads: heads)
    }

    private func feedForward(
        _ m: String, width: Int, _ architecture: TimmArchitecture, _ table: ConfigurationFile
    ) throws(ConfigurationError) -> FeedForward {
        guard let down = shape(m + "fc2.weight"), down.count == 2, down[0] == width else {
            throw table.fault("architecture", "has no feed-forward layer \(m)fc2 of its width")
        }
        let hidden = down[1]
        var found: FeedForward
        let last = Linear(m + "fc2", from: hidden, to: width, bias: has(m + "fc2.bias"))
        if has(m + "fc1_g.weight") {
            func linear(_ name: String) -> Linear {
                Linear(m + name, from: width, to: hidden, bias: has(m + name + ".bias"))
            }
            found = FeedForward(
                inner: .gated(gate: linear("fc1_g"), up: linear("fc1_x")), activation: .silu, down: last)
        } else if shape(m + "fc1.weight")?.first == 2 * hidden {
            let parts = Linear.fused(
                weight: m + "fc1.weight", bias: has(m + "fc1.bias") ? m + "fc1.bias" : nil, from: width,
                to: [hidden, hidden])
            found = FeedForward(inner: .gated(gate: parts[0], up: parts[1]), activation: .silu, down: last)
        } else {
            let up = Linear(m + "fc1", from: width, to: hidden, bias: has(m + "fc1.bias"))
            found = FeedForward(inner: .plain(up: up), activation: architecture.activation, down: last)
        }
        found.innerNorm = optionalNorm(m + "norm", width: hidden, architecture)
        return found
    }

    /// `ParallelScalingBlock`: one fused matrix in, [hidden, queries, keys, values], and two out.
    private func parallelBlock(
        _ b: String, width: Int, heads: Int, _ architecture: TimmArchitecture, _ table: ConfigurationFile
    ) throws(ConfigurationError) -> TransformerBlock {
        guard let down = shape(b + "mlp_out_proj.weight"), down.count == 2, down[0] == width else {
            throw table.fault("architecture", "has no \(b)mlp_out_proj of its width")
        }
        let hidden = down[1]
        let biased = has(b + "in_proj.bias")
        let parts = Linear.fused(
            weight: b + "in_proj.weight", bias: biased ? b + "in_proj.bias" : nil, from: width,
            to: [hidden, width, width, width])
        let up = biased ? parts[0] : Linear(weight: parts[0].weight, bias: WeightSlice(b + "mlp_bias", shape: [hidden]))
        func out(_ name: String, _ input: Int) -> Linear {
            Linear(b + name, from: input, to: width, bias: has(b + name + ".bias"))
        }
        var attention = Attention(
            query: parts[1], key: parts[2], value: parts[3], output: out("attn_out_proj", width), heads: heads)
        attention.queryNorm = optionalNorm(b + "q_norm", width: width / heads, architecture)
        attention.keyNorm = optionalNorm(b + "k_norm", width: width / heads, architecture)
        var block = TransformerBlock(
            .parallel, attention: attention,
            feedForward: FeedForward(
                inner: .plain(up: up), activation: architecture.activation, down: out("mlp_out_proj", hidden)),
            firstNorm: norm(b + "in_norm", width: width, epsilon: architecture.epsilon), secondNorm: nil)
        if has(b + "ls.gamma") {
            block.attentionScale = WeightSlice(b + "ls.gamma", shape: [width])
            block.feedForwardScale = block.attentionScale
        }
        return block
    }

    private func pooler(
        _ a: String, width: Int, heads: Int, _ architecture: TimmArchitecture, _ table: ConfigurationFile
    ) throws(ConfigurationError) -> AttentionPooler {
        let parts = Linear.fused(weight: a + "kv.weight", bias: a + "kv.bias", from: width, to: [width, width])
        return AttentionPooler(
            probe: WeightSlice(a + "latent", shape: [1, 1, width]),
            attention: Attention(
                query: Linear(a + "q", from: width, to: width), key: parts[0], value: parts[1],
                output: Linear(a + "proj", from: width, to: width), heads: heads),
            refinement: .init(
                norm: norm(a + "norm", width: width, epsilon: architecture.epsilon),
                feedForward: try feedForward(a + "mlp.", width: width, architecture, table)))
    }

    // MARK: What the file has

    private func has(_ name: String) -> Bool { weights.entries[name] != nil }
    private func shape(_ name: String) -> [Int]? { weights.entries[name]?.shape }

    /// timm's norms without a bias are RMS norms.
    private func norm(_ name: String, width: Int, epsilon: Double) -> Norm {
        let shifted = has(name + ".bias")
        return Norm(name, width: width, epsilon: epsilon, shifted: shifted, centred: shifted)
    }

    private func optionalNorm(_ name: String, width: Int, _ architecture: TimmArchitecture) -> Norm? {
        has(name + ".weight") ? norm(name, width: width, epsilon: architecture.epsilon) : nil
    }
}
