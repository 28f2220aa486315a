/// CSV records (RFC 4180) whose header names an item's keys.
///
/// `media` is one path, or a JSON array as in a line of JSON; the columns `metadata`, `scores`, `explanations` and
/// `reports` hold JSON; `priority` is a number; other names go under the item's metadata. An empty cell is none.
struct CSVItems: RawItems {
    private var source: ByteSource
    private let limit: Int
    private var line = 1
    private var header: [String]

    private static let jsonColumns: Set<String> = ["metadata", "scores", "explanations", "reports", "priority"]

    /// - throws: ``QueueError/rejected(_:)`` where there is no usable header row.
    init(source: ByteSource, limit: Int) throws {
        self.source = source
        self.limit = limit
        header = []
        try self.source.skipByteOrderMark()
        guard let record = try record(), case .success(let cells) = record.cells else {
            throw QueueError.rejected("The CSV file has no header row: name the item's keys in the first line.")
        }
        var names: [String] = []
        for cell in cells {
            guard let name = String(validating: cell, as: UTF8.self), !name.isEmpty else {
                throw QueueError.rejected("The CSV header has a column without a name in UTF-8: name every column.")
            }
            guard !names.contains(name) || name == "media" else {
                throw QueueError.rejected("The CSV header names \"\(Visible.text(name))\" twice: remove one of them.")
            }
            names.append(name)
        }
        guard names.contains("id") else {
            throw QueueError.rejected("The CSV header has no column \"id\": every item needs one.")
        }
        header = names
    }

    var bytesRead: Int64 { source.bytesRead }
    var totalBytes: Int64? { source.totalBytes }

    mutating func next() throws -> RawItem? {
        while true {
            let start = line
            guard let (input, cells) = try record() else { return nil }
            switch cells {
            case .failure(let refusal): return RawItem(line: start, input: input, content: .refused(refusal))
            case .success(let cells) where cells.count == 1 && cells[0].isEmpty: continue
            case .success(let cells):
                let value = Result { () throws(Refusal) in try object(cells) }
                return RawItem(line: start, input: input, content: RawItem.Content(value))
            }
        }
    }

    private func object(_ cells: [[UInt8]]) throws(Refusal) -> JSONValue {
        guard cells.count == header.count else {
            throw Refusal("the record has \(cells.count) fields where the header has \(header.count)")
        }
        var members: [JSONMember] = []
        var media: [JSONValue] = []
        for (name, cell) in zip(header, cells) where !cell.isEmpty {
            if let invalid = UTF8Check.firstInvalid(in: cell[...]) {
                throw Refusal("invalid UTF-8 in column \"\(Visible.text(name))\" at byte \(invalid + 1)")
            }
            let isJSON = Self.jsonColumns.contains(name) || name == "media" && cell.first == UInt8(ascii: "[")
            var value = JSONValue.string(String(decoding: cell, as: UTF8.self))
            if isJSON {
                do throws(JSONError) {
                    value = try JSONValue(parsing: cell)
                } catch {
                    throw Refusal("column \"\(name)\": \(error)")
                }
            }
            switch (name, value) {
            case ("media", .array(let elements)): media += elements
            case ("media", _): media.append(["path": value])
            default: members.append(JSONMember(name, value))
            }
        }
        if !media.isEmpty { members.append(JSONMember("media", .array(media))) }
        return .object(members)
    }

    // MARK: - Records

    /// The next record's bytes and fields; nil at the end.
    private mutating func record() throws -> (input: [UInt8], cells: Result<[[UInt8]], Refusal>)? {
        guard try source.peekByte() != nil else { return nil }
        var input: [UInt8] = []
        var cells: [[UInt8]] = []
        var cell: [UInt8] = []
        var fault: Refusal?
        var isQuoted = false
        var wasQuoted = false
        while let byte = try source.nextByte() {
            if input.count < limit {
                input.append(byte)
            } else {
                fault = Refusal("the record is longer than \(limit) bytes")
            }
            if byte == UInt8(ascii: "\n") { line += 1 }
            if isQuoted {
                if byte != UInt8(ascii: "\"") {
                    if fault == nil { cell.append(byte) }
                } else if try source.peekByte() == byte {
                    _ = try source.nextByte()
                    input.append(byte)
                    if fault == nil { cell.append(byte) }
                } else {
                    isQuoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where cell.isEmpty && !wasQuoted: (isQuoted, wasQuoted) = (true, true)
            case UInt8(ascii: ","):
                cells.append(cell)
                (cell, wasQuoted) = ([], false)
            case UInt8(ascii: "\r") where try source.peekByte() == UInt8(ascii: "\n"): break
            case UInt8(ascii: "\n"):
                cells.append(cell)
                return (input, fault.map { .failure($0) } ?? .success(cells))
            default:
                if byte == UInt8(ascii: "\"") || wasQuoted {
                    fault =
                        fault ?? Refusal("malformed CSV: a quote inside an unquoted field, or text after a quoted one")
                }
                if fault == nil { cell.append(byte) }
            }
        }
        if isQuoted { fault = fault ?? Refusal("malformed CSV: a quoted field does not end") }
        cells.append(cell)
        return (input, fault.map { .failure($0) } ?? .success(cells))
    }
}
