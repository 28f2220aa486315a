/// BERT and its kin as the transformers project publishes them, pooled as sentence-transformers does.
extension Checkpoint {
    /// `BertModel`, `RobertaModel` and `XLMRobertaModel`, which differ in how positions are counted.
    ///
    /// Source: Devlin et al. 2018, "BERT"; Liu et al. 2019, "RoBERTa"; Conneau et al. 2019, "Unsupervised Cross-lingual
    /// Representation Learning at Scale"; Reimers & Gurevych 2019, "Sentence-BERT".
    func bertEncoder(pooling: TextPooling) throws(ConfigurationError) -> Encoder {
        let file = configuration
        try file.require("position_embedding_type", "absolute")
        let isBERT = family == .bert
        let n = try TransformerSize(file, usual: (768, 12, 12, 3072, 1e-12))
        let activation = try file.activation("hidden_act", otherwise: .gelu)
        let vocabulary = try file.integer("vocab_size", in: 1...2_000_000)
        let positions = try file.integer("max_position_embeddings", in: 1...65536, otherwise: 512)
        let types = try file.integer("type_vocab_size", in: 1...16, otherwise: 2)
        let padding = try file.integer("pad_token_id", in: 0...vocabulary - 1, otherwise: isBERT ? 0 : 1)
        guard isBERT || positions > padding + 1 else {
            throw file.fault("max_position_embeddings", "leaves no position after the padding's")
        }
        let p = prefix(of: "embeddings.word_embeddings.weight", among: ["", "bert.", "roberta."])
        let e = p + "embeddings."
        return Encoder(
            weights: weights,
            embedding: .words(
                WordEmbedding(
                    width: n.width, words: WeightSlice(e + "word_embeddings.weight", shape: [vocabulary, n.width]),
                    positionTable: WeightSlice(e + "position_embeddings.weight", shape: [positions, n.width]),
                    positions: isBERT ? .counted : .afterPadding(id: padding),
                    types: WeightSlice(e + "token_type_embeddings.weight", shape: [types, n.width]),
                    norm: Norm(e + "LayerNorm", width: n.width, epsilon: n.epsilon))),
            blocks: (0..<n.layers).map { layer in
                let b = p + "encoder.layer.\(layer)."
                return TransformerBlock(
                    .postNorm,
                    attention: .separate(
                        b + "attention.", query: "self.query", key: "self.key", value: "self.value",
                        output: "output.dense", width: n.width, heads: n.heads),
                    feedForward: .plain(
                        up: b + "intermediate.dense", down: b + "output.dense", width: n.width, hidden: n.hidden,
                        activation),
                    firstNorm: Norm(b + "attention.output.LayerNorm", width: n.width, epsilon: n.epsilon),
                    secondNorm: Norm(b + "output.LayerNorm", width: n.width, epsilon: n.epsilon))
            },
            pooling: pooling == .mean ? .mean(skipping: 0) : .first)
    }
}
