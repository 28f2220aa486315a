import Foundation

/// How a text checkpoint reads and pools, as its publisher wrote it down.
struct PublishedTextSettings {
    /// Longest input in tokens, the special ones included.
    var maximumTokens: Int
    var pooling: TextPooling
    /// For people: what the publisher left open.
    var notes: [String] = []

    /// What a mapping file says.
    init(mapped: Recipe.TextSettings) {
        maximumTokens = mapped.maximumTokens
        pooling = TextPooling(rawValue: mapped.pooling) ?? .mean
    }

    /// - Parameters:
    ///   - folder: of the checkpoint as it was published, with the folders that sentence-transformers adds.
    ///   - longest: text that the model has positions for, in tokens.
    init(folder: String, longest: Int) throws(CheckpointError) {
        func integer(_ name: String, _ key: String) throws(CheckpointError) -> Int? {
            let value = try PublishedPreprocessing.object("\(folder)/\(name)")?[key] as? NSNumber
            // "No limit" is written as 1e30.
            return value.flatMap { Int(exactly: $0.doubleValue) }.flatMap { (3...65536).contains($0) ? $0 : nil }
        }
        let limits = [
            longest, try integer("sentence_bert_config.json", "max_seq_length"),
            try integer("tokenizer_config.json", "model_max_length"),
        ]
        maximumTokens = max(3, limits.compactMap { $0 }.min() ?? longest)
        let path = folder + "/1_Pooling/config.json"
        guard let fields = try PublishedPreprocessing.object(path) else {
            pooling = .mean
            notes.append("nothing says how tokens are pooled: the mean is taken (`pooling` of the recipe)")
            return
        }
        switch (fields["pooling_mode_mean_tokens"] as? Bool, fields["pooling_mode_cls_token"] as? Bool) {
        case (true, false), (true, nil): pooling = .mean
        case (false, true), (nil, true): pooling = .classToken
        default:
            throw .undecided(path: path, reason: "only the mean of the tokens or the first one can be pooled here.")
        }
    }
}
