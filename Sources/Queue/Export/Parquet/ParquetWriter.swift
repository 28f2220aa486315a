/// Writes typed rows as Apache Parquet (github.com/apache/parquet-format, 2.11): row groups of column chunks, each a data
/// page v1 with PLAIN values and RLE levels, gzip by zlib, checksums, statistics.
///
/// Texts are BYTE_ARRAY with the logical type STRING, times INT64 with TIMESTAMP(millis, UTC), integers INT64, numbers
/// DOUBLE, singles FLOAT, flags BOOLEAN; a list is the three-level LIST with nullable elements. Equal rows give equal bytes.
///
/// ```swift
/// let writer = try ParquetWriter(columns: columns) { try file.append($0) }
/// try writer.append(row)
/// try writer.finish()
/// ```
final class ParquetWriter {
    /// A column without its values.
    struct Column: Sendable {
        var name: String
        var type: ColumnType
        /// Whether it has no nulls.
        var isRequired: Bool
    }

    /// A column of a row group that is in the file.
    private struct WrittenChunk {
        var offset: Int64
        var values: Int
        /// With the page's header.
        var byteCount: Int64
        var uncompressed: Int64
        var nulls: Int
        var statistics: ParquetChunk.Range?
    }

    private struct WrittenGroup {
        var rows: Int
        var chunks: [WrittenChunk]

        var byteCount: Int64 { chunks.reduce(0) { $0 + $1.byteCount } }
        var uncompressed: Int64 { chunks.reduce(0) { $0 + $1.uncompressed } }
    }

    private let columns: [Column]
    private let keys: [(key: String, value: String)]
    private let write: ([UInt8]) throws -> Void
    private let rowsInGroup: Int
    private let bytesInGroup: Int
    private var chunks: [ParquetChunk]
    private var pending = 0
    private var groups: [WrittenGroup] = []
    private var position: Int64 = 4

    private static let magic = Array("PAR1".utf8)
    private static let gzip = 2

    /// - parameter keys: What the footer says beside the schema.
    /// - parameter rowsInGroup: A row group ends after so many rows, or so many bytes of values.
    /// - parameter write: Takes the file's bytes in their order.
    init(
        columns: [Column], keys: [(key: String, value: String)] = [], rowsInGroup: Int = 50_000,
        bytesInGroup: Int = 64 << 20, write: @escaping ([UInt8]) throws -> Void
    ) throws {
        self.columns = columns
        self.keys = keys
        self.rowsInGroup = rowsInGroup
        self.bytesInGroup = bytesInGroup
        self.write = write
        chunks = columns.map { ParquetChunk($0) }
        try write(Self.magic)
    }

    /// - parameter row: A value for each column, of its type.
    func append(_ row: [ColumnValue]) throws {
        for (number, value) in row.enumerated() { chunks[number].append(value) }
        pending += 1
        if pending == rowsInGroup || pending % 256 == 0 && chunks.reduce(0, { $0 + $1.size }) >= bytesInGroup {
            try endGroup()
        }
    }

