/// `decisions.parquet`, with the columns of ``SnapshotColumn/all``, and ``SnapshotColumn/embedding`` where it is asked for.
final class ParquetSink: SnapshotSink {
    let columns: [SnapshotColumn]
    private let file: SnapshotFile
    private let writer: ParquetWriter
    private var rows = 0

    init(folder: String, hasEmbeddings: Bool = false) throws {
        columns = SnapshotColumn.all + (hasEmbeddings ? [.embedding] : [])
        let file = try SnapshotFile(folder: folder, name: "decisions.parquet")
        self.file = file
        writer = try ParquetWriter(columns: columns.map(\.parquet)) { try file.append($0) }
    }

    func append(_ rows: [SnapshotRow]) throws {
        for row in rows { try writer.append(columns.map { $0.value(row) }) }
        self.rows += rows.count
    }

    func finish() throws -> [SnapshotEntry] {
        try writer.finish()
        return [try file.finish(rows: rows)]
    }
}

extension SnapshotColumn {
    var parquet: ParquetWriter.Column { ParquetWriter.Column(name: name, type: type, isRequired: isRequired) }
}
