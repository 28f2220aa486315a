/// A snapshot's files and columns in the vocabulary of MLCommons' Croissant 1.0 (Akhtar et al. 2024, "Croissant: A Metadata
/// Format for ML-Ready Datasets"), so that what reads that finds the rows without knowing of snapshots.
///
/// Like the manifest it holds no path and no time but that of the last verdict.
struct Croissant {
    var format: SnapshotFormat
    var description: String
    var bound: ExportBound
    /// Of the table; empty where the format is none.
    var columns: [SnapshotColumn]
    /// Data files and the data card.
    var files: [SnapshotEntry]

    static let fileName = "croissant.json"

    func write(to folder: String) throws -> SnapshotEntry {
        let file = try SnapshotFile(folder: folder, name: Self.fileName)
        try file.append(document.text + "\n")
        return try file.finish(rows: nil)
    }

    var document: JSONValue {
        [
            "@context": Self.context, "@type": "sc:Dataset", "name": "moderation-decisions",
            "description": .string(description), "conformsTo": "http://mlcommons.org/croissant/1.0",
            "version": .string("\(bound.event).0.0"), "datePublished": .string(String(bound.time.rfc3339.prefix(10))),
            "distribution": .array(
                files.filter { !isPicture($0.name) }.map(fileObject) + (pictures.isEmpty ? [] : [pictureSet])),
            "recordSet": .array(tables.map(recordSet)),
        ]
    }

    // MARK: - Files

    private func fileObject(_ file: SnapshotEntry) -> JSONValue {
        [
            "@type": "cr:FileObject", "@id": .string(file.name), "name": .string(file.name),
            "contentUrl": .string(file.name), "contentSize": .string("\(file.byteCount) B"),
            "encodingFormat": .string(Self.encodings[Self.ending(of: file.name)] ?? "application/octet-stream"),
            "sha256": .string(file.sha256.hex),
        ]
    }

    /// Thousands of pictures are one set; the manifest has the hash of each.
    private var pictureSet: JSONValue {
        let folders = Set(pictures.map { $0.split(separator: "/").dropLast().joined(separator: "/") }).sorted()
        let endings = Set(pictures.map(Self.ending)).sorted()
        return [
            "@type": "cr:FileSet", "@id": "pictures", "name": "pictures",
            "encodingFormat": .array(endings.compactMap { Self.encodings[$0].map { .string($0) } }),
            "includes": .array(
                folders.flatMap { folder in endings.map { .string("\(folder)/*.\($0)") } }),
        ]
    }

    private var pictures: [String] { files.map(\.name).filter(isPicture) }

    private func isPicture(_ name: String) -> Bool {
        Self.encodings[Self.ending(of: name)]?.hasPrefix("image/") ?? false
    }

    private static func ending(of name: String) -> String {
        name.split(separator: ".").last.map(String.init) ?? ""
    }

    private static let encodings = [
        "jsonl": "application/jsonlines", "csv": "text/csv", "parquet": "application/x-parquet",
        "tar": "application/x-tar", "json": "application/json", "md": "text/markdown", "xml": "application/xml",
        "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif",
    ]

    // MARK: - Rows

    /// The files whose rows have columns.
    private var tables: [SnapshotEntry] {
        let ending: String? =
            switch format {
            case .jsonl, .csv, .parquet: format.rawValue
            case .imagefolder: "parquet"
            case .webdataset, .labelstudio, .prodigy: nil
            }
        return files.filter { $0.rows != nil && Self.ending(of: $0.name) == ending && $0.name != Retraction.fileName }
    }

    private func recordSet(_ table: SnapshotEntry) -> JSONValue {
        // `decisions`, or the split's folder.
        let name = table.name.split { $0 == "/" || $0 == "." }.first.map(String.init) ?? table.name
        return [
            "@type": "cr:RecordSet", "@id": .string(name), "name": .string(name),
            "key": ["@id": .string("\(name)/\(format == .imagefolder ? "file_name" : "decision")")],
            "field": .array(fields.map { field($0.name, $0.type, of: table, in: name) }),
        ]
    }

    /// Lines of JSON have objects for what tables have in columns of lists; their plain members are named here.
    private var fields: [(name: String, type: ColumnType)] {
        guard format == .jsonl else { return columns.map { ($0.name, $0.type) } }
        let plain: Set<String> = [
            "id", "text", "lang", "verdict", "policies", "severity", "split", "sampling", "sampled", "reviewer",
            "review",
            "decided_at", "duration_ms", "note", "decision", "supersedes", "hash",
        ]
        return SnapshotColumn.all.filter { plain.contains($0.name) }.map { ($0.name, $0.type) }
    }

    private func field(_ name: String, _ type: ColumnType, of table: SnapshotEntry, in set: String) -> JSONValue {
        var members: [JSONMember] = [
            JSONMember("@type", "cr:Field"), JSONMember("@id", .string("\(set)/\(name)")),
            JSONMember("name", .string(name)),
        ]
        if case .list(let element) = type, format != .csv {
            members += [JSONMember("dataType", .string(element.croissant)), JSONMember("repeated", true)]
        } else {
            // A list in a CSV is a text of JSON.
            members.append(JSONMember("dataType", .string(type.croissant)))
        }
        members.append(
            JSONMember(
                "source", ["fileObject": ["@id": .string(table.name)], "extract": ["column": .string(name)]]))
        return .object(members)
    }

    // MARK: - Vocabulary

    /// The context of the specification, word for word: readers warn of any other.
    private static let context: JSONValue = {
        let ours = [
            "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet",
            "format",
            "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references",
            "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
        ]
        let others: [JSONMember] = [
            JSONMember("@language", "en"), JSONMember("@vocab", "https://schema.org/"),
            JSONMember("cr", "http://mlcommons.org/croissant/"), JSONMember("dct", "http://purl.org/dc/terms/"),
            JSONMember("rai", "http://mlcommons.org/croissant/RAI/"), JSONMember("sc", "https://schema.org/"),
            JSONMember("conformsTo", "dct:conformsTo"), JSONMember("data", ["@id": "cr:data", "@type": "@json"]),
            JSONMember("dataType", ["@id": "cr:dataType", "@type": "@vocab"]),
            JSONMember("examples", ["@id": "cr:examples", "@type": "@json"]),
        ]
        return .object(others + ours.map { JSONMember($0, .string("cr:\($0)")) })
    }()
}

extension ColumnType {
    /// The type of a value, or of a list's elements written out.
    fileprivate var croissant: String {
        switch self {
        case .text, .list: "sc:Text"
        case .integer: "sc:Integer"
        case .number, .single: "sc:Float"
        case .flag: "sc:Boolean"
        case .time: "sc:DateTime"
        }
    }
}
