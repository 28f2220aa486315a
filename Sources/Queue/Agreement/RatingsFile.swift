import Foundation

extension RatingTable {
    /// Reads ratings from a CSV file with a header that names `item`, `rater` and `label`; other columns are passed
    /// over, an empty label is a missing rating.
    ///
    /// - throws: ``QueueError/notFound(_:)`` where there is no such file, ``QueueError/rejected(_:)`` with the record's
    ///   number for anything in it that is wrong.
    public init(csv path: String) throws {
        let shown = Visible.text(path, limit: 400)
        guard let data = FileManager.default.contents(atPath: path) else {
            throw QueueError.notFound("There is no file of ratings at \(shown).")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw QueueError.rejected("\(shown) is not UTF-8: save it as UTF-8 and try again.")
        }
        var records = CSVRecords(text.hasPrefix("\u{FEFF}") ? text.dropFirst()[...] : text[...])
        guard let header = try records.next() else { throw QueueError.rejected("\(shown) is empty.") }
        let columns = try ["item", "rater", "label"].map { name in
            guard let column = header.firstIndex(of: name) else {
                throw QueueError.rejected(
                    "\(shown) has no column \"\(name)\": its header must name item, rater, label.")
            }
            return column
        }
        var ratings: [Rating] = []
        while let record = try records.next() {
            if record == [""] { continue }
            guard record.count == header.count else {
                throw QueueError.rejected(
                    "\(shown), record \(records.number): \(record.count) fields where the header has \(header.count).")
            }
            guard !record[columns[2]].isEmpty else { continue }
            ratings.append(Rating(item: record[columns[0]], rater: record[columns[1]], label: record[columns[2]]))
        }
        try self.init(ratings)
    }
}

/// The records of a CSV text (RFC 4180).
private struct CSVRecords {
    private var rest: Substring.UnicodeScalarView
    /// Counted from 1, the header included.
    private(set) var number = 0

    init(_ text: Substring) { rest = text.unicodeScalars }

    mutating func next() throws -> [String]? {
        guard !rest.isEmpty else { return nil }
        number += 1
        var fields: [String] = []
        while true {
            var field = String.UnicodeScalarView()
            if rest.first == "\"" {
                rest.removeFirst()
                try readQuoted(into: &field)
            }
            while let scalar = rest.first, scalar != ",", scalar != "\n" {
                field.append(rest.removeFirst())
            }
            let isLast = rest.first != ","
            if isLast, field.last == "\r" { field.removeLast() }
            fields.append(String(field))
            if !rest.isEmpty { rest.removeFirst() }
            if isLast { return fields }
        }
    }

    private mutating func readQuoted(into field: inout String.UnicodeScalarView) throws {
        while let scalar = rest.popFirst() {
            if scalar != "\"" {
                field.append(scalar)
            } else if rest.first == "\"" {
                field.append(rest.removeFirst())
            } else {
                guard rest.isEmpty || rest.first == "," || rest.first == "\n" || rest.first == "\r" else {
                    throw QueueError.rejected("Record \(number): text follows a quoted field.")
                }
                return
            }
        }
        throw QueueError.rejected("Record \(number): a quoted field does not end.")
    }
}
