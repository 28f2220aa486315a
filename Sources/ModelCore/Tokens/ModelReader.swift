/// Reads `model` of `tokenizer.json`: the vocabulary, and how words are taken apart.
struct ModelReader {
    private(set) var largestID: Int32 = 0
    /// How many pieces the vocabulary has.
    private(set) var pieces = 0
    private var vocabulary: [(piece: JSONDocument.Text, id: Int32)] = []
    private var document: JSONDocument?

    mutating func model(_ field: JSONField) throws(TokenizerError) -> PieceModel {
        // Old files do not name the kind.
        let kind: String
        if let type = field.member("type") {
            kind = try type.string()
        } else if field.member("merges") != nil {
            kind = "BPE"
        } else if case .array? = field.member("vocab")?.value {
            kind = "Unigram"
        } else {
            kind = "WordPiece"
        }
        switch kind {
        case "WordPiece": return .wordPiece(try wordPiece(field))
        case "BPE": return .bytePairs(try bytePairs(field))
        case "Unigram": return .unigram(try unigram(field))
        default: throw field.unsupported(kind, supported: "WordPiece, BPE, Unigram")
        }
    }

    /// The spaces that pieces begin and end with, of those that do.
    func spaces() -> [Int32: SpacesAround] {
        guard let document else { return [:] }
        var found: [Int32: SpacesAround] = [:]
        for (piece, id) in vocabulary {
            let spaces = SpacesAround(Array(document.string(piece).unicodeScalars))
            if spaces != SpacesAround() { found[id] = spaces }
        }
        return found
    }

    // MARK: Kinds

    private mutating func wordPiece(_ field: JSONField) throws(TokenizerError) -> WordPiece {
        let vocabulary = try mappedVocabulary(field.required("vocab"))
        let prefix = Array((try field.member("continuing_subword_prefix")?.string() ?? "##").utf8)
        var continuing = PieceTree(expectedBytes: self.vocabulary.count * 4)
        for (piece, id) in self.vocabulary {
            field.document.withUTF8(piece) { bytes in
                if bytes.starts(with: prefix) { _ = continuing.insert(bytes.dropFirst(prefix.count), id: id) }
            }
        }
        return WordPiece(
            vocabulary: vocabulary, unknown: try unknown(field, "unk_token", in: vocabulary, usual: "[UNK]"),
            continuing: continuing,
            longestWord: try field.member("max_input_chars_per_word")?.integer(in: 1...1_000_000) ?? 100)
    }

    private mutating func bytePairs(_ field: JSONField) throws(TokenizerError) -> BytePairs {
        if let dropout = field.member("dropout"), try dropout.number() != 0 {
            throw dropout.unsupported("a number", supported: "null, since a text must give the same ids every time")
        }
        if let prefix = field.member("continuing_subword_prefix"), try !prefix.string().isEmpty {
            throw prefix.unsupported(try prefix.string(), supported: "nothing")
        }
        let vocabulary = try mappedVocabulary(field.required("vocab"))
        var settings = BytePairs.Settings()
        settings.suffix = String(
            String.UnicodeScalarView(try field.member("end_of_word_suffix")?.scalars(atMost: 16) ?? []))
        if field.member("unk_token") != nil {
            settings.unknown = try unknown(field, "unk_token", in: vocabulary, usual: "")
        }
        settings.fusesUnknown = try field.flag("fuse_unk")
        settings.byteFallback = try byteFallback(field, vocabulary)
        settings.prefersWholeWords = try field.flag("ignore_merges")
        return BytePairs(
            vocabulary: vocabulary, merges: try merges(field.required("merges"), vocabulary), settings: settings)
    }

