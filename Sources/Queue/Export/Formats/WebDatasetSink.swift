/// Shards for WebDataset: `train-jpg-000000.tar`, `test-text-000000.tar` … of samples whose members lie side by side.
///
/// A sample is one picture with its item's text and labels, or an item without pictures. Its key is the decision's id and
/// the number of the picture, without dots; its members are `json`, `txt` and the picture. All samples of a shard have the
/// same members, and every `json` has the same keys with values of the same type: -1, -1.0 and "" stand for what is not
/// known, since readers take the schema from the first samples and know no null. Rows without a split have no shard.
final class WebDatasetSink: SnapshotSink {
    private let folder: String
    private let policies: [PolicyID]
    private let pictures: Pictures
    private let shardSize: Int64
    private var shards: [String: Shard] = [:]
    private var finished: [SnapshotEntry] = []
    private var withoutSplit = 0

    private struct Shard {
        var tar: TarShard
        var samples = 0
        var number = 0
    }

    /// - parameter policies: Those that every sample says something about.
    /// - parameter shardSize: A shard ends with the sample that reaches it, in bytes.
    init(folder: String, policies: [PolicyID], pictures: Pictures, shardSize: Int64 = 256 << 20) {
        self.folder = folder
        self.policies = policies
        self.pictures = pictures
        self.shardSize = shardSize
    }

    var leftOut: [LeftOut] {
        [LeftOut(name: "left_out_without_split", what: "rows without a split", count: withoutSplit)] + pictures.leftOut
    }

    func append(_ rows: [SnapshotRow]) throws {
        for row in rows {
            guard let split = row.split else {
                withoutSplit += 1
                continue
            }
            guard let pictures = pictures.all(of: row) else { continue }
            let text = Array((row.text ?? "").utf8)
            for picture in pictures {
                try add(
                    to: "\(split.name)-\(picture.kind)", key: "\(row.decision)-\(picture.index)",
                    [("json", json(of: row, picture)), ("txt", text), (picture.kind, picture.bytes)])
            }
            if pictures.isEmpty {
                try add(to: "\(split.name)-text", key: row.decision, [("json", json(of: row, nil)), ("txt", text)])
            }
        }
    }

    func finish() throws -> [SnapshotEntry] {
        for name in shards.keys.sorted() { try close(name) }
        return finished.sorted { $0.name < $1.name }
    }

    private func add(to name: String, key: String, _ members: [(name: String, bytes: [UInt8])]) throws {
        var shard = try shards[name] ?? Shard(tar: TarShard(SnapshotFile(folder: folder, name: Self.file(name, 0))))
        for member in members { try shard.tar.add("\(key).\(member.name)", member.bytes) }
        shard.samples += 1
        shards[name] = shard
        guard shard.tar.byteCount >= shardSize else { return }
        try close(name)
        shards[name] = Shard(
            tar: TarShard(try SnapshotFile(folder: folder, name: Self.file(name, shard.number + 1))),
            number: shard.number + 1)
    }

    private func close(_ name: String) throws {
        guard let shard = shards.removeValue(forKey: name) else { return }
        finished.append(try shard.tar.finish(rows: shard.samples))
    }

    private static func file(_ name: String, _ number: Int) -> String {
        let digits = String(number)
        return "\(name)-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits).tar"
    }

    // MARK: - What a sample says

    private func json(of row: SnapshotRow, _ picture: Picture?) -> [UInt8] {
        var members = SnapshotColumn.all.filter { !$0.type.isList && $0.name != "text" }.map { column in
            JSONMember(column.name, Self.sentinel(column.value(row), column.type))
        }
        let labels = row.labels.reduce(into: [:]) { $0[$1.policy] = $1 }
        let soft = row.softLabels.reduce(into: [:]) { $0[$1.policy] = $1.fraction }
        let scores = row.scores.reduce(into: [:]) { $0[$1.policy] = max($0[$1.policy] ?? 0, $1.value) }
        func byPolicy(_ value: (PolicyID) -> JSONValue) -> JSONValue {
            .object(policies.map { JSONMember($0.rawValue, value($0)) })
        }
        members += [
            JSONMember("policies", .string(row.policies.map(\.rawValue).joined(separator: " "))),
            JSONMember("labels", byPolicy { labels[$0].map { $0.isViolation ? 1 : 0 } ?? -1 }),
            JSONMember("label_origins", byPolicy { .string(labels[$0]?.origin.rawValue ?? "") }),
            JSONMember("soft_labels", byPolicy { .number(soft[$0] ?? -1) }),
            JSONMember("scores", byPolicy { .number(scores[$0] ?? -1) }),
            JSONMember("rationales", .string(JSONValue.array(row.rationales.map(\.json)).text)),
            JSONMember("media_index", .integer(Int64(picture?.index ?? -1))),
            JSONMember("media_count", .integer(Int64(row.media.count))),
            JSONMember("media_path", .string(picture?.medium.path ?? "")),
            JSONMember("media_sha256", .string(picture?.medium.sha256 ?? "")),
            JSONMember("media_pdq", .string(picture?.medium.pdq ?? "")),
        ]
        return Array(JSONValue.object(members).text.utf8)
    }

    private static func sentinel(_ value: ColumnValue, _ type: ColumnType) -> JSONValue {
        switch (type, value) {
        case (.text, .null): ""
        case (.integer, .null): -1
        case (.number, .null): -1.0
        case (.flag, .null): -1
        case (.flag, .flag(let flag)): flag ? 1 : 0
        default: value.json
        }
    }
}
