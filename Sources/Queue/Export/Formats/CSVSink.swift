/// `decisions.csv` by RFC 4180: a header, CRLF, quotes where a field needs them. Lists are JSON. A null is an empty field,
/// an empty text is `""`.
final class CSVSink: SnapshotSink {
    let columns = SnapshotColumn.all
    private let file: SnapshotFile
    private let isSpreadsheetSafe: Bool
    private var rows = 0

    /// - parameter isSpreadsheetSafe: Puts an apostrophe before texts that a spreadsheet would take for a formula. The
    ///   fields are then no longer the texts: not for training.
    init(folder: String, isSpreadsheetSafe: Bool) throws {
        self.isSpreadsheetSafe = isSpreadsheetSafe
        file = try SnapshotFile(folder: folder, name: "decisions.csv")
        try file.append(columns.map(\.name).joined(separator: ",") + "\r\n")
    }

    func append(_ rows: [SnapshotRow]) throws {
        var bytes: [UInt8] = []
        for row in rows {
            for (number, column) in columns.enumerated() {
                if number > 0 { bytes.append(UInt8(ascii: ",")) }
                append(column.value(row), to: &bytes)
            }
            bytes += [0x0D, 0x0A]
        }
        self.rows += rows.count
        try file.append(bytes)
    }

    func finish() throws -> [SnapshotEntry] { [try file.finish(rows: rows)] }

    private func append(_ value: ColumnValue, to bytes: inout [UInt8]) {
        switch value {
        case .null: break
        case .text(let text): append(text, to: &bytes)
        case .integer(let integer): bytes += Array("\(integer)".utf8)
        case .number(let number): bytes += Array("\(number)".utf8)
        case .flag(let flag): bytes += Array((flag ? "true" : "false").utf8)
        case .time(let milliseconds): bytes += Array(Timestamp(milliseconds: milliseconds).rfc3339.utf8)
        case .list, .singles: append(value.json.text, to: &bytes)
        }
    }

    private func append(_ text: String, to bytes: inout [UInt8]) {
        let text = isSpreadsheetSafe && Self.isFormula(text) ? "'" + text : text
        let needsQuotes =
            text.isEmpty || text.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
            || text.utf8.first == 0x20 || text.utf8.last == 0x20
        guard needsQuotes else { return bytes.append(contentsOf: text.utf8) }
        bytes.append(0x22)
        for byte in text.utf8 {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        bytes.append(0x22)
    }

    /// What spreadsheets take for a formula (OWASP, "CSV Injection"), and what they skip before one.
    private static func isFormula(_ text: String) -> Bool {
        let start = text.unicodeScalars.first {
            !$0.properties.isWhitespace && $0.properties.generalCategory != .format && $0 != "'" && $0 != "\""
        }
        guard let first = text.unicodeScalars.first, let start else { return false }
        return "=+-@\t\r\n|%".unicodeScalars.contains(first)
            || "=+-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains(start)
    }
}

extension ColumnValue {
    /// As it stands within a field of JSON.
    var json: JSONValue {
        switch self {
        case .null: .null
        case .text(let text): .string(text)
        case .integer(let integer): .integer(integer)
        case .number(let number): .number(number)
        case .flag(let flag): .bool(flag)
        case .time(let milliseconds): .string(Timestamp(milliseconds: milliseconds).rfc3339)
        case .list(let elements): .array(elements.map(\.json))
        case .singles(let elements): .array(elements.map { .number(Double($0)) })
        }
    }
}