    func finish() throws {
        if pending > 0 { try endGroup() }
        let footer = footer()
        let length = UInt32(footer.count)
        try write(footer + (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + Self.magic)
    }

    // MARK: - Row groups

    private func endGroup() throws {
        var written: [WrittenChunk] = []
        for (number, chunk) in chunks.enumerated() {
            let body = chunk.page
            let compressed = try Gzip.compressed(body)
            var header = ThriftCompact()
            header.field(1, i32: 0)  // DATA_PAGE
            header.field(2, i32: body.count)
            header.field(3, i32: compressed.count)
            header.field(4, i32: Int(Int32(bitPattern: Gzip.checksum(compressed))))
            header.field(5) { page in
                page.field(1, i32: chunk.values)
                page.field(2, i32: 0)  // PLAIN
                page.field(3, i32: 3)  // RLE
                page.field(4, i32: 3)
            }
            header.stop()
            try write(header.bytes)
            try write(compressed)
            let length = Int64(header.bytes.count + compressed.count)
            written.append(
                WrittenChunk(
                    offset: position, values: chunk.values, byteCount: length,
                    uncompressed: Int64(header.bytes.count + body.count), nulls: chunk.nulls, statistics: chunk.range))
            position += length
            chunks[number].removeAll()
        }
        groups.append(WrittenGroup(rows: pending, chunks: written))
        pending = 0
    }

    // MARK: - Footer

    /// One element of the schema, which is written depth first.
    private struct SchemaElement {
        var name: String
        /// The physical type; nil for a group.
        var physical: Int?
        /// 0 required, 1 optional, 2 repeated; nil for the root.
        var repetition: Int?
        var children: Int?
        var type: ColumnType?
    }

    private var schema: [SchemaElement] {
        [SchemaElement(name: "schema", children: columns.count)]
            + columns.flatMap { column -> [SchemaElement] in
                guard case .list(let element) = column.type else {
                    return [
                        SchemaElement(
                            name: column.name, physical: column.type.physical, repetition: column.isRequired ? 0 : 1,
                            type: column.type)
                    ]
                }
                return [
                    SchemaElement(name: column.name, repetition: 0, children: 1, type: column.type),
                    SchemaElement(name: "list", repetition: 2, children: 1),
                    SchemaElement(name: "element", physical: element.physical, repetition: 1, type: element),
                ]
            }
    }

    private func footer() -> [UInt8] {
        var thrift = ThriftCompact()
        thrift.field(1, i32: 2)
        thrift.field(2, list: schema) { thrift, element in
            if let physical = element.physical { thrift.field(1, i32: physical) }
            if let repetition = element.repetition { thrift.field(3, i32: repetition) }
            thrift.field(4, text: element.name)
            if let children = element.children { thrift.field(5, i32: children) }
            if let type = element.type { type.writeLogicalType(to: &thrift) }
        }
        thrift.field(3, i64: Int64(groups.reduce(0) { $0 + $1.rows }))
        thrift.field(4, list: Array(groups.enumerated())) { thrift, group in
            write(group.element, number: group.offset, to: &thrift)
        }
        if !keys.isEmpty {
            thrift.field(5, list: keys) { thrift, pair in
                thrift.field(1, text: pair.key)
                thrift.field(2, text: pair.value)
            }
        }
        thrift.field(6, text: "reviewtui")
        // Statistics are in the order that each column's type defines; without this readers must not use them.
        thrift.field(7, list: columns) { thrift, _ in thrift.field(1) { _ in } }
        thrift.stop()
        return thrift.bytes
    }

    private func write(_ group: WrittenGroup, number: Int, to thrift: inout ThriftCompact) {
        thrift.field(1, list: Array(zip(columns, group.chunks))) { thrift, pair in
            let (column, chunk) = pair
            thrift.field(2, i64: 0)
            thrift.field(3) { meta in
                let isList = column.type.isList
                meta.field(1, i32: column.type.element.physical)
                meta.field(2, i32List: [0, 3])
                meta.field(3, textList: isList ? [column.name, "list", "element"] : [column.name])
                meta.field(4, i32: Self.gzip)
                meta.field(5, i64: Int64(chunk.values))
                meta.field(6, i64: chunk.uncompressed)
                meta.field(7, i64: chunk.byteCount)
                meta.field(9, i64: chunk.offset)
                meta.field(12) { statistics in
                    statistics.field(3, i64: Int64(chunk.nulls))
                    guard let range = chunk.statistics else { return }
                    statistics.field(5, binary: range.greatest)
                    statistics.field(6, binary: range.least)
                    statistics.field(7, flag: true)
                    statistics.field(8, flag: true)
                }
            }
        }
        thrift.field(2, i64: group.uncompressed)
        thrift.field(3, i64: Int64(group.rows))
        thrift.field(5, i64: group.chunks.first?.offset ?? 4)
        thrift.field(6, i64: group.byteCount)
        thrift.field(7, i16: Int16(truncatingIfNeeded: number))
    }
}

extension ColumnType {
    /// The type of the values that are written: a list's elements.
    var element: ColumnType { if case .list(let element) = self { element } else { self } }

    /// Parquet's number for it.
    fileprivate var physical: Int {
        switch self {
        case .flag: 0  // BOOLEAN
        case .integer, .time: 2  // INT64
        case .single: 4  // FLOAT
        case .number: 5  // DOUBLE
        case .text, .list: 6  // BYTE_ARRAY
        }
    }

    /// The converted type of old readers and the logical type of new ones.
    fileprivate func writeLogicalType(to thrift: inout ThriftCompact) {
        switch self {
        case .text:
            thrift.field(6, i32: 0)  // UTF8
            thrift.field(10) { $0.field(1) { _ in } }
        case .list:
            thrift.field(6, i32: 3)  // LIST
            thrift.field(10) { $0.field(3) { _ in } }
        case .time:
            thrift.field(6, i32: 9)  // TIMESTAMP_MILLIS
            thrift.field(10) { logical in
                logical.field(8) { time in
                    time.field(1, flag: true)
                    time.field(2) { $0.field(1) { _ in } }
                }
            }
        case .integer, .number, .single, .flag: break
        }
    }
}
