import Foundation
import Testing

@testable import Queue

@Suite struct ParquetWriterTests {
    /// The readers that `tools/deps --consumers` installs.
    static let python = TestQueue.packageFolder + "/.deps/consumers/bin/python"

    private static let columns = [
        ParquetWriter.Column(name: "text", type: .text, isRequired: false),
        ParquetWriter.Column(name: "id", type: .text, isRequired: true),
        ParquetWriter.Column(name: "integer", type: .integer, isRequired: false),
        ParquetWriter.Column(name: "number", type: .number, isRequired: false),
        ParquetWriter.Column(name: "flag", type: .flag, isRequired: false),
        ParquetWriter.Column(name: "time", type: .time, isRequired: true),
        ParquetWriter.Column(name: "texts", type: .list(.text), isRequired: false),
        ParquetWriter.Column(name: "integers", type: .list(.integer), isRequired: false),
        ParquetWriter.Column(name: "numbers", type: .list(.number), isRequired: false),
        ParquetWriter.Column(name: "flags", type: .list(.flag), isRequired: false),
        ParquetWriter.Column(name: "singles", type: .list(.single), isRequired: false),
    ]

    /// A value of a type, or a null, from what is awkward about it.
    private func value(_ type: ColumnType, required: Bool, _ generator: inout SplitMix64) -> ColumnValue {
        if type == .list(.single) {
            return .singles((0..<Int.random(in: 0...4, using: &generator)).map { Float($0) - 0.1 })
        }
        if case .list(let element) = type {
            let count = Int.random(in: 0...4, using: &generator)
            return .list((0..<count).map { _ in value(element, required: false, &generator) })
        }
        if !required, Int.random(in: 0..<4, using: &generator) == 0 { return .null }
        switch type {
        case .text:
            let texts = [
                "", "a", "ä \u{1F600}", "line\r\nline", "\u{0}", String(repeating: "long ", count: 40), "=1+1",
            ]
            return .text(texts.randomElement(using: &generator) ?? "")
        case .integer: return .integer([Int64.min, -1, 0, 1, .max].randomElement(using: &generator) ?? 0)
        case .number:
            return .number([-.infinity, -1.5, -0.0, 0, 1e300, .nan].randomElement(using: &generator) ?? 0)
        case .flag: return .flag(Bool.random(using: &generator))
        case .time: return .time(Int64.random(in: -1_000_000...4_000_000_000_000, using: &generator))
        case .single, .list: return .null
        }
    }

    /// As the script below says values: numbers by their bits, since JSON knows no NaN.
    private func said(_ value: ColumnValue) -> JSONValue {
        switch value {
        case .number(let number): .string(String(number.bitPattern))
        case .time(let milliseconds): .integer(milliseconds)
        case .list(let elements): .array(elements.map(said))
        case .singles(let elements): .array(elements.map { .string(String(Double($0).bitPattern)) })
        default: value.json
        }
    }

    private static let script = """
        import json, struct, sys
        import pyarrow.parquet as pq
        def say(value):
            if isinstance(value, float): return str(struct.unpack("<Q", struct.pack("<d", value))[0])
            if isinstance(value, list): return [say(part) for part in value]
            return value
        file = pq.ParquetFile(sys.argv[1], page_checksum_verification=True)
        table = file.read()
        table.validate(full=True)
        table = table.set_column(table.schema.get_field_index("time"), "time", table["time"].cast("int64"))
        for row in table.to_pylist():
            print(json.dumps([say(value) for value in row.values()]))
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        print(json.dumps([group.num_rows for group in groups]))
        for group in groups:
            for number in range(file.metadata.num_columns):
                chunk = group.column(number)
                assert chunk.compression == "GZIP" and chunk.statistics.null_count is not None
                name = chunk.path_in_schema.split(".")[0]
                if name == "numbers": assert not chunk.statistics.has_min_max, "a NaN is in no order"
        assert groups[0].column(2).statistics.min == -2 ** 63, groups[0].column(2).statistics
        assert groups[0].column(0).statistics.has_min_max is False, "a text is too long for a footer"
        """

    @Test(
        "pyarrow reads every type, null and list from several row groups, bit for bit",
        .enabled(if: FileManager.default.fileExists(atPath: python), "tools/deps --consumers installs pyarrow"))
    func readByPyArrow() throws {
        let folder = try TestQueue.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var generator = SplitMix64(seed: 11)
        var bytes: [UInt8] = []
        let writer = try ParquetWriter(columns: Self.columns, keys: [("k", "v")], rowsInGroup: 300) { bytes += $0 }
        var expected: [String] = []
        for _ in 0..<1000 {
            let row = Self.columns.map { value($0.type, required: $0.isRequired, &generator) }
            try writer.append(row)
            expected.append(JSONValue.array(row.map(said)).canonicalText)
        }
        try writer.finish()
        let path = folder + "/all.parquet"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.python)
        process.arguments = ["-c", Self.script, path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let lines = try String(decoding: said, as: UTF8.self).split(separator: "\n")
            .map { try JSONValue(parsing: String($0)).canonicalText }
        #expect(lines.dropLast().elementsEqual(expected))
        #expect(lines.last == "[300,300,300,100]")
    }

    @Test("A file without rows is a Parquet file, and equal rows give equal bytes")
    func empty() throws {
        func file(_ rows: [[ColumnValue]]) throws -> [UInt8] {
            var bytes: [UInt8] = []
            let columns = [ParquetWriter.Column(name: "a", type: .list(.text), isRequired: false)]
            let writer = try ParquetWriter(columns: columns) { bytes += $0 }
            for row in rows { try writer.append(row) }
            try writer.finish()
            return bytes
        }
        for bytes in [try file([]), try file([[.texts(["a"])]])] {
            #expect(bytes.starts(with: Array("PAR1".utf8)) && bytes.suffix(4).elementsEqual("PAR1".utf8))
            let length = bytes.dropLast(4).suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            #expect(length > 0 && length <= bytes.count - 12)
        }
        #expect(try file([[.texts(["a", "b"])], [.list([])]]) == file([[.texts(["a", "b"])], [.list([])]]))
    }

    @Test("Thrift's compact protocol: short and long field numbers, zigzag, long lists")
    func thrift() {
        var thrift = ThriftCompact()
        thrift.field(1, i32: -1)
        thrift.field(20, i64: 64)
        thrift.field(21, flag: true)
        thrift.field(22) { $0.field(3, text: "ab") }
        thrift.field(23, i32List: Array(repeating: 1, count: 15))
        thrift.stop()
        let start: [UInt8] = [
            0x15, 0x01, 0x06, 0x28, 0x80, 0x01, 0x11, 0x1C, 0x38, 0x02, 0x61, 0x62, 0x00, 0x19, 0xF5, 0x0F,
        ]
        #expect(thrift.bytes == start + Array(repeating: 2, count: 15) + [0])
    }
}
