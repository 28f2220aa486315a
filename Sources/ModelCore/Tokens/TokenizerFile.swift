import Foundation

/// Reads `tokenizer.json`, the file in which the `tokenizers` library keeps a whole tokenizer.
///
/// Every kind of part that published text and image-text models of the supported families use is read, and every other
/// one refused by the field's name. Nothing in the file is trusted: sizes, ids and depths are bounded before they are
/// used. `truncation` is not read, since a limit comes with each call; neither is `decoder`, since nothing is decoded.
struct TokenizerFile {
    static let name = "tokenizer.json"
    /// Embedding tables of published models have up to a million rows.
    static let mostIDs = 10_000_000

    private let root: JSONField

    static func parts(folder: String) throws(TokenizerError) -> Tokenizer.Parts {
        let path = folder + "/" + name
        var parts =
            FileManager.default.fileExists(atPath: path)
            ? try TokenizerFile(JSONField(path: path)).parts() : try VocabularyFiles(folder: folder).parts()
        parts.paddingID = try TokenizerSettings(folder: folder).paddingID(in: parts)
        return parts
    }

    init(_ root: JSONField) { self.root = root }

    func parts() throws(TokenizerError) -> Tokenizer.Parts {
        var reader = ModelReader()
        let model = try reader.model(root.required("model"))
        let normalizer = try root.member("normalizer").map { field throws(TokenizerError) in
            try Self.normalizer(field)
        }
        var parts = Tokenizer.Parts(
            normalizer: normalizer,
            preTokenizer: try root.member("pre_tokenizer").map { field throws(TokenizerError) in
                try Self.preTokenizer(field)
            },
            model: model, largestID: reader.largestID)
        try addTokens(to: &parts, pieces: reader.pieces)
        if let field = root.member("post_processor") { parts.postProcessor = try Self.postProcessor(field) }
        for id in parts.postProcessor.before + parts.postProcessor.after { parts.largestID = max(parts.largestID, id) }
        if let padding = root.member("padding") {
            let id = try padding.required("pad_id").id()
            parts.paddingID = id
            parts.largestID = max(parts.largestID, id)
        }
        if parts.postProcessor.trimming != nil { parts.spaces = reader.spaces() }
        return parts
    }

    // MARK: Added tokens

    /// Ids are given as the library gives them: the vocabulary's where it has the token, else the next free one. What
    /// the file says must be the same.
    private func addTokens(to parts: inout Tokenizer.Parts, pieces: Int) throws(TokenizerError) {
        guard let field = root.member("added_tokens") else { return }
        var next = pieces
        for token in try field.elements(atMost: 100_000) {
            let content = try token.required("content").string()
            guard !content.isEmpty else { continue }
            if try token.flag("single_word") {
                throw try token.required("single_word").unsupported("true", supported: "false")
            }
            var id = parts.tokenIDs[content] ?? parts.model.id(of: content)
            if id == nil {
                id = Int32(next)
                next += 1
            }
            let stated = try token.required("id").id()
            guard let id, id == stated else {
                throw try token.required("id").malformed(
                    "is not the token's id in the vocabulary, nor the next free one")
            }
            parts.tokenIDs[content] = id
            parts.largestID = max(parts.largestID, id)
            let isKept = parts.added.insert(
                AddedTokens.Token(
                    content: content, id: id, stripsLeft: try token.flag("lstrip"),
                    stripsRight: try token.flag("rstrip"),
                    normalized: try token.flag("normalized", default: !(try token.flag("special")))),
                normalizer: parts.normalizer)
            guard isKept else { throw try token.required("content").malformed("is too long") }
        }
    }

    // MARK: Normalizers

    private static let normalizers =
        "BertNormalizer, NFC, NFD, Lowercase, Strip, Replace, Prepend, Precompiled, Nmt, Sequence"

    private static func normalizer(_ field: JSONField, depth: Int = 0) throws(TokenizerError) -> Normalizer {
        switch try field.kind() {
        case "BertNormalizer":
            let lowercases = try field.flag("lowercase", default: true)
            return .bert(
                BertNormalizer(
                    cleans: try field.flag("clean_text", default: true),
                    spacesChinese: try field.flag("handle_chinese_chars", default: true),
                    stripsAccents: try field.flag("strip_accents", default: lowercases), lowercases: lowercases))
        case "NFC": return .canonical(.composed)
        case "NFD": return .canonical(.decomposed)
        case "Lowercase": return .lowercase
        case "Nmt": return .nmt
        case "Strip": return .strip(left: try field.flag("strip_left"), right: try field.flag("strip_right"))
        case "Replace":
            return .replace(
                try pattern(field.required("pattern")), with: try field.required("content").scalars(atMost: 16))
        case "Prepend": return .prepend(try field.required("prepend").scalars(atMost: 16))
        case "Precompiled":
            let map = try field.required("precompiled_charsmap")
            guard let data = Data(base64Encoded: try map.string()), let charsmap = Charsmap(Array(data)) else {
                throw map.malformed("is no character map of SentencePiece")
            }
            return .charsmap(charsmap)
        case "Sequence":
            let parts = try field.required("normalizers").elements(atMost: 32)
            guard depth < 4 else { throw field.malformed("is nested too deeply") }
            return .sequence(
                try parts.map { part throws(TokenizerError) in try normalizer(part, depth: depth + 1) })
        case let kind: throw field.unsupported(kind, supported: normalizers)
        }
    }