    private mutating func unigram(_ field: JSONField) throws(TokenizerError) -> Unigram {
        let list = try field.required("vocab")
        guard case .array(let entries) = list.value else { throw list.malformed("is not a list") }
        guard !entries.isEmpty, entries.count < TokenizerFile.mostIDs else {
            throw list.malformed("is empty or too long")
        }
        document = field.document
        pieces = entries.count
        largestID = Int32(entries.count - 1)
        var vocabulary = PieceTree(expectedBytes: entries.count * 9)
        var scores: [Double] = []
        scores.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            guard case .array(let pair) = entry, pair.count == 2, case .string(let piece) = pair[0],
                case .number(let score) = pair[1]
            else { throw list.malformed("has an entry that is not a piece and its score (the \(index + 1)th)") }
            try insert(piece, id: Int32(index), into: &vocabulary, list)
            scores.append(score)
        }
        let unknown = try field.required("unk_id").integer(in: 0...entries.count - 1)
        return Unigram(
            vocabulary: vocabulary, scores: scores, unknown: Int32(unknown),
            byteFallback: try byteFallback(field, vocabulary))
    }

    // MARK: Their parts

    private mutating func insert(
        _ piece: JSONDocument.Text, id: Int32, into tree: inout PieceTree, _ field: JSONField
    ) throws(TokenizerError) {
        let isKept = field.document.withUTF8(piece) { bytes in bytes.isEmpty || tree.insert(bytes, id: id) }
        guard isKept else {
            throw field.malformed("has a piece of more than \(PieceTree.longestPiece) bytes, or too many pieces")
        }
        vocabulary.append((piece, id))
    }

    private mutating func mappedVocabulary(_ field: JSONField) throws(TokenizerError) -> PieceTree {
        guard case .object(let members) = field.value else { throw field.malformed("is not an object") }
        guard !members.isEmpty, members.count < TokenizerFile.mostIDs else {
            throw field.malformed("is empty or too long")
        }
        document = field.document
        var tree = PieceTree(expectedBytes: members.count * 8)
        vocabulary.reserveCapacity(members.count)
        for member in members {
            guard case .number(let number) = member.value, let id = Int32(exactly: number), id >= 0,
                id < TokenizerFile.mostIDs
            else { throw field.malformed("gives a piece an id that is none") }
            try insert(member.key, id: id, into: &tree, field)
            largestID = max(largestID, id)
        }
        pieces = members.count
        return tree
    }

    private func unknown(
        _ field: JSONField, _ key: String, in vocabulary: PieceTree, usual: String
    ) throws(TokenizerError) -> Int32 {
        let name = try field.member(key)?.string() ?? usual
        guard let id = vocabulary.id(of: name) else {
            throw .malformed(path: field.path, field: "\(field.name).\(key)", reason: "is not in the vocabulary")
        }
        return id
    }

    private func byteFallback(_ field: JSONField, _ vocabulary: PieceTree) throws(TokenizerError) -> [Int32]? {
        guard try field.flag("byte_fallback") else { return nil }
        let hexadecimal = Array("0123456789ABCDEF")
        let ids = (0..<256).compactMap { vocabulary.id(of: "<0x\(hexadecimal[$0 / 16])\(hexadecimal[$0 % 16])>") }
        guard ids.isEmpty || ids.count == 256 else {
            throw try field.required("byte_fallback").malformed("is set, but the vocabulary has not all bytes")
        }
        return ids.isEmpty ? nil : ids
    }

    /// `["a b", …]` in older files, `[["a", "b"], …]` in newer ones.
    private func merges(
        _ field: JSONField, _ vocabulary: PieceTree
    ) throws(TokenizerError) -> [(left: Int32, right: Int32, made: Int32)] {
        guard case .array(let entries) = field.value else { throw field.malformed("is not a list") }
        guard entries.count < TokenizerFile.mostIDs else { throw field.malformed("is too long") }
        var found: [(left: Int32, right: Int32, made: Int32)] = []
        found.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            var merge: (Int32, Int32, Int32)?
            switch entry {
            case .string(let text):
                // Old files keep the first line of merges.txt.
                if index == 0, document?.string(text).hasPrefix("#version") == true { continue }
                merge = field.document.withUTF8(text) { line in
                    let sides = line.split(separator: 0x20, omittingEmptySubsequences: false)
                    return sides.count == 2 ? Self.merge(sides[0], sides[1], vocabulary) : nil
                }
            case .array(let sides):
                if sides.count == 2, case .string(let left) = sides[0], case .string(let right) = sides[1] {
                    merge = field.document.withUTF8(left) { left in
                        field.document.withUTF8(right) { right in Self.merge(left, right, vocabulary) }
                    }
                }
            default: break
            }
            guard let merge else {
                throw field.malformed("has an entry that is not a merge of two pieces (the \(index + 1)th)")
            }
            found.append((left: merge.0, right: merge.1, made: merge.2))
        }
        return found
    }

    private static func merge(
        _ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>, _ vocabulary: PieceTree
    ) -> (Int32, Int32, Int32)? {
        guard let leftID = vocabulary.id(of: left), let rightID = vocabulary.id(of: right),
            let made = vocabulary.id(of: left + right)
        else { return nil }
        return (leftID, rightID, made)
    }
}
