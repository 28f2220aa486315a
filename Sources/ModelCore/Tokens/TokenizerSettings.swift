import Foundation

/// What a checkpoint says of its tokenizer beside it: `tokenizer_config.json` and `special_tokens_map.json`, of which
/// either or both may be missing.
struct TokenizerSettings {
    private let files: [JSONField]

    init(folder: String) throws(TokenizerError) {
        var files: [JSONField] = []
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            let path = "\(folder)/\(name)"
            if FileManager.default.fileExists(atPath: path) { files.append(try JSONField(path: path)) }
        }
        self.files = files
    }

    func flag(_ key: String) throws(TokenizerError) -> Bool? {
        for file in files where file.member(key) != nil { return try file.flag(key) }
        return nil
    }

    /// A special token's text, which may stand in an object with its properties.
    private func token(_ key: String) throws(TokenizerError) -> String? {
        for file in files {
            guard let field = file.member(key) else { continue }
            return try (field.member("content") ?? field).string()
        }
        return nil
    }

    /// The id of the token that rows are padded with, by its name here, or else by its usual names.
    func paddingID(in parts: Tokenizer.Parts) throws(TokenizerError) -> Int32? {
        func id(_ name: String) -> Int32? { parts.tokenIDs[name] ?? parts.model.id(of: name) }
        if let named = try token("pad_token").flatMap(id) { return named }
        return parts.paddingID ?? id("[PAD]") ?? id("<pad>")
    }
}
