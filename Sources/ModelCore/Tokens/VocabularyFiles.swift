import Foundation

/// Old checkpoints have their vocabulary alone: `vocab.txt` (BERT), or `vocab.json` with `merges.txt` (CLIP,
/// RoBERTa).
///
/// What the vocabulary does not say is the same for all of a family, and is what the `transformers` project fills in.
/// So the missing `tokenizer.json` is written here, and read as any other.
struct VocabularyFiles {
    let folder: String

    func parts() throws(TokenizerError) -> Tokenizer.Parts {
        if exists("vocab.txt") { return try Self.parts(of: try bert(), path: folder + "/vocab.txt") }
        if exists("vocab.json"), exists("merges.txt") {
            return try Self.parts(of: try bytePairs(), path: folder + "/vocab.json")
        }
        throw .unreadable(
            path: folder, reason: "it has neither tokenizer.json, nor vocab.txt, nor vocab.json with merges.txt")
    }

    private static func parts(of text: String, path: String) throws(TokenizerError) -> Tokenizer.Parts {
        try TokenizerFile(JSONField(path: path, bytes: Array(text.utf8))).parts()
    }

    private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name)") }

    private func text(_ name: String) throws(TokenizerError) -> String {
        let path = "\(folder)/\(name)"
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            guard data.count <= JSONDocument.mostBytes, let text = String(validating: data, as: UTF8.self) else {
                throw TokenizerError.unreadable(path: path, reason: "it is too large, or not UTF-8")
            }
            return text
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw .unreadable(path: path, reason: error.localizedDescription)
        }
    }

    /// Lines without their ends; `\r\n` ends one too.
    private func lines(_ name: String) throws(TokenizerError) -> [Substring.UnicodeScalarView] {
        var lines = try text(name).unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.count < TokenizerFile.mostIDs else {
            throw .unreadable(path: "\(folder)/\(name)", reason: "it has too many lines")
        }
        return lines.map { $0.last == "\r" ? $0.dropLast() : $0 }
    }

    // MARK: BERT

    private static let bertTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

    /// One piece a line, its id the line's number from 0.
    private func bert() throws(TokenizerError) -> String {
        let settings = try TokenizerSettings(folder: folder)
        let pieces = try lines("vocab.txt")
        var ids: [String: Int] = [:]
        for (id, piece) in pieces.enumerated() where piece.first == "[" { ids[String(piece)] = id }
        guard let classifier = ids["[CLS]"], let separator = ids["[SEP]"] else {
            throw .malformed(path: folder + "/vocab.txt", field: "[CLS], [SEP]", reason: "are not in the vocabulary")
        }
        let lowercases = try settings.flag("do_lower_case") ?? true
        let vocabulary = pieces.enumerated().map { "\(Self.quoted($1)):\($0)" }
        return """
            {"model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{\(vocabulary.joined(separator: ","))}},
            "normalizer":{"type":"BertNormalizer","lowercase":\(lowercases),
              "handle_chinese_chars":\(try settings.flag("tokenize_chinese_chars") ?? true),
              "strip_accents":\(try settings.flag("strip_accents") ?? lowercases)},
            "pre_tokenizer":{"type":"BertPreTokenizer"},
            "post_processor":{"type":"BertProcessing","cls":["[CLS]",\(classifier)],"sep":["[SEP]",\(separator)]},
            "added_tokens":[\(Self.special(Self.bertTokens, ids))]}
            """
    }

    // MARK: Byte pairs

    private func bytePairs() throws(TokenizerError) -> String {
        let path = folder + "/vocab.json"
        let vocabulary = try text("vocab.json")
        let field = try JSONField(path: path, bytes: Array(vocabulary.utf8))
        var ids: [String: Int] = [:]
        for name in Self.clipTokens + Self.robertaTokens {
            if let id = try field.member(name)?.id() { ids[name] = Int(id) }
        }
        let merges = try lines("merges.txt").filter { !String($0).hasPrefix("#version") && !$0.isEmpty }
        let model =
            "\"type\":\"BPE\",\"vocab\":\(vocabulary),\"merges\":[\(merges.map(Self.quoted).joined(separator: ","))]"
        if let start = ids["<|startoftext|>"], let end = ids["<|endoftext|>"] {
            return Self.clip(model, start: start, end: end, ids: ids)
        }
        if let start = ids["<s>"], let end = ids["</s>"] {
            let prefixesSpace = try TokenizerSettings(folder: folder).flag("add_prefix_space") ?? false
            return Self.roberta(model, start: start, end: end, ids: ids, prefixesSpace: prefixesSpace)
        }
        throw .malformed(path: path, field: "<|startoftext|>, <s>", reason: "are not in the vocabulary")
    }

    private static let clipTokens = ["<|startoftext|>", "<|endoftext|>"]

    private static func clip(_ model: String, start: Int, end: Int, ids: [String: Int]) -> String {
        #"""
        {"model":{\#(model),"unk_token":"<|endoftext|>","end_of_word_suffix":"</w>"},
        "normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},
          {"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "},{"type":"Lowercase"}]},
        "pre_tokenizer":{"type":"Sequence","pretokenizers":[
          {"type":"Split","behavior":"Removed","invert":true,"pattern":{"Regex":
            "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"}},
          {"type":"ByteLevel","add_prefix_space":false}]},
        "post_processor":{"type":"RobertaProcessing","trim_offsets":false,
          "cls":["<|startoftext|>",\#(start)],"sep":["<|endoftext|>",\#(end)]},
        "padding":{"pad_id":\#(end)},
        "added_tokens":[\#(special(clipTokens, ids))]}
        """#
    }

    private static let robertaTokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]

    private static func roberta(
        _ model: String, start: Int, end: Int, ids: [String: Int], prefixesSpace: Bool
    ) -> String {
        """
        {"model":{\(model)},
        "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":\(prefixesSpace)},
        "post_processor":{"type":"RobertaProcessing","trim_offsets":true,"add_prefix_space":\(prefixesSpace),
          "cls":["<s>",\(start)],"sep":["</s>",\(end)]},
        "added_tokens":[\(special(robertaTokens, ids))]}
        """
    }

    // MARK: JSON

    private static func special(_ names: [String], _ ids: [String: Int]) -> String {
        names.compactMap { name in ids[name].map { (name, $0) } }.map { name, id in
            // RoBERTa's mask takes the space before it into itself.
            """
            {"id":\(id),"content":"\(name)","special":true,"normalized":false,"lstrip":\(name == "<mask>")}
            """
        }.joined(separator: ",")
    }

    private static func quoted(_ text: Substring.UnicodeScalarView) -> String {
        var quoted = "\""
        for scalar in text {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case ..<" ":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