    private static func pattern(_ field: JSONField) throws(TokenizerError) -> ScalarPattern {
        let expression = try field.member("Regex")?.string()
        let literal = expression == nil ? try field.required("String").string() : ""
        do throws(ScalarPattern.Fault) {
            if let expression { return try ScalarPattern(expression) }
            return try ScalarPattern(literal: literal)
        } catch {
            throw .unsupported(
                path: field.path, field: field.name, found: "a pattern that \(error.reason)",
                supported: "literals, classes, \\p{L}, \\p{N}, \\s, repetition of one character, alternatives")
        }
    }

    // MARK: Pre-tokenizers

    private static let preTokenizers =
        "BertPreTokenizer, WhitespaceSplit, Punctuation, Split, ByteLevel, Metaspace, Sequence"

    private static func preTokenizer(_ field: JSONField, depth: Int = 0) throws(TokenizerError) -> PreTokenizer {
        switch try field.kind() {
        case "BertPreTokenizer": return .bert
        case "WhitespaceSplit": return .whitespace
        case "Punctuation": return .punctuation(try behavior(field, default: .isolated))
        case "Split":
            return .split(
                try pattern(field.required("pattern")), try behavior(field), inverted: try field.flag("invert"))
        case "ByteLevel":
            return .byteLevel(
                prefixesSpace: try field.flag("add_prefix_space", default: true),
                splits: try field.flag("use_regex", default: true))
        case "Metaspace": return .metaspace(try metaspace(field))
        case "Sequence":
            let parts = try field.required("pretokenizers").elements(atMost: 32)
            guard depth < 4 else { throw field.malformed("is nested too deeply") }
            return .sequence(
                try parts.map { part throws(TokenizerError) in try preTokenizer(part, depth: depth + 1) })
        case let kind: throw field.unsupported(kind, supported: preTokenizers)
        }
    }

    private static func behavior(
        _ field: JSONField, default usual: SplitBehavior? = nil
    ) throws(TokenizerError) -> SplitBehavior {
        if let usual, field.member("behavior") == nil { return usual }
        return try field.required("behavior").choice(SplitBehavior.self)
    }

    private static func metaspace(_ field: JSONField) throws(TokenizerError) -> PreTokenizer.Metaspace {
        let replacement = try field.required("replacement").scalars(atMost: 1)
        var prefix = PreTokenizer.Metaspace.Prefix.always
        if let scheme = field.member("prepend_scheme") {
            prefix = try scheme.choice(PreTokenizer.Metaspace.Prefix.self)
        } else if try !field.flag("add_prefix_space", default: true) {
            // Older files have no scheme.
            prefix = .never
        }
        guard let replacement = replacement.first else {
            throw try field.required("replacement").malformed("is not one character")
        }
        return PreTokenizer.Metaspace(
            replacement: replacement, prefix: prefix, splits: try field.flag("split", default: true))
    }

    // MARK: Post-processors

    private static func postProcessor(_ field: JSONField, depth: Int = 0) throws(TokenizerError) -> PostProcessor {
        switch try field.kind() {
        case "TemplateProcessing": return try template(field)
        case "BertProcessing", "RobertaProcessing":
            var found = PostProcessor(
                before: [try specialToken(field.required("cls"))], after: [try specialToken(field.required("sep"))])
            if try field.kind() == "RobertaProcessing" { found.trimming = try trimming(field) }
            return found
        case "ByteLevel": return PostProcessor(trimming: try trimming(field))
        case "Sequence":
            guard depth < 4 else { throw field.malformed("is nested too deeply") }
            var found = PostProcessor()
            for part in try field.required("processors").elements(atMost: 32) {
                found = found.followed(by: try postProcessor(part, depth: depth + 1))
            }
            return found
        case let kind:
            throw field.unsupported(
                kind, supported: "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence")
        }
    }

    private static func trimming(_ field: JSONField) throws(TokenizerError) -> PostProcessor.Trimming? {
        try field.flag("trim_offsets", default: true)
            ? PostProcessor.Trimming(
                prefixesSpace: try field.flag("add_prefix_space", default: true), afterSpecials: false) : nil
    }

    /// `["[SEP]", 102]`
    private static func specialToken(_ field: JSONField) throws(TokenizerError) -> Int32 {
        let pair = try field.elements(atMost: 2)
        guard pair.count == 2 else { throw field.malformed("is not a token and its id") }
        return try pair[1].id()
    }

    private static func template(_ field: JSONField) throws(TokenizerError) -> PostProcessor {
        var found = PostProcessor()
        var hasText = false
        for piece in try field.required("single").elements(atMost: 64) {
            if let text = piece.member("Sequence") {
                guard !hasText, try text.required("id").string() == "A" else {
                    throw text.unsupported("a second text", supported: "one text, A")
                }
                hasText = true
                continue
            }
            let name = try piece.required("SpecialToken").required("id")
            guard let token = try field.required("special_tokens").member(name.string()) else {
                throw name.malformed("is not among special_tokens")
            }
            let ids = try token.required("ids").elements(atMost: 64).map { id throws(TokenizerError) in try id.id() }
            if hasText { found.after += ids } else { found.before += ids }
        }
        guard hasText else { throw try field.required("single").malformed("has no place for the text") }
        return found
    }
}
