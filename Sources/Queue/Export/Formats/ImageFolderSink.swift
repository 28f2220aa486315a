/// A Hugging Face ImageFolder: `train/`, `validation/` and `test/`, each of pictures and a `metadata.parquet` that names
/// them under `file_name` beside the columns of ``SnapshotColumn/all``.
///
/// An item of several pictures has a row for each. Rows without a picture, or without a split, have no place.
final class ImageFolderSink: SnapshotSink {
    let columns: [SnapshotColumn]
    private let folder: String
    private let pictures: Pictures
    private var splits: [Split: (file: SnapshotFile, writer: ParquetWriter, rows: Int)] = [:]
    private var files: [SnapshotEntry] = []
    private var withoutPicture = 0
    private var withoutSplit = 0

    init(folder: String, pictures: Pictures) {
        self.folder = folder
        self.pictures = pictures
        columns =
            [
                SnapshotColumn(name: "file_name", type: .text, isRequired: true) { _ in .null },
                SnapshotColumn(name: "media_index", type: .integer, isRequired: true) { _ in .null },
            ] + SnapshotColumn.all
    }

    var leftOut: [LeftOut] {
        [
            LeftOut(name: "left_out_without_picture", what: "rows without a picture", count: withoutPicture),
            LeftOut(name: "left_out_without_split", what: "rows without a split", count: withoutSplit),
        ] + pictures.leftOut
    }

    func append(_ rows: [SnapshotRow]) throws {
        for row in rows {
            guard !row.media.isEmpty else {
                withoutPicture += 1
                continue
            }
            guard let split = row.split else {
                withoutSplit += 1
                continue
            }
            guard let pictures = pictures.all(of: row) else { continue }
            for picture in pictures {
                let name = "\(row.decision)-\(picture.index).\(picture.kind)"
                let file = try SnapshotFile(folder: folder, name: "\(split.name)/\(name)")
                try file.append(picture.bytes)
                files.append(try file.finish(rows: nil))
                try note(row, picture, name: name, in: split)
            }
        }
    }

    func finish() throws -> [SnapshotEntry] {
        for split in Split.allCases {
            guard let (file, writer, rows) = splits[split] else { continue }
            try writer.finish()
            files.append(try file.finish(rows: rows))
        }
        return files.sorted { $0.name < $1.name }
    }

    private func note(_ row: SnapshotRow, _ picture: Picture, name: String, in split: Split) throws {
        if splits[split] == nil {
            let file = try SnapshotFile(folder: folder, name: "\(split.name)/metadata.parquet")
            splits[split] = (file, try ParquetWriter(columns: columns.map(\.parquet)) { try file.append($0) }, 0)
        }
        let values = SnapshotColumn.all.map { $0.value(row) }
        try splits[split]?.writer.append([.text(name), .integer(Int64(picture.index))] + values)
        splits[split]?.rows += 1
    }
}
